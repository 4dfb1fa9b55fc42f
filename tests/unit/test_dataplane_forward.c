/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames from vif to vif, by the built-in switch: each vif on a worker of its own. */
#include "tests/unit/test_dataplane.h"

static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static uint8_t got[FRAME_MAX + 1];
static struct guest a, b;

static void introduce(struct guest *g)
{
	uint64_t before = stat_of(g, "tx_to_tap");

	guest_send(g, 0, frame_make(everyone, g->mac, 60, 0), 60);
	WAIT_FOR(stat_of(g, "tx_to_tap") == before + 1);
	guest_reap(g, 0, 1);
}

static void start_two(bool post)
{
	unsigned int i;

	plane_start(2);
	guest_start(&a, 7, 1, "br-test");
	guest_open(&b, 8, 1, "br-test");
	b.unposted = !post;
	guest_connect(&b);
	for (i = 0; i < 2; i++)
		introduce(i ? &a : &b);
}

static void stop_two(void)
{
	guest_stop(&a);
	guest_stop(&b);
	dataplane_stop();
}

static uint64_t sum_rounds(void)
{
	json_t *json = dataplane_json();
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < json_array_size(json); i++)
		n += (uint64_t)json_integer_value(
			json_object_get(json_array_get(json, i), "rounds"));
	json_decref(json);
	return n;
}

/* Do the workers come to rest? */
static bool idle(void)
{
	uint64_t before = sum_rounds();

	poll(NULL, 0, 50);
	return sum_rounds() - before < 20;
}

static uint64_t lost_or_sent(struct guest *g)
{
	return stat_of(g, "tx_to_tap") + stat_of(g, "tx_to_vif") + stat_of(g, "tx_drop_receiver") +
	       stat_of(g, "tx_drop_tap_down") + stat_of(g, "tx_drop_tap_full") +
	       stat_of(g, "tx_drop_tap_error");
}

/* One frame from a to b, whole pages of it. */
static void pass(unsigned int len, struct netif_meta *m)
{
	struct netif_meta received;
	const uint8_t *sent = m->gso_type ? frame_make_tcp(b.mac, a.mac, len) :
					    frame_make(b.mac, a.mac, len, len);

	m->len = len;
	ck_assert(guest_queue(&a, 0, sent, m, NETIF_PAGE_SIZE, 0));
	front_queue_push_tx(&a.q[0]);
	ck_assert_uint_eq(guest_receive(&b, 0, got, &received, PATIENCE_MS), len);
	ck_assert_mem_eq(got, sent, m->gso_type && !m->csum ? 50 : len);
	ck_assert_uint_eq(received.gso_type, m->gso_type);
	ck_assert_uint_eq(received.gso_size, m->gso_size);
	ck_assert_uint_eq(guest_reap(&a, 0, (len + 4095) / 4096), 0);
	/* TCP that is to be segmented has a blank checksum by then, said or not. */
	ck_assert_uint_eq(received.csum, m->gso_type ? NETIF_CSUM_BLANK : m->csum);
}

/*
 * The same in odd pieces somewhere in their pages: a piece begins and ends in the middle of one of the receiver's.
 */
static void pass_pieces(unsigned int len, unsigned int piece, unsigned int offset)
{
	struct netif_meta m = { .len = len }, received;
	const uint8_t *sent = frame_make(b.mac, a.mac, len, piece);

	ck_assert(guest_queue(&a, 0, sent, &m, piece, offset));
	front_queue_push_tx(&a.q[0]);
	ck_assert_uint_eq(guest_receive(&b, 0, got, &received, PATIENCE_MS), len);
	ck_assert_mem_eq(got, sent, len);
	ck_assert_uint_eq(guest_reap(&a, 0, (len + piece - 1) / piece), 0);
}

/*
 * _i: bit 0: the sender's pages are static, bit 1: the receiver's, bit 2: the daemon's own pages
 * have no grants, bit 3: it copies to where a page of them begins.
 */
