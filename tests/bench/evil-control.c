/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks through the control ring, and through xenstore. */
#include "tests/bench/evil.h"

#include <poll.h>
#include <string.h>

#define REFUSED_MS 2000

static void call(struct evil *e, uint16_t type, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t args[3] = { a, b, c };

	if (e->front.control.xce)
		e->status = front_control_call(&e->front.control, type, args, NULL);
}

static void ctrl_type(struct evil *e)
{
	call(e, 4711, 1, 2, 3);
}

static void ctrl_queue(struct evil *e)
{
	call(e, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0xffffffff, e->front.control.list.refs[0], 1);
}

static void ctrl_count(struct evil *e)
{
	call(e, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, e->front.control.list.refs[0], 0xffffffff);
}

static void ctrl_list(struct evil *e)
{
	call(e, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, 0x7fffffff, 1);
}

static void ctrl_grefs(struct evil *e)
{
	memset(e->front.control.list.addr, 0xee, NETIF_PAGE_SIZE);
	call(e, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, e->front.control.list.refs[0], 100);
}

static void ctrl_del(struct evil *e)
{
	memset(e->front.control.list.addr, 0xee, NETIF_PAGE_SIZE);
	call(e, NETIF_CTRL_TYPE_DEL_GREF_MAPPING, 0, e->front.control.list.refs[0], 512);
}

static void ctrl_twice(struct evil *e)
{
	if (e->front.control.xce)
		e->status = front_control_map(&e->front.control, &e->front.queues[0]);
}

static void ctrl_hash(struct evil *e)
{
	call(e, NETIF_CTRL_TYPE_SET_HASH_KEY, e->front.control.list.refs[0], 0xffff, 0);
}

static void ctrl_mapping(struct evil *e)
{
	memset(e->front.control.list.addr, 0xff, NETIF_PAGE_SIZE);
	call(e, NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0);
	call(e, NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 128, 0, 0);
	call(e, NETIF_CTRL_TYPE_SET_HASH_MAPPING, e->front.control.list.refs[0], 128, 0);
}

/* Places in the table whose sum with the number of entries is small again in 32 bits, or just beyond the table. */
static void ctrl_hash_overflow(struct evil *e)
{
	static const struct {
		uint32_t count, offset;
	} places[] = {
		{ 8, 0xfffffff8 }, { 8, 0xfffffffc }, { 128, 0xffffff80 }, { 1, 0xffffffff }, { 1024, 0xfffffc00 },
		{ 0x80000000, 0x80000000 }, { 0xffffffff, 1 }, { 0x40000001, 0xc0000000 }, { 1, 128 }, { 128, 1 },
	};
	const uint32_t ref = e->front.control.list.refs[0];
	unsigned int i;

	memset(e->front.control.list.addr, 0, NETIF_PAGE_SIZE); /* the first queue is there */
	call(e, NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0);
	call(e, NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 128, 0, 0);
	call(e, NETIF_CTRL_TYPE_SET_HASH_MAPPING, ref, 128, 0);
	e->status = e->status ? -1 : 1;
	/* Until one is believed. */
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && e->status > 0; i++)
		call(e, NETIF_CTRL_TYPE_SET_HASH_MAPPING, ref, places[i].count, places[i].offset);
}

static void ctrl_overrun(struct evil *e)
{
	struct front_control *c = &e->front.control;

	if (!c->xce)
		return;
	netif_store_release(&c->front.shared->req_prod, c->front.req_prod + 1000);
	xenevtchn_notify(c->xce, c->port);
}

static void ctrl_flood(struct evil *e)
{
	uint64_t end = now_ms() + 1000;

	while (now_ms() < end && e->front.control.xce)
		call(e, NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0);
}

/* Each of these changes something that the packets' path looks at. */
static void ctrl_churn(struct evil *e)
{
	struct netif_gref *list = (struct netif_gref *)e->front.control.list.addr;
	const uint32_t ref = e->front.control.list.refs[0];
	uint64_t end = now_ms() + 1000;
	uint32_t i;

	for (i = 0; now_ms() < end && e->front.control.xce; i++) {
		call(e, NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0);
		call(e, NETIF_CTRL_TYPE_SET_HASH_FLAGS, i & 15, 0, 0);
		*list = (struct netif_gref){ .ref = e->front.queues[0].rx_pages.refs[0] };
		call(e, NETIF_CTRL_TYPE_DEL_GREF_MAPPING, 0, ref, 1);
		call(e, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, ref, 1);
	}
}

