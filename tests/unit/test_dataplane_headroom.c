/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that a guest receives behind a headroom, on every way that they can take; and a filter that comes and goes. */
#include <string.h>

#include "lib/netif/rx.h"
#include "tests/unit/test_dataplane.h"

#define HEADROOM 256

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static const uint8_t group[6] = { 0x01, 0, 0x5e, 0, 0, 5 };
static const struct netif_vnet gso = { .flags = 1, .gso_type = 1, .hdr_len = 54, .gso_size = 1448,
				       .csum_start = 34, .csum_offset = 16 };
static uint8_t got[FRAME_MAX + 1];

static void receives(struct guest *g, const uint8_t *sent, unsigned int len, unsigned int headroom)
{
	struct netif_meta m = { 0 };

	ck_assert_uint_eq(guest_receive(g, 0, got, &m, PATIENCE_MS), len);
	ck_assert_mem_eq(got, sent, len);
	ck_assert_msg(m.headroom == headroom, "%u bytes: %u", len, m.headroom);
}

/* Around what fits the first buffer, and big ones. */
static void exchange(struct guest *g, unsigned int headroom)
{
	static const unsigned int edges[] = { 2048, 4096, 8192 }, big[] = { 4097, 20000, 65000 };
	const uint8_t *sent;
	unsigned int i, len;

	for (i = 0; i < 15; i++) {
		len = 60 + 250 * i;
		if (i >= 6 && edges[i / 3 - 2] > headroom)
			len = edges[i / 3 - 2] - headroom + i % 3 - 1;
		sent = frame_make(g->mac, outside, len, len);
		host_send(g, sent, len, NULL);
		receives(g, sent, len, headroom);
	}
	for (i = 0; i < 3; i++) {
		sent = frame_make_tcp(g->mac, outside, big[i]);
		host_send(g, sent, big[i], &gso);
		receives(g, sent, big[i], headroom);
	}
}

static void start(struct guest *g)
{
	plane_start(1);
	guest_start(g, 7, 1, NULL);
	ck_assert_int_eq(tap_set_mtu(&g->vif->tap, 9000), 0);
}