START_TEST(vif_to_vif)
{
	static const unsigned int sizes[] = { 14, 60, 128, 129, 1514, 4096, 4097, 9000, 65000 };
	struct netif_meta m = { 0 };
	unsigned int i;

	plane_config.copy_grants = !(_i & 4);
	plane_config.aligned_copy = !(_i & 8);
	start_two(true);
	if (_i & 1)
		ck_assert_int_eq(guest_map(&a, 0, true, true), 0);
	if (_i & 2)
		ck_assert_int_eq(guest_map(&b, 0, true, true), 0);
	for (i = 0; i < 9; i++)
		pass(sizes[i], &m);
	m.csum = NETIF_CSUM_VALID;
	pass(100, &m);
	m = (struct netif_meta){ .gso_type = 1, .gso_size = 1448, .csum = NETIF_CSUM_BLANK };
	for (i = 7; i < 9; i++)
		pass(sizes[i], &m);
	m.csum = NETIF_CSUM_NONE;
	pass(9000, &m);
	pass_pieces(9000, 1000, 3000);
	pass_pieces(9000, 4095, 1);
	pass_pieces(200, 30, 4000);
	ck_assert_uint_eq(stat_of(&a, "tx_to_vif"), 16);
	ck_assert_uint_eq(stat_of(&b, "rx_frames"), 16);
	ck_assert_uint_eq(stat_of(&b, "rx_drop_grant"), 0);
	stop_two();
}
END_TEST

/* Frames that the receiver does not take leave by the TAP, where the kernel segments them. */
START_TEST(receiver_without_offloads)
{
	struct netif_meta m = { .len = 9000, .gso_type = 1, .gso_size = 1448, .csum = NETIF_CSUM_BLANK };

	plane_start(2);
	guest_start(&a, 7, 1, "br-test");
	guest_open(&b, 8, 1, "br-test");
	b.c.gso4 = false;
	guest_connect(&b);
	introduce(&b);
	ck_assert(guest_queue(&a, 0, frame_make_tcp(b.mac, a.mac, 9000), &m, NETIF_PAGE_SIZE, 0));
	front_queue_push_tx(&a.q[0]);
	ck_assert_uint_eq(host_receive(&a, got, NULL, PATIENCE_MS), 9000);
	stop_two();
}
END_TEST

static void send_many(unsigned int n)
{
	struct netif_meta m = { .len = 1000 };
	const uint8_t *frame = frame_make(b.mac, a.mac, m.len, 1);

	while (n--)
		ck_assert(guest_queue(&a, 0, frame, &m, NETIF_PAGE_SIZE, 0));
	front_queue_push_tx(&a.q[0]);
}

START_TEST(receiver_without_buffers)
{
	start_two(false);
	guest_post(&b, 0, 10);
	send_many(100);
	ck_assert_uint_eq(guest_reap(&a, 0, 100), 0);
	ck_assert_uint_gt(stat_of(&a, "tx_receiver_waits"), 0);
	ck_assert_uint_eq(stat_of(&a, "tx_to_vif"), 10);
	ck_assert_uint_eq(stat_of(&a, "tx_drop_receiver"), 90);
	ck_assert_uint_eq(stat_of(&b, "rx_drop_no_slots"), 90);
	ck_assert_uint_eq(stat_of(&a, "tx_frames") + 0, lost_or_sent(&a));
	WAIT_FOR(idle());
	/* It recovers. */
	front_queue_post(&b.q[0]);
	send_many(20);
	ck_assert_uint_eq(guest_reap(&a, 0, 20), 0);
	ck_assert_uint_eq(stat_of(&a, "tx_to_vif"), 30);
	stop_two();
}
END_TEST

/* A guest that only receives, and tells of each buffer that it posts, does nothing in excess; one that just tells does. */
START_TEST(events_of_a_receiver)
{
	struct netif_meta m = { 0 };
	uint64_t events;
	unsigned int i;

	start_two(true);
	for (i = 0; i < 50; i++) {
		pass(1000, &m);
		events = stat_of(&b, "events");
		front_queue_kick(&b.q[0]);
		WAIT_FOR(stat_of(&b, "events") > events);
	}
	ck_assert_uint_eq(stat_of(&b, "events_held"), 0);
	for (i = 0; i < 50; i++) {
		events = stat_of(&b, "events");
		front_queue_kick(&b.q[0]);
		WAIT_FOR(stat_of(&b, "events") > events);
	}
	ck_assert_uint_ge(stat_of(&b, "events_held"), 1);
	stop_two();
}
END_TEST

