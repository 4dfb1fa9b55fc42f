// SPDX-License-Identifier: GPL-2.0-or-later
/* Toeplitz, and the control ring's hash messages. */
#include "lib/netif/hash.h"
#include "test_netif.h"

#undef NETIF_RSP_DROPPED
#undef NETIF_RSP_ERROR
#undef NETIF_RSP_OKAY
#undef NETIF_RSP_NULL
#define XEN_NETIF_DEFINE_TOEPLITZ
#define xen_mb() netif_mb()
#define xen_rmb() netif_mb()
#define xen_wmb() netif_mb()
#include <xen/io/netif.h>

/* The verification suite of Microsoft's RSS documentation. */
static const u8 rss_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

struct vector {
	u32 words[8]; /* source, destination; v4 uses the first two */
	u32 nwords;
	u16 sport, dport;
	u32 hash, hash_ports;
};

#define V4(a, b, c, d) ((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
static const struct vector vectors[] = {
	{ { V4(66, 9, 149, 187), V4(161, 142, 100, 80) }, 2, 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ { V4(199, 92, 111, 2), V4(65, 69, 140, 83) }, 2, 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ { V4(24, 19, 198, 95), V4(12, 22, 207, 184) }, 2, 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ { V4(38, 27, 205, 30), V4(209, 142, 163, 6) }, 2, 48228, 2217, 0x82989176, 0xafc7327f },
	{ { V4(153, 39, 163, 191), V4(202, 188, 127, 2) }, 2, 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ { 0x3ffe2501, 0x02001fff, 0, 7, 0x3ffe2501, 0x02000003, 0, 1 }, 8, 2794, 1766,
	  0x2cc18cd5, 0x40207d3d },
	{ { 0x3ffe0501, 0x00080000, 0x026097ff, 0xfe40efab, 0xff020000, 0, 0, 1 }, 8, 14230, 4739,
	  0x0f0c461c, 0xdde51bbf },
	{ { 0x3ffe1900, 0x45450003, 0x0200f8ff, 0xfe2167cf, 0xfe800000, 0, 0x0200f8ff, 0xfe2167cf },
	  8, 44251, 38024, 0x4b61e985, 0x02d1feef },
};

static u32 vector_bytes(const struct vector *v, u8 *out)
{
	u32 n = 0, i;

	for (i = 0; i < v->nwords * 4; i++)
		out[n++] = (u8)(v->words[i / 4] >> (24 - 8 * (i % 4)));
	out[n++] = (u8)(v->sport >> 8);
	out[n++] = (u8)v->sport;
	out[n++] = (u8)(v->dport >> 8);
	out[n++] = (u8)v->dport;
	return n;
}

START_TEST(test_toeplitz_vectors)
{
	static struct netif_toeplitz t;
	const struct vector *v = &vectors[_i];
	u8 data[36];
	u32 len = vector_bytes(v, data);

	netif_toeplitz_init(&t, rss_key, sizeof(rss_key));
	ck_assert_uint_eq(netif_toeplitz(&t, data, len - 4), v->hash);
	ck_assert_uint_eq(netif_toeplitz(&t, data, len), v->hash_ports);
	ck_assert_uint_eq(xen_netif_toeplitz_hash(rss_key, sizeof(rss_key), data, len),
			  v->hash_ports);
}
END_TEST

/* Every key length, random keys and inputs, against the function in Xen's header. */
START_TEST(test_toeplitz_xen)
{
	static struct netif_toeplitz t;
	u32 seed = 5, keylen, len, i;

	for (keylen = 0; keylen <= 40; keylen++) {
		u8 key[40], data[36];

		for (i = 0; i < sizeof(key); i++)
			key[i] = (u8)rnd(&seed);
		for (i = 0; i < sizeof(data); i++)
			data[i] = (u8)rnd(&seed);
		netif_toeplitz_init(&t, key, keylen);
		for (len = 0; len <= sizeof(data); len++)
			ck_assert_uint_eq(netif_toeplitz(&t, data, len),
					  xen_netif_toeplitz_hash(key, keylen, data, len));
		ck_assert(keylen || !netif_toeplitz(&t, data, sizeof(data)));
	}
}
END_TEST

