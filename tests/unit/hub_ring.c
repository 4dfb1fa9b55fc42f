/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/front_hub.h"

#include <string.h>
#include <xen/grant_table.h>

static uint8_t frame[NETIF_MAX_TX_SIZE + 1];

static int copy_segment(struct hub *h, uint32_t domid, uint32_t gref, uint32_t offset, void *data,
			uint32_t len, bool write)
{
	xengnttab_grant_copy_segment_t s = { .len = (uint16_t)len };

	if (write) {
		s.source.virt = data;
		s.dest.foreign.ref = gref;
		s.dest.foreign.offset = (uint16_t)offset;
		s.dest.foreign.domid = (uint16_t)domid;
		s.flags = GNTCOPY_dest_gref;
	} else {
		s.dest.virt = data;
		s.source.foreign.ref = gref;
		s.source.foreign.offset = (uint16_t)offset;
		s.source.foreign.domid = (uint16_t)domid;
		s.flags = GNTCOPY_source_gref;
	}
	return xengnttab_grant_copy(h->xgt, 1, &s) || s.status ? -1 : 0;
}

int hub_access(struct hub *h, struct hub_vif *v, struct hub_queue *q, uint32_t gref,
	       uint32_t offset, void *data, uint32_t len, bool write)
{
	const struct netif_gref_entry *e = netif_gref_map_find(&q->map, gref);

	if (!e) {
		v->copied++;
		return copy_segment(h, v->domid, gref, offset, data, len, write);
	}
	if (write && e->readonly)
		return -1;
	v->mapped++;
	if (write)
		memcpy((uint8_t *)e->addr + offset, data, len);
	else
		memcpy(data, (uint8_t *)e->addr + offset, len);
	return 0;
}

static bool gather(struct hub *h, struct hub_vif *v, struct hub_queue *q,
		   const struct netif_tx_burst *b, const struct netif_tx_frame *f)
{
	uint32_t at = 0, i;

	for (i = 0; i < f->nslots; i++) {
		const struct netif_tx_req *s = &b->slots[f->slot + i];

		if (hub_access(h, v, q, s->gref, s->offset, frame + at, s->size, false))
			return false;
		at += s->size;
	}
	return at == f->meta.len;
}

/* The first frame is delivered with what the options want wrong about it. */
static void spoil(struct hub *h, struct hub_vif *v, struct hub_queue *q, uint32_t first)
{
	struct netif_rx_rsp *rsp = &NETIF_SLOT(union netif_rx_slot, &q->rx, first)->rsp;

	if (v != &h->vifs[0])
		return;
	if (h->options.evil == HUB_BAD_ID)
		rsp->id ^= 1;
	else if (h->options.evil == HUB_BOUNDS)
		rsp->offset = NETIF_PAGE_SIZE - 1;
	else if (h->options.evil == HUB_OVERRUN)
		q->rx.rsp_prod += 2 * NETIF_RX_RING_SIZE;
	else
		return;
	h->options.evil = HUB_GOOD;
}

static void deliver(struct hub *h, struct hub_vif *v, struct hub_queue *q,
		    struct netif_meta *m)
{
	struct netif_rx_req reqs[NETIF_RX_RING_SIZE];
	struct netif_rx_part parts[NETIF_RX_RING_SIZE];
	uint32_t need, first = q->rx.rsp_prod, at = 0, n = 0, slot = 0, slots = 0;
	int16_t status = NETIF_RSP_OKAY;
	bool bad = false;
	int got;

	m->headroom = (uint16_t)v->headroom;
	need = netif_rx_need(m, h->options.halves);
	got = netif_rx_take(&q->rx, reqs, need);
	if (got == (int)need)
		slots = netif_rx_lay(reqs, need, m, h->options.halves, parts, &bad);
	if (!slots || bad) {
		if (got > 0)
			netif_rx_untake(&q->rx, (uint32_t)got);
		v->dropped++;
		return;
	}
	netif_rx_untake(&q->rx, need - slots); /* posted whole pages after all */
	for (; at < m->len; n++) {
		if (hub_access(h, v, q, reqs[slot].gref, parts[n].offset, frame + at, parts[n].size, true))
			status = NETIF_RSP_ERROR;
		slot += n ? 1 : 1 + netif_rx_extras(m);
		at += parts[n].size;
	}
	if (m->headroom)
		parts[0].offset = 0;
	netif_rx_respond(&q->rx, reqs, m, parts, n, status);
	spoil(h, v, q, first);
	v->frames++;
}

static void bad_tx_response(struct hub *h, struct hub_queue *q)
{
	if (h->options.evil != HUB_BAD_TX_ID)
		return;
	NETIF_SLOT(union netif_tx_slot, &q->tx, q->tx.rsp_prod - 1)->rsp.id = 999;
	h->options.evil = HUB_GOOD;
}

static void forward(struct hub *h, struct hub_vif *from, struct hub_vif *to, unsigned int queue,
		    struct netif_meta *m)
{
	unsigned int n = to->nqueues;

	if (!to->up) {
		from->dropped++;
		return;
	}
	if (to->hash.algorithm) {
		struct netif_header hdr;

		netif_header_parse(frame, m->len, &hdr);
		queue = netif_hash_queue(&to->hash, frame, &hdr, m->len, n, queue % n, m);
		to->hashed++;
	}
	deliver(h, to, &to->queues[queue % n], m);
}

static bool move_queue(struct hub *h, struct hub_vif *v, unsigned int index)
{
	static struct netif_tx_burst burst;
	static struct netif_errors errors;
	struct hub_queue *q = &v->queues[index];
	struct hub_vif *to = &h->vifs[(unsigned int)(v - h->vifs + 1) % h->options.vifs];
	unsigned int i;

	if (netif_tx_take(&q->tx, &burst, NETIF_TX_RING_SIZE, &errors) || !burst.nframes)
		return false;
	for (i = 0; i < burst.nframes; i++) {
		struct netif_tx_frame *f = &burst.frames[i];
		bool ok = !f->error && gather(h, v, q, &burst, f);

		if (ok)
			forward(h, v, to, index, &f->meta);
		netif_tx_respond(&q->tx, &burst, f, ok ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
	}
	bad_tx_response(h, q);
	if (netif_back_push(&q->tx))
		xenevtchn_notify(h->xce, q->tx_port);
	for (i = 0; i < to->nqueues; i++)
		if (netif_back_push(&to->queues[i].rx))
			xenevtchn_notify(h->xce, to->queues[i].rx_port);
	return true;
}

bool hub_move(struct hub *h, struct hub_vif *v)
{
	bool any = false;
	unsigned int i;

	for (i = 0; v->up && i < v->nqueues; i++) {
		any |= move_queue(h, v, i);
		any |= netif_back_arm(&v->queues[i].tx, 1) &&
		       netif_back_pending(&v->queues[i].tx) > 0;
	}
	return any;
}
