/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks through the transmit and receive rings. */
#include "tests/bench/evil.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLIP_MS 1000
#define STORM_MS 1000
#define BUFFER_MS 1500
#define PATIENCE_MS 60000
#define ANSWERS_MS 1000
#define REFUSED_ROUNDS 150
#define TINY_FRAMES 13	/* of TINY_SLOTS each: what a ring holds */
#define TINY_SLOTS 19
#define ARP_BYTES 42

static struct front_queue *queue(struct evil *e)
{
	return &e->front.queues[0];
}

struct netif_tx_req *evil_request(struct front_queue *q, uint16_t flags, uint16_t offset, uint16_t size)
{
	struct netif_tx_req *req;
	uint16_t id;

	if (!netif_front_tx_ids(&q->tx, &id, 1))
		abort();
	req = &NETIF_SLOT(union netif_tx_slot, &q->tx.ring, q->tx.ring.req_prod++)->req;
	*req = (struct netif_tx_req){ q->tx_pages.refs[id], offset, flags, id, size };
	q->tx.outstanding[id] = 1;
	memset(front_queue_tx_page(q, id), 0x45, NETIF_PAGE_SIZE);
	return req;
}

static struct netif_tx_req *request(struct evil *e, uint16_t flags, uint16_t offset, uint16_t size)
{
	return evil_request(queue(e), flags, offset, size);
}

void evil_extra(struct front_queue *q, const struct netif_extra *x)
{
	NETIF_SLOT(union netif_tx_slot, &q->tx.ring, q->tx.ring.req_prod++)->extra = *x;
	q->tx.nextras++;
}

static void extra(struct evil *e, uint8_t type, uint8_t flags, uint8_t gso_type, uint16_t gso_size)
{
	struct netif_extra x = { .type = type, .flags = flags };

	x.u.gso.type = gso_type;
	x.u.gso.size = gso_size;
	evil_extra(queue(e), &x);
}

void evil_push(struct front_queue *q)
{
	netif_front_push(&q->tx.ring);
	xenevtchn_notify(q->xce, q->tx_port);
}

static void push(struct evil *e)
{
	evil_push(queue(e));
}

static void overrun(struct evil *e)
{
	struct netif_front_ring *r = &queue(e)->tx.ring;

	netif_store_release(&r->shared->req_prod, r->req_prod + 3 * NETIF_TX_RING_SIZE);
	xenevtchn_notify(queue(e)->xce, queue(e)->tx_port);
}

static void rx_overrun(struct evil *e)
{
	struct netif_front_ring *r = &queue(e)->rx.ring;

	netif_store_release(&r->shared->req_prod, r->req_prod + 3 * NETIF_RX_RING_SIZE);
	xenevtchn_notify(queue(e)->xce, queue(e)->rx_port);
}

static void open_chain(struct evil *e)
{
	request(e, NETIF_TXF_MORE_DATA, 0, 1000);
	push(e);
}

static void slots(struct evil *e, unsigned int n)
{
	unsigned int i;

	request(e, NETIF_TXF_MORE_DATA, 0, (uint16_t)(n * 100));
	for (i = 1; i < n; i++)
		request(e, i + 1 < n ? NETIF_TXF_MORE_DATA : 0, 0, 100);
	e->expect = n;
	push(e);
}

static void slots_22(struct evil *e)
{
	slots(e, 22);
}

static void slots_21(struct evil *e)
{
	slots(e, 21);
}

static void slots_19(struct evil *e)
{
	slots(e, 19);
}

static void single(struct evil *e, uint16_t offset, uint16_t size)
{
	request(e, 0, offset, size);
	e->expect = 1;
	push(e);
}

static void cross_page(struct evil *e)
{
	single(e, 4000, 200);
}

static void zero_slot(struct evil *e)
{
	request(e, NETIF_TXF_MORE_DATA, 0, 1000);
	request(e, 0, 0, 0);
	e->expect = 2;
	push(e);
}

static void empty_frame(struct evil *e)
{
	single(e, 0, 0);
}

static void runt(struct evil *e)
{
	single(e, 0, 13);
}

static void bad_gref(struct evil *e)
{
	request(e, 0, 0, 100)->gref = 0x7fffffff;
	e->expect = 1;
	push(e);
}

static void bad_extra(struct evil *e)
{
	request(e, NETIF_TXF_EXTRA_INFO, 0, 100);
	extra(e, 99, 0, 0, 0);
	push(e);
}

static void extra_chain(struct evil *e)
{
	unsigned int i;

	request(e, NETIF_TXF_EXTRA_INFO, 0, 100);
	for (i = 0; i < 100; i++)
		extra(e, NETIF_EXTRA_TYPE_GSO, NETIF_EXTRA_FLAG_MORE, NETIF_GSO_TYPE_TCPV4, 1448);
	push(e);
}

static void extra_missing(struct evil *e)
{
	request(e, NETIF_TXF_EXTRA_INFO, 0, 100);
	push(e);
}

