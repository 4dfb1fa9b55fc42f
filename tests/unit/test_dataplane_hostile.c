/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that breaks the rules: it loses its frames or its vif, nobody else anything. */
#include <string.h>
#include <unistd.h>

#include "tests/unit/test_dataplane.h"

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static uint8_t got[FRAME_MAX + 1];
static struct guest g;

static void start(void)
{
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
}

static void stop(void)
{
	guest_stop(&g);
	dataplane_stop();
}

static void kick(void)
{
	xenevtchn_notify(g.q[0].xce, g.q[0].tx_port);
}

/* The vif is broken for this reason, and the main thread was told. */
static void expect_broken(enum netif_error why)
{
	WAIT_FOR(vif_broken(g.vif) != NETIF_OK);
	ck_assert_str_eq(netif_error_name(vif_broken(g.vif)), netif_error_name(why));
	ck_assert(readable(dataplane_fd(), PATIENCE_MS));
	WAIT_FOR(error_of(&g, netif_error_name(why)) == 1);
}

/* It is of use again after the guest has set up new rings. */
static void expect_mended(void)
{
	vif_disconnect(g.vif);
	netif_front_tx_init(&g.q[0].tx, g.q[0].rings.addr);
	netif_front_rx_init(&g.q[0].rx, g.q[0].rings.addr + NETIF_PAGE_SIZE);
	close(g.host);
	guest_connect(&g);
	ck_assert_int_eq(vif_broken(g.vif), NETIF_OK);
	guest_send(&g, 0, frame_make(outside, g.mac, 100, 1), 100);
	ck_assert_uint_eq(host_receive(&g, got, NULL, PATIENCE_MS), 100);
}

START_TEST(producer_out_of_range)
{
	struct netif_sring *ring;

	start();
	ring = _i ? g.q[0].rx.ring.shared : g.q[0].tx.ring.shared;
	__atomic_store_n(&ring->req_prod, ring->req_prod + 257, __ATOMIC_RELEASE);
	if (_i)
		host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	else
		kick();
	expect_broken(NETIF_ERR_RING_OVERRUN);
	expect_mended();
	stop();
}
END_TEST

static void put(uint32_t at, struct netif_tx_req req)
{
	NETIF_SLOT(union netif_tx_slot, &g.q[0].tx.ring, at)->req = req;
}

static void publish(uint32_t n)
{
	__atomic_store_n(&g.q[0].tx.ring.shared->req_prod, n, __ATOMIC_RELEASE);
	kick();
}

START_TEST(fatal_requests)
{
	static const struct {
		enum netif_error why;
		struct netif_tx_req req;
	} bad[] = {
		{ NETIF_ERR_TX_CROSS_PAGE, { .offset = 4000, .size = 97 } },
		{ NETIF_ERR_TX_CROSS_PAGE, { .offset = 65535, .size = 65535 } },
		{ NETIF_ERR_TX_CHAIN_OPEN, { .size = 1000, .flags = NETIF_TXF_MORE_DATA } },
		{ NETIF_ERR_TX_EXTRA_MISSING, { .size = 1000, .flags = NETIF_TXF_EXTRA_INFO } },
	};

	start();
	put(0, bad[_i].req);
	publish(1);
	expect_broken(bad[_i].why);
	expect_mended();
	stop();
}
END_TEST

START_TEST(endless_chain)
{
	unsigned int i;

	start();
	for (i = 0; i < 256; i++)
		put(i, (struct netif_tx_req){ .size = 1, .flags = NETIF_TXF_MORE_DATA });
	publish(256);
	expect_broken(NETIF_ERR_TX_TOO_MANY_SLOTS);
	expect_mended();
	stop();
}
END_TEST

/* A whole ring of the smallest frames, all slots at the end of their pages. */
START_TEST(full_rings)
{
	struct netif_meta m = { .len = 14 };
	const uint8_t *frame = frame_make(outside, g.mac, 14, 1);
	unsigned int i, n;

	start();
	if (_i)
		ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	for (i = 0; i < 20; i++) {
		for (n = 0; guest_queue(&g, 0, frame, &m, 4096, 4096 - 14); n++)
			;
		front_queue_push_tx(&g.q[0]);
		ck_assert_uint_eq(guest_reap(&g, 0, n), 0);
	}
	ck_assert_uint_eq(stat_of(&g, "tx_frames"), 20 * n);
	/* And one whose frames have 17 slots each. */
	m.len = 18;
	for (i = 0; i < 20; i++) {
		for (n = 0; guest_queue(&g, 0, frame, &m, 1, 4095); n += 18)
			;
		front_queue_push_tx(&g.q[0]);
		ck_assert_uint_eq(guest_reap(&g, 0, n), 0);
	}
	ck_assert_int_eq(vif_broken(g.vif), NETIF_OK);
	stop();
}
END_TEST

