// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "tx.h"
#include "header.h"

/* Two cache lines ahead: the front end's core wrote them last. */
#define PREFETCH_SLOTS (128 / sizeof(union netif_tx_slot))

/* Where one packet is looked for: its first slot in the ring, and how many are published. */
struct tx_cursor {
	const struct netif_back_ring *ring;
	u32 idx;
	u32 left;
};

/* Copy the next slot; the caller has checked c->left. */
static inline void cursor_copy(struct tx_cursor *c, void *copy)
{
	netif_snapshot(copy, NETIF_SLOT(union netif_tx_slot, c->ring, c->idx), 3);
	c->idx++;
	c->left--;
}

/* The first reason counts; later ones are mostly its consequence. */
static inline void frame_reject(struct netif_tx_frame *f, enum netif_error err)
{
	if (!f->error)
		f->error = err;
}

static enum netif_error extra_gso(struct netif_tx_frame *f, const struct netif_extra *x)
{
	if (x->u.gso.type != NETIF_GSO_TYPE_TCPV4 && x->u.gso.type != NETIF_GSO_TYPE_TCPV6)
		return NETIF_ERR_TX_GSO_TYPE;
	if (!x->u.gso.size)
		return NETIF_ERR_TX_GSO_SIZE;
	f->meta.gso_type = x->u.gso.type;
	f->meta.gso_size = x->u.gso.size;
	return NETIF_OK;
}

static enum netif_error extra_apply(struct netif_tx_frame *f, const struct netif_extra *x)
{
	switch (x->type) {
	case NETIF_EXTRA_TYPE_GSO:
		return extra_gso(f, x);
	case NETIF_EXTRA_TYPE_MCAST_ADD:
	case NETIF_EXTRA_TYPE_MCAST_DEL:
		f->mcast_op = x->type;
		memcpy(f->mcast_addr, x->u.mcast.addr, sizeof(f->mcast_addr));
		return NETIF_OK;
	case NETIF_EXTRA_TYPE_HASH:
		netif_meta_take_hash(&f->meta, x);
		return NETIF_OK;
	case NETIF_EXTRA_TYPE_XDP: /* a back end's, meaningless from here; netback ignores it too */
		return NETIF_OK;
	default:
		return NETIF_ERR_TX_EXTRA_TYPE;
	}
}

static enum netif_error take_extras(struct tx_cursor *c, struct netif_tx_frame *f)
{
	enum netif_error err;
	union netif_tx_slot s;

	do {
		if (!c->left)
			return NETIF_ERR_TX_EXTRA_MISSING;
		cursor_copy(c, &s);
		f->nextras++;
		err = extra_apply(f, &s.extra);
		if (err)
			return err;
	} while (s.extra.flags & NETIF_EXTRA_FLAG_MORE);
	return NETIF_OK;
}

/* Data slots behind the first; their bytes are subtracted from the first's, the total. */
static enum netif_error take_rest(struct tx_cursor *c, struct netif_tx_frame *f,
				  struct netif_tx_req *first)
{
	struct netif_tx_req *s = first;
	u32 rest = 0;

	do {
		if (f->nslots == NETIF_TX_FATAL_SLOTS)
			return NETIF_ERR_TX_TOO_MANY_SLOTS;
		if (!c->left)
			return NETIF_ERR_TX_CHAIN_OPEN;
		cursor_copy(c, ++s);
		f->nslots++;
		if ((u32)s->offset + s->size > NETIF_PAGE_SIZE)
			return NETIF_ERR_TX_CROSS_PAGE;
		if (!s->size)
			frame_reject(f, NETIF_ERR_TX_ZERO_SLOT);
		rest += s->size;
	} while (s->flags & NETIF_TXF_MORE_DATA);