/* A frame with these addresses and ports; options, tags and extensions do not matter. */
static void vector_frame(struct frame *f, const struct vector *v, u8 proto)
{
	u8 data[36];
	u32 n = vector_bytes(v, data) - 4;
	u32 l4;

	if (v->nwords == 2) {
		frame_eth(f, 0x8100);
		frame_vlan(f, 5, 0x0800);
		frame_ipv4(f, proto, 8, 0);
		memcpy(f->data + 18 + 12, data, n);
	} else {
		frame_eth(f, 0x86dd);
		frame_ipv6(f, 0);
		memcpy(f->data + 14 + 8, data, n);
		frame_ext(f, proto, 16);
	}
	l4 = f->len;
	if (proto == 6)
		frame_tcp(f, 0);
	else
		frame_udp(f);
	memcpy(f->data + l4, data + n, 4);
}

#define ALL 0xfu

static u8 hash_frame(const struct frame *f, u32 types, u32 *hash)
{
	static struct netif_toeplitz t;
	struct netif_header h;

	netif_toeplitz_init(&t, rss_key, sizeof(rss_key));
	netif_header_parse(f->data, f->len, &h);
	*hash = 0;
	return netif_toeplitz_frame(&t, types, f->data, &h, f->len, hash);
}

START_TEST(test_toeplitz_frame)
{
	const struct vector *v = &vectors[_i];
	u8 l3 = v->nwords == 2 ? NETIF_HASH_TYPE_IPV4 : NETIF_HASH_TYPE_IPV6;
	u8 l4 = v->nwords == 2 ? NETIF_HASH_TYPE_IPV4_TCP : NETIF_HASH_TYPE_IPV6_TCP;
	struct frame f;
	u32 hash;

	vector_frame(&f, v, 6);
	ck_assert_uint_eq(hash_frame(&f, ALL, &hash), l4);
	ck_assert_uint_eq(hash, v->hash_ports);
	ck_assert_uint_eq(hash_frame(&f, l4, &hash), l4);
	ck_assert_uint_eq(hash, v->hash_ports);
	ck_assert_uint_eq(hash_frame(&f, l3, &hash), l3);
	ck_assert_uint_eq(hash, v->hash);
	ck_assert_uint_eq(hash_frame(&f, ALL & ~(u32)(l3 | l4), &hash), 0);
	/* UDP has no type of its own: addresses only. */
	vector_frame(&f, v, 17);
	ck_assert_uint_eq(hash_frame(&f, ALL, &hash), l3);
	ck_assert_uint_eq(hash, v->hash);
	ck_assert_uint_eq(hash_frame(&f, l4, &hash), 0);
}
END_TEST

/* All fragments of a packet must take one queue: no ports even where the first has them. */
START_TEST(test_toeplitz_fragment)
{
	struct frame f;
	u32 hash;

	vector_frame(&f, &vectors[0], 6);
	f.data[18 + 6] = 0x20;
	ck_assert_uint_eq(hash_frame(&f, ALL, &hash), NETIF_HASH_TYPE_IPV4);
	ck_assert_uint_eq(hash, vectors[0].hash);
	frame_eth(&f, 0x0806);
	frame_payload(&f, 46);
	ck_assert_uint_eq(hash_frame(&f, ALL, &hash), 0);
}
END_TEST

static struct netif_hash hash;

static struct netif_ctrl_rsp control(u16 type, u32 d0, u32 d1, u32 d2, const void *payload)
{
	const struct netif_ctrl_req q = { .id = 0xabcd, .type = type, .data = { d0, d1, d2 } };
	struct netif_ctrl_rsp rsp = { 0 };

	netif_hash_control(&hash, &q, payload, 4, &rsp);
	ck_assert_uint_eq(rsp.id, q.id);
	ck_assert_uint_eq(rsp.type, type);
	return rsp;
}

