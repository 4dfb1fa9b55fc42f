// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every error of the X-macro list is provoked here: an error without its
 * provoke_<key>() does not compile.
 */
#include <ctype.h>

#include "lib/netif/gref.h"
#include "lib/netif/hash.h"
#include "test_netif.h"

/* What a rig's take makes of the slots written so far. */
static void expect_tx(struct tx_rig *t, enum netif_error err)
{
	enum netif_error fatal = raw_take(t);

	ck_assert_uint_eq(t->errors.count[err], 1);
	if (netif_error_fatal(err)) {
		ck_assert_int_eq(fatal, err);
		ck_assert_uint_eq(t->burst.nframes, 0);
		return;
	}
	ck_assert_int_eq(fatal, NETIF_OK);
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_int_eq(t->burst.frames[0].error, err);
}

static void provoke_ring_overrun(void)
{
	struct tx_rig *t = tx_rig();

	t->front.ring.req_prod = NETIF_TX_RING_SIZE + 1;
	expect_tx(t, NETIF_ERR_RING_OVERRUN);
}

static void put_chain(struct tx_rig *t, u16 slots, u16 size)
{
	u16 i;

	raw_slot(t, 0, slots > 1 ? NETIF_TXF_MORE_DATA : 0, 0, size);
	for (i = 1; i < slots; i++)
		raw_slot(t, 0, i + 1 < slots ? NETIF_TXF_MORE_DATA : 0, i, 100);
}

static void provoke_tx_chain_open(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 0, 200);
	expect_tx(t, NETIF_ERR_TX_CHAIN_OPEN);
}

static void provoke_tx_too_many_slots(void)
{
	struct tx_rig *t = tx_rig();

	put_chain(t, NETIF_TX_FATAL_SLOTS + 1, 4000);
	expect_tx(t, NETIF_ERR_TX_TOO_MANY_SLOTS);
}

static void provoke_tx_slots_dropped(void)
{
	u16 n;

	for (n = NETIF_TX_SLOTS_MAX + 1; n <= NETIF_TX_FATAL_SLOTS; n++) {
		struct tx_rig *t = tx_rig();

		put_chain(t, n, 4000);
		expect_tx(t, NETIF_ERR_TX_SLOTS_DROPPED);
		ck_assert_uint_eq(t->burst.frames[0].nslots, n);
	}
}

static void provoke_tx_cross_page(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 4000, 0, 0, 97);
	expect_tx(t, NETIF_ERR_TX_CROSS_PAGE);
	t = tx_rig();
	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 0, 300);
	raw_slot(t, 0xffff, 0, 1, 100);
	expect_tx(t, NETIF_ERR_TX_CROSS_PAGE);
}

static void provoke_tx_zero_slot(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 0, 300);
	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 1, 0);
	raw_slot(t, 0, 0, 2, 100);
	expect_tx(t, NETIF_ERR_TX_ZERO_SLOT);
}

/* The rest as large as the whole leaves a first slot of zero bytes; larger wraps. */
static void provoke_tx_size_mismatch(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 0, 100);
	raw_slot(t, 0, 0, 1, 100);
	expect_tx(t, NETIF_ERR_TX_SIZE_MISMATCH);
	t = tx_rig();
	raw_slot(t, 0, NETIF_TXF_MORE_DATA, 0, 100);
	raw_slot(t, 0, 0, 1, 4096);
	expect_tx(t, NETIF_ERR_TX_SIZE_MISMATCH);
}

static void provoke_tx_too_short(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, 0, 0, NETIF_ETH_HLEN - 1);
	expect_tx(t, NETIF_ERR_TX_TOO_SHORT);
	t = tx_rig();
	raw_slot(t, 0, 0, 0, 0);
	expect_tx(t, NETIF_ERR_TX_TOO_SHORT);
}

static void provoke_tx_extra_missing(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 100);
	expect_tx(t, NETIF_ERR_TX_EXTRA_MISSING);
	t = tx_rig();
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 100);
	raw_extra(t, (struct netif_extra){ NETIF_EXTRA_TYPE_XDP, NETIF_EXTRA_FLAG_MORE, { } });
	expect_tx(t, NETIF_ERR_TX_EXTRA_MISSING);
}

