// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "test_netif.h"

#define ETH_IPV4 0x0800
#define ETH_IPV6 0x86dd
#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8

static void build_none(struct frame *f)
{
	f->len = 0;
}

static void build_arp(struct frame *f)
{
	frame_eth(f, 0x0806);
	frame_payload(f, 46);
}

static void build_v4_tcp(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 6, 0, 0);
	frame_tcp(f, 0);
	frame_payload(f, 100);
}

static void build_v4_options(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 6, 40, 0x4000); /* don't fragment */
	frame_tcp(f, 40);
}

static void build_v4_udp_vlan(struct frame *f)
{
	frame_eth(f, ETH_VLAN);
	frame_vlan(f, 0xe123, ETH_IPV4); /* priority bits and id 0x123 */
	frame_ipv4(f, 17, 0, 0);
	frame_udp(f);
}

static void build_v6_qinq(struct frame *f)
{
	frame_eth(f, ETH_QINQ);
	frame_vlan(f, 7, ETH_VLAN);
	frame_vlan(f, 9, ETH_IPV6);
	frame_ipv6(f, 6);
	frame_tcp(f, 12);
}

static void build_triple_tag(struct frame *f)
{
	frame_eth(f, ETH_QINQ);
	frame_vlan(f, 7, ETH_VLAN);
	frame_vlan(f, 9, ETH_VLAN);
	frame_vlan(f, 9, ETH_IPV4);
	frame_ipv4(f, 6, 0, 0);
}

static void build_v4_first_fragment(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 17, 0, 0x2000);
	frame_udp(f);
}

static void build_v4_later_fragment(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 17, 0, 0x2010);
	frame_udp(f);
}

static void build_v4_icmp(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 1, 0, 0);
	frame_payload(f, 56);
}

static void build_v4_short_ihl(struct frame *f)
{
	build_v4_tcp(f);
	f->data[14] = 0x44;
}

static void build_v4_wrong_version(struct frame *f)
{
	build_v4_tcp(f);
	f->data[14] = 0x65;
}

static void build_v4_tcp_short_doff(struct frame *f)
{
	build_v4_tcp(f);
	f->data[34 + 12] = 0x40;
}

static void build_v4_tcp_options_cut(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 6, 0, 0);
	frame_tcp(f, 40);
	f->len -= 1;
}

static void build_v4_tcp_cut(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 6, 0, 0);
	frame_tcp(f, 0);
	f->len -= 1;
}

static void build_v4_cut(struct frame *f)
{
	frame_eth(f, ETH_IPV4);
	frame_ipv4(f, 6, 0, 0);
	f->len -= 1;
}

static void build_vlan_cut(struct frame *f)
{
	frame_eth(f, ETH_VLAN);
	frame_payload(f, 3);
}

/* Hop-by-hop, destination options, routing, then UDP. */
static void build_v6_extensions(struct frame *f)
{
	frame_eth(f, ETH_IPV6);
	frame_ipv6(f, 0);
	frame_ext(f, 60, 8);
	frame_ext(f, 43, 16);
	frame_ext(f, 17, 24);
	frame_udp(f);
}

static void build_v6_ah(struct frame *f)
{
	frame_eth(f, ETH_IPV6);
	frame_ipv6(f, 51);
	frame_ext(f, 6, 24);
	f->data[14 + 40 + 1] = 4; /* in words, less two */
	frame_tcp(f, 0);
}

static void build_v6_first_fragment(struct frame *f)
{
	frame_eth(f, ETH_IPV6);
	frame_ipv6(f, 44);
	frame_ext(f, 17, 8);
	f->data[14 + 40 + 3] = 1;
	frame_udp(f);
}

static void build_v6_later_fragment(struct frame *f)
{
	build_v6_first_fragment(f);
	f->data[14 + 40 + 2] = 1;
}

static void build_v6_no_next(struct frame *f)
{
	frame_eth(f, ETH_IPV6);
	frame_ipv6(f, 59);
	frame_payload(f, 8);
}

/* An attacker's chain of options without end. */
static void build_v6_endless(struct frame *f)
{
	u32 i;

	frame_eth(f, ETH_IPV6);
	frame_ipv6(f, 60);
	for (i = 0; i < 100; i++)
		frame_ext(f, 60, 8);
}

static void build_v6_extension_cut(struct frame *f)
{
	frame_eth(f, ETH_IPV6);
	frame_ipv6(f, 0);
	frame_ext(f, 6, 8);
	f->data[14 + 40 + 1] = 255;
	frame_tcp(f, 0);
}

struct row {
	void (*build)(struct frame *f);
	struct netif_header want;
};

