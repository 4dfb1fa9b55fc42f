// SPDX-License-Identifier: GPL-2.0-or-later
/* The front end against an honest and a hostile back end. */
#include "test_netif.h"

static void send_one(struct tx_rig *t, u32 segs, u8 gso_type)
{
	struct netif_front_seg s[NETIF_NR_SLOTS_MIN];
	struct netif_meta m = { .gso_type = gso_type, .gso_size = gso_type ? 1448 : 0 };
	u32 i;

	for (i = 0; i < segs; i++) {
		s[i] = (struct netif_front_seg){ 100 + i, tx_id(t), 8, 1000 };
		m.len += s[i].size;
	}
	netif_front_tx_send(&t->front, &m, s, segs);
	netif_front_push(&t->front.ring);
}

START_TEST(test_front_tx_ids)
{
	struct tx_rig *t = tx_rig();
	u8 seen[NETIF_TX_RING_SIZE] = { 0 };
	u16 ids[NETIF_TX_RING_SIZE], id = 4711;
	u32 i;

	ck_assert(!netif_front_tx_ids(&t->front, ids, NETIF_TX_RING_SIZE + 1));
	ck_assert_uint_eq(t->front.nfree, NETIF_TX_RING_SIZE);
	ck_assert(netif_front_tx_ids(&t->front, ids, 1));
	/* All or none. */
	ck_assert(!netif_front_tx_ids(&t->front, ids + 1, NETIF_TX_RING_SIZE));
	ck_assert(netif_front_tx_ids(&t->front, ids + 1, NETIF_TX_RING_SIZE - 1));
	for (i = 0; i < NETIF_TX_RING_SIZE; i++)
		ck_assert_uint_eq(seen[ids[i]]++, 0);
	ck_assert(!netif_front_tx_ids(&t->front, &id, 1));
	ck_assert_uint_eq(id, 4711);
	netif_front_tx_put_id(&t->front, ids[7]);
	ck_assert(netif_front_tx_ids(&t->front, &id, 1));
	ck_assert_uint_eq(id, ids[7]);
}
END_TEST

START_TEST(test_front_tx_room)
{
	struct tx_rig *t = tx_rig();

	ck_assert_uint_eq(netif_front_tx_room(&t->front), NETIF_TX_RING_SIZE);
	send_one(t, 3, NETIF_GSO_TYPE_TCPV4);
	ck_assert_uint_eq(netif_front_tx_room(&t->front), NETIF_TX_RING_SIZE - 4);
	/* A slot without an id is no room: two ids are in hand, one of them too many. */
	tx_id(t);
	tx_id(t);
	ck_assert_uint_eq(netif_front_free(&t->front.ring), NETIF_TX_RING_SIZE - 4);
	ck_assert_uint_eq(netif_front_tx_room(&t->front), NETIF_TX_RING_SIZE - 5);
}
END_TEST

START_TEST(test_front_tx_round)
{
	struct tx_rig *t = tx_rig();
	u16 done[8];
	u32 bad = 0;

	send_one(t, 3, NETIF_GSO_TYPE_TCPV4);
	send_one(t, 1, 0);
	ck_assert_int_eq(netif_tx_take(&t->back, &t->burst, 256, &t->errors), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 2);
	ck_assert_uint_eq(t->burst.frames[0].meta.gso_size, 1448);
	ck_assert_uint_eq(t->burst.slots[0].size, 1000);
	netif_tx_respond(&t->back, &t->burst, &t->burst.frames[1], NETIF_RSP_DROPPED);
	netif_tx_respond(&t->back, &t->burst, &t->burst.frames[0], NETIF_RSP_OKAY);
	ck_assert_int_eq(netif_front_tx_reap(&t->front, done, 8, &bad, &t->errors), 0);
	netif_back_push(&t->back);
	/* The limit is on ids; the extra's response has none. */
	ck_assert_int_eq(netif_front_tx_reap(&t->front, done, 2, &bad, &t->errors), 2);
	ck_assert_int_eq(netif_front_tx_reap(&t->front, done + 2, 6, &bad, &t->errors), 2);
	ck_assert_uint_eq(bad, 1);
	ck_assert_uint_eq(t->front.nfree, NETIF_TX_RING_SIZE);
	ck_assert_uint_eq(netif_front_tx_room(&t->front), NETIF_TX_RING_SIZE);
}
END_TEST