	if (f->nslots > NETIF_TX_SLOTS_MAX)
		frame_reject(f, NETIF_ERR_TX_SLOTS_DROPPED);
	/* Not fatal: a front end's frame of 64 KiB or more overflows the field (netback). */
	if (rest >= first->size) {
		frame_reject(f, NETIF_ERR_TX_SIZE_MISMATCH);
		first->size = 0;
	}
	first->size -= f->error ? 0 : rest;
	return NETIF_OK;
}

static const u8 csum_of_flags[4] = {
	[NETIF_TXF_CSUM_BLANK] = NETIF_CSUM_BLANK,
	[NETIF_TXF_DATA_VALIDATED] = NETIF_CSUM_VALID,
	[NETIF_TXF_CSUM_BLANK | NETIF_TXF_DATA_VALIDATED] = NETIF_CSUM_BLANK,
};

/* One packet into f and b->slots[f->slot...]; returns the fatal error, if any. */
static inline enum netif_error take_packet(struct tx_cursor *c, struct netif_tx_burst *b,
					   struct netif_tx_frame *f)
{
	struct netif_tx_req *first = &b->slots[b->nslots];
	enum netif_error err;
	u32 flags;

	cursor_copy(c, first);
	flags = first->flags;
	*f = (struct netif_tx_frame){
		.meta = { .len = first->size, .csum = csum_of_flags[flags & 3] },
		.slot = b->nslots,
		.nslots = 1,
	};
	if (flags & NETIF_TXF_EXTRA_INFO) {
		err = take_extras(c, f);
		/* A multicast request is a dummy: no packet, whatever its slot says. */
		if (err || f->mcast_op)
			return err;
	}
	if (flags & NETIF_TXF_MORE_DATA) {
		err = take_rest(c, f, first);
		if (err)
			return err;
	}
	if (f->error)
		return NETIF_OK;
	if ((u32)first->offset + first->size > NETIF_PAGE_SIZE)
		return NETIF_ERR_TX_CROSS_PAGE;
	if (f->meta.len < NETIF_ETH_HLEN)
		f->error = NETIF_ERR_TX_TOO_SHORT;
	return NETIF_OK;
}

enum netif_error netif_tx_take(struct netif_back_ring *r, struct netif_tx_burst *b, u32 max_slots,
			       struct netif_errors *e)
{
	int pending = netif_back_pending(r);
	struct tx_cursor c = { r, r->req_cons, (u32)pending };
	const u32 start = r->req_cons;

	b->nframes = b->nslots = 0;
	if (pending < 0)
		return netif_error_count(e, NETIF_ERR_RING_OVERRUN);
	while (c.left && r->req_cons - start < max_slots) {
		struct netif_tx_frame *f = &b->frames[b->nframes];
		enum netif_error err;

		netif_prefetch(NETIF_SLOT(union netif_tx_slot, r, c.idx + PREFETCH_SLOTS));
		err = take_packet(&c, b, f);
		if (err) {
			b->nframes = b->nslots = 0;
			return netif_error_count(e, err);
		}
		/* Over budget: it stays in the ring, unless it would for ever. */
		if (c.idx - start > max_slots && b->nframes)
			break;
		if (f->error)
			e->count[f->error]++;
		b->nframes++;
		b->nslots += f->nslots;
		r->req_cons = c.idx;
	}
	return NETIF_OK;
}

static inline void put_answer(struct netif_back_ring *r, u16 id, s16 status)
{
	const union netif_tx_slot s = { .rsp = { id, status } };

	netif_back_put(r, NETIF_TX_SHAPE, &s);
}

void netif_tx_respond(struct netif_back_ring *r, const struct netif_tx_burst *b,
		      const struct netif_tx_frame *f, s16 status)
{
	const struct netif_tx_req *req = &b->slots[f->slot];
	u32 i;

	put_answer(r, req->id, status);
	for (i = 0; i < f->nextras; i++)
		put_answer(r, 0, NETIF_RSP_NULL);
	for (i = 1; i < f->nslots; i++)
		put_answer(r, req[i].id, status);
}
