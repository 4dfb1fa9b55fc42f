// SPDX-License-Identifier: GPL-2.0-or-later
/* No double fetch: by counting every load, and by racing a hostile writer. */
#include <pthread.h>

#include "test_netif.h"
/* Behind ring.h: what this file itself calls stays the real thing. */
#include "test_netif_fetch.h"

struct fetch fetch;

void fetch_begin(const void *page)
{
	memcpy(fetch.shadow, page, NETIF_PAGE_SIZE);
	memset(fetch.page, 0xa5, NETIF_PAGE_SIZE);
	memset(fetch.loads, 0, sizeof(fetch.loads));
}

void fetch_check(void)
{
	u32 i;

	for (i = 0; i < sizeof(fetch.loads); i++)
		ck_assert_uint_le(fetch.loads[i], 1);
}

u32 fetch_load(const void *p)
{
	size_t at = (size_t)((const u8 *)p - fetch.page);
	u32 v;

	ck_assert_uint_le(at, NETIF_PAGE_SIZE - sizeof(v));
	fetch.loads[at / sizeof(v)]++;
	memcpy(&v, fetch.shadow + at, sizeof(v));
	return v;
}

/* Mostly sane requests with a sprinkling of lies. */
static void random_requests(struct tx_rig *t, u32 *seed)
{
	u32 n = 1 + rnd_below(seed, 60), i;

	for (i = 0; i < n; i++) {
		u16 flags = (u16)(rnd(seed) & 3) | (rnd_below(seed, 3) ? 0 : NETIF_TXF_MORE_DATA) |
			    (rnd_below(seed, 4) ? 0 : NETIF_TXF_EXTRA_INFO);
		struct netif_extra x = { (u8)(rnd_below(seed, 50) ? 1 + rnd_below(seed, 5) : rnd(seed)),
					 !rnd_below(seed, 4), { } };

		x.u.gso.size = (u16)rnd_below(seed, 1500);
		x.u.gso.type = (u8)(rnd_below(seed, 30) ? 1 + rnd_below(seed, 2) : rnd(seed));
		raw_slot(t, (u16)rnd_below(seed, rnd_below(seed, 50) ? 1024 : 5000), flags, (u16)i,
			 (u16)rnd_below(seed, rnd_below(seed, 20) ? 3000 : 65536));
		if (flags & NETIF_TXF_EXTRA_INFO)
			raw_extra(t, x);
	}
}

static void same_bursts(const struct netif_tx_burst *a, const struct netif_tx_burst *b)
{
	u32 i;

	ck_assert_uint_eq(a->nframes, b->nframes);
	ck_assert_uint_eq(a->nslots, b->nslots);
	ck_assert_mem_eq(a->slots, b->slots, a->nslots * sizeof(a->slots[0]));
	for (i = 0; i < a->nframes; i++) {
		ck_assert_uint_eq(a->frames[i].meta.len, b->frames[i].meta.len);
		ck_assert_uint_eq(a->frames[i].meta.gso_size, b->frames[i].meta.gso_size);
		ck_assert_uint_eq(a->frames[i].nslots, b->frames[i].nslots);
		ck_assert_uint_eq(a->frames[i].nextras, b->frames[i].nextras);
		ck_assert_uint_eq(a->frames[i].error, b->frames[i].error);
		ck_assert_uint_eq(a->frames[i].mcast_op, b->frames[i].mcast_op);
		ck_assert_mem_eq(a->frames[i].mcast_addr, b->frames[i].mcast_addr, 6);
	}
}

START_TEST(test_fetch_tx)
{
	static struct netif_tx_burst burst;
	u32 seed = 20240229, round, fatal = 0;

	for (round = 0; round < 3000; round++) {
		struct tx_rig *t = tx_rig();
		struct netif_back_ring r = t->back;
		struct netif_errors e = { { 0 } };
		enum netif_error err;

		random_requests(t, &seed);
		raw_publish(t);
		fetch_begin(t->page);
		r.shared = (void *)fetch.page;
		err = netif_tx_take(&t->back, &t->burst, NETIF_TX_RING_SIZE, &t->errors);
		ck_assert_int_eq(fetch_tx_take(&r, &burst, &e), err);
		same_bursts(&t->burst, &burst);
		ck_assert_mem_eq(&e, &t->errors, sizeof(e));
		fetch_check();
		fatal += err != NETIF_OK;
	}
	/* The generator reaches both sides. */
	ck_assert_uint_gt(fatal, 100);
	ck_assert_uint_lt(fatal, 2900);
}
END_TEST

START_TEST(test_fetch_rx)
{
	struct rx_rig *t = rx_rig();
	struct netif_back_ring r = t->back;
	struct netif_rx_req reqs[NETIF_RX_RING_SIZE];
	u32 i;

	rx_post_all(t);
	fetch_begin(t->page);
	r.shared = (void *)fetch.page;
	ck_assert_int_eq(fetch_rx_take(&r, reqs, NETIF_RX_RING_SIZE), NETIF_RX_RING_SIZE);
	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		ck_assert_uint_eq(reqs[i].gref, 2000 + i);
	fetch_check();
}
END_TEST