static void answer_tx(struct tx_rig *t, u16 id, s16 status)
{
	NETIF_SLOT(union netif_tx_slot, &t->back, t->back.rsp_prod++)->rsp =
		(struct netif_tx_rsp){ id, status };
}

static int reap(struct tx_rig *t)
{
	u16 done[NETIF_TX_RING_SIZE];
	u32 bad = 0;

	netif_back_push(&t->back);
	return netif_front_tx_reap(&t->front, done, NETIF_TX_RING_SIZE, &bad, &t->errors);
}

START_TEST(test_front_tx_wrong_id)
{
	static const u16 wrong[] = { 1, 255, 256, 0xffff }; /* 0 is the one sent */
	struct tx_rig *t = tx_rig();

	tx_rig_start_at(t, 0xffffffffu);
	send_one(t, 1, 0);
	answer_tx(t, wrong[_i], NETIF_RSP_OKAY);
	ck_assert_int_eq(reap(t), -NETIF_ERR_RSP_ID);
	ck_assert_uint_eq(t->errors.count[NETIF_ERR_RSP_ID], 1);
}
END_TEST

START_TEST(test_front_tx_double_response)
{
	struct tx_rig *t = tx_rig();

	send_one(t, 1, 0);
	send_one(t, 1, 0);
	answer_tx(t, 0, NETIF_RSP_OKAY);
	answer_tx(t, 0, NETIF_RSP_OKAY);
	ck_assert_int_eq(reap(t), -NETIF_ERR_RSP_ID);
}
END_TEST

START_TEST(test_front_tx_overrun)
{
	struct tx_rig *t = tx_rig();

	send_one(t, 1, 0);
	answer_tx(t, 0, NETIF_RSP_OKAY);
	answer_tx(t, 1, NETIF_RSP_OKAY);
	ck_assert_int_eq(reap(t), -NETIF_ERR_RING_OVERRUN);
}
END_TEST

/* It would free the slot and not the id: after 256 of them there were slots without an id. */
START_TEST(test_front_tx_null_for_data)
{
	struct tx_rig *t = tx_rig();

	send_one(t, 1, 0);
	answer_tx(t, 0, NETIF_RSP_NULL);
	ck_assert_int_eq(reap(t), -NETIF_ERR_RSP_NULL);
	ck_assert_uint_eq(t->errors.count[NETIF_ERR_RSP_NULL], 1);
}
END_TEST

static u16 id_at(struct tx_rig *t, u32 slot)
{
	return NETIF_SLOT(union netif_tx_slot, &t->back, slot)->req.id;
}

static void ids_cover_slots(const struct netif_front_tx *tx)
{
	ck_assert_uint_le(netif_front_tx_room(tx), tx->nfree);
	ck_assert_uint_ge(tx->nfree, netif_front_free(&tx->ring));
}

/* All slots of large frames but the last, again and again: no id is lost before it is an error. */
START_TEST(test_front_tx_null_without_end)
{
	struct tx_rig *t = tx_rig();
	u32 nulls = 0, i;
	int n = 0;

	while (nulls < 300 && n >= 0) {
		u32 first = t->front.ring.req_prod;

		send_one(t, 16, 0);
		for (i = 0; i < 15; i++)
			answer_tx(t, id_at(t, first + i), NETIF_RSP_NULL);
		answer_tx(t, id_at(t, first + 15), NETIF_RSP_OKAY);
		n = reap(t);
		ids_cover_slots(&t->front);
		nulls += 15;
	}
	ck_assert_int_eq(n, -NETIF_ERR_RSP_NULL);
	ck_assert_uint_eq(nulls, 15);
}
END_TEST

/*
 * As xen-netback does: the small frame is done before the large one, and its answer
 * lies where that one's extra was, the extra's where the small one's data was.
 */