static void gso_type(struct evil *e)
{
	request(e, NETIF_TXF_EXTRA_INFO | NETIF_TXF_CSUM_BLANK, 0, 2000);
	extra(e, NETIF_EXTRA_TYPE_GSO, 0, 77, 1448);
	push(e);
}

static void gso_size(struct evil *e)
{
	request(e, NETIF_TXF_EXTRA_INFO | NETIF_TXF_CSUM_BLANK, 0, 2000);
	extra(e, NETIF_EXTRA_TYPE_GSO, 0, NETIF_GSO_TYPE_TCPV4, 0);
	push(e);
}

static void gso_header(struct evil *e)
{
	request(e, NETIF_TXF_EXTRA_INFO | NETIF_TXF_CSUM_BLANK, 0, 2000);
	extra(e, NETIF_EXTRA_TYPE_GSO, 0, NETIF_GSO_TYPE_TCPV4, 1448);
	e->expect = 1;
	push(e);
}

static void csum_header(struct evil *e)
{
	request(e, NETIF_TXF_CSUM_BLANK, 0, 200);
	e->expect = 1;
	push(e);
}

static void size_mismatch(struct evil *e)
{
	request(e, NETIF_TXF_MORE_DATA, 0, 100);
	request(e, 0, 0, 2000);
	e->expect = 2;
	push(e);
}

/*
 * Requests of each kind that is refused, a ring of them at a time, one ring after the other: whatever
 * a refused one costs the back end is multiplied by thousands.
 */
static void refused_flood(struct evil *e)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	unsigned int round, i;

	for (round = 0; round < REFUSED_ROUNDS && now_ms() < end; round++) {
		for (i = 0; i < 10; i++) {
			request(e, 0, 0, 100)->gref = 0x7fffffff;
			request(e, 0, 0, 0);
			request(e, 0, 0, 13);
			request(e, NETIF_TXF_MORE_DATA, 0, 1000);
			request(e, 0, 0, 0);
			request(e, NETIF_TXF_MORE_DATA, 0, 100);
			request(e, 0, 0, 2000);
		}
		slots(e, 21);
		e->expect = (round + 1) * (10 * 7 + 21);
		evil_collect(e, PATIENCE_MS);
	}
}

/* Who has the address of tests/embedded's outside?  Asked without an address of one's own. */
static void arp_question(const struct evil *e, uint8_t *frame)
{
	static const uint8_t header[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };
	static const uint8_t address[] = { 10, 9, 0, 1 };

	memset(frame, 0, ARP_BYTES);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, e->front.mac, 6);
	memcpy(frame + 12, header, sizeof(header));
	memcpy(frame + 22, e->front.mac, 6);
	memcpy(frame + 38, address, sizeof(address));
}

/* In as many slots as there may be, two bytes in each but the first, and all at the ends of their pages. */
static void tiny_frame(struct evil *e, const uint8_t *frame)
{
	const uint16_t first = ARP_BYTES - 2 * (TINY_SLOTS - 1);
	struct front_queue *q = queue(e);
	struct netif_tx_req *req;
	unsigned int i;

	req = request(e, NETIF_TXF_MORE_DATA, NETIF_PAGE_SIZE - first, ARP_BYTES);
	memcpy(front_queue_tx_page(q, req->id) + req->offset, frame, first);
	for (i = 1; i < TINY_SLOTS; i++) {
		req = request(e, i + 1 < TINY_SLOTS ? NETIF_TXF_MORE_DATA : 0, NETIF_PAGE_SIZE - 2, 2);
		memcpy(front_queue_tx_page(q, req->id) + req->offset, frame + first + 2 * (i - 1), 2);
	}
}

static bool is_arp_answer(const uint8_t *frame, unsigned int len)
{
	return len >= ARP_BYTES && frame[12] == 8 && frame[13] == 6 && frame[21] == 2;
}

/* A ring full of questions, and as many of their answers as come within a second. */
static void ask_tiny(struct evil *e, const uint8_t *question)
{
	uint64_t end = now_ms() + ANSWERS_MS;
	unsigned int i;

	for (i = 0; i < TINY_FRAMES; i++)
		tiny_frame(e, question);
	push(e);
	e->expect += TINY_FRAMES * TINY_SLOTS;
	evil_collect(e, PATIENCE_MS);
	for (e->received = 0; e->received < TINY_FRAMES && now_ms() < end && !e->broken; usleep(1000))
		e->received += evil_receive(e, queue(e), is_arp_answer);
}

/*
 * Whether a frame's bytes arrived as they were sent shows in the answers.  The bridge may not have
 * noticed yet that its new port has a carrier: then it is asked again.
 */
static void tiny_slots(struct evil *e)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	uint8_t question[ARP_BYTES];

	arp_question(e, question);
	do
		ask_tiny(e, question);
	while (e->received < TINY_FRAMES && now_ms() < end && !e->broken && e->answered == e->expect);
}

