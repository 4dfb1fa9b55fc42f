/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Packet headers, parsed from a private copy, every length checked. */
#ifndef NETIF_HEADER_H
#define NETIF_HEADER_H

#include "error.h"
#include "meta.h"

/* Enough for Ethernet + QinQ + IPv6 with extensions + TCP with options. */
#define NETIF_HEADER_MAX 128u
#define NETIF_ETH_HLEN 14u

struct netif_header {
	u16 l3_proto;	 /* ethertype behind VLAN tags, host order */
	u16 vlan;	 /* VLAN id of the outer tag, 0 without one */
	u16 l3_off;	 /* 0: not IP */
	u16 l4_off;	 /* 0: no L4 header here (not IP, a later fragment, cut short) */
	u16 payload_off; /* behind the TCP/UDP header; 0 where there is none */
	u8 l4_proto;	 /* IPPROTO_*: 6 TCP, 17 UDP */
	bool fragment;	 /* IP fragment, first or later */
};

/*
 * Never fails: what cannot be parsed stays 0, what is not 0 lies within len.
 * len: bytes at buf (a prefix of the frame will do).
 */
void netif_header_parse(const u8 *buf, u32 len, struct netif_header *h);

/* virtio_net_hdr_mrg_rxbuf, 12 bytes, little-endian fields (TUNSETVNETLE not needed on x86). */
struct netif_vnet {
	u8 flags;    /* 1 NEEDS_CSUM, 2 DATA_VALID */
	u8 gso_type; /* 0, 1 TCPV4, 4 TCPV6, | 0x80 ECN */
	u16 hdr_len;
	u16 gso_size;
	u16 csum_start;
	u16 csum_offset;
	u16 num_buffers;
};

/*
 * netif -> virtio.  hdr: private, writable copy of the frame's first hlen bytes:
 * a GSO frame without NETIF_CSUM_BLANK gets its pseudo-header sum written here,
 * as netback does for old front ends.  Returns 0 or the packet's error.
 */
enum netif_error netif_vnet_from_meta(struct netif_vnet *v, const struct netif_meta *m, u8 *hdr,
				      u32 hlen);
/* virtio -> netif; the kernel on the other side of a TAP is trusted.  len: frame bytes. */
void netif_meta_from_vnet(struct netif_meta *m, const struct netif_vnet *v, u32 len);

/* Software segmentation is never needed: a port that lacks GSO never gets such frames. */

/*
 * Fill in a blank L4 checksum, for a peer without checksum offload.  The frame
 * is contiguous and private.  Returns 0 or NETIF_ERR_TX_CSUM_HEADER.
 */
enum netif_error netif_csum_fill(u8 *frame, u32 len);

#endif
