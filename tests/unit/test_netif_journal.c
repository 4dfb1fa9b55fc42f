// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A back end is killed before any of its stores to shared memory.  The core is compiled once
 * more with netif_store() counting down to that; whoever attaches next must leave the front
 * end with one right answer for each request, and none of its own requests misread.
 */
#include <setjmp.h>

#include "lib/netif/platform.h"

static u32 stores_left; /* 0: it lives for ever */
static jmp_buf killed;

static void store_counted(void)
{
	if (stores_left && !--stores_left)
		longjmp(killed, 1);
}

#undef netif_store
#undef netif_store_release
#define netif_store(p, v) (store_counted(), __atomic_store_n((p), (v), __ATOMIC_RELAXED))
#define netif_store_release(p, v) (store_counted(), __atomic_store_n((p), (v), __ATOMIC_RELEASE))

#define netif_tx_take mortal_tx_take
#define netif_tx_respond mortal_tx_respond
#define netif_rx_take mortal_rx_take
#define netif_rx_lay mortal_rx_lay
#define netif_rx_respond mortal_rx_respond
#include "lib/netif/rx.c"
#include "lib/netif/tx.c"
#include "test_netif.h"

#define START 0xfffffff0u /* the indices cross 2^32 */

static union {
	struct netif_journal j;
	u32 words[NETIF_JOURNAL_WORDS(NETIF_RX_RING_SIZE, 2)];
} kept;

/* True: it was killed, before its n-th store. */
static bool dies(u32 n, void (*what)(void *rig), void *rig)
{
	if (setjmp(killed))
		return true;
	stores_left = n;
	what(rig);
	stores_left = 0;
	return false;
}

/* ---- transmit ---- */

static u32 sent, reaped;

static void send(struct tx_rig *t, u32 segs, u8 gso_type)
{
	struct netif_front_seg s[4];
	struct netif_meta m = { .gso_type = gso_type, .gso_size = gso_type ? 1448 : 0 };
	u32 i;

	for (i = 0; i < segs; i++, m.len += 1000)
		s[i] = (struct netif_front_seg){ 100000 + i, tx_id(t), 8, 1000 };
	netif_front_tx_send(&t->front, &m, s, segs);
	netif_front_push(&t->front.ring);
	sent += segs;
}

static void send_mixture(struct tx_rig *t)
{
	send(t, 3, NETIF_GSO_TYPE_TCPV4);
	send(t, 1, 0);
	send(t, 2, NETIF_GSO_TYPE_TCPV6);
	send(t, 4, 0);
	send(t, 1, NETIF_GSO_TYPE_TCPV4);
}

static void reap_all(struct tx_rig *t)
{
	u16 done[NETIF_TX_RING_SIZE];
	u32 bad = 0;
	int n = netif_front_tx_reap(&t->front, done, NETIF_TX_RING_SIZE, &bad, &t->errors);

	ck_assert_int_ge(n, 0);
	ck_assert_uint_eq(bad, 0);
	reaped += (u32)n;
}

/* What a daemon does with a burst. */
static void serve_tx(void *rig)
{
	struct tx_rig *t = rig;
	u32 i;

	if (netif_tx_take(&t->back, &t->burst, NETIF_TX_RING_SIZE, &t->errors))
		ck_abort_msg("an honest front end is refused");
	for (i = 0; i < t->burst.nframes; i++)
		netif_tx_respond(&t->back, &t->burst, &t->burst.frames[i], NETIF_RSP_OKAY);
	netif_back_push(&t->back);
}

static void attach(struct netif_back_ring *r, void *page, struct netif_slot_shape shape)
{
	netif_back_init(r, page, NETIF_TX_RING_SIZE);
	netif_back_journal(r, &kept.j, shape, true);
}

static void follow_tx(void *rig)
{
	struct tx_rig *t = rig;

	attach(&t->back, t->page, NETIF_TX_SHAPE);
	serve_tx(t);
}

static void start_tx(struct tx_rig *t)
{
	tx_rig_start_at(t, START);
	memset(&kept, 0, sizeof(kept));
	sent = reaped = 0;
	attach(&t->back, t->page, NETIF_TX_SHAPE);
	/* Something that went well comes first. */
	send(t, 2, NETIF_GSO_TYPE_TCPV4);
	serve_tx(t);
	reap_all(t);
	send_mixture(t);
}

