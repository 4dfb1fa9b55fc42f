/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames between one guest and its TAP: every way they can take, byte by byte. */
#include "tests/unit/test_dataplane.h"

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static const uint8_t group[6] = { 0x01, 0, 0x5e, 0, 0, 5 };
static uint8_t got[FRAME_MAX + 1];

static const unsigned int sizes[] = { 14, 60, 127, 128, 129, 1514, 4096 };

/* The sizes that fit a page, in slots of the given sort. */
static void exchange_small(struct guest *g, unsigned int queue)
{
	const uint8_t *sent;
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned int len = sizes[i];

		sent = frame_make(outside, g->mac, len, len);
		guest_send(g, queue, sent, len);
		ck_assert_uint_eq(guest_reap(g, queue, 1), 0);
		ck_assert_uint_eq(host_receive(g, got, NULL, PATIENCE_MS), len);
		ck_assert_mem_eq(got, sent, len);
		if (len == 14)
			continue;
		sent = frame_make(g->mac, outside, len, len + 1);
		host_send(g, sent, len, NULL);
		ck_assert_uint_eq(guest_receive(g, queue, got, NULL, PATIENCE_MS), len);
		ck_assert_mem_eq(got, sent, len);
	}
}

static void exchange_gso(struct guest *g, unsigned int len)
{
	struct netif_meta m = { .len = len, .gso_type = NETIF_GSO_TYPE_TCPV4, .gso_size = 1448,
				.csum = NETIF_CSUM_BLANK };
	struct netif_vnet v;
	const uint8_t *sent = frame_make_tcp(outside, g->mac, len);

	ck_assert(guest_queue(g, 0, sent, &m, NETIF_PAGE_SIZE, 0));
	front_queue_push_tx(&g->q[0]);
	ck_assert_uint_eq(guest_reap(g, 0, (len + 4095) / 4096), 0);
	ck_assert_uint_eq(host_receive(g, got, &v, PATIENCE_MS), len);
	ck_assert_mem_eq(got, sent, len);
	ck_assert_uint_eq(v.gso_type, 1);
	ck_assert_uint_eq(v.gso_size, 1448);
	sent = frame_make_tcp(g->mac, outside, len);
	v = (struct netif_vnet){ .flags = 1, .gso_type = 1, .hdr_len = 54, .gso_size = 1448,
				 .csum_start = 34, .csum_offset = 16 };
	host_send(g, sent, len, &v);
	ck_assert_uint_eq(guest_receive(g, 0, got, &m, PATIENCE_MS), len);
	ck_assert_mem_eq(got, sent, len);
	ck_assert_uint_eq(m.gso_type, NETIF_GSO_TYPE_TCPV4);
	ck_assert_uint_eq(m.gso_size, 1448);
	ck_assert_uint_eq(m.csum, NETIF_CSUM_BLANK);
}

static void exchange_all(struct guest *g)
{
	ck_assert_int_eq(tap_set_mtu(&g->vif->tap, 9000), 0);
	exchange_small(g, 0);
	exchange_gso(g, 4097);
	exchange_gso(g, 20000);
	exchange_gso(g, 65000);
}

