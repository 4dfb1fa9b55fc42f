// SPDX-License-Identifier: GPL-2.0-or-later
/* wire.h and ring.h against Xen's own headers. */
#include "test_netif.h"

/* Both headers call these the same. */
enum {
	OUR_RSP_DROPPED = NETIF_RSP_DROPPED,
	OUR_RSP_ERROR = NETIF_RSP_ERROR,
	OUR_RSP_OKAY = NETIF_RSP_OKAY,
	OUR_RSP_NULL = NETIF_RSP_NULL,
};
#undef NETIF_RSP_DROPPED
#undef NETIF_RSP_ERROR
#undef NETIF_RSP_OKAY
#undef NETIF_RSP_NULL

#define xen_mb() netif_mb()
#define xen_rmb() netif_mb()
#define xen_wmb() netif_mb()
#include <xen/io/netif.h>
#include <xen/io/ring.h>

#define SAME_SIZE(ours, theirs) ck_assert_uint_eq(sizeof(ours), sizeof(theirs))
#define SAME_FIELD(ours, of, theirs, tf)                                                          \
	do {                                                                                      \
		ck_assert_uint_eq(offsetof(ours, of), offsetof(theirs, tf));                      \
		ck_assert_uint_eq(sizeof(((ours *)0)->of), sizeof(((theirs *)0)->tf));            \
	} while (0)
#define SAME_VALUE(ours, theirs) ck_assert_int_eq((int)(ours), (int)(theirs))

START_TEST(test_wire_tx)
{
	SAME_SIZE(struct netif_tx_req, netif_tx_request_t);
	SAME_FIELD(struct netif_tx_req, gref, netif_tx_request_t, gref);
	SAME_FIELD(struct netif_tx_req, offset, netif_tx_request_t, offset);
	SAME_FIELD(struct netif_tx_req, flags, netif_tx_request_t, flags);
	SAME_FIELD(struct netif_tx_req, id, netif_tx_request_t, id);
	SAME_FIELD(struct netif_tx_req, size, netif_tx_request_t, size);
	SAME_SIZE(struct netif_tx_rsp, netif_tx_response_t);
	SAME_FIELD(struct netif_tx_rsp, id, netif_tx_response_t, id);
	SAME_FIELD(struct netif_tx_rsp, status, netif_tx_response_t, status);
	SAME_SIZE(union netif_tx_slot, union netif_tx_sring_entry);
	SAME_VALUE(NETIF_TXF_CSUM_BLANK, NETTXF_csum_blank);
	SAME_VALUE(NETIF_TXF_DATA_VALIDATED, NETTXF_data_validated);
	SAME_VALUE(NETIF_TXF_MORE_DATA, NETTXF_more_data);
	SAME_VALUE(NETIF_TXF_EXTRA_INFO, NETTXF_extra_info);
	SAME_VALUE(NETIF_NR_SLOTS_MIN, XEN_NETIF_NR_SLOTS_MIN);
	SAME_VALUE(NETIF_MAX_TX_SIZE, XEN_NETIF_MAX_TX_SIZE);
}
END_TEST

START_TEST(test_wire_rx)
{
	SAME_SIZE(struct netif_rx_req, netif_rx_request_t);
	SAME_FIELD(struct netif_rx_req, id, netif_rx_request_t, id);
	SAME_FIELD(struct netif_rx_req, gref, netif_rx_request_t, gref);
	SAME_SIZE(struct netif_rx_rsp, netif_rx_response_t);
	SAME_FIELD(struct netif_rx_rsp, id, netif_rx_response_t, id);
	SAME_FIELD(struct netif_rx_rsp, offset, netif_rx_response_t, offset);
	SAME_FIELD(struct netif_rx_rsp, flags, netif_rx_response_t, flags);
	SAME_FIELD(struct netif_rx_rsp, status, netif_rx_response_t, status);
	SAME_SIZE(union netif_rx_slot, union netif_rx_sring_entry);
	SAME_VALUE(NETIF_RXF_DATA_VALIDATED, NETRXF_data_validated);
	SAME_VALUE(NETIF_RXF_CSUM_BLANK, NETRXF_csum_blank);
	SAME_VALUE(NETIF_RXF_MORE_DATA, NETRXF_more_data);
	SAME_VALUE(NETIF_RXF_EXTRA_INFO, NETRXF_extra_info);
	SAME_VALUE(NETIF_RXF_GSO_PREFIX, NETRXF_gso_prefix);
	SAME_VALUE(OUR_RSP_DROPPED, NETIF_RSP_DROPPED);
	SAME_VALUE(OUR_RSP_ERROR, NETIF_RSP_ERROR);
	SAME_VALUE(OUR_RSP_OKAY, NETIF_RSP_OKAY);
	SAME_VALUE(OUR_RSP_NULL, NETIF_RSP_NULL);
}
END_TEST

