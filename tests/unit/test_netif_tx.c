// SPDX-License-Identifier: GPL-2.0-or-later
#include "test_netif.h"

static struct netif_extra extra(u8 type, u8 flags)
{
	return (struct netif_extra){ .type = type, .flags = flags };
}

/* netif.h's picture: slot 1 with the total, extras, then the other slots with their own bytes. */
START_TEST(test_tx_gso_frame)
{
	struct tx_rig *t = tx_rig();
	struct netif_extra x = extra(NETIF_EXTRA_TYPE_GSO, NETIF_EXTRA_FLAG_MORE);
	struct netif_extra h = extra(NETIF_EXTRA_TYPE_HASH, 0);
	const struct netif_tx_frame *f = &t->burst.frames[0];

	x.u.gso.type = NETIF_GSO_TYPE_TCPV6;
	x.u.gso.size = 1428;
	h.u.hash.type = 3;
	h.u.hash.algorithm = NETIF_HASH_ALGORITHM_TOEPLITZ;
	memcpy(h.u.hash.value, "\x44\x33\x22\x11", 4);
	raw_slot(t, 16, NETIF_TXF_CSUM_BLANK | NETIF_TXF_MORE_DATA | NETIF_TXF_EXTRA_INFO, 7, 9000);
	raw_extra(t, x);
	raw_extra(t, h);
	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 8, 4096);
	raw_slot(t, 96, 0, 9, 4000);
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_uint_eq(t->burst.nslots, 3);
	ck_assert_uint_eq(f->error, 0);
	ck_assert_uint_eq(f->nslots, 3);
	ck_assert_uint_eq(f->nextras, 2);
	ck_assert_uint_eq(f->mcast_op, 0);
	ck_assert_uint_eq(f->meta.len, 9000);
	ck_assert_uint_eq(f->meta.csum, NETIF_CSUM_BLANK);
	ck_assert_uint_eq(f->meta.gso_type, NETIF_GSO_TYPE_TCPV6);
	ck_assert_uint_eq(f->meta.gso_size, 1428);
	ck_assert_uint_eq(f->meta.hash_type, NETIF_HASH_TYPE_IPV6_TCP);
	ck_assert_uint_eq(f->meta.hash, 0x11223344);
	ck_assert_uint_eq(t->burst.slots[0].size, 9000 - 4096 - 4000);
	ck_assert_uint_eq(t->burst.slots[0].gref, 1007);
	ck_assert_uint_eq(t->burst.slots[1].size, 4096);
	ck_assert_uint_eq(t->burst.slots[2].offset, 96);
}
END_TEST

START_TEST(test_tx_csum_flags)
{
	static const struct {
		u16 flags;
		u8 csum;
	} rows[] = {
		{ 0, NETIF_CSUM_NONE },
		{ NETIF_TXF_CSUM_BLANK, NETIF_CSUM_BLANK },
		{ NETIF_TXF_DATA_VALIDATED, NETIF_CSUM_VALID },
		{ NETIF_TXF_CSUM_BLANK | NETIF_TXF_DATA_VALIDATED, NETIF_CSUM_BLANK },
	};
	struct tx_rig *t = tx_rig();
	u16 i;

	for (i = 0; i < 4; i++)
		raw_slot(t, 0, rows[i].flags, i, 60);
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	for (i = 0; i < 4; i++)
		ck_assert_uint_eq(t->burst.frames[i].meta.csum, rows[i].csum);
}
END_TEST

/* A hash of a type or algorithm we do not know is left out, the packet goes on. */
START_TEST(test_tx_hash_ignored)
{
	struct tx_rig *t = tx_rig();
	struct netif_extra h = extra(NETIF_EXTRA_TYPE_HASH, 0);

	h.u.hash.type = 4;
	h.u.hash.algorithm = NETIF_HASH_ALGORITHM_TOEPLITZ;
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 60);
	raw_extra(t, h);
	h.u.hash.type = 1;
	h.u.hash.algorithm = 7;
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 1, 60);
	raw_extra(t, h);
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 2);
	ck_assert_uint_eq(t->burst.frames[0].meta.hash_type, 0);
	ck_assert_uint_eq(t->burst.frames[1].meta.hash_type, 0);
}
END_TEST