#define P4 ETH_IPV4
#define P6 ETH_IPV6
/* l3_proto, vlan, l3_off, l4_off, payload_off, l4_proto, fragment */
static const struct row rows[] = {
	{ build_none, { 0, 0, 0, 0, 0, 0, false } },
	{ build_arp, { 0x0806, 0, 0, 0, 0, 0, false } },
	{ build_v4_tcp, { P4, 0, 14, 34, 54, 6, false } },
	{ build_v4_options, { P4, 0, 14, 74, 134, 6, false } },
	{ build_v4_udp_vlan, { P4, 0x123, 18, 38, 46, 17, false } },
	{ build_v6_qinq, { P6, 7, 22, 62, 94, 6, false } },
	{ build_triple_tag, { ETH_VLAN, 7, 0, 0, 0, 0, false } },
	{ build_v4_first_fragment, { P4, 0, 14, 34, 42, 17, true } },
	{ build_v4_later_fragment, { P4, 0, 14, 0, 0, 17, true } },
	{ build_v4_icmp, { P4, 0, 14, 34, 0, 1, false } },
	{ build_v4_short_ihl, { P4, 0, 0, 0, 0, 0, false } },
	{ build_v4_wrong_version, { P4, 0, 0, 0, 0, 0, false } },
	{ build_v4_tcp_short_doff, { P4, 0, 14, 34, 0, 6, false } },
	{ build_v4_tcp_options_cut, { P4, 0, 14, 34, 0, 6, false } },
	{ build_v4_tcp_cut, { P4, 0, 14, 0, 0, 6, false } },
	{ build_v4_cut, { P4, 0, 0, 0, 0, 0, false } },
	{ build_vlan_cut, { ETH_VLAN, 0, 0, 0, 0, 0, false } },
	{ build_v6_extensions, { P6, 0, 14, 102, 110, 17, false } },
	{ build_v6_ah, { P6, 0, 14, 78, 98, 6, false } },
	{ build_v6_first_fragment, { P6, 0, 14, 62, 70, 17, true } },
	{ build_v6_later_fragment, { P6, 0, 14, 0, 0, 17, true } },
	{ build_v6_no_next, { P6, 0, 14, 0, 0, 59, false } },
	{ build_v6_endless, { P6, 0, 14, 0, 0, 0, false } },
	{ build_v6_extension_cut, { P6, 0, 14, 0, 0, 0, false } },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

START_TEST(test_header_parse)
{
	const struct netif_header *want = &rows[_i].want;
	struct netif_header h;
	struct frame f;

	rows[_i].build(&f);
	netif_header_parse(f.data, f.len, &h);
	ck_assert_uint_eq(h.l3_proto, want->l3_proto);
	ck_assert_uint_eq(h.vlan, want->vlan);
	ck_assert_uint_eq(h.l3_off, want->l3_off);
	ck_assert_uint_eq(h.l4_off, want->l4_off);
	ck_assert_uint_eq(h.payload_off, want->payload_off);
	ck_assert_uint_eq(h.l4_proto, want->l4_proto);
	ck_assert_int_eq(h.fragment, want->fragment);
}
END_TEST

/* Every cut of every frame: offsets stay within; ASan watches the reads. */
START_TEST(test_header_every_cut)
{
	struct frame f;
	u32 len;

	rows[_i].build(&f);
	for (len = 0; len <= f.len; len++) {
		u8 *copy = malloc(len);
		struct netif_header h;

		memcpy(copy, f.data, len);
		netif_header_parse(copy, len, &h);
		free(copy);
		ck_assert_uint_le(h.l3_off, len);
		ck_assert_uint_le(h.l4_off, len);
		ck_assert_uint_le(h.payload_off, len);
		ck_assert(!h.payload_off || h.l4_off);
		ck_assert(!h.l4_off || h.l3_off);
	}
}
END_TEST

static u16 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

/* RFC 1071 and the pseudo header, by the book: what netif_csum_fill() must arrive at. */
static u32 sum_bytes(const u8 *p, u32 len)
{
	u32 sum = 0, i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (u32)p[i] << 8;
	return fold(sum);
}

static u16 pseudo(const struct frame *f, const struct netif_header *h, u32 l4_len)
{
	bool v4 = h->l3_proto == ETH_IPV4;

	return fold(sum_bytes(f->data + h->l3_off + (v4 ? 12 : 8), v4 ? 8 : 32) + h->l4_proto +
		    (l4_len & 0xffff) + (l4_len >> 16));
}

static u8 *csum_field(struct frame *f, const struct netif_header *h)
{
	return f->data + h->l4_off + (h->l4_proto == 6 ? 16 : 6);
}

static void set16(u8 *p, u16 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* A blank-checksum frame of random shape, its IP lengths filled in. */
static u32 random_blank(struct frame *f, struct netif_header *h, u32 *seed, u32 padding)
{
	bool v4 = rnd(seed) & 1, tcp = rnd(seed) & 2;
	u32 end, i;

	frame_eth(f, v4 ? ETH_IPV4 : ETH_IPV6);
	if (v4)
		frame_ipv4(f, tcp ? 6 : 17, 4 * rnd_below(seed, 3), 0);
	else
		frame_ipv6(f, tcp ? 6 : 17);
	if (tcp)
		frame_tcp(f, 4 * rnd_below(seed, 5));
	else
		frame_udp(f);
	i = f->len;
	frame_payload(f, rnd_below(seed, 1400));
	for (; i < f->len; i++)
		f->data[i] = (u8)rnd(seed);
	end = f->len;
	netif_header_parse(f->data, f->len, h);
	if (v4)
		set16(f->data + 16, (u16)(end - 14));
	else
		set16(f->data + 18, (u16)(end - 54));
	set16(csum_field(f, h), pseudo(f, h, end - h->l4_off));
	frame_payload(f, padding);
	return end;
}

START_TEST(test_header_csum_fill)
{
	u32 seed = 3, round;

	for (round = 0; round < 5000; round++) {
		struct netif_header h;
		struct frame f;
		u32 end = random_blank(&f, &h, &seed, round % 7);
		u32 l4_len = end - h.l4_off;

		ck_assert_int_eq(netif_csum_fill(f.data, f.len), NETIF_OK);
		/* A right checksum makes the whole sum to all ones. */
		ck_assert_uint_eq(fold(pseudo(&f, &h, l4_len) + sum_bytes(f.data + h.l4_off, l4_len)),
				  0xffff);
	}
}
END_TEST

/* A sum of zero is sent as 0xffff by UDP, as 0 by TCP. */
START_TEST(test_header_csum_zero)
{
	struct frame f;

	frame_eth(&f, ETH_IPV4);
	frame_ipv4(&f, 17, 0, 0);
	memset(f.data + 14 + 12, 0, 8);
	frame_udp(&f);
	memset(f.data + 34, 0, 8);
	set16(f.data + 16, 28);
	set16(f.data + 34 + 6, 0xffff);
	ck_assert_int_eq(netif_csum_fill(f.data, f.len), NETIF_OK);
	ck_assert_uint_eq(f.data[40] << 8 | f.data[41], 0xffff);
}
END_TEST

/* IP lengths that talk nonsense: the frame's end counts, nothing is read beyond. */
START_TEST(test_header_csum_ip_length)
{
	static const u16 lengths[] = { 0, 20, 0xffff };
	struct netif_header h;
	struct frame f;
	u32 l4_len;

	build_v4_tcp(&f);
	set16(f.data + 16, lengths[_i]);
	netif_header_parse(f.data, f.len, &h);
	l4_len = f.len - h.l4_off;
	set16(csum_field(&f, &h), pseudo(&f, &h, l4_len));
	ck_assert_int_eq(netif_csum_fill(f.data, f.len), NETIF_OK);
	ck_assert_uint_eq(fold(pseudo(&f, &h, l4_len) + sum_bytes(f.data + h.l4_off, l4_len)), 0xffff);
}
END_TEST

static enum netif_error vnet(struct netif_vnet *v, struct frame *f, u8 csum, u8 gso, u16 gso_size)
{
	struct netif_meta m = { .len = f->len, .csum = csum, .gso_type = gso, .gso_size = gso_size };
	u32 hlen = f->len < NETIF_HEADER_MAX ? f->len : NETIF_HEADER_MAX;

	return netif_vnet_from_meta(v, &m, f->data, hlen);
}

START_TEST(test_header_vnet_plain)
{
	static const struct netif_vnet zero;
	struct netif_vnet v;
	struct frame f;

	build_arp(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_NONE, 0, 0), NETIF_OK);
	ck_assert_mem_eq(&v, &zero, sizeof(v));
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_VALID, 0, 0), NETIF_OK);
	ck_assert_uint_eq(v.flags, 2);
	ck_assert_uint_eq(sizeof(v), 12);
}
END_TEST