START_TEST(test_wire_extra)
{
	SAME_SIZE(struct netif_extra, netif_extra_info_t);
	SAME_FIELD(struct netif_extra, type, netif_extra_info_t, type);
	SAME_FIELD(struct netif_extra, flags, netif_extra_info_t, flags);
	SAME_FIELD(struct netif_extra, u.gso.size, netif_extra_info_t, u.gso.size);
	SAME_FIELD(struct netif_extra, u.gso.type, netif_extra_info_t, u.gso.type);
	SAME_FIELD(struct netif_extra, u.gso.features, netif_extra_info_t, u.gso.features);
	SAME_FIELD(struct netif_extra, u.mcast.addr, netif_extra_info_t, u.mcast.addr);
	SAME_FIELD(struct netif_extra, u.hash.type, netif_extra_info_t, u.hash.type);
	SAME_FIELD(struct netif_extra, u.hash.algorithm, netif_extra_info_t, u.hash.algorithm);
	SAME_FIELD(struct netif_extra, u.hash.value, netif_extra_info_t, u.hash.value);
	SAME_VALUE(NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_TYPE_GSO);
	SAME_VALUE(NETIF_EXTRA_TYPE_MCAST_ADD, XEN_NETIF_EXTRA_TYPE_MCAST_ADD);
	SAME_VALUE(NETIF_EXTRA_TYPE_MCAST_DEL, XEN_NETIF_EXTRA_TYPE_MCAST_DEL);
	SAME_VALUE(NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_TYPE_HASH);
	/* Linux added XDP behind what Xen's header ends with. */
	SAME_VALUE(NETIF_EXTRA_TYPE_XDP, XEN_NETIF_EXTRA_TYPE_MAX);
	SAME_VALUE(NETIF_EXTRA_FLAG_MORE, XEN_NETIF_EXTRA_FLAG_MORE);
	SAME_VALUE(NETIF_GSO_TYPE_NONE, XEN_NETIF_GSO_TYPE_NONE);
	SAME_VALUE(NETIF_GSO_TYPE_TCPV4, XEN_NETIF_GSO_TYPE_TCPV4);
	SAME_VALUE(NETIF_GSO_TYPE_TCPV6, XEN_NETIF_GSO_TYPE_TCPV6);
}
END_TEST