START_TEST(test_fetch_front_rx)
{
	static struct netif_front_burst burst;
	static struct netif_front_rx front;
	u32 seed = 77, round, i;

	for (round = 0; round < 2000; round++) {
		struct rx_rig *t = rx_rig();
		struct netif_errors e = { { 0 } };
		enum netif_error err;

		rx_post_all(t);
		front = t->front;
		for (i = 0; i < 40; i++)
			raw_rx_rsp(t, (u16)(rnd_below(&seed, 400) ? i : rnd(&seed)),
				   (u16)rnd_below(&seed, 200), (u16)rnd_below(&seed, 16),
				   (s16)rnd_below(&seed, 4200));
		netif_back_push(&t->back);
		fetch_begin(t->page);
		front.ring.shared = (void *)fetch.page;
		err = netif_front_rx_take(&t->front, &t->burst, NETIF_RX_RING_SIZE, &t->errors);
		ck_assert_int_eq(fetch_front_rx_take(&front, &burst, &e), err);
		ck_assert_mem_eq(&e, &t->errors, sizeof(e));
		ck_assert_uint_eq(burst.nframes, t->burst.nframes);
		ck_assert_uint_eq(burst.nparts, t->burst.nparts);
		ck_assert_mem_eq(burst.parts, t->burst.parts, burst.nparts * sizeof(burst.parts[0]));
		fetch_check();
	}
}
END_TEST

START_TEST(test_fetch_front_tx)
{
	struct tx_rig *t = tx_rig();
	static struct netif_front_tx front;
	u16 done[NETIF_TX_RING_SIZE];
	u32 i;

	for (i = 0; i < 100; i++)
		netif_front_tx_send(&t->front, &(struct netif_meta){ .len = 60 },
				    &(struct netif_front_seg){ 1, tx_id(t), 0, 60 },
				    1);
	raw_take(t);
	for (i = 0; i < 100; i++)
		netif_tx_respond(&t->back, &t->burst, &t->burst.frames[i], NETIF_RSP_OKAY);
	netif_back_push(&t->back);
	front = t->front;
	fetch_begin(t->page);
	front.ring.shared = (void *)fetch.page;
	ck_assert_int_eq(fetch_front_tx_reap(&front, done, NETIF_TX_RING_SIZE, &t->errors), 100);
	fetch_check();
}
END_TEST

struct flipper {
	union netif_tx_slot *slots;
	u32 nslots;
	bool stop;
};

/* Rewrites sizes, offsets and flags under the reader for as long as it reads. */
static void *flipper_run(void *arg)
{
	struct flipper *f = arg;
	u32 seed = 99;

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
		netif_word *w = (netif_word *)&f->slots[rnd_below(&seed, f->nslots)];
		u32 offset = rnd_below(&seed, 8) ? 64 : 4000;
		u32 flags = rnd_below(&seed, 2) ? NETIF_TXF_MORE_DATA : 0;
		u32 size = rnd_below(&seed, 4) ? 100 : 4000;

		netif_store(&w[1], offset | flags << 16);
		netif_store(&w[2], size << 16);
	}
	return NULL;
}

static void consistent(const struct netif_tx_burst *b)
{
	u32 i, j;

	for (i = 0; i < b->nframes; i++) {
		const struct netif_tx_frame *f = &b->frames[i];
		u32 sum = 0;

		for (j = 0; j < f->nslots && !f->error; j++) {
			const struct netif_tx_req *s = &b->slots[f->slot + j];

			ck_assert_uint_gt(s->size, 0);
			ck_assert_uint_le((u32)s->offset + s->size, NETIF_PAGE_SIZE);
			sum += s->size;
		}
		ck_assert(f->error || sum == f->meta.len);
		ck_assert(f->error || f->nslots <= NETIF_TX_SLOTS_MAX);
	}
}

START_TEST(test_fetch_race)
{
	struct tx_rig *t = tx_rig();
	struct flipper f = { (void *)(t->page + sizeof(struct netif_sring)), 64, false };
	u32 i, good = 0, bad = 0;
	pthread_t thread;

	for (i = 0; i < 64; i++)
		raw_slot(t, 0, 0, (u16)i, 100);
	raw_publish(t);
	ck_assert_int_eq(pthread_create(&thread, NULL, flipper_run, &f), 0);
	/* Also until the flipper has had its turns; the time-out of the test case is the limit. */
	for (i = 0; i < 50000 || !good || !bad; i++) {
		t->back.req_cons = 0;
		if (netif_tx_take(&t->back, &t->burst, 1 + i % 64, &t->errors) != NETIF_OK)
			bad++;
		good += t->burst.nframes;
		consistent(&t->burst);
	}
	__atomic_store_n(&f.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	ck_assert_uint_gt(good, 0);
	ck_assert_uint_gt(bad, 0);
}
END_TEST

TCase *netif_fetch_case(void)
{
	TCase *c = tcase_create("fetch");

	tcase_add_test(c, test_fetch_tx);
	tcase_add_test(c, test_fetch_rx);
	tcase_add_test(c, test_fetch_front_rx);
	tcase_add_test(c, test_fetch_front_tx);
	tcase_add_test(c, test_fetch_race);
	return c;
}
