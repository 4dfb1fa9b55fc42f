/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on what a front end receives: responses in the receive ring. */
#include "tests/bench/back-evil.h"

#include <string.h>

#define FLIP_MS 1000

/* Responses to the buffers that are next; the request is theirs whatever the answer is. */
static struct netif_rx_rsp *answer(struct back_evil *e, uint16_t offset, uint16_t flags, int16_t status)
{
	struct netif_back_ring *r = &e->q->rx;
	struct netif_rx_rsp *rsp = &NETIF_SLOT(union netif_rx_slot, r, r->rsp_prod)->rsp;

	*rsp = (struct netif_rx_rsp){ (uint16_t)(r->rsp_prod % NETIF_RX_RING_SIZE), offset, flags, status };
	r->req_cons = ++r->rsp_prod;
	return rsp;
}

static void extra(struct back_evil *e, uint8_t type, uint8_t flags, uint8_t gso_type, uint16_t gso_size)
{
	struct netif_back_ring *r = &e->q->rx;
	struct netif_extra x = { .type = type, .flags = flags };

	x.u.gso.type = gso_type;
	x.u.gso.size = gso_size;
	NETIF_SLOT(union netif_rx_slot, r, r->rsp_prod)->extra = x;
	r->req_cons = ++r->rsp_prod;
}

static void push(struct back_evil *e)
{
	netif_back_push(&e->q->rx);
	back_notify(e);
}

/* Bytes for the buffer that is next. */
static void fill(struct back_evil *e, uint32_t len)
{
	const struct netif_rx_req req = NETIF_SLOT(union netif_rx_slot, &e->q->rx, e->q->rx.rsp_prod)->req;
	const struct netif_rx_part room = netif_rx_buffer(&req, e->hub.options.halves);
	static uint8_t junk[NETIF_PAGE_SIZE];

	memset(junk, 0x45, sizeof(junk));
	hub_access(&e->hub, e->v, e->q, req.gref, room.offset, junk, len, true);
}

static void id(struct back_evil *e)
{
	answer(e, 0, 0, 100)->id ^= 1;
	push(e);
}

static void id_far(struct back_evil *e)
{
	answer(e, 0, 0, 100)->id = 0xffff;
	push(e);
}

static void twice(struct back_evil *e)
{
	uint16_t first = answer(e, 0, 0, 100)->id;

	answer(e, 0, 0, 100)->id = first;
	push(e);
}

static void overrun(struct back_evil *e)
{
	e->q->rx.rsp_prod += 3 * NETIF_RX_RING_SIZE;
	push(e);
}

static void backwards(struct back_evil *e)
{
	e->q->rx.rsp_prod -= 1;
	push(e);
}

static void single(struct back_evil *e, uint16_t offset, uint16_t flags, int16_t status)
{
	answer(e, offset, flags, status);
	push(e);
}

static void size(struct back_evil *e)
{
	single(e, 0, 0, 4097);
}

static void size_max(struct back_evil *e)
{
	single(e, 0, 0, INT16_MAX);
}

static void offset(struct back_evil *e)
{
	single(e, 4000, 0, 200);
}

static void offset_max(struct back_evil *e)
{
	single(e, UINT16_MAX, 0, 100);
}

/* Where half pages were agreed on: into the other buffer of the same page, from either side. */
static void half(struct back_evil *e)
{
	single(e, 2000, 0, 100);
	single(e, 2000, 0, 100);
}

static void empty(struct back_evil *e)
{
	single(e, 0, 0, 0);
}

static void runt(struct back_evil *e)
{
	single(e, 0, 0, 13);
}

static void status(struct back_evil *e)
{
	single(e, 0, 0, INT16_MIN);
}

static void open_chain(struct back_evil *e)
{
	single(e, 0, NETIF_RXF_MORE_DATA, 100);
}

static void long_chain(struct back_evil *e)
{
	unsigned int i;

	for (i = 0; i < 60; i++)
		answer(e, 0, i < 59 ? NETIF_RXF_MORE_DATA : 0, 100);
	push(e);
}

static void extra_missing(struct back_evil *e)
{
	single(e, 0, NETIF_RXF_EXTRA_INFO, 100);
}

static void extra_chain(struct back_evil *e)
{
	unsigned int i;

	answer(e, 0, NETIF_RXF_EXTRA_INFO, 100);
	for (i = 0; i < 60; i++)
		extra(e, NETIF_EXTRA_TYPE_GSO, NETIF_EXTRA_FLAG_MORE, NETIF_GSO_TYPE_TCPV4, 1448);
	push(e);
}

/* A frame of 2000 bytes of junk with one extra behind it. */
static void with_extra(struct back_evil *e, uint16_t flags, uint8_t type, uint8_t gso_type,
		       uint16_t gso_size)
{
	fill(e, 2000);
	answer(e, 0, flags | NETIF_RXF_EXTRA_INFO, 2000);
	extra(e, type, 0, gso_type, gso_size);
	push(e);
}