START_TEST(test_wire_ctrl)
{
	SAME_SIZE(struct netif_ctrl_req, struct xen_netif_ctrl_request);
	SAME_FIELD(struct netif_ctrl_req, id, struct xen_netif_ctrl_request, id);
	SAME_FIELD(struct netif_ctrl_req, type, struct xen_netif_ctrl_request, type);
	SAME_FIELD(struct netif_ctrl_req, data, struct xen_netif_ctrl_request, data);
	SAME_SIZE(struct netif_ctrl_rsp, struct xen_netif_ctrl_response);
	SAME_FIELD(struct netif_ctrl_rsp, id, struct xen_netif_ctrl_response, id);
	SAME_FIELD(struct netif_ctrl_rsp, type, struct xen_netif_ctrl_response, type);
	SAME_FIELD(struct netif_ctrl_rsp, status, struct xen_netif_ctrl_response, status);
	SAME_FIELD(struct netif_ctrl_rsp, data, struct xen_netif_ctrl_response, data);
	SAME_SIZE(union netif_ctrl_slot, union xen_netif_ctrl_sring_entry);
	SAME_SIZE(struct netif_gref, struct xen_netif_gref);
	SAME_FIELD(struct netif_gref, ref, struct xen_netif_gref, ref);
	SAME_FIELD(struct netif_gref, flags, struct xen_netif_gref, flags);
	SAME_FIELD(struct netif_gref, status, struct xen_netif_gref, status);
	SAME_VALUE(NETIF_GREF_READONLY, XEN_NETIF_CTRLF_GREF_readonly);
#define CTRL(name) SAME_VALUE(NETIF_CTRL_##name, XEN_NETIF_CTRL_##name)
	CTRL(TYPE_INVALID);
	CTRL(TYPE_GET_HASH_FLAGS);
	CTRL(TYPE_SET_HASH_FLAGS);
	CTRL(TYPE_SET_HASH_KEY);
	CTRL(TYPE_GET_HASH_MAPPING_SIZE);
	CTRL(TYPE_SET_HASH_MAPPING_SIZE);
	CTRL(TYPE_SET_HASH_MAPPING);
	CTRL(TYPE_SET_HASH_ALGORITHM);
	CTRL(TYPE_GET_GREF_MAPPING_SIZE);
	CTRL(TYPE_ADD_GREF_MAPPING);
	CTRL(TYPE_DEL_GREF_MAPPING);
	CTRL(STATUS_SUCCESS);
	CTRL(STATUS_NOT_SUPPORTED);
	CTRL(STATUS_INVALID_PARAMETER);
	CTRL(STATUS_BUFFER_OVERFLOW);
#undef CTRL
#define HASH(name) SAME_VALUE(NETIF_HASH_##name, XEN_NETIF_CTRL_HASH_##name)
	HASH(ALGORITHM_NONE);
	HASH(ALGORITHM_TOEPLITZ);
	HASH(TYPE_IPV4);
	HASH(TYPE_IPV4_TCP);
	HASH(TYPE_IPV6);
	HASH(TYPE_IPV6_TCP);
#undef HASH
}
END_TEST

START_TEST(test_wire_ring_head)
{
	ck_assert_uint_eq(sizeof(struct netif_sring), offsetof(struct netif_tx_sring, ring));
	ck_assert_uint_eq(sizeof(struct netif_sring), offsetof(struct netif_rx_sring, ring));
	ck_assert_uint_eq(sizeof(struct netif_sring), offsetof(struct xen_netif_ctrl_sring, ring));
	SAME_FIELD(struct netif_sring, req_prod, struct netif_tx_sring, req_prod);
	SAME_FIELD(struct netif_sring, req_event, struct netif_tx_sring, req_event);
	SAME_FIELD(struct netif_sring, rsp_prod, struct netif_tx_sring, rsp_prod);
	SAME_FIELD(struct netif_sring, rsp_event, struct netif_tx_sring, rsp_event);
	ck_assert_uint_eq(NETIF_TX_RING_SIZE, __CONST_RING_SIZE(netif_tx, NETIF_PAGE_SIZE));
	ck_assert_uint_eq(NETIF_RX_RING_SIZE, __CONST_RING_SIZE(netif_rx, NETIF_PAGE_SIZE));
	ck_assert_uint_eq(NETIF_CTRL_RING_SIZE, __CONST_RING_SIZE(xen_netif_ctrl, NETIF_PAGE_SIZE));
}
END_TEST

/* The same steps by Xen's macros on one page and by ours on another. */
struct twin {
	_Alignas(NETIF_PAGE_SIZE) u8 ours[NETIF_PAGE_SIZE];
	_Alignas(NETIF_PAGE_SIZE) u8 theirs[NETIF_PAGE_SIZE];
	struct netif_front_ring front;
	struct netif_back_ring back;
	netif_tx_front_ring_t xen_front;
	netif_tx_back_ring_t xen_back;
};