/* Copied and mapped, in pages and in halves, on each port; on, to the utmost, and off. */
START_TEST(every_way)
{
	const bool halves = _i & 1, mapped = _i & 2;
	const unsigned int most = netif_rx_headroom_max(halves);
	struct guest g;

	plane_config.uplink = (enum config_uplink)(_i / 4);
	guest_halves = halves;
	start(&g);
	if (mapped)
		ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	exchange(&g, 0);
	ck_assert_int_eq(vif_set_headroom(g.vif, HEADROOM), 0);
	exchange(&g, HEADROOM);
	ck_assert_int_eq(vif_set_headroom(g.vif, most), 0);
	exchange(&g, most);
	ck_assert_int_eq(vif_set_headroom(g.vif, 0), 0);
	exchange(&g, 0);
	ck_assert_uint_eq(stat_of(&g, "rx_drop_grant") + stat_of(&g, "rx_drop_no_slots"), 0);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Only what the frame needs is written: what lies before it is the guest's. */
START_TEST(headroom_is_left_alone)
{
	struct guest g;
	unsigned int i;

	guest_halves = _i & 1;
	start(&g);
	if (_i & 2)
		ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	memset(g.q[0].rx_pages.addr, 0xa5, g.q[0].rx_pages.count * NETIF_PAGE_SIZE);
	ck_assert_int_eq(vif_set_headroom(g.vif, HEADROOM), 0);
	host_send(&g, frame_make(g.mac, outside, 60, 1), 60, NULL);
	receives(&g, frame_make(g.mac, outside, 60, 1), 60, HEADROOM);
	for (i = 0; i < 2048; i++)
		ck_assert_uint_eq(g.q[0].rx_pages.addr[i] == 0xa5, i < HEADROOM || i >= HEADROOM + 60 ||
				  got[i - HEADROOM] == 0xa5);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Those reads are the batched path's while there is a headroom. */
START_TEST(direct_reads)
{
	uint64_t before;
	struct guest g;

	start(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	for (unsigned int i = 0; i < 4; i++)
		exchange(&g, 0);
	before = stat_of(&g, "tap_reads_direct");
	ck_assert_uint_gt(before, 0);
	ck_assert_int_eq(vif_set_headroom(g.vif, HEADROOM), 0);
	for (unsigned int i = 0; i < 4; i++)
		exchange(&g, HEADROOM);
	ck_assert_uint_eq(stat_of(&g, "tap_reads_direct"), before);
	ck_assert_int_eq(vif_set_headroom(g.vif, 0), 0);
	for (unsigned int i = 0; i < 4; i++)
		exchange(&g, 0);
	ck_assert_uint_gt(stat_of(&g, "tap_reads_direct"), before);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(from_the_connection_on)
{
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.headroom = HEADROOM;
	guest_connect(&g);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 9000), 0);
	exchange(&g, HEADROOM);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* A guest without scatter-gather: what does not fit behind the headroom is counted and dropped. */
START_TEST(too_big_behind_it)
{
	const unsigned int most = (_i ? 2048 : 4096) - HEADROOM;
	struct guest g;

	guest_halves = _i;
	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.sg = g.c.gso4 = g.c.gso6 = false;
	guest_connect(&g);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 9000), 0);
	ck_assert_int_eq(vif_set_headroom(g.vif, HEADROOM), 0);
	host_send(&g, frame_make(g.mac, outside, most + 1, 1), most + 1, NULL);
	WAIT_FOR(stat_of(&g, "rx_drop_too_big") == 1);
	host_send(&g, frame_make(g.mac, outside, most, 2), most, NULL);
	receives(&g, frame_make(g.mac, outside, most, 2), most, HEADROOM);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* One more slot: for the info that tells of it. */
START_TEST(few_buffers)
{
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	g.c.gso4 = g.c.gso6 = g.c.sg = false;
	g.c.headroom = HEADROOM;
	guest_connect(&g);
	guest_post(&g, 0, 2);
	host_send(&g, frame_make(g.mac, outside, 1000, 1), 1000, NULL);
	WAIT_FOR(stat_of(&g, "rx_frames") == 1);
	guest_post(&g, 0, 1);
	host_send(&g, frame_make(g.mac, outside, 1001, 1), 1001, NULL);
	WAIT_FOR(stat_of(&g, "rx_drop_no_slots") + stat_of(&g, "rx_slot_waits") >= 1);
	ck_assert_uint_eq(stat_of(&g, "rx_frames"), 1);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* By the built-in switch, which hands a frame of the one guest's to the other. */
START_TEST(by_the_switch)
{
	struct netif_meta m = { .len = 30000, .gso_type = NETIF_GSO_TYPE_TCPV4, .gso_size = 1448,
				.csum = NETIF_CSUM_BLANK };
	const uint8_t *sent;
	struct guest a, b;

	plane_start(1);
	guest_start(&a, 7, 1, "br-test");
	guest_start(&b, 8, 1, "br-test");
	if (_i)
		ck_assert_int_eq(guest_map(&b, 0, true, true), 0);
	for (unsigned int headroom = 0; headroom <= 2 * HEADROOM; headroom += HEADROOM) {
		ck_assert_int_eq(vif_set_headroom(b.vif, headroom), 0);
		sent = frame_make_tcp(b.mac, a.mac, m.len);
		ck_assert(guest_queue(&a, 0, sent, &m, NETIF_PAGE_SIZE, 0));
		front_queue_push_tx(&a.q[0]);
		receives(&b, sent, m.len, headroom);
		sent = frame_make(b.mac, a.mac, 60, headroom);
		guest_send(&a, 0, sent, 60);
		receives(&b, sent, 60, headroom);
	}
	ck_assert_uint_eq(stat_of(&a, "tx_to_tap"), 0);
	guest_stop(&a);
	guest_stop(&b);
	dataplane_stop();
}
END_TEST

/* While frames are on their way: each is told as it lies, and what was set first comes first. */
START_TEST(changes_under_load)
{
	unsigned int i, round, last;
	struct netif_meta m;
	struct guest g;

	guest_halves = _i & 1;
	start(&g);
	if (_i & 2)
		ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	for (round = 1; round <= 40; round++) {
		for (i = 0; i < 20; i++)
			host_send(&g, frame_make(g.mac, outside, 100 + 97 * i, i), 100 + 97 * i, NULL);
		ck_assert_int_eq(vif_set_headroom(g.vif, round), 0);
		for (i = 0, last = round - 1; i < 20; i++) {
			ck_assert_uint_eq(guest_receive(&g, 0, got, &m, PATIENCE_MS), 100 + 97 * i);
			ck_assert_mem_eq(got, frame_make(g.mac, outside, m.len, i), m.len);
			ck_assert(m.headroom == last || m.headroom == round);
			last = m.headroom;
		}
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* The list may be written while nothing is filtered, and stays when that ends (netif.h). */
START_TEST(filter_that_comes_and_goes)
{
	static const uint8_t other[6] = { 0x01, 0, 0x5e, 0, 0, 6 };
	struct guest g;

	start(&g);
	ck_assert_int_eq(vif_mcast_add(g.vif, group), 0);
	for (unsigned int round = 1; round <= 3; round++) {
		host_send(&g, frame_make(other, outside, 100, round), 100, NULL);
		receives(&g, frame_make(other, outside, 100, round), 100, 0);
		ck_assert_int_eq(vif_set_multicast_control(g.vif, true), 0);
		host_send(&g, frame_make(other, outside, 101, round), 101, NULL);
		host_send(&g, frame_make(group, outside, 102, round), 102, NULL);
		receives(&g, frame_make(group, outside, 102, round), 102, 0);
		ck_assert_uint_eq(stat_of(&g, "rx_filtered_multicast"), round);
		ck_assert_int_eq(vif_set_multicast_control(g.vif, false), 0);
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

void add_headroom_case(Suite *s)
{
	TCase *c = plane_case("headroom");

	tcase_add_loop_test(c, every_way, 0, 4 * (CONFIG_UPLINK_SPLIT + 1));
	tcase_add_loop_test(c, headroom_is_left_alone, 0, 4);
	tcase_add_test(c, direct_reads);
	tcase_add_test(c, from_the_connection_on);
	tcase_add_loop_test(c, too_big_behind_it, 0, 2);
	tcase_add_test(c, few_buffers);
	tcase_add_loop_test(c, by_the_switch, 0, 2);
	tcase_add_loop_test(c, changes_under_load, 0, 4);
	tcase_add_test(c, filter_that_comes_and_goes);
	suite_add_tcase(s, c);
}