START_TEST(test_header_vnet_csum)
{
	struct netif_vnet v;
	struct frame f;

	build_v4_udp_vlan(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, 0, 0), NETIF_OK);
	ck_assert_uint_eq(v.flags, 1);
	ck_assert_uint_eq(v.gso_type, 0);
	ck_assert_uint_eq(v.csum_start, 38);
	ck_assert_uint_eq(v.csum_offset, 6);
	build_v6_ah(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, 0, 0), NETIF_OK);
	ck_assert_uint_eq(v.csum_start, 78);
	ck_assert_uint_eq(v.csum_offset, 16);
	build_v4_first_fragment(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, 0, 0), NETIF_ERR_TX_CSUM_HEADER);
	build_v4_tcp_cut(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, 0, 0), NETIF_ERR_TX_CSUM_HEADER);
}
END_TEST

START_TEST(test_header_vnet_gso)
{
	struct netif_vnet v;
	struct frame f;

	build_v4_tcp(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, NETIF_GSO_TYPE_TCPV4, 1448), NETIF_OK);
	ck_assert_uint_eq(v.flags, 1);
	ck_assert_uint_eq(v.gso_type, 1);
	ck_assert_uint_eq(v.gso_size, 1448);
	ck_assert_uint_eq(v.hdr_len, 54);
	ck_assert_uint_eq(v.csum_start, 34);
	f.data[34 + 13] = 0x80; /* CWR */
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, NETIF_GSO_TYPE_TCPV4, 1448), NETIF_OK);
	ck_assert_uint_eq(v.gso_type, 0x81);
	build_v6_qinq(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, NETIF_GSO_TYPE_TCPV6, 1428), NETIF_OK);
	ck_assert_uint_eq(v.gso_type, 4);
	ck_assert_uint_eq(v.hdr_len, 94);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, NETIF_GSO_TYPE_TCPV4, 1428),
			 NETIF_ERR_TX_GSO_HEADER);
	build_v4_tcp_options_cut(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, NETIF_GSO_TYPE_TCPV4, 1448),
			 NETIF_ERR_TX_GSO_HEADER);
	build_v4_udp_vlan(&f);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_BLANK, NETIF_GSO_TYPE_TCPV4, 1448),
			 NETIF_ERR_TX_GSO_HEADER);
}
END_TEST