START_TEST(test_front_tx_null_elsewhere)
{
	struct tx_rig *t = tx_rig();
	u32 round;

	for (round = 0; round < 300; round++) {
		u32 first = t->front.ring.req_prod;
		u16 ids[3];

		send_one(t, 2, NETIF_GSO_TYPE_TCPV4);
		send_one(t, 1, 0);
		ids[0] = id_at(t, first);
		ids[1] = id_at(t, first + 2);
		ids[2] = id_at(t, first + 3);
		answer_tx(t, ids[1], NETIF_RSP_OKAY);
		answer_tx(t, ids[2], NETIF_RSP_OKAY);
		answer_tx(t, ids[0], NETIF_RSP_OKAY);
		answer_tx(t, 0xffff, NETIF_RSP_NULL);
		ck_assert_int_eq(reap(t), 3);
		ids_cover_slots(&t->front);
	}
	ck_assert_uint_eq(t->front.nfree, NETIF_TX_RING_SIZE);
	ck_assert_uint_eq(t->front.nextras, 0);
}
END_TEST

/* An extra that is out excuses one RSP_NULL; the second is one too many, whatever slot it has. */
START_TEST(test_front_tx_null_once_too_often)
{
	struct tx_rig *t = tx_rig();

	send_one(t, 2, NETIF_GSO_TYPE_TCPV4);
	answer_tx(t, 0, NETIF_RSP_NULL);
	ck_assert_int_eq(reap(t), 0);
	ids_cover_slots(&t->front);
	answer_tx(t, 0, NETIF_RSP_NULL);
	ck_assert_int_eq(reap(t), -NETIF_ERR_RSP_NULL);
}
END_TEST

START_TEST(test_front_rx_post)
{
	struct rx_rig *t = rx_rig();
	struct netif_rx_req reqs[NETIF_RX_RING_SIZE];
	int i;

	rx_post_all(t);
	ck_assert_int_eq(netif_front_rx_next(&t->front), -ENOBUFS);
	ck_assert_int_eq(netif_rx_take(&t->back, reqs, 100), 100);
	netif_rx_untake(&t->back, 50);
	ck_assert_int_eq(netif_rx_take(&t->back, reqs + 50, 1000), NETIF_RX_RING_SIZE - 50);
	for (i = 0; i < NETIF_RX_RING_SIZE; i++) {
		ck_assert_int_eq(reqs[i].id, i);
		ck_assert_uint_eq(reqs[i].gref, 2000u + (u32)i);
	}
	t->back.shared->req_prod += 1;
	ck_assert_int_eq(netif_rx_take(&t->back, reqs, 1), -EOVERFLOW);
}
END_TEST

START_TEST(test_front_rx_need)
{
	struct netif_meta m = { .len = 4096 };

	ck_assert_uint_eq(netif_rx_need(&m, false), 1);
	ck_assert_uint_eq(netif_rx_need(&m, true), 2);
	m.len++;
	ck_assert_uint_eq(netif_rx_need(&m, false), 2);
	ck_assert_uint_eq(netif_rx_need(&m, true), 3);
	m.len = 4096;
	m.hash_type = NETIF_HASH_TYPE_IPV4;
	m.gso_type = NETIF_GSO_TYPE_TCPV4;
	ck_assert_uint_eq(netif_rx_need(&m, false), 3);
	m.len = 0;
	ck_assert_uint_eq(netif_rx_need(&m, false), 3);
}
END_TEST