START_TEST(test_tx_xdp_ignored)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 60);
	raw_extra(t, extra(NETIF_EXTRA_TYPE_XDP, 0));
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.frames[0].error, 0);
	ck_assert_uint_eq(t->burst.frames[0].nextras, 1);
}
END_TEST

/* The slot of a multicast request is a dummy: size 0 is as good as any. */
START_TEST(test_tx_mcast)
{
	struct tx_rig *t = tx_rig();
	struct netif_extra x = extra(NETIF_EXTRA_TYPE_MCAST_ADD, 0);
	const struct netif_tx_frame *f = t->burst.frames;

	memcpy(x.u.mcast.addr, "\x01\x00\x5e\x01\x02\x03", 6);
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 4, 0);
	raw_extra(t, x);
	x.type = NETIF_EXTRA_TYPE_MCAST_DEL;
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 5, 0);
	raw_extra(t, x);
	raw_slot(t, 0, 0, 6, 60);
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 3);
	ck_assert_uint_eq(f[0].mcast_op, NETIF_EXTRA_TYPE_MCAST_ADD);
	ck_assert_uint_eq(f[0].error, 0);
	ck_assert_mem_eq(f[0].mcast_addr, x.u.mcast.addr, 6);
	ck_assert_uint_eq(f[1].mcast_op, NETIF_EXTRA_TYPE_MCAST_DEL);
	ck_assert_uint_eq(f[2].mcast_op, 0);
	ck_assert_uint_eq(netif_tx_ring_slots(&f[0]), 2);
}
END_TEST

/* Three packets of 5 slots and a budget of 12: the third waits, then comes whole. */
START_TEST(test_tx_budget)
{
	struct tx_rig *t = tx_rig();
	u16 p, i;

	for (p = 0; p < 3; p++)
		for (i = 0; i < 5; i++)
			raw_slot(t, 0, i < 4 ? NETIF_TXF_MORE_DATA : 0, p * 5 + i, i ? 100 : 500);
	raw_publish(t);
	ck_assert_int_eq(netif_tx_take(&t->back, &t->burst, 12, &t->errors), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 2);
	ck_assert_uint_eq(t->burst.nslots, 10);
	ck_assert_int_eq(netif_back_pending(&t->back), 5);
	/* Even a budget smaller than the packet lets one through. */
	ck_assert_int_eq(netif_tx_take(&t->back, &t->burst, 1, &t->errors), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_uint_eq(t->burst.slots[0].id, 10);
	ck_assert_int_eq(netif_back_pending(&t->back), 0);
	ck_assert_int_eq(netif_tx_take(&t->back, &t->burst, 12, &t->errors), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 0);
}
END_TEST

/* A full ring in one burst. */
START_TEST(test_tx_full_ring)
{
	struct tx_rig *t = tx_rig();
	u16 i;

	tx_rig_start_at(t, 0xffffff90u);
	for (i = 0; i < NETIF_TX_RING_SIZE; i++)
		raw_slot(t, 0, 0, i, 60);
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, NETIF_TX_RING_SIZE);
	for (i = 0; i < NETIF_TX_RING_SIZE; i++)
		ck_assert_uint_eq(t->burst.slots[t->burst.frames[i].slot].id, i);
}
END_TEST

static const struct netif_tx_rsp *rsp_at(struct tx_rig *t, u32 idx)
{
	return &NETIF_SLOT(union netif_tx_slot, &t->back, idx)->rsp;
}