static void provoke_tx_extra_type(void)
{
	static const u8 bad[] = { 0, NETIF_EXTRA_TYPE_MAX, 255 };
	u32 i;

	for (i = 0; i < sizeof(bad); i++) {
		struct tx_rig *t = tx_rig();

		raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 100);
		raw_extra(t, (struct netif_extra){ bad[i], 0, { } });
		expect_tx(t, NETIF_ERR_TX_EXTRA_TYPE);
	}
}

static struct netif_extra gso(u8 type, u16 size)
{
	struct netif_extra x = { .type = NETIF_EXTRA_TYPE_GSO };

	x.u.gso.type = type;
	x.u.gso.size = size;
	return x;
}

static void provoke_tx_gso_type(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 100);
	raw_extra(t, gso(NETIF_GSO_TYPE_NONE, 1448));
	expect_tx(t, NETIF_ERR_TX_GSO_TYPE);
	t = tx_rig();
	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 100);
	raw_extra(t, gso(NETIF_GSO_TYPE_TCPV6 + 1, 1448));
	expect_tx(t, NETIF_ERR_TX_GSO_TYPE);
}

static void provoke_tx_gso_size(void)
{
	struct tx_rig *t = tx_rig();

	raw_slot(t, 0, NETIF_TXF_EXTRA_INFO, 0, 100);
	raw_extra(t, gso(NETIF_GSO_TYPE_TCPV4, 0));
	expect_tx(t, NETIF_ERR_TX_GSO_SIZE);
}

static void provoke_tx_gso_header(void)
{
	struct netif_meta m = { .gso_type = NETIF_GSO_TYPE_TCPV6, .gso_size = 1000 };
	struct netif_vnet v;
	struct frame f;

	frame_eth(&f, 0x0800);
	frame_ipv4(&f, 6, 0, 0);
	frame_tcp(&f, 0);
	m.len = f.len;
	ck_assert_int_eq(netif_vnet_from_meta(&v, &m, f.data, f.len), NETIF_ERR_TX_GSO_HEADER);
}

static void provoke_tx_csum_header(void)
{
	struct netif_meta m = { .csum = NETIF_CSUM_BLANK };
	struct netif_vnet v;
	struct frame f;

	frame_eth(&f, 0x0800);
	frame_ipv4(&f, 1, 0, 0);
	frame_payload(&f, 64);
	m.len = f.len;
	ck_assert_int_eq(netif_vnet_from_meta(&v, &m, f.data, f.len), NETIF_ERR_TX_CSUM_HEADER);
	ck_assert_int_eq(netif_csum_fill(f.data, f.len), NETIF_ERR_TX_CSUM_HEADER);
}

/* The core only tells that a gref is not mapped; whether it can be copied is the caller's. */
static void provoke_tx_bad_gref(void)
{
	static struct netif_gref_map map;

	netif_gref_map_init(&map);
	ck_assert_int_eq(netif_gref_map_add(&map, 5, &map, false), 0);
	ck_assert_ptr_null(netif_gref_map_find(&map, 6));
}

static void provoke_rx_buffer(void)
{
	const struct netif_rx_req req = { .pad = NETIF_RX_UPPER + 1 };
	struct netif_rx_part part;
	bool bad;

	ck_assert_uint_eq(netif_rx_lay(&req, 1, &(struct netif_meta){ .len = 60 }, true, &part, &bad), 1);
	ck_assert(bad);
	ck_assert_uint_eq(part.size, 0);
}

static void provoke_rx_readonly_gref(void)
{
	static struct netif_gref_map map;

	netif_gref_map_init(&map);
	ck_assert_int_eq(netif_gref_map_add(&map, 5, &map, true), 0);
	ck_assert(netif_gref_map_find(&map, 5)->readonly);
}