static void twin_init(struct twin *t, u32 at)
{
	struct netif_sring *ours = (void *)t->ours;
	netif_tx_sring_t *theirs = (void *)t->theirs;

	netif_front_init(&t->front, t->ours, NETIF_TX_RING_SIZE);
	SHARED_RING_INIT(theirs);
	ck_assert_mem_eq(t->ours, t->theirs, 16);
	ours->req_prod = ours->rsp_prod = theirs->req_prod = theirs->rsp_prod = at;
	ours->req_event = ours->rsp_event = theirs->req_event = theirs->rsp_event = at + 1;
	t->front.req_prod = t->front.req_pub = t->front.rsp_cons = at;
	netif_back_init(&t->back, t->ours, NETIF_TX_RING_SIZE);
	FRONT_RING_ATTACH(&t->xen_front, theirs, at, NETIF_PAGE_SIZE);
	BACK_RING_ATTACH(&t->xen_back, theirs, at, NETIF_PAGE_SIZE);
}

static void twin_front(struct twin *t, u32 n, bool arm)
{
	int notify;
	int more;

	ck_assert_uint_eq(netif_front_free(&t->front), (u32)RING_FREE_REQUESTS(&t->xen_front));
	if (n > netif_front_free(&t->front))
		n = netif_front_free(&t->front);
	t->front.req_prod += n;
	t->xen_front.req_prod_pvt += n;
	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&t->xen_front, notify);
	ck_assert_int_eq(netif_front_push(&t->front), notify);
	ck_assert_int_eq(netif_front_pending(&t->front),
			 (int)XEN_RING_NR_UNCONSUMED_RESPONSES(&t->xen_front));
	t->xen_front.rsp_cons += (u32)netif_front_pending(&t->front);
	t->front.rsp_cons += (u32)netif_front_pending(&t->front);
	if (!arm)
		return;
	RING_FINAL_CHECK_FOR_RESPONSES(&t->xen_front, more);
	ck_assert_int_eq(netif_front_arm(&t->front, 1), !!more);
}

static void twin_back(struct twin *t, u32 n, bool arm)
{
	int notify, more;

	ck_assert_int_eq(netif_back_pending(&t->back),
			 (int)XEN_RING_NR_UNCONSUMED_REQUESTS(&t->xen_back));
	if (n > (u32)netif_back_pending(&t->back))
		n = (u32)netif_back_pending(&t->back);
	t->back.req_cons += n;
	t->back.rsp_prod += n;
	t->xen_back.req_cons += n;
	t->xen_back.rsp_prod_pvt += n;
	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&t->xen_back, notify);
	ck_assert_int_eq(netif_back_push(&t->back), notify);
	/* Xen's macro leaves the event alone while there is work; so do our callers. */
	if (!arm || netif_back_pending(&t->back))
		return;
	RING_FINAL_CHECK_FOR_REQUESTS(&t->xen_back, more);
	ck_assert_int_eq(netif_back_arm(&t->back, 1), !!more);
}

/* From just below 2^32, so that every index wraps. */
START_TEST(test_wire_events)
{
	static struct twin t;
	u32 seed = 0x1234567, i;

	twin_init(&t, 0xfffff000u);
	for (i = 0; i < 50000; i++) {
		u32 dice = rnd(&seed);

		if (dice & 1)
			twin_front(&t, (dice >> 8) % 40, dice & 4);
		else
			twin_back(&t, (dice >> 8) % 40, dice & 4);
		ck_assert_mem_eq(t.ours, t.theirs, 16);
	}
	ck_assert_uint_lt(t.back.rsp_prod, 0xfffff000u);
}
END_TEST

TCase *netif_wire_case(void)
{
	TCase *c = tcase_create("wire");

	tcase_add_test(c, test_wire_tx);
	tcase_add_test(c, test_wire_rx);
	tcase_add_test(c, test_wire_extra);
	tcase_add_test(c, test_wire_ctrl);
	tcase_add_test(c, test_wire_ring_head);
	tcase_add_test(c, test_wire_events);
	return c;
}
