// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "header.h"

#define ETH_P_IPV4 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_VLAN 0x8100
#define ETH_P_QINQ 0x88a8
#define MAX_TAGS 2

#define PROTO_HOPOPTS 0
#define PROTO_TCP 6
#define PROTO_UDP 17
#define PROTO_ROUTING 43
#define PROTO_FRAGMENT 44
#define PROTO_AH 51
#define PROTO_NONE 59
#define PROTO_DSTOPTS 60
/* Each extension header may come once, destination options twice (RFC 8200, 4.1). */
#define MAX_EXTENSIONS 6

#define IPV4_HLEN 20u
#define IPV6_HLEN 40u
#define TCP_HLEN 20u
#define UDP_HLEN 8u
#define TCP_CSUM 16u
#define UDP_CSUM 6u
#define TCP_CWR 0x80

#define VNET_NEEDS_CSUM 1
#define VNET_DATA_VALID 2
#define VNET_GSO_TCPV4 1
#define VNET_GSO_TCPV6 4
#define VNET_GSO_ECN 0x80

static inline u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline void put16(u8 *p, u16 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* Off the Ethernet header and its tags; returns the L3 offset, 0 where cut short. */
static u32 parse_ethernet(const u8 *buf, u32 len, struct netif_header *h)
{
	u32 off = NETIF_ETH_HLEN, tags;

	if (len < off)
		return 0;
	h->l3_proto = get16(buf + 12);
	for (tags = 0; tags < MAX_TAGS; tags++) {
		if (h->l3_proto != ETH_P_VLAN && h->l3_proto != ETH_P_QINQ)
			break;
		if (len < off + 4)
			return 0;
		if (!tags)
			h->vlan = get16(buf + off) & 0xfff;
		h->l3_proto = get16(buf + off + 2);
		off += 4;
	}
	return off;
}

/* Returns the L4 offset, 0 where there is no L4 header. */
static u32 parse_ipv4(const u8 *buf, u32 len, u32 off, struct netif_header *h)
{
	u32 hlen, frag;

	if (len < off + IPV4_HLEN || buf[off] >> 4 != 4)
		return 0;
	hlen = (buf[off] & 0xfu) * 4;
	if (hlen < IPV4_HLEN || len < off + hlen)
		return 0;
	h->l3_off = (u16)off;
	h->l4_proto = buf[off + 9];
	frag = get16(buf + off + 6) & 0x3fffu; /* more-fragments and the offset */
	h->fragment = frag != 0;
	return frag & 0x1fff ? 0 : off + hlen;
}

/* Bytes of the extension header at p; 0: 'next' is no extension header. */
static u32 extension_len(u8 next, const u8 *p)
{
	switch (next) {
	case PROTO_HOPOPTS:
	case PROTO_ROUTING:
	case PROTO_DSTOPTS:
		return (p[1] + 1u) * 8;
	case PROTO_FRAGMENT:
		return 8;
	case PROTO_AH:
		return (p[1] + 2u) * 4;
	default:
		return 0;
	}
}

static u32 parse_ipv6(const u8 *buf, u32 len, u32 off, struct netif_header *h)
{
	u32 i, ext;
	u8 next;

	if (len < off + IPV6_HLEN || buf[off] >> 4 != 6)
		return 0;
	h->l3_off = (u16)off;
	next = buf[off + 6];
	off += IPV6_HLEN;
	for (i = 0; i <= MAX_EXTENSIONS; i++) {
		if (len < off + 8)
			return 0;
		ext = extension_len(next, buf + off);
		if (!ext) {
			h->l4_proto = next;
			return next == PROTO_NONE ? 0 : off;
		}
		if (next == PROTO_FRAGMENT) {
			h->fragment = true;
			h->l4_proto = buf[off];
			if (get16(buf + off + 2) & 0xfff8)
				return 0;
		}
		next = buf[off];
		off += ext;
	}
	return 0;
}

static void parse_l4(const u8 *buf, u32 len, u32 off, struct netif_header *h)
{
	u32 hlen = 0, need = 1;

	if (h->l4_proto == PROTO_TCP)
		need = TCP_HLEN;
	else if (h->l4_proto == PROTO_UDP)
		need = hlen = UDP_HLEN;
	if (len < off + need)
		return;
	h->l4_off = (u16)off;
	if (h->l4_proto == PROTO_TCP)
		hlen = (buf[off + 12] >> 4) * 4u;
	if (hlen >= need && len >= off + hlen)
		h->payload_off = (u16)(off + hlen);
}

void netif_header_parse(const u8 *buf, u32 len, struct netif_header *h)
{
	u32 l3, l4 = 0;

	memset(h, 0, sizeof(*h));
	/* Headers end long before this; offsets then fit their u16. */
	if (len > NETIF_MAX_TX_SIZE)
		len = NETIF_MAX_TX_SIZE;
	l3 = parse_ethernet(buf, len, h);
	if (!l3)
		return;
	if (h->l3_proto == ETH_P_IPV4)
		l4 = parse_ipv4(buf, len, l3, h);
	else if (h->l3_proto == ETH_P_IPV6)
		l4 = parse_ipv6(buf, len, l3, h);
	if (l4)
		parse_l4(buf, len, l4, h);
}

/* Where the checksum lies behind l4_off; 0: not a protocol that may leave it blank. */
static u32 csum_offset(const struct netif_header *h)
{
	if (!h->l4_off || h->fragment)
		return 0;
	if (h->l4_proto == PROTO_TCP)
		return TCP_CSUM;
	return h->l4_proto == PROTO_UDP ? UDP_CSUM : 0;
}

static u16 csum_fold(u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

/*
 * Add the ones' complement sum of p's big-endian words; not folded.  Four bytes at
 * a time in the CPU's own order, which only the result must leave (RFC 1071, 2 B).
 */
static u64 csum_add(u64 sum, const u8 *p, u32 len)
{
	u8 tail[4] = { 0 };
	u64 words = 0;
	u16 folded;
	u32 w;

	for (; len >= sizeof(w); len -= sizeof(w), p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		words += w;
	}
	memcpy(tail, p, len);
	memcpy(&w, tail, sizeof(w));
	folded = csum_fold(words + w);
	memcpy(tail, &folded, sizeof(folded));
	return sum + get16(tail);
}

static u16 pseudo_sum(const u8 *buf, const struct netif_header *h, u32 l4_len)
{
	u64 sum = (u64)h->l4_proto + l4_len;

	if (h->l3_proto == ETH_P_IPV4)
		sum = csum_add(sum, buf + h->l3_off + 12, 8);
	else
		sum = csum_add(sum, buf + h->l3_off + 8, 32);
	return csum_fold(sum);
}

static bool gso_matches(const struct netif_meta *m, const struct netif_header *h)
{
	u16 proto = m->gso_type == NETIF_GSO_TYPE_TCPV4 ? ETH_P_IPV4 : ETH_P_IPV6;

	return h->l3_proto == proto && h->l4_proto == PROTO_TCP && h->payload_off && !h->fragment;
}

static void vnet_gso(struct netif_vnet *v, const struct netif_meta *m,
		     const struct netif_header *h, u8 *hdr)
{
	v->gso_type = m->gso_type == NETIF_GSO_TYPE_TCPV4 ? VNET_GSO_TCPV4 : VNET_GSO_TCPV6;
	/* CWR belongs into the first segment only; the segmenter must know. */
	if (hdr[h->l4_off + 13] & TCP_CWR)
		v->gso_type |= VNET_GSO_ECN;
	v->gso_size = m->gso_size;
	v->hdr_len = h->payload_off;
	if (m->csum != NETIF_CSUM_BLANK)
		put16(hdr + h->l4_off + TCP_CSUM, pseudo_sum(hdr, h, m->len - h->l4_off));
}

enum netif_error netif_vnet_from_meta(struct netif_vnet *v, const struct netif_meta *m, u8 *hdr,
				      u32 hlen)
{
	struct netif_header h;
	u32 offset;

	memset(v, 0, sizeof(*v));
	if (m->csum != NETIF_CSUM_BLANK && !m->gso_type) {
		v->flags = m->csum == NETIF_CSUM_VALID ? VNET_DATA_VALID : 0;
		return NETIF_OK;
	}
	netif_header_parse(hdr, hlen < m->len ? hlen : m->len, &h);
	if (m->gso_type && !gso_matches(m, &h))
		return NETIF_ERR_TX_GSO_HEADER;
	offset = csum_offset(&h);
	if (!offset)
		return NETIF_ERR_TX_CSUM_HEADER;
	v->flags = VNET_NEEDS_CSUM;
	v->csum_start = h.l4_off;
	v->csum_offset = (u16)offset;
	if (m->gso_type)
		vnet_gso(v, m, &h, hdr);
	return NETIF_OK;
}

void netif_meta_from_vnet(struct netif_meta *m, const struct netif_vnet *v, u32 len)
{
	u8 gso = v->gso_type & (0xffu ^ VNET_GSO_ECN);

	memset(m, 0, sizeof(*m));
	m->len = len;
	if (v->flags & VNET_NEEDS_CSUM)
		m->csum = NETIF_CSUM_BLANK;
	else if (v->flags & VNET_DATA_VALID)
		m->csum = NETIF_CSUM_VALID;
	if (gso == VNET_GSO_TCPV4)
		m->gso_type = NETIF_GSO_TYPE_TCPV4;
	else if (gso == VNET_GSO_TCPV6)
		m->gso_type = NETIF_GSO_TYPE_TCPV6;
	if (m->gso_type)
		m->gso_size = v->gso_size;
}

/* Where IP says the packet ends (short frames are padded); the frame's end if IP talks nonsense. */
static u32 ip_end(const u8 *frame, u32 len, const struct netif_header *h, u32 csum)
{
	u32 end;

	if (h->l3_proto == ETH_P_IPV4)
		end = h->l3_off + get16(frame + h->l3_off + 2);
	else
		end = h->l3_off + IPV6_HLEN + get16(frame + h->l3_off + 4);
	return end <= len && end >= csum + 2 ? end : len;
}

enum netif_error netif_csum_fill(u8 *frame, u32 len)
{
	struct netif_header h;
	u32 offset, end;
	u16 sum;

	netif_header_parse(frame, len, &h);
	offset = csum_offset(&h);
	if (!offset)
		return NETIF_ERR_TX_CSUM_HEADER;
	end = ip_end(frame, len, &h, h.l4_off + offset);
	/* The field holds the pseudo header's sum: summed with the rest, it is the whole. */
	sum = (u16)~csum_fold(csum_add(0, frame + h.l4_off, end - h.l4_off));
	/* To UDP 0 means "no checksum" (RFC 768). */
	put16(frame + h.l4_off + offset, sum || h.l4_proto != PROTO_UDP ? sum : 0xffff);
	return NETIF_OK;
}