const struct evil_attack evil_control_attacks[] = {
	{ "ctrl-type", "control message of an unknown type", ctrl_type, false },
	{ "ctrl-queue", "static grants for a queue that is not there", ctrl_queue, false },
	{ "ctrl-count", "static grants: four billion of them", ctrl_count, false },
	{ "ctrl-list", "static grants: the list was never granted", ctrl_list, false },
	{ "ctrl-grefs", "static grants: the list is garbage", ctrl_grefs, false },
	{ "ctrl-del", "static grants: take back what was never given", ctrl_del, false },
	{ "ctrl-twice", "static grants: the same ones again", ctrl_twice, false },
	{ "ctrl-hash-key", "a hash key of 65535 bytes", ctrl_hash, false },
	{ "ctrl-hash-mapping", "a hash table that names queues that are not there", ctrl_mapping, false },
	{ "ctrl-hash-overflow", "entries of a hash table at places beyond it", ctrl_hash_overflow, false },
	{ "ctrl-overrun", "control producer index far ahead", ctrl_overrun, false },
	{ "ctrl-flood", "control messages without end", ctrl_flood, false },
	{ "ctrl-churn", "hash settings and static grants changed without end", ctrl_churn, false },
	{ NULL, NULL, NULL, false },
};

/*
 * Claim to be Connected with one key wrong, and see whether the back end
 * follows.  The rest of the keys is as an honest front end would write them.
 */
static void claim(struct evil *e, const char *node, const char *value)
{
	static const char *const keys[] = { "tx-ring-ref", "rx-ring-ref", "event-channel" };
	struct front *f = &e->front;
	struct front_queue *q = &f->queues[0];
	struct pollfd pfd = { .events = POLLIN };
	uint64_t end = now_ms() + REFUSED_MS;
	enum store_state state;
	unsigned int i;

	e->connect_rc = front_queue_open(q, f->xgs, f->backend_id, false);
	if (e->connect_rc)
		return;
	f->nqueues = 1;
	for (i = 0; i < 3; i++)
		store_printf(f->xs, XBT_NULL, f->dir, keys[i], "%u",
			     i == 2 ? q->tx_port : q->rings.refs[i]);
	store_write(f->xs, XBT_NULL, f->dir, "request-rx-copy", "1");
	store_write(f->xs, XBT_NULL, f->dir, node, value);
	store_printf(f->xs, XBT_NULL, f->dir, "state", "%d", STATE_CONNECTED);
	pfd.fd = front_watch_fd(f);
	do {
		if (poll(&pfd, 1, 50) > 0)
			front_watch(f);
		state = front_backend_state(f);
	} while (now_ms() < end && state != STATE_CONNECTED && state != STATE_CLOSED);
	store_rm(f->xs, XBT_NULL, f->dir, node);
}

static void store_text(struct evil *e)
{
	claim(e, "tx-ring-ref", "seventeen; rm -rf /");
}

static void store_huge(struct evil *e)
{
	claim(e, "rx-ring-ref", "99999999999999999999999999");
}

static void store_gref(struct evil *e)
{
	claim(e, "tx-ring-ref", "4000000000");
}

static void store_event(struct evil *e)
{
	claim(e, "event-channel", "4090");
}

static void store_queues_0(struct evil *e)
{
	claim(e, "multi-queue-num-queues", "0");
}

static void store_queues_1000(struct evil *e)
{
	claim(e, "multi-queue-num-queues", "1000");
}

static void store_long(struct evil *e)
{
	char value[1500];

	memset(value, '1', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	claim(e, "event-channel", value);
}

static void store_copy(struct evil *e)
{
	claim(e, "request-rx-copy", "0");
}

static void store_ctrl(struct evil *e)
{
	store_write(e->front.xs, XBT_NULL, e->front.dir, "event-channel-ctrl", "4091");
	claim(e, "ctrl-ring-ref", "77777");
	store_rm(e->front.xs, XBT_NULL, e->front.dir, "event-channel-ctrl");
}

const struct evil_attack evil_store_attacks[] = {
	{ "store-text", "a ring reference that is no number", store_text, true },
	{ "store-huge", "a ring reference beyond 64 bits", store_huge, true },
	{ "store-gref", "a ring reference that was never granted", store_gref, true },
	{ "store-event", "an event channel that is not ours", store_event, true },
	{ "store-queues-0", "no queues", store_queues_0, true },
	{ "store-queues-1000", "a thousand queues", store_queues_1000, true },
	{ "store-long", "an event channel of 1499 digits", store_long, true },
	{ "store-no-copy", "page flipping asked for", store_copy, true },
	{ "store-ctrl", "a control ring that was never granted", store_ctrl, true },
	{ NULL, NULL, NULL, false },
};
