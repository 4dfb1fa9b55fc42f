// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Nanoseconds per packet of lib/netif alone: no event channel, no grant, no copy
 * of payload, both ends on one core.  Prints the median of ROUNDS rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/netif/coalesce.h"
#include "lib/netif/front.h"
#include "lib/netif/gref.h"
#include "lib/netif/hash.h"
#include "lib/netif/rx.h"
#include "lib/netif/tx.h"

#define ROUNDS 31
#define BURST 64u

static _Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];
static struct netif_errors errors;
/* Results go here, so that no work is optimised away. */
static volatile u32 sink;

static void fail(const char *what)
{
	fprintf(stderr, "bench_netif: %s\n", what);
	exit(EXIT_FAILURE);
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* run(n) handles n items; 'per round' items are timed together. */
static void measure(const char *what, void (*run)(u32 n), u32 n)
{
	double ns[ROUNDS];
	u32 i;

	run(n);
	for (i = 0; i < ROUNDS; i++) {
		double start = now_ns();

		run(n);
		ns[i] = (now_ns() - start) / n;
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), by_value);
	printf("%-44s %8.1f ns  (best %.1f, worst %.1f)\n", what, ns[ROUNDS / 2], ns[0],
	       ns[ROUNDS - 1]);
}

static struct netif_front_tx front_tx;
static struct netif_back_ring back;
static struct netif_tx_burst tx_burst;

static void tx_send(const struct netif_meta *m, u32 segs)
{
	struct netif_front_seg s[NETIF_NR_SLOTS_MIN];
	u16 ids[NETIF_NR_SLOTS_MIN];
	u32 i;

	if (!netif_front_tx_ids(&front_tx, ids, segs))
		fail("ids");
	for (i = 0; i < segs; i++)
		s[i] = (struct netif_front_seg){ i, ids[i], 0, (u16)(m->len / segs) };
	netif_front_tx_send(&front_tx, m, s, segs);
}

static void tx_rounds(u32 n, u32 per_burst, const struct netif_meta *m, u32 segs)
{
	u16 done[NETIF_TX_RING_SIZE];
	u32 bad = 0, i;

	for (; n >= per_burst; n -= per_burst) {
		for (i = 0; i < per_burst; i++)
			tx_send(m, segs);
		netif_front_push(&front_tx.ring);
		if (netif_tx_take(&back, &tx_burst, NETIF_TX_RING_SIZE, &errors))
			fail("take");
		for (i = 0; i < tx_burst.nframes; i++)
			netif_tx_respond(&back, &tx_burst, &tx_burst.frames[i], NETIF_RSP_OKAY);
		netif_back_push(&back);
		if (netif_front_tx_reap(&front_tx, done, NETIF_TX_RING_SIZE, &bad, &errors) !=
		    (int)(per_burst * segs) || bad)
			fail("reap");
	}
}

static void run_tx_1(u32 n)
{
	tx_rounds(n, BURST, &(struct netif_meta){ .len = 60 }, 1);
}

static void run_tx_17(u32 n)
{
	const struct netif_meta m = { .len = 17 * 3840, .gso_size = 1448,
				      .gso_type = NETIF_GSO_TYPE_TCPV4, .csum = NETIF_CSUM_BLANK };

	tx_rounds(n, 12, &m, 17);
}

/* The back end's half alone: take and respond, the ring filled beforehand each time. */
static void run_take(u32 n)
{
	u32 i;

	for (; n >= BURST; n -= BURST) {
		back.req_cons = back.rsp_prod = back.rsp_pub = 0;
		if (netif_tx_take(&back, &tx_burst, BURST, &errors))
			fail("take");
		for (i = 0; i < tx_burst.nframes; i++)
			sink = tx_burst.frames[i].meta.len;
	}
}

static void prepare_tx(void)
{
	netif_front_tx_init(&front_tx, page);
	netif_back_init(&back, page, NETIF_TX_RING_SIZE);
}

static void prepare_take(void)
{
	u32 i;

	prepare_tx();
	for (i = 0; i < BURST; i++)
		tx_send(&(struct netif_meta){ .len = 60 }, 1);
	netif_front_push(&front_tx.ring);
}

static struct netif_front_rx front_rx;
static struct netif_front_burst rx_burst;

static void run_rx(u32 n)
{
	static struct netif_rx_req reqs[NETIF_RX_RING_SIZE];
	const struct netif_meta m = { .len = 60 };
	const struct netif_rx_part part = { 0, 60 };
	u32 i;

	for (; n >= BURST; n -= BURST) {
		for (i = 0; i < BURST; i++)
			netif_front_rx_post(&front_rx, i, NETIF_RX_WHOLE);
		netif_front_push(&front_rx.ring);
		if (netif_rx_take(&back, reqs, BURST) != (int)BURST)
			fail("rx_take");
		for (i = 0; i < BURST; i++)
			netif_rx_respond(&back, &reqs[i], &m, &part, 1, NETIF_RSP_OKAY);
		netif_back_push(&back);
		if (netif_front_rx_take(&front_rx, &rx_burst, BURST, &errors) ||
		    rx_burst.nframes != BURST)
			fail("front_rx_take");
	}
}