/* Waiting is no work: a frame behind the one that waits is judged again, but counted once. */
START_TEST(errors_behind_a_waiting_frame)
{
	struct netif_meta gso = { .len = 100, .gso_type = 1, .gso_size = 1448 }, m = { .len = 8 };

	plane_config.stall_usecs = 50000;
	start_two(false);
	send_many(1);
	ck_assert(guest_queue(&a, 0, frame_make(b.mac, a.mac, 100, 1), &gso, 4096, 0));
	ck_assert(guest_queue(&a, 0, frame_make(b.mac, a.mac, 14, 1), &m, 4096, 0));
	a.q[0].tx_pages.refs[a.q[0].tx.free[a.q[0].tx.nfree - 1]] = 60000;
	send_many(1);
	ck_assert_uint_eq(guest_reap(&a, 0, 4), 3);
	ck_assert_uint_gt(stat_of(&a, "tx_receiver_waits"), 0);
	ck_assert_uint_eq(error_of(&a, "tx_gso_header"), 1);
	ck_assert_uint_eq(error_of(&a, "tx_too_short"), 1);
	ck_assert_uint_eq(error_of(&a, "tx_bad_gref"), 1);
	ck_assert_uint_eq(stat_of(&a, "tx_drop_headers"), 1);
	ck_assert_uint_eq(stat_of(&a, "tx_drop_malformed"), 1);
	ck_assert_uint_eq(stat_of(&a, "tx_drop_grant"), 1);
	stop_two();
}
END_TEST

START_TEST(receiver_goes_while_one_waits_for_it)
{
	plane_config.stall_usecs = 1000000;
	start_two(false);
	send_many(5);
	WAIT_FOR(stat_of(&a, "tx_receiver_waits") > 0);
	vif_disconnect(b.vif);
	ck_assert_uint_eq(guest_reap(&a, 0, 5), 0);
	WAIT_FOR(stat_of(&a, "tx_to_tap") == 6);
	WAIT_FOR(idle());
	stop_two();
}
END_TEST

/* Everything that was sent has gone somewhere, and is counted there, once. */
START_TEST(vif_destroyed_under_traffic)
{
	unsigned int i, sent = 0;

	start_two(true);
	for (i = 0; i < 40; i++) {
		send_many(200);
		sent += 200;
		guest_stop(&b);
		guest_start(&b, 8, 1, "br-test");
		introduce(&b);
		ck_assert_uint_eq(guest_reap(&a, 0, 200), 0);
	}
	ck_assert_uint_eq(stat_of(&a, "tx_frames"), sent + 1);
	WAIT_FOR(lost_or_sent(&a) == sent + 1);
	stop_two();
}
END_TEST

/* Its own address is not taken from a vif, however often others send with it. */
START_TEST(spoofed_source)
{
	struct netif_meta m = { 0 };

	start_two(true);
	guest_send(&a, 0, frame_make(everyone, b.mac, 60, 0), 60);
	WAIT_FOR(stat_of(&a, "tx_to_tap") == 2);
	ck_assert_uint_eq(guest_reap(&a, 0, 1), 0);
	pass(1000, &m);
	ck_assert_uint_eq(stat_of(&a, "tx_to_vif"), 1);
	stop_two();
}
END_TEST

void add_forward_case(Suite *s)
{
	TCase *c = plane_case("forward");

	tcase_add_loop_test(c, vif_to_vif, 0, 16);
	tcase_add_test(c, receiver_without_offloads);
	tcase_add_test(c, receiver_without_buffers);
	tcase_add_test(c, errors_behind_a_waiting_frame);
	tcase_add_test(c, events_of_a_receiver);
	tcase_add_test(c, receiver_goes_while_one_waits_for_it);
	tcase_add_test(c, vif_destroyed_under_traffic);
	tcase_add_test(c, spoofed_source);
	suite_add_tcase(s, c);
}