START_TEST(copy_failure)
{
	start();
	ck_assert_int_eq(xensim("fault 0 copy-fail count=1"), 0);
	guest_send(&g, 0, frame_make(outside, g.mac, 100, 1), 100);
	ck_assert_uint_eq(guest_reap(&g, 0, 1), 1);
	ck_assert_uint_eq(stat_of(&g, "tx_drop_grant"), 1);
	ck_assert_uint_eq(error_of(&g, "tx_bad_gref"), 1);
	ck_assert_int_eq(xensim("fault 0 copy-fail count=1"), 0);
	host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	WAIT_FOR(netif_front_pending(&g.q[0].rx.ring));
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, 100), 0);
	ck_assert_uint_eq(stat_of(&g, "rx_drop_grant"), 1);
	ck_assert_uint_eq(error_of(&g, "rx_bad_gref"), 1);
	/* Neither cost more than its frame. */
	guest_send(&g, 0, frame_make(outside, g.mac, 100, 1), 100);
	ck_assert_uint_eq(host_receive(&g, got, NULL, PATIENCE_MS), 100);
	host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 100);
	stop();
}
END_TEST

static uint64_t events_in_storm(void)
{
	uint64_t before = stat_of(&g, "events"), end = clock_ns() + 200000000;

	while (clock_ns() < end)
		kick();
	return stat_of(&g, "events") - before;
}

/* Events that bring no work: 17 in a row, then one each ten milliseconds. */
START_TEST(event_storm)
{
	start();
	ck_assert_uint_lt(events_in_storm(), 400);
	guest_send(&g, 0, frame_make(outside, g.mac, 100, 1), 100);
	ck_assert_uint_eq(host_receive(&g, got, NULL, PATIENCE_MS), 100);
	stop();
}
END_TEST

/* The same while the TAP has frames that the guest posts no buffers for. */
START_TEST(event_storm_without_buffers)
{
	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	guest_connect(&g);
	host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	WAIT_FOR(stat_of(&g, "rx_slot_waits") > 0);
	ck_assert_uint_lt(events_in_storm(), 400);
	front_queue_post(&g.q[0]);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 100);
	stop();
}
END_TEST

START_TEST(event_storm_of_a_broken_vif)
{
	start();
	put(0, (struct netif_tx_req){ .offset = 4000, .size = 97 });
	publish(1);
	expect_broken(NETIF_ERR_TX_CROSS_PAGE);
	ck_assert_uint_lt(events_in_storm(), 400);
	expect_mended();
	stop();
}
END_TEST

/* A guest with few buffers gets the frames that fit. */
START_TEST(few_buffers)
{
	unsigned int i;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.sg = g.c.gso4 = g.c.gso6 = false;
	g.unposted = true;
	guest_connect(&g);
	for (i = 0; i < 6; i++)
		host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	WAIT_FOR(stat_of(&g, "rx_slot_waits") > 0);
	for (i = 0; i < 3; i++) {
		guest_post(&g, 0, 2);
		WAIT_FOR(stat_of(&g, "rx_frames") > i);
	}
	stop();
}
END_TEST

/* A buffer that is no part of a page costs the frame that it was for, by name. */
START_TEST(bad_buffers)
{
	struct front_queue *q = &g.q[0];
	unsigned int i;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.half_pages = g.unposted = true;
	guest_connect(&g);
	if (_i)
		ck_assert_int_eq(guest_map(&g, 0, false, true), 0);
	for (i = 0; i < 40; i++)
		netif_front_rx_post(&q->rx, q->rx_pages.refs[i], i ? NETIF_RX_WHOLE : NETIF_RX_UPPER + 1);
	front_queue_push_rx(q);
	host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	WAIT_FOR(netif_front_pending(&q->rx.ring));
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, 100), 0);
	ck_assert_uint_eq(error_of(&g, "rx_buffer"), 1);
	ck_assert_uint_eq(error_of(&g, "rx_bad_gref"), 0);
	ck_assert_uint_eq(stat_of(&g, "rx_drop_grant"), 1);
	host_send(&g, frame_make(g.mac, outside, 100, 2), 100, NULL);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 100);
	ck_assert_int_eq(vif_broken(g.vif), NETIF_OK);
	stop();
}
END_TEST

void add_hostile_case(Suite *s)
{
	TCase *c = plane_case("hostile");

	tcase_add_loop_test(c, producer_out_of_range, 0, 2);
	tcase_add_loop_test(c, fatal_requests, 0, 4);
	tcase_add_test(c, endless_chain);
	tcase_add_loop_test(c, full_rings, 0, 2);
	tcase_add_test(c, copy_failure);
	tcase_add_loop_test(c, bad_buffers, 0, 2);
	tcase_add_test(c, event_storm);
	tcase_add_test(c, event_storm_without_buffers);
	tcase_add_test(c, event_storm_of_a_broken_vif);
	tcase_add_test(c, few_buffers);
	suite_add_tcase(s, c);
}
