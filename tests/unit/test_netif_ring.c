// SPDX-License-Identifier: GPL-2.0-or-later
#include "test_netif.h"

START_TEST(test_ring_overrun_bounds)
{
	struct tx_rig *t = tx_rig();

	t->back.shared->req_prod = NETIF_TX_RING_SIZE;
	ck_assert_int_eq(netif_back_pending(&t->back), NETIF_TX_RING_SIZE);
	t->back.shared->req_prod = NETIF_TX_RING_SIZE + 1;
	ck_assert_int_eq(netif_back_pending(&t->back), -EOVERFLOW);
	t->back.shared->req_prod = 0xffffffffu;
	ck_assert_int_eq(netif_back_pending(&t->back), -EOVERFLOW);
}
END_TEST

/* A producer that runs back behind what was already taken. */
START_TEST(test_ring_producer_backwards)
{
	struct tx_rig *t = tx_rig();

	t->back.shared->req_prod = 10;
	t->back.req_cons = 10;
	t->back.rsp_prod = 5;
	ck_assert_int_eq(netif_back_pending(&t->back), 0);
	t->back.shared->req_prod = 9;
	ck_assert_int_eq(netif_back_pending(&t->back), -EOVERFLOW);
}
END_TEST

START_TEST(test_ring_responses_bounds)
{
	struct tx_rig *t = tx_rig();
	struct netif_front_ring *r = &t->front.ring;

	r->req_prod = 5;
	netif_front_push(r);
	r->shared->rsp_prod = 5;
	ck_assert_int_eq(netif_front_pending(r), 5);
	r->shared->rsp_prod = 6;
	ck_assert_int_eq(netif_front_pending(r), -EOVERFLOW);
	/* Written but not published: nobody can have answered it. */
	r->req_prod = 6;
	ck_assert_int_eq(netif_front_pending(r), -EOVERFLOW);
}
END_TEST

/* Attaching to a ring in use takes up where the responses end. */
START_TEST(test_ring_attach)
{
	struct tx_rig *t = tx_rig();

	t->back.shared->req_prod = 100;
	t->back.shared->rsp_prod = 90;
	netif_back_init(&t->back, t->page, NETIF_TX_RING_SIZE);
	ck_assert_int_eq(netif_back_pending(&t->back), 10);
}
END_TEST

START_TEST(test_ring_disarm)
{
	struct tx_rig *t = tx_rig();
	u32 i;

	tx_rig_start_at(t, 0xffffff80u);
	netif_back_disarm(&t->back);
	for (i = 0; i < NETIF_TX_RING_SIZE; i++) {
		t->front.ring.req_prod++;
		ck_assert(!netif_front_push(&t->front.ring));
	}
	t->back.req_cons = t->back.rsp_prod = t->front.ring.req_prod;
	netif_front_disarm(&t->front.ring);
	ck_assert(!netif_back_push(&t->back));
}
END_TEST

/* ahead = 8: the eighth request notifies, not the ones before. */
START_TEST(test_ring_arm_ahead)
{
	struct tx_rig *t = tx_rig();
	u32 i;

	tx_rig_start_at(t, 0xfffffffcu);
	ck_assert(!netif_back_arm(&t->back, 8));
	for (i = 1; i <= 10; i++) {
		t->front.ring.req_prod++;
		ck_assert_int_eq(netif_front_push(&t->front.ring), i == 8);
	}
	ck_assert(netif_back_arm(&t->back, 10));
	ck_assert(!netif_back_arm(&t->back, 11));
}
END_TEST

START_TEST(test_ring_push_nothing)
{
	struct tx_rig *t = tx_rig();

	ck_assert(!netif_front_push(&t->front.ring));
	ck_assert(!netif_back_push(&t->back));
}
END_TEST

START_TEST(test_ring_snapshot)
{
	u32 from[3] = { 1, 2, 3 }, to[3] = { 9, 9, 9 };

	netif_snapshot(to, from, 2);
	ck_assert_uint_eq(to[0], 1);
	ck_assert_uint_eq(to[1], 2);
	ck_assert_uint_eq(to[2], 9);
}
END_TEST

TCase *netif_ring_case(void)
{
	TCase *c = tcase_create("ring");

	tcase_add_test(c, test_ring_overrun_bounds);
	tcase_add_test(c, test_ring_producer_backwards);
	tcase_add_test(c, test_ring_responses_bounds);
	tcase_add_test(c, test_ring_attach);
	tcase_add_test(c, test_ring_disarm);
	tcase_add_test(c, test_ring_arm_ahead);
	tcase_add_test(c, test_ring_push_nothing);
	tcase_add_test(c, test_ring_snapshot);
	return c;
}
