// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes left free before a frame, for an XDP program: how it is laid out, told and read. */
#include "test_netif.h"

#define HEADROOM 256 /* xen-netfront's: XDP_PACKET_HEADROOM */

/* The first buffer has less room; what does not fit goes on at the start of the next. */
START_TEST(test_headroom_need)
{
	struct netif_meta m = { .len = 4096 - HEADROOM, .headroom = HEADROOM };

	ck_assert_uint_eq(netif_rx_need(&m, false), 1 + 1);
	ck_assert_uint_eq(netif_rx_need(&m, true), 2 + 1);
	m.len++;
	ck_assert_uint_eq(netif_rx_need(&m, false), 2 + 1);
	ck_assert_uint_eq(netif_rx_need(&m, true), 3 + 1);
	m.gso_type = NETIF_GSO_TYPE_TCPV4;
	m.hash_type = NETIF_HASH_TYPE_IPV4;
	ck_assert_uint_eq(netif_rx_need(&m, false), 2 + 3);
	m.len = 65535;
	ck_assert_uint_eq(netif_rx_need(&m, false), 17 + 3);
	ck_assert_uint_eq(netif_rx_headroom_max(false), 4096 - 256);
	ck_assert_uint_eq(netif_rx_headroom_max(true), 2048 - 256);
}
END_TEST

START_TEST(test_headroom_lay)
{
	const struct netif_rx_req upper[] = { { .pad = NETIF_RX_UPPER }, { .pad = 1 }, { .pad = 0 } };
	const struct netif_rx_req whole[] = { { .pad = 77 }, { .pad = 78 }, { .pad = 79 } };
	struct netif_meta m = { .len = 1792, .headroom = HEADROOM };
	struct netif_rx_part parts[3];
	bool bad;

	ck_assert_uint_eq(netif_rx_lay(upper, 3, &m, true, parts, &bad), 2);
	ck_assert_mem_eq(&parts[0], &((struct netif_rx_part){ 2048 + HEADROOM, 1792 }), sizeof(parts[0]));
	m.len = 5000;
	ck_assert_uint_eq(netif_rx_lay(upper, 3, &m, true, parts, &bad), 3);
	ck_assert_mem_eq(parts, ((struct netif_rx_part[]){ { 2048 + HEADROOM, 1792 }, { 0, 3208 } }),
			 2 * sizeof(parts[0]));
	ck_assert_uint_eq(netif_rx_lay(whole, 3, &m, false, parts, &bad), 3);
	ck_assert_mem_eq(parts, ((struct netif_rx_part[]){ { HEADROOM, 3840 }, { 0, 1160 } }),
			 2 * sizeof(parts[0]));
	ck_assert(!bad);
	/* Room for the data, none for the extra. */
	m.len = 60;
	ck_assert_uint_eq(netif_rx_lay(whole, 1, &m, false, parts, &bad), 0);
}
END_TEST

/* Nobody hands such a headroom down; were it so, the frame is lost and no byte is written. */
START_TEST(test_headroom_leaves_nothing)
{
	static const u16 headrooms[] = { 2048, 2049, 4096, 0x7fff, 0xffff };
	const struct netif_rx_req half[] = { { .pad = NETIF_RX_LOWER }, { .pad = 0 } };
	const struct netif_meta m = { .len = 60, .headroom = headrooms[_i] };
	struct netif_rx_part parts[2];
	bool bad;

	ck_assert_uint_eq(netif_rx_lay(half, 2, &m, true, parts, &bad), 2);
	ck_assert(bad);
	ck_assert_uint_eq(parts[0].size, 0);
}
END_TEST

