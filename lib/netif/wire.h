/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The wire formats of Xen's netif protocol (xen/include/public/io/netif.h),
 * written out so that the same text compiles in userspace and in the kernel.
 * tests/unit checks every size, offset and constant against Xen's own header.
 */
#ifndef NETIF_WIRE_H
#define NETIF_WIRE_H

#include "platform.h"

/* Common head of every shared ring (io/ring.h); the slots start at byte 64. */
struct netif_sring {
	u32 req_prod;
	u32 req_event;
	u32 rsp_prod;
	u32 rsp_event;
	u8 pad[40];
	/*
	 * Padding, too (io/ring.h), which SHARED_RING_INIT() clears and nobody reads: a back end may know
	 * by it the ring that it marked, as long as the front end has not made it anew.
	 */
	u32 mark[2];
};

#define NETIF_TX_RING_SIZE 256 /* slots in the one 4 KiB page: __RING_SIZE() */
#define NETIF_RX_RING_SIZE 256
#define NETIF_CTRL_RING_SIZE 128

/* netif_tx_request.flags */
#define NETIF_TXF_CSUM_BLANK 0x01 /* checksum not filled in, pseudo header is */
#define NETIF_TXF_DATA_VALIDATED 0x02
#define NETIF_TXF_MORE_DATA 0x04
#define NETIF_TXF_EXTRA_INFO 0x08

/* First slot: size is the whole packet's.  Further slots: their own bytes. */
struct netif_tx_req {
	u32 gref;
	u16 offset;
	u16 flags;
	u16 id;
	u16 size;
};

struct netif_tx_rsp {
	u16 id;
	s16 status;
};

/* netif_rx_response.flags */
#define NETIF_RXF_DATA_VALIDATED 0x01
#define NETIF_RXF_CSUM_BLANK 0x02
#define NETIF_RXF_MORE_DATA 0x04
#define NETIF_RXF_EXTRA_INFO 0x08
#define NETIF_RXF_GSO_PREFIX 0x10

struct netif_rx_req {
	u16 id;
	u16 pad; /* NETIF_RX_* where half pages were agreed on, else nothing */
	u32 gref;
};

/* netif_rx_request.pad, an extension: which part of the page is the buffer (netif-ng(7)). */
#define NETIF_RX_WHOLE 0
#define NETIF_RX_LOWER 1 /* bytes 0 to 2047 */
#define NETIF_RX_UPPER 2

struct netif_rx_rsp {
	u16 id;
	u16 offset;
	u16 flags;
	s16 status; /* < 0: NETIF_RSP_*; otherwise bytes in this slot */
};

#define NETIF_RSP_DROPPED (-2)
#define NETIF_RSP_ERROR (-1)
#define NETIF_RSP_OKAY 0
#define NETIF_RSP_NULL 1 /* the slot carried an extra, it has no id */

#define NETIF_EXTRA_TYPE_GSO 1
#define NETIF_EXTRA_TYPE_MCAST_ADD 2
#define NETIF_EXTRA_TYPE_MCAST_DEL 3
#define NETIF_EXTRA_TYPE_HASH 4
#define NETIF_EXTRA_TYPE_XDP 5 /* in Linux's copy of the header only: a frame's headroom */
#define NETIF_EXTRA_TYPE_MAX 6
#define NETIF_EXTRA_FLAG_MORE 0x01

#define NETIF_GSO_TYPE_NONE 0
#define NETIF_GSO_TYPE_TCPV4 1
#define NETIF_GSO_TYPE_TCPV6 2

struct netif_extra {
	u8 type;
	u8 flags;
	union {
		struct {
			u16 size; /* MSS: payload bytes of each segment */
			u8 type;
			u8 pad;
			u16 features;
		} gso;
		struct {
			u8 addr[6];
		} mcast;
		struct {
			u8 type;
			u8 algorithm;
			u8 value[4];
		} hash;
		struct {
			u16 headroom;
			u16 pad[2];
		} xdp;
	} u;
};

union netif_tx_slot {
	struct netif_tx_req req;
	struct netif_tx_rsp rsp;
	struct netif_extra extra;
};

union netif_rx_slot {
	struct netif_rx_req req;
	struct netif_rx_rsp rsp;
	struct netif_extra extra;
};

/* A back end must take packets of this many slots (XEN_NETIF_NR_SLOTS_MIN). */
#define NETIF_NR_SLOTS_MIN 18
#define NETIF_MAX_TX_SIZE 0xFFFF

#define NETIF_CTRL_TYPE_INVALID 0
#define NETIF_CTRL_TYPE_GET_HASH_FLAGS 1
#define NETIF_CTRL_TYPE_SET_HASH_FLAGS 2
#define NETIF_CTRL_TYPE_SET_HASH_KEY 3
#define NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE 4
#define NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE 5
#define NETIF_CTRL_TYPE_SET_HASH_MAPPING 6
#define NETIF_CTRL_TYPE_SET_HASH_ALGORITHM 7
#define NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE 8
#define NETIF_CTRL_TYPE_ADD_GREF_MAPPING 9
#define NETIF_CTRL_TYPE_DEL_GREF_MAPPING 10

#define NETIF_CTRL_STATUS_SUCCESS 0
#define NETIF_CTRL_STATUS_NOT_SUPPORTED 1
#define NETIF_CTRL_STATUS_INVALID_PARAMETER 2
#define NETIF_CTRL_STATUS_BUFFER_OVERFLOW 3

#define NETIF_HASH_ALGORITHM_NONE 0
#define NETIF_HASH_ALGORITHM_TOEPLITZ 1
#define NETIF_HASH_TYPE_IPV4 0x1
#define NETIF_HASH_TYPE_IPV4_TCP 0x2
#define NETIF_HASH_TYPE_IPV6 0x4
#define NETIF_HASH_TYPE_IPV6_TCP 0x8

struct netif_ctrl_req {
	u16 id;
	u16 type;
	u32 data[3];
};

struct netif_ctrl_rsp {
	u16 id;
	u16 type;
	u32 status;
	u32 data;
};

union netif_ctrl_slot {
	struct netif_ctrl_req req;
	struct netif_ctrl_rsp rsp;
};

/* One entry of the page that ADD/DEL_GREF_MAPPING name (struct xen_netif_gref). */
#define NETIF_GREF_READONLY 0x1
struct netif_gref {
	u32 ref;
	u16 flags;
	u16 status; /* OUT, DEL only: NETIF_CTRL_STATUS_* */
};

#define NETIF_GREFS_PER_PAGE (NETIF_PAGE_SIZE / sizeof(struct netif_gref))

_Static_assert(sizeof(struct netif_sring) == 64, "ring head");
_Static_assert(sizeof(union netif_tx_slot) == 12, "tx slot");
_Static_assert(sizeof(union netif_rx_slot) == 8, "rx slot");
_Static_assert(sizeof(union netif_ctrl_slot) == 16, "ctrl slot");
_Static_assert(sizeof(struct netif_extra) == 8, "extra info");
_Static_assert(sizeof(struct netif_gref) == 8, "gref entry");

#endif