/* An old front end's GSO frame with a full checksum: the field becomes the pseudo header's sum. */
START_TEST(test_header_vnet_fixup)
{
	void (*const builds[])(struct frame *) = { build_v4_tcp, build_v6_qinq };
	struct netif_header h;
	struct netif_vnet v;
	struct frame f;

	builds[_i](&f);
	netif_header_parse(f.data, f.len, &h);
	set16(csum_field(&f, &h), 0x1234);
	ck_assert_int_eq(vnet(&v, &f, NETIF_CSUM_NONE,
			      _i ? NETIF_GSO_TYPE_TCPV6 : NETIF_GSO_TYPE_TCPV4, 1000), NETIF_OK);
	ck_assert_uint_eq(v.flags, 1);
	ck_assert_uint_eq(csum_field(&f, &h)[0] << 8 | csum_field(&f, &h)[1],
			  pseudo(&f, &h, f.len - h.l4_off));
}
END_TEST

START_TEST(test_header_vnet_to_meta)
{
	static const struct {
		struct netif_vnet v;
		struct netif_meta m;
	} table[] = {
		{ { 0, 0, 0, 0, 0, 0, 1 }, { .csum = NETIF_CSUM_NONE } },
		{ { 1, 0, 0, 0, 34, 16, 1 }, { .csum = NETIF_CSUM_BLANK } },
		{ { 2, 0, 0, 0, 0, 0, 1 }, { .csum = NETIF_CSUM_VALID } },
		{ { 1, 1, 54, 1448, 34, 16, 1 }, { .csum = NETIF_CSUM_BLANK, .gso_type = 1, .gso_size = 1448 } },
		{ { 1, 0x84, 74, 1428, 54, 16, 1 }, { .csum = NETIF_CSUM_BLANK, .gso_type = 2, .gso_size = 1428 } },
	};
	struct netif_meta m;

	netif_meta_from_vnet(&m, &table[_i].v, 777);
	ck_assert_uint_eq(m.len, 777);
	ck_assert_uint_eq(m.csum, table[_i].m.csum);
	ck_assert_uint_eq(m.gso_type, table[_i].m.gso_type);
	ck_assert_uint_eq(m.gso_size, table[_i].m.gso_size);
	ck_assert_uint_eq(m.hash_type, 0);
}
END_TEST

TCase *netif_header_case(void)
{
	TCase *c = tcase_create("header");

	tcase_add_loop_test(c, test_header_parse, 0, (int)ROWS);
	tcase_add_loop_test(c, test_header_every_cut, 0, (int)ROWS);
	tcase_add_test(c, test_header_csum_fill);
	tcase_add_test(c, test_header_csum_zero);
	tcase_add_loop_test(c, test_header_csum_ip_length, 0, 3);
	tcase_add_test(c, test_header_vnet_plain);
	tcase_add_test(c, test_header_vnet_csum);
	tcase_add_test(c, test_header_vnet_gso);
	tcase_add_loop_test(c, test_header_vnet_fixup, 0, 2);
	tcase_add_loop_test(c, test_header_vnet_to_meta, 0, 5);
	return c;
}
