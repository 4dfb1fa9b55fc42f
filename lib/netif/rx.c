// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "rx.h"

int netif_rx_take(struct netif_back_ring *r, struct netif_rx_req *reqs, u32 max)
{
	int pending = netif_back_pending(r);
	u32 n, i;

	if (pending < 0)
		return pending;
	n = (u32)pending < max ? (u32)pending : max;
	for (i = 0; i < n; i++)
		netif_snapshot(&reqs[i], NETIF_SLOT(union netif_rx_slot, r, r->req_cons + i), 2);
	r->req_cons += n;
	return (int)n;
}

/* A headroom that leaves nothing of the buffer makes it a bad one. */
static struct netif_rx_part behind_headroom(struct netif_rx_part buffer, u32 headroom)
{
	if (headroom >= buffer.size) {
		buffer.size = 0;
		return buffer;
	}
	buffer.offset = (u16)(buffer.offset + headroom);
	buffer.size = (u16)(buffer.size - headroom);
	return buffer;
}

u32 netif_rx_lay(const struct netif_rx_req *reqs, u32 n, const struct netif_meta *m, bool halves,
		 struct netif_rx_part *parts, bool *bad)
{
	const u32 extras = netif_rx_extras(m);
	u32 left = m->len, slot = 0;

	*bad = false;
	do {
		if (slot >= n)
			return 0;
		*parts = netif_rx_buffer(&reqs[slot], halves);
		if (!slot && m->headroom)
			*parts = behind_headroom(*parts, m->headroom);
		*bad = !parts->size;
		if (parts->size > left)
			parts->size = (u16)left;
		left -= parts->size;
		parts++;
		slot += slot ? 1 : 1 + extras;
	} while (left && !*bad);
	return slot <= n ? slot : 0;
}

static const u16 flags_of_csum[] = {
	[NETIF_CSUM_NONE] = 0,
	[NETIF_CSUM_BLANK] = NETIF_RXF_CSUM_BLANK | NETIF_RXF_DATA_VALIDATED,
	[NETIF_CSUM_VALID] = NETIF_RXF_DATA_VALIDATED,
};

/* In the order of their types, as xen-netback; left: how many there are. */
static void respond_extras(struct netif_back_ring *r, const struct netif_meta *m, u32 left)
{
	union netif_rx_slot s;

	if (m->gso_type) {
		s.extra = (struct netif_extra){ .type = NETIF_EXTRA_TYPE_GSO };
		s.extra.flags = --left ? NETIF_EXTRA_FLAG_MORE : 0;
		s.extra.u.gso.type = m->gso_type;
		s.extra.u.gso.size = m->gso_size;
		netif_back_put(r, NETIF_RX_SHAPE, &s);
	}
	if (m->hash_type) {
		netif_meta_put_hash(m, &s.extra);
		s.extra.flags = --left ? NETIF_EXTRA_FLAG_MORE : 0;
		netif_back_put(r, NETIF_RX_SHAPE, &s);
	}
	if (m->headroom) {
		s.extra = (struct netif_extra){ .type = NETIF_EXTRA_TYPE_XDP };
		s.extra.u.xdp.headroom = m->headroom;
		netif_back_put(r, NETIF_RX_SHAPE, &s);
	}
}

void netif_rx_respond(struct netif_back_ring *r, const struct netif_rx_req *reqs,
		      const struct netif_meta *m, const struct netif_rx_part *parts, u32 nparts,
		      s16 status)
{
	u32 extras = netif_rx_extras(m);
	u16 flags = flags_of_csum[m->csum] | (extras ? NETIF_RXF_EXTRA_INFO : 0);
	union netif_rx_slot s;
	u32 i;

	for (i = 0; i < nparts; i++) {
		if (i + 1 < nparts)
			flags |= NETIF_RXF_MORE_DATA;
		s.rsp = (struct netif_rx_rsp){
			.id = reqs->id,
			.offset = parts[i].offset,
			.flags = flags,
			.status = status < 0 ? status : (s16)parts[i].size,
		};
		netif_back_put(r, NETIF_RX_SHAPE, &s);
		reqs++;
		flags = 0;
		if (i == 0 && extras) {
			respond_extras(r, m, extras);
			reqs += extras;
		}
	}
}