#define T(name) NETIF_CTRL_TYPE_##name
#define OK NETIF_CTRL_STATUS_SUCCESS
#define INVALID NETIF_CTRL_STATUS_INVALID_PARAMETER
#define OVERFLOW NETIF_CTRL_STATUS_BUFFER_OVERFLOW
#define UNSUPPORTED NETIF_CTRL_STATUS_NOT_SUPPORTED

static void hash_setup(void)
{
	netif_hash_init(&hash);
	ck_assert_uint_eq(control(T(SET_HASH_ALGORITHM), NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0, NULL).status,
			  OK);
}

/* The order that netif.h asks for: first an algorithm, then the rest. */
START_TEST(test_hash_needs_algorithm)
{
	netif_hash_init(&hash);
	ck_assert_uint_eq(control(T(GET_HASH_FLAGS), 0, 0, 0, NULL).status, UNSUPPORTED);
	ck_assert_uint_eq(control(T(SET_HASH_FLAGS), 1, 0, 0, NULL).status, INVALID);
	ck_assert_uint_eq(control(T(SET_HASH_ALGORITHM), 2, 0, 0, NULL).status, INVALID);
	hash_setup();
	ck_assert_uint_eq(control(T(GET_HASH_FLAGS), 0, 0, 0, NULL).status, OK);
	ck_assert_uint_eq(control(T(GET_HASH_FLAGS), 0, 0, 0, NULL).data, ALL);
	ck_assert_uint_eq(control(T(SET_HASH_FLAGS), 0x10, 0, 0, NULL).status, INVALID);
	ck_assert_uint_eq(hash.types, 0);
	ck_assert_uint_eq(control(T(SET_HASH_FLAGS), 0xf, 0, 0, NULL).status, OK);
	ck_assert_uint_eq(hash.types, 0xf);
	ck_assert_uint_eq(control(T(GET_GREF_MAPPING_SIZE), 0, 0, 0, NULL).status, UNSUPPORTED);
}
END_TEST

static int payload_of(u16 type, u32 d1, u32 d2)
{
	const struct netif_ctrl_req q = { .type = type, .data = { 99, d1, d2 } };

	return netif_hash_payload(&hash, &q);
}

START_TEST(test_hash_key)
{
	hash_setup();
	ck_assert_int_eq(payload_of(T(SET_HASH_KEY), 40, 0), 40);
	ck_assert_int_eq(payload_of(T(SET_HASH_KEY), 0, 0), 0);
	ck_assert_int_eq(payload_of(T(SET_HASH_KEY), 41, 0), -EINVAL);
	ck_assert_int_eq(payload_of(T(SET_HASH_KEY), 0xffffffff, 0), -EINVAL);
	ck_assert_int_eq(payload_of(T(GET_HASH_FLAGS), 7, 7), 0);
	ck_assert_uint_eq(control(T(SET_HASH_KEY), 99, 40, 0, rss_key).status, OK);
	ck_assert_mem_eq(hash.key, rss_key, 40);
	/* What fails changes nothing; the payload is not touched. */
	ck_assert_uint_eq(control(T(SET_HASH_KEY), 99, 41, 0, NULL).status, OVERFLOW);
	ck_assert_mem_eq(hash.key, rss_key, 40);
	/* A shorter key is continued with zeros, none at all makes the hash 0. */
	ck_assert_uint_eq(control(T(SET_HASH_KEY), 99, 1, 0, rss_key).status, OK);
	ck_assert_uint_eq(hash.key[1], 0);
	ck_assert_uint_eq(control(T(SET_HASH_KEY), 99, 0, 0, NULL).status, OK);
	ck_assert_uint_eq(netif_toeplitz(&hash.toeplitz, rss_key, 12), 0);
}
END_TEST

