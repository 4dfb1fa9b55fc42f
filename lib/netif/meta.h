/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a frame is, beside its bytes: the same for every port (ring, TAP, switch). */
#ifndef NETIF_META_H
#define NETIF_META_H

#include "wire.h"

#define NETIF_CSUM_NONE 0  /* nothing known: the bytes carry a full checksum */
#define NETIF_CSUM_BLANK 1 /* the L4 checksum holds the pseudo header's sum only */
#define NETIF_CSUM_VALID 2 /* full, and already verified */

struct netif_meta {
	u32 len;      /* bytes of the frame, Ethernet header included, no FCS */
	u16 gso_size; /* payload bytes per segment; 0 without GSO */
	u8 gso_type;  /* NETIF_GSO_TYPE_* */
	u8 csum;      /* NETIF_CSUM_* */
	u8 hash_type; /* NETIF_HASH_TYPE_*, 0: no hash */
	u32 hash;     /* Toeplitz, host order */
};

#endif