/* What xen-netfront goes by: extras by their types, in this order, and the true number of bytes. */
START_TEST(test_headroom_on_the_wire)
{
	const struct netif_meta m = { .len = 5000, .gso_size = 1448, .gso_type = NETIF_GSO_TYPE_TCPV4,
				      .hash_type = NETIF_HASH_TYPE_IPV4_TCP, .hash = 7,
				      .headroom = HEADROOM };
	static const u8 types[] = { NETIF_EXTRA_TYPE_GSO, NETIF_EXTRA_TYPE_HASH, NETIF_EXTRA_TYPE_XDP };
	struct rx_rig *t = rx_rig();
	struct netif_rx_part parts[2];
	struct netif_rx_req reqs[5];
	const union netif_rx_slot *slots = NETIF_SLOTS(union netif_rx_slot, &t->back);
	bool bad;
	u32 i;

	rx_post_all(t);
	ck_assert_int_eq(netif_rx_take(&t->back, reqs, netif_rx_need(&m, false)), 5);
	ck_assert_uint_eq(netif_rx_lay(reqs, 5, &m, false, parts, &bad), 5);
	netif_rx_respond(&t->back, reqs, &m, parts, 2, NETIF_RSP_OKAY);
	ck_assert_uint_eq(slots[0].rsp.flags, NETIF_RXF_MORE_DATA | NETIF_RXF_EXTRA_INFO);
	ck_assert_int_eq(slots[0].rsp.status, 4096 - HEADROOM);
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(slots[1 + i].extra.type, types[i]);
		ck_assert_uint_eq(slots[1 + i].extra.flags, i < 2 ? NETIF_EXTRA_FLAG_MORE : 0);
	}
	ck_assert_uint_eq(slots[3].extra.u.xdp.headroom, HEADROOM);
	ck_assert_uint_eq(slots[4].rsp.offset, 0);
	ck_assert_int_eq(slots[4].rsp.status, 5000 - 4096 + HEADROOM);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.frames[0].error, 0);
	ck_assert_uint_eq(t->burst.frames[0].meta.headroom, HEADROOM);
	ck_assert_uint_eq(t->burst.frames[0].meta.len, 5000);
	ck_assert_uint_eq(t->burst.parts[0].offset, HEADROOM);
	ck_assert_uint_eq(t->burst.parts[1].offset, 0);
}
END_TEST

static enum netif_error take_one(struct rx_rig *t, u16 offset, s16 status, u16 headroom)
{
	struct netif_extra x = { .type = NETIF_EXTRA_TYPE_XDP };

	x.u.xdp.headroom = headroom;
	raw_rx_rsp(t, t->back.rsp_prod & 255, offset, NETIF_RXF_EXTRA_INFO, status);
	raw_rx_extra(t, x);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	return t->burst.frames[0].error;
}

/* Offset 0 is xen-netback's; the true one is ours; both mean the same place. */
START_TEST(test_headroom_of_either_back_end)
{
	struct rx_rig *t = rx_rig();

	if (_i)
		rx_post_halves(t);
	else
		rx_post_all(t);
	ck_assert_uint_eq(take_one(t, 0, 100, HEADROOM), NETIF_OK);
	ck_assert_uint_eq(t->burst.parts[0].offset, HEADROOM);
	ck_assert_uint_eq(take_one(t, HEADROOM, 100, HEADROOM), NETIF_OK);
	ck_assert_uint_eq(t->burst.parts[0].offset, HEADROOM);
	/* None: the offset counts. */
	ck_assert_uint_eq(take_one(t, 30, 100, 0), NETIF_OK);
	ck_assert_uint_eq(t->burst.parts[0].offset, 30);
}
END_TEST

START_TEST(test_headroom_upper_half)
{
	struct rx_rig *t = rx_rig();

	rx_post_halves(t);
	raw_rx_rsp(t, 0, 0, 0, 60);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(take_one(t, 2048 + HEADROOM, 1792, HEADROOM), NETIF_OK);
	ck_assert_uint_eq(t->burst.parts[0].offset, 2048 + HEADROOM);
}
END_TEST

/* A hostile back end's: the frame is dropped, and both buffers come back. */
START_TEST(test_headroom_out_of_bounds)
{
	static const u16 headrooms[] = { 3997, 4096, 0x7fff, 0xffff };
	struct rx_rig *t = rx_rig();

	rx_post_all(t);
	ck_assert_uint_eq(take_one(t, 0, 100, headrooms[_i]), NETIF_ERR_RSP_BOUNDS);
	ck_assert_uint_eq(t->burst.nspare, 2);
	ck_assert_uint_eq(t->burst.nparts, 0);
}
END_TEST

TCase *netif_headroom_case(void)
{
	TCase *c = tcase_create("headroom");

	tcase_add_test(c, test_headroom_need);
	tcase_add_test(c, test_headroom_lay);
	tcase_add_loop_test(c, test_headroom_leaves_nothing, 0, 5);
	tcase_add_test(c, test_headroom_on_the_wire);
	tcase_add_loop_test(c, test_headroom_of_either_back_end, 0, 2);
	tcase_add_test(c, test_headroom_upper_half);
	tcase_add_loop_test(c, test_headroom_out_of_bounds, 0, 4);
	return c;
}