/* All receive buffers become pages that the back end may only read. */
static void readonly_rx(struct evil *e)
{
	struct front_queue *q = queue(e);
	union netif_rx_slot *slot = NETIF_SLOTS(union netif_rx_slot, &q->rx.ring);
	unsigned int i;

	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		slot[i].req.gref = q->tx_pages.refs[i];
}

static void bad_rx_gref(struct evil *e)
{
	union netif_rx_slot *slot = NETIF_SLOTS(union netif_rx_slot, &queue(e)->rx.ring);
	unsigned int i;

	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		slot[i].req.gref = 0x7ffffff0 + i;
}

/* Half pages are agreed on; then the buffers are neither pages nor halves. */
static void rx_buffer(struct evil *e)
{
	union netif_rx_slot *slot;
	unsigned int i;

	e->front.config.halves = true;
	e->connect_rc = front_connect(&e->front);
	if (e->connect_rc)
		return;
	slot = NETIF_SLOTS(union netif_rx_slot, &queue(e)->rx.ring);
	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		slot[i].req.pad = (uint16_t)(NETIF_RX_UPPER + 1 + 251 * i);
	evil_collect(e, BUFFER_MS);
}

/* Between a check and the use: the descriptors change all the time. */
static void flip(struct evil *e)
{
	struct front_queue *q = queue(e);
	uint64_t end = now_ms() + FLIP_MS;
	uint16_t done[NETIF_TX_RING_SIZE];
	unsigned int turn;

	while (now_ms() < end && front_backend_state(&e->front) == STATE_CONNECTED) {
		volatile struct netif_tx_req *req;
		int n;

		if (netif_front_tx_room(&q->tx)) {
			req = request(e, 0, 0, 200);
			push(e);
			for (turn = 0; turn < 2000; turn++) {
				req->size = turn & 1 ? 200 : 0xffff;
				req->offset = turn & 2 ? 0 : 4095;
				req->gref ^= turn & 4 ? 0x10000 : 0;
			}
		}
		n = netif_front_tx_reap(&q->tx, done, NETIF_TX_RING_SIZE, &e->refused, &q->errors);
		if (n < 0) {
			e->broken = true; /* the id was flipped with the rest of the slot */
			return;
		}
		e->answered += (unsigned int)n;
	}
}

static void storm(struct evil *e)
{
	uint64_t end = now_ms() + STORM_MS;

	while (now_ms() < end) {
		xenevtchn_notify(queue(e)->xce, queue(e)->tx_port);
		xenevtchn_notify(queue(e)->xce, queue(e)->rx_port);
	}
}

/* The domain's driver dies with requests in flight, and says no more. */
static void vanish(struct evil *e)
{
	unsigned int i;

	for (i = 0; i < 128; i++)
		request(e, 0, 0, 200);
	push(e);
	kill(getpid(), SIGKILL);
}

const struct evil_attack evil_ring_attacks[] = {
	{ "tx-overrun", "transmit producer index three rings ahead", overrun, false },
	{ "rx-overrun", "receive producer index three rings ahead", rx_overrun, false },
	{ "open-chain", "the last slot says that more data follows", open_chain, false },
	{ "slots-22", "a packet of 22 slots", slots_22, false },
	{ "slots-21", "a packet of 21 slots: two too many, but only that", slots_21, false },
	{ "slots-19", "a packet of 19 slots: as many as there may be", slots_19, false },
	{ "cross-page", "a slot that leaves its page", cross_page, false },
	{ "zero-slot", "a further slot of no bytes", zero_slot, false },
	{ "empty-frame", "a packet of no bytes", empty_frame, false },
	{ "runt", "a packet shorter than an Ethernet header", runt, false },
	{ "bad-gref", "a grant reference that was never granted", bad_gref, false },
	{ "bad-extra", "extra info of an unknown type", bad_extra, false },
	{ "extra-chain", "a hundred extra infos, and still more to come", extra_chain, false },
	{ "extra-missing", "extra info announced, none there", extra_missing, false },
	{ "gso-type", "GSO of an unknown type", gso_type, false },
	{ "gso-size", "GSO with segments of no bytes", gso_size, false },
	{ "gso-header", "TCP GSO on a frame that is not TCP", gso_header, false },
	{ "csum-header", "a blank checksum in a frame that has none", csum_header, false },
	{ "size-mismatch", "slots that hold more than the packet's size", size_mismatch, false },
	{ "refused-flood", "thousands of requests, each refused", refused_flood, false },
	{ "tiny-slots", "frames shorter than their headers' room, in as many slots as there may be", tiny_slots,
	  false },
	{ "readonly-rx", "receive buffers that may only be read", readonly_rx, false },
	{ "bad-rx-gref", "receive buffers that were never granted", bad_rx_gref, false },
	{ "rx-buffer", "receive buffers that are no part of a page", rx_buffer, true },
	{ "flip", "requests that change while they are read", flip, false },
	{ "event-storm", "events without end, and no work", storm, false },
	{ "vanish", "killed with requests in flight", vanish, false },
	{ NULL, NULL, NULL, false },
};
