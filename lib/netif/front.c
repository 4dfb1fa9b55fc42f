// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "front.h"
#include "header.h"

void netif_front_tx_init(struct netif_front_tx *tx, void *page)
{
	u32 i;

	netif_front_init(&tx->ring, page, NETIF_TX_RING_SIZE);
	memset(tx->outstanding, 0, sizeof(tx->outstanding));
	tx->nfree = NETIF_TX_RING_SIZE;
	tx->nextras = 0;
	for (i = 0; i < NETIF_TX_RING_SIZE; i++)
		tx->free[i] = (u16)(NETIF_TX_RING_SIZE - 1 - i);
}

bool netif_front_tx_ids(struct netif_front_tx *tx, u16 *ids, u32 n)
{
	u32 i;

	if (n > tx->nfree)
		return false;
	for (i = 0; i < n; i++)
		ids[i] = tx->free[--tx->nfree];
	return true;
}

void netif_front_tx_put_id(struct netif_front_tx *tx, u16 id)
{
	tx->free[tx->nfree++] = id;
}

u32 netif_front_tx_room(const struct netif_front_tx *tx)
{
	u32 slots = netif_front_free(&tx->ring);

	return slots < tx->nfree ? slots : tx->nfree;
}

/* words: of the slot's three; an extra has two. */
static inline void tx_next(struct netif_front_tx *tx, const void *slot, u32 words)
{
	netif_put(NETIF_SLOT(union netif_tx_slot, &tx->ring, tx->ring.req_prod++), slot, words);
}

static inline void tx_put(struct netif_front_tx *tx, const struct netif_front_seg *seg, u16 flags,
			  u16 size)
{
	const struct netif_tx_req req = {
		.gref = seg->gref,
		.offset = seg->offset,
		.flags = flags,
		.id = seg->id,
		.size = size,
	};

	tx_next(tx, &req, sizeof(req) / 4);
	tx->outstanding[seg->id] = 1;
}

static const u16 flags_of_csum[] = {
	[NETIF_CSUM_NONE] = 0,
	[NETIF_CSUM_BLANK] = NETIF_TXF_CSUM_BLANK | NETIF_TXF_DATA_VALIDATED,
	[NETIF_CSUM_VALID] = NETIF_TXF_DATA_VALIDATED,
};

void netif_front_tx_send(struct netif_front_tx *tx, const struct netif_meta *m,
			 const struct netif_front_seg *segs, u32 n)
{
	u16 flags = flags_of_csum[m->csum] | (m->gso_type ? NETIF_TXF_EXTRA_INFO : 0);
	u32 i;

	tx_put(tx, &segs[0], flags | (n > 1 ? NETIF_TXF_MORE_DATA : 0), (u16)m->len);
	if (m->gso_type) {
		union netif_tx_slot s = { .extra = { .type = NETIF_EXTRA_TYPE_GSO } };

		s.extra.u.gso.type = m->gso_type;
		s.extra.u.gso.size = m->gso_size;
		tx_next(tx, &s, sizeof(s.extra) / 4);
		tx->nextras++;
	}
	for (i = 1; i < n; i++)
		tx_put(tx, &segs[i], i + 1 < n ? NETIF_TXF_MORE_DATA : 0, segs[i].size);
}

int netif_front_tx_reap(struct netif_front_tx *tx, u16 *done, u32 max, u32 *bad,
			struct netif_errors *e)
{
	int pending = netif_front_pending(&tx->ring);
	u32 left = (u32)pending, n = 0;

	if (pending < 0)
		return -(int)netif_error_count(e, NETIF_ERR_RING_OVERRUN);
	/* An answer that is wrong stays in the ring: ids and slots keep in step. */
	for (; left && n < max; left--, tx->ring.rsp_cons++) {
		union netif_tx_slot s;

		netif_snapshot(&s, NETIF_SLOT(union netif_tx_slot, &tx->ring, tx->ring.rsp_cons), 1);
		if (s.rsp.status == NETIF_RSP_NULL) {
			if (!tx->nextras)
				return -(int)netif_error_count(e, NETIF_ERR_RSP_NULL);
			tx->nextras--;
			continue;
		}
		if (s.rsp.id >= NETIF_TX_RING_SIZE || !tx->outstanding[s.rsp.id])
			return -(int)netif_error_count(e, NETIF_ERR_RSP_ID);
		tx->outstanding[s.rsp.id] = 0;
		tx->free[tx->nfree++] = s.rsp.id;
		*bad += s.rsp.status < 0;
		done[n++] = s.rsp.id;
	}
	return (int)n;
}