START_TEST(copied_pages)
{
	struct guest g;

	guest_halves = _i;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	exchange_all(&g);
	ck_assert_uint_eq(stat_of(&g, "tx_static_slots"), 0);
	ck_assert_uint_eq(stat_of(&g, "tx_drop_malformed") + stat_of(&g, "rx_drop_grant"), 0);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(static_pages)
{
	struct guest g;

	guest_halves = _i;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	exchange_all(&g);
	ck_assert_uint_eq(stat_of(&g, "tx_copy_calls"), 0);
	ck_assert_uint_eq(stat_of(&g, "rx_copy_calls"), 0);
	ck_assert_int_eq(stat_of(&g, "rx_half_slots") > 0, _i);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Every second page of either direction: frames have slots of both sorts. */
START_TEST(mixed_pages)
{
	struct netif_gref list[FRONT_PAGES];
	struct guest g;
	unsigned int i;

	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	for (i = 0; i < FRONT_PAGES; i += 2) {
		list[i] = (struct netif_gref){ g.q[0].tx_pages.refs[i], NETIF_GREF_READONLY, 0 };
		list[i + 1] = (struct netif_gref){ g.q[0].rx_pages.refs[i], 0, 0 };
	}
	ck_assert_int_eq(guest_add(&g, 0, list, FRONT_PAGES), 0);
	exchange_all(&g);
	ck_assert_uint_gt(stat_of(&g, "tx_static_slots"), 0);
	ck_assert_uint_gt(stat_of(&g, "tx_copy_segments"), 0);
	ck_assert_uint_gt(stat_of(&g, "rx_static_slots"), 0);
	ck_assert_uint_gt(stat_of(&g, "rx_copy_segments"), 0);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Slots of odd sizes at odd offsets. */
START_TEST(slots_of_any_shape)
{
	static const unsigned int pieces[][2] = { { 1, 4095 }, { 13, 1 }, { 100, 3996 }, { 1000, 77 } };
	struct netif_meta m = { .len = 18 };
	unsigned int i, slots;
	const uint8_t *sent;
	struct guest g;

	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	for (i = 0; i < 4; i++) {
		m.len = pieces[i][0] * (i ? 17 : 18) - (i ? 7 : 0);
		slots = (m.len + pieces[i][0] - 1) / pieces[i][0];
		sent = frame_make(outside, g.mac, m.len, i);
		ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 60000), 0);
		ck_assert(guest_queue(&g, 0, sent, &m, pieces[i][0], pieces[i][1]));
		front_queue_push_tx(&g.q[0]);
		ck_assert_uint_eq(guest_reap(&g, 0, slots), 0);
		ck_assert_uint_eq(host_receive(&g, got, NULL, PATIENCE_MS), m.len);
		ck_assert_mem_eq(got, sent, m.len);
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Each switch of the configuration, both ways. */
START_TEST(every_switch)
{
	bool *switches[] = { &plane_config.aligned_copy, &plane_config.early_response,
			     &plane_config.direct_read, &plane_config.prefetch,
			     &plane_config.coalesce_adaptive, &plane_config.huge_pages,
			     &plane_config.copy_grants };
	struct guest g;

	*switches[_i / 2] = _i % 2;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	exchange_all(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	exchange_all(&g);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Copied, then mapped, on each port; vhost where the machine has it. */
START_TEST(every_port)
{
	struct guest g;

	plane_config.uplink = (enum config_uplink)(_i / 2);
	guest_halves = _i % 2;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	exchange_all(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	exchange_all(&g);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(every_number)
{
	struct { unsigned int *key, value; } numbers[] = {
		{ &plane_config.copy_batch, 1 }, { &plane_config.copy_batch, 256 },
		{ &plane_config.coalesce_packets, 1 }, { &plane_config.coalesce_packets, 256 },
		{ &plane_config.coalesce_usecs, 0 }, { &plane_config.coalesce_usecs, 10000 },
		{ &plane_config.poll_usecs, 0 }, { &plane_config.poll_usecs, 100 },
		{ &plane_config.quantum_bytes, 1514 }, { &plane_config.quantum_bytes, 1048576 },
	};
	struct guest g;

	*numbers[_i].key = numbers[_i].value;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	exchange_all(&g);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Make the mean size of what is read so big that reads go straight to the guest. */
static void warm_up_direct(struct guest *g)
{
	uint64_t before;
	unsigned int i;

	for (i = 0; i < 8; i++)
		exchange_gso(g, 65000);
	before = stat_of(g, "tap_reads_direct");
	exchange_gso(g, 65000);
	ck_assert_uint_gt(stat_of(g, "tap_reads_direct"), before);
}

START_TEST(direct_reads)
{
	static const unsigned int jumbo[] = { 4096, 4097, 8192, 8193, 30000, 59000 };
	struct guest g;
	unsigned int i;

	guest_halves = _i;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 60000), 0);
	warm_up_direct(&g);
	for (i = 0; i < 6; i++) {
		const uint8_t *sent = frame_make(g.mac, outside, jumbo[i], i);

		host_send(&g, sent, jumbo[i], NULL);
		ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), jumbo[i]);
		ck_assert_mem_eq(got, sent, jumbo[i]);
	}
	ck_assert_uint_ge(stat_of(&g, "tap_reads_direct"), 7);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Buffers of all sorts in one ring: what a front end may post, once it has asked for halves. */
START_TEST(buffers_of_all_sorts)
{
	static const unsigned int sizes_here[] = { 60, 20000, 2048, 2049, 65000, 60000, 4097 };
	struct front_queue *q;
	struct guest g;
	unsigned int i;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.half_pages = g.unposted = true;
	guest_connect(&g);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 65521), 0);
	if (_i)
		ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	q = &g.q[0];
	for (i = 0; i < FRONT_PAGES; i++)
		netif_front_rx_post(&q->rx, q->rx_pages.refs[i], (uint16_t)(i % 3));
	front_queue_push_rx(q);
	for (i = 0; i < sizeof(sizes_here) / sizeof(sizes_here[0]); i++) {
		const uint8_t *sent = frame_make(g.mac, outside, sizes_here[i], i);

		host_send(&g, sent, sizes_here[i], NULL);
		ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), sizes_here[i]);
		ck_assert_mem_eq(got, sent, sizes_here[i]);
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

static void check_filter(struct guest *g)
{
	static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint64_t before = stat_of(g, "rx_filtered_multicast");

	host_send(g, frame_make(group, outside, 100, 1), 100, NULL);
	host_send(g, frame_make(everyone, outside, 101, 1), 101, NULL);
	ck_assert_uint_eq(guest_receive(g, 0, got, NULL, PATIENCE_MS), 101);
	ck_assert_uint_eq(stat_of(g, "rx_filtered_multicast"), before + 1);
}

START_TEST(multicast_filter)
{
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.multicast_control = true;
	guest_connect(&g);
	check_filter(&g);
	ck_assert_int_eq(vif_mcast_add(g.vif, group), 0);
	host_send(&g, frame_make(group, outside, 102, 1), 102, NULL);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 102);
	vif_mcast_del(g.vif, group);
	check_filter(&g);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(multicast_filter_in_direct_reads)
{
	struct guest g;
	uint64_t bursts;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.multicast_control = true;
	guest_connect(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	warm_up_direct(&g);
	bursts = stat_of(&g, "rx_bursts");
	host_send(&g, frame_make(group, outside, 100, 1), 100, NULL);
	WAIT_FOR(stat_of(&g, "rx_filtered_multicast") == 1);
	/* The guest was shown nothing. */
	ck_assert_uint_eq(stat_of(&g, "rx_bursts"), bursts);
	check_filter(&g);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* A guest without scatter-gather never gets a frame over a page (or a half), whatever the way. */
START_TEST(too_big_for_the_guest)
{
	struct guest g;

	guest_halves = _i;
	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.sg = g.c.gso4 = g.c.gso6 = false;
	guest_connect(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 60000), 0);
	for (unsigned int i = 1; i <= 12; i++) {
		const unsigned int len = i & 1 ? 20000 : _i ? 2049 : 4097;

		host_send(&g, frame_make(g.mac, outside, len, 1), len, NULL);
		WAIT_FOR(stat_of(&g, "rx_drop_too_big") == i);
	}
	host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 100);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(foreign_source_is_dropped)
{
	struct guest g;

	plane_config.mac_filter = true;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	guest_send(&g, 0, frame_make(outside, group, 100, 1), 100);
	guest_send(&g, 0, frame_make(outside, g.mac, 101, 1), 101);
	ck_assert_uint_eq(host_receive(&g, got, NULL, PATIENCE_MS), 101);
	ck_assert_uint_eq(stat_of(&g, "tx_drop_source_mac"), 1);
	ck_assert_uint_eq(stat_of(&g, "tx_frames"), 1);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Eight queues: with a hash that names one of them, all frames come there. */
START_TEST(hash_steers)
{
	static struct netif_hash hash;
	const uint8_t *sent;
	struct guest g;
	unsigned int to;

	plane_start(2);
	guest_start(&g, 7, 4, NULL);
	netif_hash_init(&hash);
	hash.algorithm = NETIF_HASH_ALGORITHM_TOEPLITZ;
	hash.types = NETIF_HASH_TYPE_IPV4 | NETIF_HASH_TYPE_IPV4_TCP;
	hash.mapping_size = 1;
	for (to = 0; to < 4; to++) {
		hash.mapping[0] = to;
		WAIT_FOR(!vif_set_hash(g.vif, &hash));
		sent = frame_make_tcp(g.mac, outside, 1000);
		host_send(&g, sent, 1000, NULL);
		ck_assert_uint_eq(guest_receive(&g, to, got, NULL, PATIENCE_MS), 1000);
		ck_assert_mem_eq(got, sent, 1000);
	}
	hash.algorithm = NETIF_HASH_ALGORITHM_NONE;
	WAIT_FOR(!vif_set_hash(g.vif, &hash));
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Sends n frames as fast as the ring takes them; returns when all are answered. */
static void send_and_reap(struct guest *g, const uint8_t *frame, struct netif_meta *m, unsigned int n)
{
	uint64_t end = clock_ns() + PATIENCE_MS * 1000000ull;
	uint16_t done[NETIF_TX_RING_SIZE];
	unsigned int sent = 0, answered = 0, bad = 0;
	int n_done;

	while (answered < n && clock_ns() < end) {
		while (sent < n && guest_queue(g, 0, frame, m, NETIF_PAGE_SIZE, 0))
			sent++;
		front_queue_push_tx(&g->q[0]);
		n_done = netif_front_tx_reap(&g->q[0].tx, done, NETIF_TX_RING_SIZE, &bad, &g->q[0].errors);
		ck_assert_int_ge(n_done, 0);
		answered += (unsigned int)n_done;
		poll(NULL, 0, 1);
	}
	ck_assert_uint_eq(answered, n);
}

/* 20 MB/s: what is offered takes the time that it must, however busy the machine is, and all of it passes. */
START_TEST(rate_holds)
{
	const unsigned int frames = 6000, bytes = 1500 * frames, burst = 200000, ring = 1500 * NETIF_TX_RING_SIZE;
	struct netif_meta m = { .len = 1500 };
	uint64_t start;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.rate_bytes = burst;
	g.c.rate_usecs = 10000;
	guest_connect(&g);
	start = clock_ns();
	send_and_reap(&g, frame_make(outside, g.mac, m.len, 1), &m, frames);
	/* What was saved up goes at once, and so may a ring of frames in debt. */
	ck_assert_uint_ge((clock_ns() - start) / 1000, (bytes - burst - ring) / 20 * 9 / 10);
	ck_assert_uint_gt(stat_of(&g, "tx_rate_waits"), 0);
	WAIT_FOR(stat_of(&g, "tx_bytes") == bytes);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* As mini-os: it posts and tells nobody, so somebody has to look. */
START_TEST(buffers_without_a_word)
{
	const uint8_t *sent;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.rx_notify = false;
	g.unposted = true;
	guest_connect(&g);
	for (int i = 0; i < 3; i++) {
		sent = frame_make(g.mac, outside, 700, (unsigned int)i);
		host_send(&g, sent, 700, NULL);
		WAIT_FOR(stat_of(&g, "rx_slot_waits") > 0);
		for (int id; (id = netif_front_rx_next(&g.q[0].rx)) >= 0;)
			netif_front_rx_post(&g.q[0].rx, g.q[0].rx_pages.refs[id], NETIF_RX_WHOLE);
		netif_front_push(&g.q[0].rx.ring);
		ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 700);
		ck_assert_mem_eq(got, sent, 700);
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* What a guest owes is owed through anything that is done to its rate or its connection. */
START_TEST(rate_keeps_the_debt)
{
	uint64_t wait = 0, now = clock_ns();
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.rate_bytes = 1000;
	g.c.rate_usecs = 900000000; /* nothing is refilled in this test */
	guest_connect(&g);
	ck_assert(vif_credit(g.vif, now, &wait)); /* a burst: there was no limit before */
	vif_charge(g.vif, 128 << 10);
	ck_assert(!vif_credit(g.vif, now, &wait));
	switch (_i) {
	case 0: /* the same again */
		vif_set_rate(g.vif, 1000, 900000000);
		break;
	case 1: /* another one */
		vif_set_rate(g.vif, 1 << 20, 800000000);
		break;
	case 2: /* a new connection */
		guest_connect(&g);
		break;
	}
	ck_assert(!vif_credit(g.vif, clock_ns(), &wait));
	vif_set_rate(g.vif, 0, 0);
	ck_assert(vif_credit(g.vif, clock_ns(), &wait));
	vif_set_rate(g.vif, 1 << 20, 800000000);
	ck_assert(vif_credit(g.vif, clock_ns(), &wait));
	/* What is more than the new burst is cut. */
	vif_set_rate(g.vif, 1000, 800000000);
	vif_charge(g.vif, 128 << 10);
	ck_assert(!vif_credit(g.vif, clock_ns(), &wait));
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* A queue that waits for a credit of the old rate sends by the new one at once, not in a quarter of an hour. */
START_TEST(rate_change_wakes_the_queue)
{
	const uint8_t *frame;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.rate_bytes = 1000;
	g.c.rate_usecs = 900000000;
	guest_connect(&g);
	vif_charge(g.vif, 128 << 10);
	frame = frame_make(outside, g.mac, 200, 1);
	guest_send(&g, 0, frame, 200);
	WAIT_FOR(stat_of(&g, "tx_rate_waits") > 0);
	vif_set_rate(g.vif, 0, 0);
	ck_assert_uint_eq(host_receive(&g, got, NULL, PATIENCE_MS), 200);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

void add_path_case(Suite *s)
{
	TCase *c = plane_case("path");

	tcase_add_loop_test(c, copied_pages, 0, 2);
	tcase_add_loop_test(c, static_pages, 0, 2);
	tcase_add_test(c, mixed_pages);
	tcase_add_test(c, slots_of_any_shape);
	tcase_add_loop_test(c, every_switch, 0, 14);
	tcase_add_loop_test(c, every_port, 0, 2 * (CONFIG_UPLINK_SPLIT + 1));
	tcase_add_loop_test(c, every_number, 0, 10);
	tcase_add_loop_test(c, direct_reads, 0, 2);
	tcase_add_loop_test(c, buffers_of_all_sorts, 0, 2);
	tcase_add_test(c, multicast_filter);
	tcase_add_test(c, multicast_filter_in_direct_reads);
	tcase_add_loop_test(c, too_big_for_the_guest, 0, 2);
	tcase_add_test(c, foreign_source_is_dropped);
	tcase_add_test(c, hash_steers);
	tcase_add_test(c, buffers_without_a_word);
	tcase_add_test(c, rate_holds);
	tcase_add_loop_test(c, rate_keeps_the_debt, 0, 3);
	tcase_add_test(c, rate_change_wakes_the_queue);
	suite_add_tcase(s, c);
}
