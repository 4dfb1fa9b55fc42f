/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest receives that cannot take all that others can: few buffers, checksums of one IP version. */
#include "tests/unit/test_dataplane.h"

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static uint8_t got[FRAME_MAX + 1];

static uint32_t sum16(uint32_t sum, const uint8_t *p, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* TCP's pseudo header over IPv6, of a frame of len bytes. */
static uint32_t pseudo_sum6(const uint8_t *frame, unsigned int len)
{
	return sum16(len - 54 + 6, frame + 22, 32);
}

static uint8_t *frame_make_tcp6(const uint8_t *dst, const uint8_t *src, unsigned int len)
{
	uint8_t *frame = frame_make(dst, src, len, len);
	uint32_t sum;

	frame[12] = 0x86;
	frame[13] = 0xdd;
	memcpy(frame + 14, (uint8_t[]){ 0x60, 0, 0, 0, (uint8_t)((len - 54) >> 8), (uint8_t)(len - 54), 6, 64 }, 8);
	frame[66] = 0x50;
	sum = pseudo_sum6(frame, len);
	frame[70] = (uint8_t)(sum >> 8);
	frame[71] = (uint8_t)sum;
	return frame;
}

/* A guest that completes IPv4's checksums only gets IPv6's whole, and what is IPv4's as any other does. */
START_TEST(checksums_of_one_version)
{
	struct netif_vnet v = { .flags = 1, .hdr_len = 74, .csum_start = 54, .csum_offset = 16 };
	struct netif_meta m;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.c.csum6 = g.c.gso6 = false;
	guest_connect(&g);
	host_send(&g, frame_make_tcp6(g.mac, outside, 1001), 1001, &v);
	ck_assert_uint_eq(guest_receive(&g, 0, got, &m, PATIENCE_MS), 1001);
	ck_assert_uint_ne(m.csum, NETIF_CSUM_BLANK);
	ck_assert_uint_eq(sum16(pseudo_sum6(got, 1001), got + 54, 1001 - 54), 0xffff);
	v.csum_start = 34;
	v.hdr_len = 54;
	host_send(&g, frame_make_tcp(g.mac, outside, 1000), 1000, &v);
	ck_assert_uint_eq(guest_receive(&g, 0, got, &m, PATIENCE_MS), 1000);
	ck_assert_uint_eq(m.csum, NETIF_CSUM_BLANK);
	ck_assert_mem_eq(got, frame_make_tcp(g.mac, outside, 1000), 1000);
	v.gso_type = 1;
	v.gso_size = 1448;
	host_send(&g, frame_make_tcp(g.mac, outside, 9000), 9000, &v);
	ck_assert_uint_eq(guest_receive(&g, 0, got, &m, PATIENCE_MS), 9000);
	ck_assert_uint_eq(m.gso_type, NETIF_GSO_TYPE_TCPV4);
	/* Straight into its pages nothing can be filled in. */
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	host_send(&g, frame_make_tcp6(g.mac, outside, 1001), 1001,
		  &(struct netif_vnet){ .flags = 1, .hdr_len = 74, .csum_start = 54, .csum_offset = 16 });
	ck_assert_uint_eq(guest_receive(&g, 0, got, &m, PATIENCE_MS), 1001);
	ck_assert_uint_eq(sum16(pseudo_sum6(got, 1001), got + 54, 1001 - 54), 0xffff);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

static bool tap_feature(struct guest *g)
{
	struct tap_offload now;

	ck_assert_int_eq(tap_get_offload(&g->vif->tap, &now), 0);
	return now.csum;
}

/* ethtool -K vifD.N tx off, on: for every later connection. */
START_TEST(offload_that_an_operator_turned_off)
{
	struct guest g;
	unsigned int i;

	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	ck_assert(tap_feature(&g));
	tap_forgo_csum(&g.vif->tap);
	for (i = 0; i < 2; i++) {
		guest_connect(&g);
		ck_assert(!tap_feature(&g));
	}
	/* A guest in between that takes none says nothing about what the operator wants. */
	g.c.csum4 = g.c.csum6 = g.c.gso4 = g.c.gso6 = false;
	guest_connect(&g);
	g.c.csum4 = g.c.csum6 = true;
	guest_connect(&g);
	ck_assert(!tap_feature(&g));
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* A frame that needs more buffers than there are waits for them, and those behind it for it. */
START_TEST(few_buffers)
{
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	g.c.gso4 = g.c.gso6 = false;
	guest_connect(&g);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 9000), 0);
	/* A buffer a frame is enough where a frame needs no more. */
	guest_post(&g, 0, 2);
	host_send(&g, frame_make(g.mac, outside, 1000, 1), 1000, NULL);
	host_send(&g, frame_make(g.mac, outside, 1001, 1), 1001, NULL);
	WAIT_FOR(stat_of(&g, "rx_frames") == 2);
	host_send(&g, frame_make(g.mac, outside, 9000, 2), 9000, NULL);
	host_send(&g, frame_make(g.mac, outside, 1002, 3), 1002, NULL);
	guest_post(&g, 0, 2);
	WAIT_FOR(stat_of(&g, "tap_reads") == 3);
	ck_assert_uint_eq(stat_of(&g, "rx_frames"), 2);
	guest_post(&g, 0, 2);
	WAIT_FOR(stat_of(&g, "rx_frames") == 4);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 1000);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 1001);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 9000);
	ck_assert_mem_eq(got, frame_make(g.mac, outside, 9000, 2), 9000);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 1002);
	ck_assert_uint_eq(stat_of(&g, "rx_drop_no_slots"), 0);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* It does not wait for good; nor is it lost uncounted when its guest goes. */
START_TEST(too_few_buffers)
{
	struct guest g;
	unsigned int i;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	guest_connect(&g);
	ck_assert_int_eq(tap_set_mtu(&g.vif->tap, 9000), 0);
	guest_post(&g, 0, 2);
	host_send(&g, frame_make(g.mac, outside, 9000, 1), 9000, NULL);
	for (i = 0; i < 2; i++)
		host_send(&g, frame_make(g.mac, outside, 1000, i), 1000, NULL);
	WAIT_FOR(stat_of(&g, "rx_frames") == 2);
	ck_assert_uint_eq(stat_of(&g, "rx_drop_no_slots"), 1);
	guest_post(&g, 0, 1);
	host_send(&g, frame_make(g.mac, outside, 9000, 1), 9000, NULL);
	WAIT_FOR(stat_of(&g, "tap_reads") == 4);
	vif_disconnect(g.vif);
	ck_assert_uint_eq(stat_of(&g, "rx_drop_stopped") + stat_of(&g, "rx_drop_no_slots"), 2);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

void add_receive_case(Suite *s)
{
	TCase *c = plane_case("receive");

	tcase_add_test(c, checksums_of_one_version);
	tcase_add_test(c, offload_that_an_operator_turned_off);
	tcase_add_test(c, few_buffers);
	tcase_add_test(c, too_few_buffers);
	suite_add_tcase(s, c);
}