/* Data, GSO, hash, data: the extras take the slots behind the first (netif.h). */
START_TEST(test_front_rx_round)
{
	struct rx_rig *t = rx_rig();
	struct netif_rx_req reqs[4];
	const struct netif_meta m = { .len = 5000, .gso_size = 1448, .gso_type = NETIF_GSO_TYPE_TCPV4,
				      .csum = NETIF_CSUM_BLANK,
				      .hash_type = NETIF_HASH_TYPE_IPV4_TCP, .hash = 0xdeadbeef };
	const struct netif_rx_part parts[] = { { 64, 4032 }, { 0, 968 } };
	const struct netif_front_frame *f = &t->burst.frames[0];

	rx_rig_start_at(t, 0xfffffffdu);
	rx_post_all(t);
	ck_assert_int_eq(netif_rx_take(&t->back, reqs, netif_rx_need(&m, false)), 4);
	netif_rx_respond(&t->back, reqs, &m, parts, 2, NETIF_RSP_OKAY);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_uint_eq(f->error, 0);
	ck_assert_uint_eq(f->nparts, 2);
	ck_assert_uint_eq(f->meta.len, m.len);
	ck_assert_uint_eq(f->meta.gso_size, m.gso_size);
	ck_assert_uint_eq(f->meta.gso_type, m.gso_type);
	ck_assert_uint_eq(f->meta.csum, m.csum);
	ck_assert_uint_eq(f->meta.hash_type, m.hash_type);
	ck_assert_uint_eq(f->meta.hash, m.hash);
	ck_assert_uint_eq(t->burst.parts[0].id, 0xfd);
	ck_assert_uint_eq(t->burst.parts[0].offset, 64);
	ck_assert_uint_eq(t->burst.parts[1].id, 0);
	ck_assert_uint_eq(t->burst.parts[1].size, 968);
	ck_assert_uint_eq(t->burst.nspare, 2);
	ck_assert_uint_eq(t->burst.spare[0], 0xfe);
	ck_assert_uint_eq(t->burst.spare[1], 0xff);
	ck_assert_uint_eq(t->front.posted[0xfd] + t->front.posted[0], 0);
	ck_assert_uint_eq(t->front.posted[1], 1);
}
END_TEST

static const u16 wheres[] = { NETIF_RX_LOWER, NETIF_RX_WHOLE, NETIF_RX_UPPER, NETIF_RX_LOWER };

/* Buffers of all sorts: the extra's slot is passed over, each part fills what is its own. */
START_TEST(test_rx_lay)
{
	const struct netif_meta m = { .len = 7000, .gso_type = NETIF_GSO_TYPE_TCPV4, .gso_size = 1448 };
	struct netif_rx_part parts[4];
	struct netif_rx_req reqs[5];
	bool bad;
	u32 i;

	for (i = 0; i < 5; i++)
		reqs[i] = (struct netif_rx_req){ .pad = wheres[i ? (i - 1) % 4 : 0] };
	ck_assert_uint_eq(netif_rx_lay(reqs, 4, &m, true, parts, &bad), 4);
	ck_assert(!bad);
	ck_assert_mem_eq(parts, ((struct netif_rx_part[]){ { 0, 2048 }, { 0, 4096 }, { 2048, 856 } }),
			 3 * sizeof(parts[0]));
	ck_assert_uint_eq(netif_rx_lay(reqs, 3, &m, true, parts, &bad), 0);
	/* Who did not ask for halves has written anything there. */
	ck_assert_uint_eq(netif_rx_lay(reqs, 5, &m, false, parts, &bad), 3);
	ck_assert_uint_eq(parts[1].size, 7000 - 4096);
	/* Room for the first part, none for the extra behind it. */
	ck_assert_uint_eq(netif_rx_lay(reqs, 1, &(struct netif_meta){ .len = 60, .gso_type = 1 }, true,
				       parts, &bad), 0);
}
END_TEST

START_TEST(test_rx_lay_bad_buffer)
{
	const struct netif_meta m = { .len = 7000, .hash_type = 1 };
	const struct netif_rx_req reqs[] = { { .pad = 1 }, { .pad = 0xffff }, { .pad = 2 }, { .pad = 2048 },
					     { .pad = 1 } };
	struct netif_rx_part parts[4];
	bool bad;

	ck_assert_uint_eq(netif_rx_lay(reqs, 5, &m, true, parts, &bad), 4);
	ck_assert(bad);
	ck_assert_uint_eq(parts[1].size, 2048);
	ck_assert_uint_eq(parts[2].size, 0);
	ck_assert_uint_eq(netif_rx_lay(&reqs[3], 1, &m, true, parts, &bad), 0);
	ck_assert_uint_eq(netif_rx_lay(&reqs[3], 2, &m, true, parts, &bad), 2);
	ck_assert(bad);
}
END_TEST

