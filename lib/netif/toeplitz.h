/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The Toeplitz hash of netif.h (xen_netif_toeplitz_hash), table-driven: 12 look-ups
 * for a v4 4-tuple, 36 for a v6 one.
 */
#ifndef NETIF_TOEPLITZ_H
#define NETIF_TOEPLITZ_H

#include "header.h"

#define NETIF_TOEPLITZ_KEY_MAX 40
#define NETIF_TOEPLITZ_INPUT_MAX 36 /* v6 addresses and ports */

struct netif_toeplitz {
	u32 table[NETIF_TOEPLITZ_INPUT_MAX][256]; /* 36 KiB */
};

/* keylen <= 40; shorter keys are continued with zeros; keylen 0: the hash is always 0. */
void netif_toeplitz_init(struct netif_toeplitz *t, const u8 *key, u32 keylen);
u32 netif_toeplitz(const struct netif_toeplitz *t, const u8 *data, u32 len);

/*
 * Hash of a frame by the maximal enabled type (netif.h: types is a mask of
 * NETIF_HASH_TYPE_*).  Returns the type used, 0 where none applies.
 */
u8 netif_toeplitz_frame(const struct netif_toeplitz *t, u32 types, const u8 *frame,
			const struct netif_header *h, u32 len, u32 *hash);

#endif