/* Out of order, extras answered RSP_NULL, every id once: also for frames in error. */
START_TEST(test_tx_respond)
{
	struct tx_rig *t = tx_rig();
	u32 i;

	tx_rig_start_at(t, 0xfffffffeu);
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO | NETIF_TXF_MORE_DATA, 11, 300);
	raw_extra(t, extra(NETIF_EXTRA_TYPE_XDP, 0));
	raw_slot(t, 0, 0, 12, 100);
	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 21, 100);
	raw_slot(t, 0, 0, 22, 200);
	ck_assert_int_eq(raw_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.frames[1].error, NETIF_ERR_TX_SIZE_MISMATCH);
	netif_tx_respond(&t->back, &t->burst, &t->burst.frames[1], NETIF_RSP_ERROR);
	netif_tx_respond(&t->back, &t->burst, &t->burst.frames[0], NETIF_RSP_OKAY);
	ck_assert_uint_eq(t->back.rsp_prod, t->back.req_cons);
	ck_assert_uint_eq(rsp_at(t, 0xfffffffe)->id, 21);
	ck_assert_uint_eq(rsp_at(t, 0xffffffff)->id, 22);
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(rsp_at(t, 0xfffffffe + i)->status, NETIF_RSP_ERROR);
	ck_assert_uint_eq(rsp_at(t, 0)->id, 11);
	ck_assert_int_eq(rsp_at(t, 0)->status, NETIF_RSP_OKAY);
	ck_assert_int_eq(rsp_at(t, 1)->status, NETIF_RSP_NULL);
	ck_assert_uint_eq(rsp_at(t, 2)->id, 12);
	ck_assert_int_eq(rsp_at(t, 2)->status, NETIF_RSP_OKAY);
}
END_TEST

/* A fatal error behind good packets: the burst is void, the ring is not read further. */
START_TEST(test_tx_fatal_voids_burst)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, 0, 0, 60);
	raw_slot(t, 4095, 0, 1, 60);
	ck_assert_int_eq(raw_take(t), NETIF_ERR_TX_CROSS_PAGE);
	ck_assert_uint_eq(t->burst.nframes, 0);
	ck_assert_uint_eq(t->burst.nslots, 0);
}
END_TEST

/* The limits are xen-netback's, slot for slot; an extra does not count. */
START_TEST(test_tx_slots_limits)
{
	static const struct {
		u16 slots;
		enum netif_error fatal, error;
	} rows[] = {
		{ 17, NETIF_OK, NETIF_OK },
		{ 18, NETIF_OK, NETIF_OK },
		{ 19, NETIF_OK, NETIF_OK },
		{ 20, NETIF_OK, NETIF_ERR_TX_SLOTS_DROPPED },
		{ 21, NETIF_OK, NETIF_ERR_TX_SLOTS_DROPPED },
		{ 22, NETIF_ERR_TX_TOO_MANY_SLOTS, NETIF_OK },
	};
	u32 row;
	u16 i;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		struct tx_rig *t = tx_rig();
		const u16 n = rows[row].slots;

		raw_slot(t, 0, NETIF_TXF_MORE_DATA | NETIF_TXF_EXTRA_INFO, 0,
			 (u16)((n - 1) * 3000 + 900));
		raw_extra(t, extra(NETIF_EXTRA_TYPE_XDP, 0));
		for (i = 1; i < n; i++)
			raw_slot(t, 0, i + 1 < n ? NETIF_TXF_MORE_DATA : 0, i, 3000);
		ck_assert_int_eq(raw_take(t), rows[row].fatal);
		if (rows[row].fatal)
			continue;
		ck_assert_uint_eq(t->burst.frames[0].nslots, n);
		ck_assert_uint_eq(t->burst.frames[0].error, rows[row].error);
		ck_assert(rows[row].error || t->burst.slots[0].size == 900);
	}
}
END_TEST

TCase *netif_tx_case(void)
{
	TCase *c = tcase_create("tx");

	tcase_add_test(c, test_tx_gso_frame);
	tcase_add_test(c, test_tx_csum_flags);
	tcase_add_test(c, test_tx_hash_ignored);
	tcase_add_test(c, test_tx_xdp_ignored);
	tcase_add_test(c, test_tx_mcast);
	tcase_add_test(c, test_tx_budget);
	tcase_add_test(c, test_tx_full_ring);
	tcase_add_test(c, test_tx_respond);
	tcase_add_test(c, test_tx_fatal_voids_burst);
	tcase_add_test(c, test_tx_slots_limits);
	return c;
}
