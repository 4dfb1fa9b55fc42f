// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "toeplitz.h"

#define ETH_P_IPV4 0x0800
#define PROTO_TCP 6

/* The 32 key bits that stand at bit 'bit' of the input. */
static u32 key_window(const u8 *key, u32 keylen, u32 bit)
{
	u64 bits = 0;
	u32 i, byte = bit / 8;

	for (i = 0; i < 5; i++)
		bits = bits << 8 | (byte + i < keylen ? key[byte + i] : 0);
	return (u32)(bits >> (8 - bit % 8));
}

void netif_toeplitz_init(struct netif_toeplitz *t, const u8 *key, u32 keylen)
{
	u32 pos, bit, v;

	for (pos = 0; pos < NETIF_TOEPLITZ_INPUT_MAX; pos++) {
		u32 *row = t->table[pos];

		row[0] = 0;
		/* Each value is a shorter one plus its highest bit. */
		for (bit = 0; bit < 8; bit++) {
			u32 window = key_window(key, keylen, pos * 8 + 7 - bit);

			for (v = 0; v < 1u << bit; v++)
				row[(1u << bit) + v] = row[v] ^ window;
		}
	}
}

static inline u32 hash_at(const struct netif_toeplitz *t, u32 pos, const u8 *data, u32 len)
{
	u32 hash = 0, i;

	for (i = 0; i < len; i++)
		hash ^= t->table[pos + i][data[i]];
	return hash;
}

u32 netif_toeplitz(const struct netif_toeplitz *t, const u8 *data, u32 len)
{
	return hash_at(t, 0, data, len < NETIF_TOEPLITZ_INPUT_MAX ? len : NETIF_TOEPLITZ_INPUT_MAX);
}

u8 netif_toeplitz_frame(const struct netif_toeplitz *t, u32 types, const u8 *frame,
			const struct netif_header *h, u32 len, u32 *hash)
{
	bool v4 = h->l3_proto == ETH_P_IPV4;
	u32 l3_type = v4 ? NETIF_HASH_TYPE_IPV4 : NETIF_HASH_TYPE_IPV6;
	u32 l4_type = v4 ? NETIF_HASH_TYPE_IPV4_TCP : NETIF_HASH_TYPE_IPV6_TCP;
	bool ports = h->l4_proto == PROTO_TCP && h->l4_off && !h->fragment;

	/* h tells that the headers are within len: see netif_header_parse(). */
	if (!h->l3_off || !(types & (l3_type | (ports ? l4_type : 0))))
		return 0;
	if (v4)
		*hash = hash_at(t, 0, frame + h->l3_off + 12, 8);
	else
		*hash = hash_at(t, 0, frame + h->l3_off + 8, 32);
	if (!ports || !(types & l4_type))
		return (u8)l3_type;
	*hash ^= hash_at(t, v4 ? 8 : 32, frame + h->l4_off, 4);
	return (u8)l4_type;
}