static struct netif_hash hash;
static u8 frame_v4[64] = { [12] = 0x08, [14] = 0x45, [23] = 6, [26] = 10, [30] = 10, [46] = 0x50 };
static u8 frame_v6[80] = { [12] = 0x86, 0xdd, [14] = 0x60, [20] = 6, [22] = 0xfe, [66] = 0x50 };

static void hash_frames(u32 n, u8 *frame, u32 len, u32 src)
{
	struct netif_meta m;
	struct netif_header h;
	u32 i;

	for (i = 0; i < n; i++) {
		frame[src] = (u8)i;
		netif_header_parse(frame, len, &h);
		sink = netif_hash_queue(&hash, frame, &h, len, 4, 0, &m);
	}
}

static void run_hash_v4(u32 n)
{
	hash_frames(n, frame_v4, sizeof(frame_v4), 29);
}

static void run_hash_v6(u32 n)
{
	hash_frames(n, frame_v6, sizeof(frame_v6), 37);
}

static void prepare_hash(void)
{
	struct netif_ctrl_rsp rsp;
	struct netif_ctrl_req q = { .type = NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, .data = { 1 } };
	u8 key[NETIF_TOEPLITZ_KEY_MAX];
	u32 i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = (u8)(i * 73 + 11);
	netif_hash_init(&hash);
	netif_hash_control(&hash, &q, NULL, 4, &rsp);
	q = (struct netif_ctrl_req){ .type = NETIF_CTRL_TYPE_SET_HASH_FLAGS, .data = { 0xf } };
	netif_hash_control(&hash, &q, NULL, 4, &rsp);
	q = (struct netif_ctrl_req){ .type = NETIF_CTRL_TYPE_SET_HASH_KEY, .data = { 0, sizeof(key) } };
	netif_hash_control(&hash, &q, key, 4, &rsp);
}

static void run_parse(u32 n)
{
	struct netif_header h;
	u32 i;

	for (i = 0; i < n; i++) {
		frame_v4[29] = (u8)i;
		netif_header_parse(frame_v4, sizeof(frame_v4), &h);
		sink = h.payload_off;
	}
}

static struct netif_gref_map map;

static void prepare_map(void)
{
	u32 i;

	netif_gref_map_init(&map);
	for (i = 0; i < 512; i++)
		netif_gref_map_add(&map, 1000 + i, &page[i], false);
}

static void run_map(u32 n)
{
	u32 i, at = 0;

	for (i = 0; i < n; i++) {
		at = (at * 5 + 1) & 511;
		if (!netif_gref_map_find(&map, 1000 + at))
			fail("find");
	}
}

static void run_coalesce(u32 n)
{
	static struct netif_coalesce c = { .config = { 32, 50, 20, true } };
	static u64 now = 1;
	u32 i;

	for (i = 0; i < n; i++) {
		netif_coalesce_update(&c, 32, now += 6400);
		sink = netif_coalesce_decide(&c, now).ahead;
	}
}

static u8 large[65000] = { [12] = 0x08, [14] = 0x45, [23] = 6, [46] = 0x50 };

static void run_csum(u32 n)
{
	while (n--)
		sink = netif_csum_fill(large, 1514);
}

int main(void)
{
	prepare_tx();
	measure("tx: send+take+respond+reap, 1 slot", run_tx_1, 64000);
	measure("tx: send+take+respond+reap, 17 slots GSO", run_tx_17, 6000);
	prepare_take();
	measure("tx: take alone, 1 slot", run_take, 64000);
	netif_front_rx_init(&front_rx, page);
	netif_back_init(&back, page, NETIF_RX_RING_SIZE);
	measure("rx: post+take+respond+front_take, 1 slot", run_rx, 64000);
	prepare_hash();
	measure("header_parse, IPv4 TCP", run_parse, 100000);
	measure("parse + Toeplitz + queue, IPv4 TCP", run_hash_v4, 100000);
	measure("parse + Toeplitz + queue, IPv6 TCP", run_hash_v6, 100000);
	prepare_map();
	measure("gref_map_find, 512 static grants", run_map, 100000);
	measure("coalesce update+decide", run_coalesce, 100000);
	measure("csum_fill, 1514 bytes", run_csum, 5000);
	return EXIT_SUCCESS;
}