START_TEST(test_hash_mapping_messages)
{
	u32 table[NETIF_HASH_MAPPING_MAX] = { 3, 2, 1, 0 };

	hash_setup();
	ck_assert_uint_eq(control(T(GET_HASH_MAPPING_SIZE), 0, 0, 0, NULL).data, 128);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 1, 0, table).status, INVALID);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING_SIZE), 129, 0, 0, NULL).status, INVALID);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING_SIZE), 8, 0, 0, NULL).status, OK);
	ck_assert_int_eq(payload_of(T(SET_HASH_MAPPING), 8, 0), 32);
	ck_assert_int_eq(payload_of(T(SET_HASH_MAPPING), 8, 1), -EINVAL);
	ck_assert_int_eq(payload_of(T(SET_HASH_MAPPING), 1, 0xffffffff), -EINVAL);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 4, 4, table).status, OK);
	ck_assert_uint_eq(hash.mapping[4], 3);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 4, 5, table).status, INVALID);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 129, 0, NULL).status, OVERFLOW);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 128, 1, NULL).status, OVERFLOW);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 1, 0xffffffff, NULL).status, OVERFLOW);
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 0, 0, NULL).status, OK);
	/* One bad queue: none of the table is taken. */
	table[0] = 1;
	table[3] = 4;
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING), 99, 4, 4, table).status, INVALID);
	ck_assert_uint_eq(hash.mapping[4], 3);
	/* A new size clears the table. */
	ck_assert_uint_eq(control(T(SET_HASH_MAPPING_SIZE), 8, 0, 0, NULL).status, OK);
	ck_assert_uint_eq(hash.mapping[4], 0);
}
END_TEST

static u32 queue_of(const struct frame *f, struct netif_meta *m)
{
	struct netif_header h;

	netif_header_parse(f->data, f->len, &h);
	return netif_hash_queue(&hash, f->data, &h, f->len, 4, 77, m);
}

START_TEST(test_hash_queue)
{
	const struct vector *v = &vectors[0];
	struct netif_meta m = { .hash = 1, .hash_type = 1 };
	u32 table[3] = { 0, 1, 2 }, i;
	struct frame f, arp;

	vector_frame(&f, v, 6);
	frame_eth(&arp, 0x0806);
	netif_hash_init(&hash);
	ck_assert_uint_eq(queue_of(&f, &m), 77);
	ck_assert_uint_eq(m.hash_type, 0);
	hash_setup();
	control(T(SET_HASH_KEY), 99, 40, 0, rss_key);
	ck_assert_uint_eq(queue_of(&f, &m), 77);
	control(T(SET_HASH_FLAGS), ALL, 0, 0, NULL);
	ck_assert_uint_eq(queue_of(&f, &m), v->hash_ports % 4);
	ck_assert_uint_eq(m.hash, v->hash_ports);
	ck_assert_uint_eq(m.hash_type, NETIF_HASH_TYPE_IPV4_TCP);
	control(T(SET_HASH_MAPPING_SIZE), 3, 0, 0, NULL);
	ck_assert_uint_eq(queue_of(&f, &m), 0);
	for (i = 0; i < 3; i++)
		table[i] = 3 - i;
	control(T(SET_HASH_MAPPING), 99, 3, 0, table);
	ck_assert_uint_eq(queue_of(&f, &m), 3 - v->hash_ports % 3);
	/* No type covers ARP: hash 0, the table's first entry. */
	ck_assert_uint_eq(queue_of(&arp, &m), 3);
	ck_assert_uint_eq(m.hash_type, 0);
	control(T(SET_HASH_ALGORITHM), NETIF_HASH_ALGORITHM_NONE, 0, 0, NULL);
	ck_assert_uint_eq(queue_of(&f, &m), 77);
}
END_TEST

TCase *netif_hash_case(void)
{
	TCase *c = tcase_create("hash");

	tcase_add_loop_test(c, test_toeplitz_vectors, 0, 8);
	tcase_add_test(c, test_toeplitz_xen);
	tcase_add_loop_test(c, test_toeplitz_frame, 0, 8);
	tcase_add_test(c, test_toeplitz_fragment);
	tcase_add_test(c, test_hash_needs_algorithm);
	tcase_add_test(c, test_hash_key);
	tcase_add_test(c, test_hash_mapping_messages);
	tcase_add_test(c, test_hash_queue);
	return c;
}
