// SPDX-License-Identifier: GPL-2.0-or-later
/* Hostile frames: bytes 0-3 the meta data, then the frame, in buffers of exactly its size. */
#include <stdlib.h>

#include "fuzz.h"
#include "lib/netif/header.h"
#include "lib/netif/toeplitz.h"

static void check_header(const struct netif_header *h, u32 len)
{
	fuzz_check(h->l3_off <= len && h->l4_off <= len && h->payload_off <= len);
	fuzz_check(!h->l4_off || h->l4_off > h->l3_off);
	fuzz_check(!h->payload_off || h->payload_off > h->l4_off);
	fuzz_check(!h->l4_off || h->l3_off);
}

static void check_vnet(const struct netif_vnet *v, const struct netif_meta *m, u32 hlen)
{
	if (v->flags & 1)
		fuzz_check(v->csum_start && v->csum_start + v->csum_offset + 2u <= hlen);
	fuzz_check(!v->gso_type == !m->gso_type);
	if (!v->gso_type)
		return;
	fuzz_check((v->flags & 1) && v->gso_size == m->gso_size);
	fuzz_check(v->hdr_len > v->csum_start && v->hdr_len <= hlen);
}

static void fuzz_vnet(const struct netif_meta *m, const u8 *frame, u32 len)
{
	u32 hlen = len < NETIF_HEADER_MAX ? len : NETIF_HEADER_MAX;
	u8 *hdr = malloc(hlen);
	struct netif_meta back;
	struct netif_vnet v;

	memcpy(hdr, frame, hlen);
	if (!netif_vnet_from_meta(&v, m, hdr, hlen)) {
		check_vnet(&v, m, hlen);
		netif_meta_from_vnet(&back, &v, m->len);
		fuzz_check(back.gso_type == m->gso_type && back.gso_size == m->gso_size);
		fuzz_check(back.csum == m->csum || m->gso_type);
	}
	free(hdr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netif_toeplitz t;
	struct fuzz_input in = { data, size };
	struct netif_meta m = { .csum = fuzz_u8(&in) % 3, .gso_type = fuzz_u8(&in) % 3 };
	u32 types = fuzz_u8(&in), hash = 0, len;
	struct netif_header h;
	u8 *frame;

	m.gso_size = m.gso_type ? fuzz_u8(&in) + 1u : 0;
	m.len = len = (u32)in.left;
	frame = malloc(len + 1);
	memcpy(frame, in.data, len);
	frame = realloc(frame, len ? len : 1);
	netif_header_parse(frame, len, &h);
	check_header(&h, len);
	if (netif_toeplitz_frame(&t, types, frame, &h, len, &hash))
		fuzz_check(h.l3_off && (types & 0xf));
	fuzz_vnet(&m, frame, len);
	netif_csum_fill(frame, len);
	free(frame);
	return 0;
}