void netif_front_rx_init(struct netif_front_rx *rx, void *page)
{
	netif_front_init(&rx->ring, page, NETIF_RX_RING_SIZE);
	memset(rx->posted, 0, sizeof(rx->posted));
}

int netif_front_rx_next(const struct netif_front_rx *rx)
{
	if (!netif_front_free(&rx->ring))
		return -ENOBUFS;
	return (int)(rx->ring.req_prod & (NETIF_RX_RING_SIZE - 1));
}

void netif_front_rx_post(struct netif_front_rx *rx, u32 gref, u16 where)
{
	u32 id = rx->ring.req_prod & (NETIF_RX_RING_SIZE - 1);
	const struct netif_rx_req req = { .id = (u16)id, .pad = where, .gref = gref };

	netif_put(NETIF_SLOT(union netif_rx_slot, &rx->ring, id), &req, sizeof(req) / 4);
	rx->posted[id] = (u8)(1 + where);
	rx->ring.req_prod++;
}

/* Where one frame is looked for: its first response, and how many are published. */
struct rx_cursor {
	const struct netif_front_rx *rx;
	u32 idx;
	u32 left;
	u32 room; /* for the frame's data, in half pages */
};

/* Copy the next response; returns the slot's number, which is its buffer's id. */
static inline u16 cursor_copy(struct rx_cursor *c, union netif_rx_slot *copy)
{
	u16 id = c->idx & (NETIF_RX_RING_SIZE - 1);

	netif_snapshot(copy, NETIF_SLOT(union netif_rx_slot, &c->rx->ring, c->idx), 2);
	c->idx++;
	c->left--;
	return id;
}

static inline void frame_reject(struct netif_front_frame *f, enum netif_error err)
{
	if (!f->error)
		f->error = err;
}

static void extra_apply(struct netif_front_frame *f, const struct netif_extra *x)
{
	switch (x->type) {
	case NETIF_EXTRA_TYPE_GSO:
		if (x->u.gso.type != NETIF_GSO_TYPE_TCPV4 && x->u.gso.type != NETIF_GSO_TYPE_TCPV6)
			return frame_reject(f, NETIF_ERR_RSP_EXTRA);
		if (!x->u.gso.size)
			return frame_reject(f, NETIF_ERR_RSP_EXTRA);
		f->meta.gso_type = x->u.gso.type;
		f->meta.gso_size = x->u.gso.size;
		return;
	case NETIF_EXTRA_TYPE_HASH:
		return netif_meta_take_hash(&f->meta, x);
	case NETIF_EXTRA_TYPE_XDP:
		f->meta.headroom = x->u.xdp.headroom;
		return;
	default:
		return frame_reject(f, NETIF_ERR_RSP_EXTRA);
	}
}

static void take_extras(struct rx_cursor *c, struct netif_front_burst *b,
			struct netif_front_frame *f)
{
	union netif_rx_slot s;

	do {
		if (!c->left)
			return frame_reject(f, NETIF_ERR_RSP_EXTRA);
		b->spare[b->nspare++] = cursor_copy(c, &s);
		extra_apply(f, &s.extra);
	} while (s.extra.flags & NETIF_EXTRA_FLAG_MORE);
}

/* What a response names lies within the buffer that was posted. */
static inline bool within_buffer(u8 posted, u32 offset, u32 size)
{
	u32 start = posted == 1 + NETIF_RX_UPPER ? NETIF_HALF_PAGE : 0;
	u32 end = posted == 1 + NETIF_RX_LOWER ? NETIF_HALF_PAGE : NETIF_PAGE_SIZE;

	return offset >= start && offset + size <= end;
}

/* The data of one response; its buffer becomes a part even of a frame in error. */
static inline void take_part(struct rx_cursor *c, struct netif_front_burst *b,
			     struct netif_front_frame *f, u16 id, const struct netif_rx_rsp *rsp)
{
	const u8 posted = c->rx->posted[id];
	const u32 halves = posted == 1 + NETIF_RX_WHOLE ? 2 : 1;

	b->parts[b->nparts++] = (struct netif_front_part){ id, rsp->offset, (u16)rsp->status };
	f->nparts++;
	if (rsp->status < 0)
		return frame_reject(f, NETIF_ERR_RX_BAD_GREF);
	if (!within_buffer(posted, rsp->offset, (u32)rsp->status))
		return frame_reject(f, NETIF_ERR_RSP_BOUNDS);
	/* As many bytes' worth of buffers as NETIF_NR_SLOTS_MIN pages, whatever their sizes. */
	if (halves > c->room)
		return frame_reject(f, NETIF_ERR_RSP_CHAIN);
	c->room -= halves;
	f->meta.len += (u32)rsp->status;
}