static void expect_rx(struct rx_rig *t, enum netif_error err)
{
	enum netif_error fatal = raw_rx_take(t);

	ck_assert_uint_eq(t->errors.count[err], 1);
	ck_assert_int_eq(fatal, netif_error_fatal(err) ? err : NETIF_OK);
	if (fatal)
		return;
	ck_assert_uint_eq(t->burst.nframes, 1);
	ck_assert_int_eq(t->burst.frames[0].error, err);
	ck_assert_uint_eq(t->burst.frames[0].nparts, 0);
	ck_assert_uint_eq(t->burst.nparts, 0);
	ck_assert_uint_eq(t->burst.nspare, t->front.ring.rsp_cons);
}

static struct rx_rig *posted_rig(void)
{
	struct rx_rig *t = rx_rig();

	rx_post_all(t);
	return t;
}

static struct rx_rig *halves_rig(void)
{
	struct rx_rig *t = rx_rig();

	rx_post_halves(t);
	return t;
}

static void provoke_rx_bad_gref(void)
{
	struct rx_rig *t = posted_rig();

	raw_rx_rsp(t, 0, 0, 0, NETIF_RSP_ERROR);
	expect_rx(t, NETIF_ERR_RX_BAD_GREF);
}

static void provoke_rsp_id(void)
{
	struct rx_rig *t = posted_rig();

	raw_rx_rsp(t, 1, 0, 0, 100);
	expect_rx(t, NETIF_ERR_RSP_ID);
}

static void provoke_rsp_null(void)
{
	struct tx_rig *t = tx_rig();
	u16 id = tx_id(t);
	u32 bad = 0;

	netif_front_tx_send(&t->front, &(struct netif_meta){ .len = 60 },
			    &(struct netif_front_seg){ 1, id, 0, 60 }, 1);
	netif_front_push(&t->front.ring);
	NETIF_SLOT(union netif_tx_slot, &t->back, t->back.rsp_prod++)->rsp =
		(struct netif_tx_rsp){ id, NETIF_RSP_NULL };
	netif_back_push(&t->back);
	ck_assert_int_eq(netif_front_tx_reap(&t->front, &id, 1, &bad, &t->errors),
			 -NETIF_ERR_RSP_NULL);
	ck_assert_uint_eq(t->errors.count[NETIF_ERR_RSP_NULL], 1);
}

static void provoke_rsp_bounds(void)
{
	struct rx_rig *t = posted_rig();

	raw_rx_rsp(t, 0, 4000, 0, 97);
	expect_rx(t, NETIF_ERR_RSP_BOUNDS);
	t = posted_rig();
	raw_rx_rsp(t, 0, 0xffff, 0, 0x7fff);
	expect_rx(t, NETIF_ERR_RSP_BOUNDS);
	t = posted_rig();
	raw_rx_rsp(t, 0, 0, 0, NETIF_ETH_HLEN - 1);
	expect_rx(t, NETIF_ERR_RSP_BOUNDS);
	/* A half page is all that there is to answer with. */
	t = halves_rig();
	raw_rx_rsp(t, 0, 2000, 0, 49);
	expect_rx(t, NETIF_ERR_RSP_BOUNDS);
	t = halves_rig();
	raw_rx_rsp(t, 0, 0, 0, 100);
	netif_back_push(&t->back);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	raw_rx_rsp(t, 1, 2047, 0, 100);
	ck_assert_int_eq(raw_rx_take(t), NETIF_OK);
	ck_assert_int_eq(t->burst.frames[0].error, NETIF_ERR_RSP_BOUNDS);
}

static void provoke_rsp_chain(void)
{
	struct rx_rig *t = posted_rig();
	u16 i;

	for (i = 0; i <= NETIF_NR_SLOTS_MIN; i++)
		raw_rx_rsp(t, i, 0, i < NETIF_NR_SLOTS_MIN ? NETIF_RXF_MORE_DATA : 0, 100);
	expect_rx(t, NETIF_ERR_RSP_CHAIN);
	t = posted_rig();
	raw_rx_rsp(t, 0, 0, NETIF_RXF_MORE_DATA, 100);
	expect_rx(t, NETIF_ERR_RSP_CHAIN);
}