/* The first dies before its n-th store, the second before its m-th, the third lives. */
static bool tx_survives(u32 n, u32 m, bool *second)
{
	struct tx_rig *t = tx_rig();
	bool first;

	start_tx(t);
	first = dies(n, serve_tx, t);
	*second = dies(m, follow_tx, t);
	if (*second)
		follow_tx(t);
	reap_all(t);
	send_mixture(t);
	serve_tx(t);
	reap_all(t);
	ck_assert_uint_eq(reaped, sent);
	ck_assert_uint_eq(t->front.nfree, NETIF_TX_RING_SIZE);
	ck_assert_uint_eq(netif_front_tx_room(&t->front), NETIF_TX_RING_SIZE);
	return first;
}

START_TEST(test_journal_tx_killed)
{
	bool first = true, second = true;
	u32 n, m;

	for (n = 1; first; n++)
		for (m = 1, second = true; second; m++)
			first = tx_survives(n, m, &second);
	/* 14 answers are written twice, and three indices. */
	ck_assert_uint_gt(n, 2 * 14 + 3);
}
END_TEST

/* ---- receive ---- */

static const struct netif_rx_part parts[] = { { 0, 4096 }, { 0, 904 } };
static u32 given;

static void respond_rx(struct rx_rig *t, const struct netif_meta *m, u32 n)
{
	struct netif_rx_req reqs[8];
	u32 slots = n + netif_rx_extras(m), i;

	ck_assert_int_eq(netif_rx_take(&t->back, reqs, slots), slots);
	/* A request that was read as it was posted: its id is no slot of the ring. */
	for (i = 0; i < slots; i++)
		ck_assert_uint_eq(reqs[i].gref, 5000u + reqs[i].id);
	netif_rx_respond(&t->back, reqs, m, parts + 2 - n, n, NETIF_RSP_OKAY);
}

static const struct netif_meta mixture[] = {
	{ 5000, 1448, NETIF_GSO_TYPE_TCPV4, NETIF_CSUM_BLANK, NETIF_HASH_TYPE_IPV4_TCP, 0, 0xdeadbeef },
	{ 904, 0, 0, NETIF_CSUM_NONE, 0, 0, 0 },
	{ 904, 1448, NETIF_GSO_TYPE_TCPV6, NETIF_CSUM_BLANK, 0, 256, 0 },
	{ 5000, 0, 0, NETIF_CSUM_VALID, NETIF_HASH_TYPE_IPV6, 0, 77 },
};

static void serve_rx(void *rig)
{
	struct rx_rig *t = rig;
	u32 i;

	for (i = 0; i < 4; i++)
		respond_rx(t, &mixture[i], mixture[i].len > 4096 ? 2 : 1);
	netif_back_push(&t->back);
}

/* Ids are the front end's own affair: these run against the slots. */
static u16 id_of(u32 slot)
{
	return (u16)(NETIF_RX_RING_SIZE - 1 - slot % NETIF_RX_RING_SIZE + 1000);
}

static void post(struct rx_rig *t, u32 n)
{
	struct netif_front_ring *r = &t->front.ring;

	for (; n; n--, r->req_prod++)
		NETIF_SLOT(union netif_rx_slot, r, r->req_prod)->req =
			(struct netif_rx_req){ id_of(r->req_prod), 0, 5000u + id_of(r->req_prod) };
	netif_front_push(r);
}

/* Frames whole and in order, whichever of the mixture; each data slot with its own id. */
static void receive(struct rx_rig *t)
{
	struct netif_front_ring *r = &t->front.ring;
	int n = netif_front_pending(r);

	ck_assert_int_ge(n, 0);
	while (r->rsp_cons != t->back.rsp_pub) {
		const struct netif_meta *m = &mixture[given++ % 4];
		u32 data = m->len > 4096 ? 2 : 1, i;

		for (i = 0; i < data; i++) {
			union netif_rx_slot *s = NETIF_SLOT(union netif_rx_slot, r, r->rsp_cons);

			ck_assert_uint_eq(s->rsp.id, id_of(r->rsp_cons));
			ck_assert_int_eq(s->rsp.status, parts[2 - data + i].size);
			ck_assert_uint_eq(!!(s->rsp.flags & NETIF_RXF_MORE_DATA), i + 1 < data);
			s = NETIF_SLOT(union netif_rx_slot, r, r->rsp_cons + 1);
			if (!i && m->gso_type)
				ck_assert_uint_eq(s->extra.type, NETIF_EXTRA_TYPE_GSO);
			r->rsp_cons += i ? 1 : 1 + netif_rx_extras(m);
		}
	}
}