/*
 * xen-netback says offset 0 beside a headroom, and netback-ng the true one: what begins the frame
 * is the headroom behind the buffer's start, as for xen-netfront.
 */
static void take_headroom(struct rx_cursor *c, struct netif_front_burst *b,
			  struct netif_front_frame *f, u16 id)
{
	struct netif_front_part *p = &b->parts[f->part];
	const u32 start = c->rx->posted[id] == 1 + NETIF_RX_UPPER ? NETIF_HALF_PAGE : 0;

	if (f->error)
		return;
	if (!within_buffer(c->rx->posted[id], start + f->meta.headroom, p->size))
		return frame_reject(f, NETIF_ERR_RSP_BOUNDS);
	p->offset = (u16)(start + f->meta.headroom);
}

static u8 csum_of_flags(u32 flags)
{
	if (flags & NETIF_RXF_CSUM_BLANK)
		return NETIF_CSUM_BLANK;
	return flags & NETIF_RXF_DATA_VALIDATED ? NETIF_CSUM_VALID : NETIF_CSUM_NONE;
}

/* The buffers of a frame that is dropped go back to the caller as spares. */
static void frame_drop(struct netif_front_burst *b, struct netif_front_frame *f)
{
	u32 i;

	for (i = 0; i < f->nparts; i++)
		b->spare[b->nspare++] = b->parts[f->part + i].id;
	b->nparts = f->part;
	f->nparts = 0;
}

static inline enum netif_error take_frame(struct rx_cursor *c, struct netif_front_burst *b,
					  struct netif_front_frame *f)
{
	union netif_rx_slot s;
	u16 id = cursor_copy(c, &s);

	c->room = NETIF_FRONT_PARTS_MAX;
	*f = (struct netif_front_frame){
		.meta = { .csum = csum_of_flags(s.rsp.flags) },
		.part = b->nparts,
	};
	for (;;) {
		u32 flags = s.rsp.flags;

		if (s.rsp.id != id)
			return NETIF_ERR_RSP_ID;
		take_part(c, b, f, id, &s.rsp);
		if (f->nparts == 1 && (flags & NETIF_RXF_EXTRA_INFO)) {
			take_extras(c, b, f);
			if (f->meta.headroom)
				take_headroom(c, b, f, id);
		}
		if (!(flags & NETIF_RXF_MORE_DATA))
			break;
		/* What is published ends a frame: waiting for more would wait for ever. */
		if (!c->left) {
			frame_reject(f, NETIF_ERR_RSP_CHAIN);
			break;
		}
		id = cursor_copy(c, &s);
	}
	if (f->meta.len < NETIF_ETH_HLEN)
		frame_reject(f, NETIF_ERR_RSP_BOUNDS);
	if (f->error)
		frame_drop(b, f);
	return NETIF_OK;
}

/* Buffers of the slots up to 'to' are the caller's again. */
static inline void rx_consume(struct netif_front_rx *rx, u32 to)
{
	u32 i;

	for (i = rx->ring.rsp_cons; i != to; i++)
		rx->posted[i & (NETIF_RX_RING_SIZE - 1)] = 0;
	rx->ring.rsp_cons = to;
}

enum netif_error netif_front_rx_take(struct netif_front_rx *rx, struct netif_front_burst *b,
				     u32 max_slots, struct netif_errors *e)
{
	int pending = netif_front_pending(&rx->ring);
	struct rx_cursor c = { .rx = rx, .idx = rx->ring.rsp_cons, .left = (u32)pending };
	const u32 start = rx->ring.rsp_cons;

	b->nframes = b->nparts = b->nspare = 0;
	if (pending < 0)
		return netif_error_count(e, NETIF_ERR_RING_OVERRUN);
	while (c.left && rx->ring.rsp_cons - start < max_slots) {
		struct netif_front_frame *f = &b->frames[b->nframes];
		u16 nparts = b->nparts, nspare = b->nspare;
		enum netif_error err = take_frame(&c, b, f);

		if (err) {
			b->nframes = b->nparts = b->nspare = 0;
			return netif_error_count(e, err);
		}
		if (c.idx - start > max_slots && b->nframes) {
			b->nparts = nparts;
			b->nspare = nspare;
			break;
		}
		if (f->error)
			e->count[f->error]++;
		b->nframes++;
		rx_consume(rx, c.idx);
	}
	return NETIF_OK;
}