/* The largest frame in half pages, from the one end to the other. */
START_TEST(test_front_rx_halves)
{
	struct rx_rig *t = rx_rig();
	struct netif_rx_req reqs[NETIF_FRONT_PARTS_MAX];
	const struct netif_meta m = { .len = 65549, .gso_type = NETIF_GSO_TYPE_TCPV6, .gso_size = 1440 };
	struct netif_rx_part parts[NETIF_FRONT_PARTS_MAX];
	const struct netif_front_frame *f = &t->burst.frames[0];
	bool bad;
	u32 n, i;

	rx_post_halves(t);
	ck_assert_uint_eq(netif_rx_need(&m, true), 34);
	ck_assert_int_eq(netif_rx_take(&t->back, reqs, 34), 34);
	n = netif_rx_lay(reqs, 34, &m, true, parts, &bad);
	ck_assert_uint_eq(n, 34);
	netif_rx_respond(&t->back, reqs, &m, parts, n - 1, NETIF_RSP_OKAY);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(f->error, 0);
	ck_assert_uint_eq(f->meta.len, m.len);
	ck_assert_uint_eq(f->nparts, 33);
	for (i = 0; i < 33; i++)
		ck_assert_uint_eq(t->burst.parts[i].offset, t->burst.parts[i].id & 1 ? 2048 : 0);
}
END_TEST

/* 36 half pages or 18 pages are a frame's limit, or as much of both. */
START_TEST(test_front_rx_halves_chain)
{
	struct rx_rig *t = rx_rig();
	u16 i, n = (u16)(NETIF_FRONT_PARTS_MAX + _i);

	rx_post_halves(t);
	for (i = 0; i < n; i++)
		raw_rx_rsp(t, i, i & 1 ? 2048 : 0, i + 1 < n ? NETIF_RXF_MORE_DATA : 0, 100);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.frames[0].error, _i ? NETIF_ERR_RSP_CHAIN : NETIF_OK);
	ck_assert_uint_eq(t->burst.nspare, _i ? n : 0);
}
END_TEST

/* A whole frame in error keeps its shape, so the ring stays in step. */
START_TEST(test_front_rx_error_status)
{
	struct rx_rig *t = rx_rig();
	struct netif_rx_req reqs[5];
	const struct netif_meta m = { .len = 8000, .gso_type = 1, .gso_size = 1448, .hash_type = 1 };
	const struct netif_rx_part parts[] = { { 0, 4096 }, { 0, 3904 } };

	rx_post_all(t);
	ck_assert_int_eq(netif_rx_take(&t->back, reqs, 5), 5);
	netif_rx_respond(&t->back, reqs, &m, parts, 2, NETIF_RSP_ERROR);
	netif_rx_respond(&t->back, reqs + 4, &(struct netif_meta){ .len = 60 },
			 &(struct netif_rx_part){ 0, 60 }, 1, NETIF_RSP_OKAY);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 2);
	ck_assert_uint_eq(t->burst.frames[0].error, NETIF_ERR_RX_BAD_GREF);
	ck_assert_uint_eq(t->burst.frames[0].nparts, 0);
	ck_assert_uint_eq(t->burst.nspare, 4);
	ck_assert_uint_eq(t->burst.frames[1].error, 0);
	ck_assert_uint_eq(t->burst.parts[t->burst.frames[1].part].id, 4);
}
END_TEST

START_TEST(test_front_rx_csum_flags)
{
	static const u8 csum[] = { NETIF_CSUM_NONE, NETIF_CSUM_BLANK, NETIF_CSUM_VALID };
	struct rx_rig *t = rx_rig();
	struct netif_rx_req reqs[3];
	u32 i;

	rx_post_all(t);
	netif_rx_take(&t->back, reqs, 3);
	for (i = 0; i < 3; i++)
		netif_rx_respond(&t->back, &reqs[i], &(struct netif_meta){ .len = 60, .csum = csum[i] },
				 &(struct netif_rx_part){ 0, 60 }, 1, NETIF_RSP_OKAY);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	for (i = 0; i < 3; i++)
		ck_assert_uint_eq(t->burst.frames[i].meta.csum, csum[i]);
}
END_TEST