static void follow_rx(void *rig)
{
	struct rx_rig *t = rig;

	attach(&t->back, t->page, NETIF_RX_SHAPE);
	/* Who was killed with its answers complete has given all of the mixture, else none. */
	serve_rx(t);
}

static bool rx_survives(u32 n, u32 m, bool *second)
{
	struct rx_rig *t = rx_rig();
	bool first;

	rx_rig_start_at(t, 0x7ffffe10u);
	memset(&kept, 0, sizeof(kept));
	given = 0;
	attach(&t->back, t->page, NETIF_RX_SHAPE);
	post(t, 100);
	serve_rx(t);
	receive(t);
	first = dies(n, serve_rx, t);
	*second = dies(m, follow_rx, t);
	if (*second)
		follow_rx(t);
	receive(t);
	ck_assert_uint_ge(given, 8);
	ck_assert_uint_eq(t->back.req_cons, t->back.rsp_pub);
	return first;
}

START_TEST(test_journal_rx_killed)
{
	bool first = true, second = true;
	u32 n, m;

	for (n = 1; first; n++)
		for (m = 1, second = true; second; m++)
			first = rx_survives(n, m, &second);
	ck_assert_uint_gt(n, 2 * 2 * 10 + 3);
}
END_TEST

/* ---- whose journal is it? ---- */

/* Two answers that were never published, and the ring's index where 'pub' says. */
static u32 taken_up(struct tx_rig *t, u32 pub, u32 complete, bool ours)
{
	tx_rig_start_at(t, START);
	send(t, 2, 0);
	kept.j.published = START + pub;
	kept.j.complete = START + complete;
	kept.j.rsp[START % NETIF_TX_RING_SIZE] = kept.j.rsp[START % NETIF_TX_RING_SIZE + 1] = 0;
	netif_back_init(&t->back, t->page, NETIF_TX_RING_SIZE);
	return netif_back_journal(&t->back, &kept.j, NETIF_TX_SHAPE, ours);
}

START_TEST(test_journal_of_another)
{
	static const struct {
		u32 pub, complete;
		bool ours;
		u32 n;
	} rows[] = {
		{ 0, 2, true, 2 },
		{ 0, 1, true, 1 },
		{ 0, 0, true, 0 },
		{ 0, 2, false, 0 },	     /* an old file, of other rings */
		{ 0, 3, true, 0 },	     /* more than was asked */
		{ 0, 257, true, 0 },
		{ 0, 0x80000001u, true, 0 },
		{ 0, (u32)-1, true, 0 },
		{ 1, 2, true, 0 },	     /* the ring's index is the front end's to spoil */
		{ (u32)-1, 2, true, 0 },
		{ (u32)-2, 0, true, 0 },     /* published, but it had no time to write that down */
	};
	u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tx_rig *t = tx_rig();

		ck_assert_uint_eq(taken_up(t, rows[i].pub, rows[i].complete, rows[i].ours),
				  rows[i].n);
		ck_assert_uint_eq(t->back.shared->rsp_prod, START + rows[i].n);
		ck_assert_uint_eq(kept.j.published, START + rows[i].n);
		ck_assert_uint_eq(kept.j.complete, START + rows[i].n);
		ck_assert_int_eq(netif_back_pending(&t->back), 2 - (int)rows[i].n);
	}
}
END_TEST

/* Until they are published, nothing of the answers is in the ring. */
START_TEST(test_journal_leaves_requests)
{
	struct tx_rig *t = tx_rig();
	u8 before[NETIF_PAGE_SIZE];
	u32 i;

	start_tx(t);
	memcpy(before, t->page, sizeof(before));
	ck_assert_int_eq(netif_tx_take(&t->back, &t->burst, NETIF_TX_RING_SIZE, &t->errors), 0);
	for (i = 0; i < t->burst.nframes; i++)
		netif_tx_respond(&t->back, &t->burst, &t->burst.frames[i], NETIF_RSP_OKAY);
	ck_assert_mem_eq(before, t->page, sizeof(before));
	netif_back_push(&t->back);
	ck_assert_mem_ne(before, t->page, sizeof(before));
}
END_TEST

TCase *netif_journal_case(void)
{
	TCase *c = tcase_create("journal");

	tcase_add_test(c, test_journal_tx_killed);
	tcase_add_test(c, test_journal_rx_killed);
	tcase_add_test(c, test_journal_of_another);
	tcase_add_test(c, test_journal_leaves_requests);
	return c;
}
