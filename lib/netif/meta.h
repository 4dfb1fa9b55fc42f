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
	u16 headroom; /* guest receive: bytes left free before the frame in its first buffer */
	u32 hash;     /* Toeplitz, host order */
};

/* A hash extra's type is the bit's number (netif.h: _XEN_NETIF_CTRL_HASH_TYPE_*), its value
 * little-endian. */
static inline void netif_meta_put_hash(const struct netif_meta *m, struct netif_extra *x)
{
	struct netif_extra hash = { .type = NETIF_EXTRA_TYPE_HASH };
	u32 i;

	hash.u.hash.type = (u8)__builtin_ctz(m->hash_type);
	hash.u.hash.algorithm = NETIF_HASH_ALGORITHM_TOEPLITZ;
	for (i = 0; i < 4; i++)
		hash.u.hash.value[i] = (u8)(m->hash >> (8 * i));
	*x = hash;
}

/* A hash of another type or algorithm is of no use to anyone: left out. */
static inline void netif_meta_take_hash(struct netif_meta *m, const struct netif_extra *x)
{
	const u8 *v = x->u.hash.value;

	if (x->u.hash.type > 3 || x->u.hash.algorithm != NETIF_HASH_ALGORITHM_TOEPLITZ)
		return;
	m->hash_type = (u8)(1u << x->u.hash.type);
	m->hash = v[0] | (u32)v[1] << 8 | (u32)v[2] << 16 | (u32)v[3] << 24;
}

#endif