START_TEST(test_front_rx_budget)
{
	struct rx_rig *t = rx_rig();
	u16 i;

	rx_post_all(t);
	for (i = 0; i < 9; i++)
		raw_rx_rsp(t, i, 0, i % 3 < 2 ? NETIF_RXF_MORE_DATA : 0, 1000);
	netif_back_push(&t->back);
	ck_assert_int_eq(netif_front_rx_take(&t->front, &t->burst, 7, &t->errors), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 2);
	ck_assert_uint_eq(t->burst.nparts, 6);
	ck_assert_uint_eq(t->front.posted[6], 1);
	ck_assert_int_eq(netif_front_rx_take(&t->front, &t->burst, 1, &t->errors), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_uint_eq(t->burst.parts[2].id, 8);
	ck_assert_uint_eq(t->front.posted[6], 0);
}
END_TEST

START_TEST(test_front_rx_overrun)
{
	struct rx_rig *t = rx_rig();

	rx_post_all(t);
	t->back.rsp_prod = NETIF_RX_RING_SIZE + 1;
	ck_assert_int_eq(raw_rx_take(t), NETIF_ERR_RING_OVERRUN);
	ck_assert_uint_eq(t->errors.count[NETIF_ERR_RING_OVERRUN], 1);
}
END_TEST

/* The largest lie: every slot of a full ring chained, each an id that must come back once. */
START_TEST(test_front_rx_endless_chain)
{
	struct rx_rig *t = rx_rig();
	u8 seen[NETIF_RX_RING_SIZE] = { 0 };
	u16 i;

	rx_post_all(t);
	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		raw_rx_rsp(t, i, 0, NETIF_RXF_MORE_DATA, 4096);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_uint_eq(t->burst.frames[0].error, NETIF_ERR_RSP_CHAIN);
	ck_assert_uint_eq(t->burst.nspare, NETIF_RX_RING_SIZE);
	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		ck_assert_uint_eq(seen[t->burst.spare[i]]++, 0);
}
END_TEST

/* As many extras as slots: none is data, all come back. */
START_TEST(test_front_rx_endless_extras)
{
	struct rx_rig *t = rx_rig();
	const struct netif_extra x = { NETIF_EXTRA_TYPE_XDP, NETIF_EXTRA_FLAG_MORE, { } };
	u16 i;

	rx_post_all(t);
	raw_rx_rsp(t, 0, 0, NETIF_RXF_EXTRA_INFO, 100);
	for (i = 1; i < NETIF_RX_RING_SIZE; i++)
		raw_rx_extra(t, x);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_uint_eq(t->burst.frames[0].error, NETIF_ERR_RSP_EXTRA);
	ck_assert_uint_eq(t->burst.nspare, NETIF_RX_RING_SIZE);
}
END_TEST

TCase *netif_front_case(void)
{
	TCase *c = tcase_create("front");

	tcase_add_test(c, test_front_tx_ids);
	tcase_add_test(c, test_front_tx_room);
	tcase_add_test(c, test_front_tx_round);
	tcase_add_loop_test(c, test_front_tx_wrong_id, 0, 4);
	tcase_add_test(c, test_front_tx_double_response);
	tcase_add_test(c, test_front_tx_overrun);
	tcase_add_test(c, test_front_tx_null_for_data);
	tcase_add_test(c, test_front_tx_null_without_end);
	tcase_add_test(c, test_front_tx_null_elsewhere);
	tcase_add_test(c, test_front_tx_null_once_too_often);
	tcase_add_test(c, test_front_rx_post);
	tcase_add_test(c, test_front_rx_need);
	tcase_add_test(c, test_front_rx_round);
	tcase_add_test(c, test_rx_lay);
	tcase_add_test(c, test_rx_lay_bad_buffer);
	tcase_add_test(c, test_front_rx_halves);
	tcase_add_loop_test(c, test_front_rx_halves_chain, 0, 2);
	tcase_add_test(c, test_front_rx_error_status);
	tcase_add_test(c, test_front_rx_csum_flags);
	tcase_add_test(c, test_front_rx_budget);
	tcase_add_test(c, test_front_rx_overrun);
	tcase_add_test(c, test_front_rx_endless_chain);
	tcase_add_test(c, test_front_rx_endless_extras);
	return c;
}