static void provoke_rsp_extra(void)
{
	const struct netif_extra bad[] = {
		{ .type = 0 },
		{ .type = NETIF_EXTRA_TYPE_MAX },
		{ .type = NETIF_EXTRA_TYPE_MCAST_ADD },
		gso(NETIF_GSO_TYPE_TCPV4, 0),
		gso(3, 1448),
		{ .type = NETIF_EXTRA_TYPE_XDP, .flags = NETIF_EXTRA_FLAG_MORE }, /* open */
	};
	struct rx_rig *t;
	u32 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		t = posted_rig();
		raw_rx_rsp(t, 0, 0, NETIF_RXF_EXTRA_INFO, 100);
		raw_rx_extra(t, bad[i]);
		expect_rx(t, NETIF_ERR_RSP_EXTRA);
	}
	t = posted_rig();
	raw_rx_rsp(t, 0, 0, NETIF_RXF_EXTRA_INFO, 100);
	expect_rx(t, NETIF_ERR_RSP_EXTRA);
}

static void provoke_ctrl_type(void)
{
	static struct netif_hash h;
	struct netif_ctrl_req q = { .id = 3, .type = 99 };
	struct netif_ctrl_rsp rsp;

	netif_hash_init(&h);
	ck_assert_int_eq(netif_hash_payload(&h, &q), 0);
	netif_hash_control(&h, &q, NULL, 1, &rsp);
	ck_assert_uint_eq(rsp.status, NETIF_CTRL_STATUS_NOT_SUPPORTED);
	ck_assert_uint_eq(rsp.id, 3);
	ck_assert_uint_eq(rsp.type, 99);
}

static void provoke_ctrl_data(void)
{
	static struct netif_hash h;
	struct netif_ctrl_req q = {
		.type = NETIF_CTRL_TYPE_SET_HASH_KEY,
		.data = { 1, NETIF_TOEPLITZ_KEY_MAX + 1, 0 },
	};

	netif_hash_init(&h);
	ck_assert_int_eq(netif_hash_payload(&h, &q), -EINVAL);
}

struct provocation {
	enum netif_error err;
	const char *symbol;
	void (*provoke)(void);
};

static const struct provocation provocations[] = {
#define X(name, key, severity, text) { NETIF_ERR_##name, #name, provoke_##key },
	NETIF_ERRORS(X)
#undef X
};

#define PROVOCATIONS (sizeof(provocations) / sizeof(provocations[0]))
_Static_assert(PROVOCATIONS == NETIF_ERR_COUNT - 1, "one provocation per error");

START_TEST(test_error_provoked)
{
	provocations[_i].provoke();
}
END_TEST

START_TEST(test_error_names)
{
	const struct provocation *p = &provocations[_i];
	const char *name = netif_error_name(p->err);
	u32 i;

	ck_assert_int_eq(p->err, _i + 1);
	ck_assert_uint_eq(strlen(name), strlen(p->symbol));
	for (i = 0; name[i]; i++)
		ck_assert_int_eq(name[i], tolower((unsigned char)p->symbol[i]));
	ck_assert_uint_gt(strlen(netif_error_text(p->err)), 10);
}
END_TEST

START_TEST(test_error_unknown)
{
	ck_assert(!netif_error_fatal(NETIF_OK));
	ck_assert_str_eq(netif_error_name(NETIF_OK), "ok");
	ck_assert(netif_error_fatal(NETIF_ERR_COUNT));
	ck_assert_str_eq(netif_error_name((enum netif_error)-1), "unknown");
}
END_TEST

TCase *netif_error_case(void)
{
	TCase *c = tcase_create("error");

	tcase_add_loop_test(c, test_error_provoked, 0, (int)PROVOCATIONS);
	tcase_add_loop_test(c, test_error_names, 0, (int)PROVOCATIONS);
	tcase_add_test(c, test_error_unknown);
	return c;
}