static void extra_type(struct back_evil *e)
{
	with_extra(e, 0, 99, 0, 0);
}

static void gso_type(struct back_evil *e)
{
	with_extra(e, NETIF_RXF_CSUM_BLANK, NETIF_EXTRA_TYPE_GSO, 77, 1448);
}

static void gso_size(struct back_evil *e)
{
	with_extra(e, NETIF_RXF_CSUM_BLANK, NETIF_EXTRA_TYPE_GSO, NETIF_GSO_TYPE_TCPV4, 0);
}

static void gso_junk(struct back_evil *e)
{
	with_extra(e, NETIF_RXF_CSUM_BLANK, NETIF_EXTRA_TYPE_GSO, NETIF_GSO_TYPE_TCPV6, 1);
}

static void csum_junk(struct back_evil *e)
{
	fill(e, 200);
	single(e, 0, NETIF_RXF_CSUM_BLANK, 200);
}

/* Headers cut into a byte each: what is parsed must be contiguous first. */
static void crumbs(struct back_evil *e)
{
	unsigned int i;

	for (i = 0; i < NETIF_NR_SLOTS_MIN; i++) {
		fill(e, 1);
		answer(e, 0, i + 1 < NETIF_NR_SLOTS_MIN ? NETIF_RXF_MORE_DATA : 0, 1);
	}
	push(e);
}

/* Between a check and the use: responses that change all the time. */
static void flip(struct back_evil *e)
{
	uint64_t end = now_ms() + FLIP_MS;
	volatile struct netif_rx_rsp *rsp;
	unsigned int i;

	while (now_ms() < end) {
		if (netif_back_pending(&e->q->rx) < 2)
			continue;
		rsp = answer(e, 0, 0, 100);
		push(e);
		for (i = 0; i < 2000; i++) {
			rsp->status = i & 1 ? 100 : INT16_MAX;
			rsp->offset = i & 2 ? 0 : UINT16_MAX;
			rsp->flags = (uint16_t)(i & 4 ? NETIF_RXF_MORE_DATA : i & 8 ? NETIF_RXF_EXTRA_INFO : 0);
		}
	}
}

const struct back_attack back_rx_attacks[] = {
	{ "rx-id", "a response with another slot's id", id, BACK_SHUTS, NULL, false },
	{ "rx-id-far", "a response with an id beyond the ring", id_far, BACK_SHUTS, NULL, false },
	{ "rx-twice", "two responses with one id", twice, BACK_SHUTS, NULL, false },
	{ "rx-overrun", "producer index three rings ahead", overrun, BACK_SHUTS, NULL, false },
	{ "rx-backwards", "producer index before the last", backwards, BACK_SHUTS, NULL, false },
	{ "rx-size", "more bytes than a page has", size, BACK_STAYS, NULL, false },
	{ "rx-size-max", "32767 bytes in a page", size_max, BACK_STAYS, NULL, false },
	{ "rx-offset", "bytes beyond the page's end", offset, BACK_STAYS, NULL, false },
	{ "rx-offset-max", "an offset of 65535", offset_max, BACK_STAYS, NULL, false },
	{ "rx-half", "bytes of the page's other half", half, BACK_STAYS, NULL, false },
	{ "rx-empty", "a frame of no bytes", empty, BACK_STAYS, NULL, false },
	{ "rx-runt", "a frame shorter than an Ethernet header", runt, BACK_STAYS, NULL, false },
	{ "rx-status", "an error of no known number", status, BACK_STAYS, NULL, false },
	{ "rx-open-chain", "the last response says that more data follows", open_chain, BACK_STAYS, NULL,
	  false },
	{ "rx-long-chain", "a frame of 60 slots", long_chain, BACK_STAYS, NULL, false },
	{ "rx-extra-missing", "extra info announced, none there", extra_missing, BACK_STAYS, NULL, false },
	{ "rx-extra-chain", "60 extra infos, and still more to come", extra_chain, BACK_STAYS, NULL, false },
	{ "rx-extra-type", "extra info of an unknown type", extra_type, BACK_STAYS, NULL, false },
	{ "rx-gso-type", "GSO of an unknown type", gso_type, BACK_STAYS, NULL, false },
	{ "rx-gso-size", "GSO with segments of no bytes", gso_size, BACK_STAYS, NULL, false },
	{ "rx-gso-junk", "GSO on a frame that is not TCP", gso_junk, BACK_STAYS, NULL, false },
	{ "rx-csum-junk", "a blank checksum in a frame that has none", csum_junk, BACK_STAYS, NULL, false },
	{ "rx-crumbs", "a frame in slots of a byte", crumbs, BACK_STAYS, NULL, false },
	{ "rx-flip", "responses that change while they are read", flip, BACK_ANY, NULL, false },
	{ NULL, NULL, NULL, BACK_ANY, NULL, false },
};
