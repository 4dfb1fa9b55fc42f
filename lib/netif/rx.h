/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Guest receive, back end's side: take posted buffers, answer them with frames.
 * A response lies in the same slot as its request (netif.h), so requests are
 * answered strictly in the order they were taken.
 */
#ifndef NETIF_RX_H
#define NETIF_RX_H

#include "error.h"
#include "meta.h"
#include "ring.h"

/* Snapshot up to max posted buffers.  Returns how many, or -EOVERFLOW (RING_OVERRUN). */
int netif_rx_take(struct netif_back_ring *r, struct netif_rx_req *reqs, u32 max);

/* Give the last n taken back, unanswered; a later take reads them afresh. */
static inline void netif_rx_untake(struct netif_back_ring *r, u32 n)
{
	r->req_cons -= n;
}

/* Extra-info slots that a frame needs: GSO; the hash and the headroom, where the guest asked. */
static inline u32 netif_rx_extras(const struct netif_meta *m)
{
	return (m->gso_type != NETIF_GSO_TYPE_NONE) + (m->hash_type != 0) + (m->headroom != 0);
}

/* Ring slots for a frame in whole pages, or in halves. */
static inline u32 netif_rx_need(const struct netif_meta *m, bool halves)
{
	u32 shift = NETIF_PAGE_SHIFT - halves;
	u32 data = (m->headroom + m->len + (1u << shift) - 1) >> shift;

	return (data ? data : 1) + netif_rx_extras(m);
}

/* The most headroom: it leaves so much of the first buffer to the frame, be that half a page. */
#define NETIF_HEADROOM_LEAVES 256
static inline u32 netif_rx_headroom_max(bool halves)
{
	return (NETIF_PAGE_SIZE >> halves) - NETIF_HEADROOM_LEAVES;
}

/* One data slot of a frame in the guest's pages. */
struct netif_rx_part {
	u16 offset; /* in the page */
	u16 size;
};

/* A posted buffer; its size is 0 where it is neither a page nor a half of one (RX_BUFFER). */
static inline struct netif_rx_part netif_rx_buffer(const struct netif_rx_req *req, bool halves)
{
	struct netif_rx_part whole = { 0, NETIF_PAGE_SIZE }, half = { 0, NETIF_HALF_PAGE };

	if (!halves || req->pad == NETIF_RX_WHOLE)
		return whole;
	if (req->pad == NETIF_RX_UPPER)
		half.offset = NETIF_HALF_PAGE;
	else if (req->pad != NETIF_RX_LOWER)
		half.size = 0;
	return half;
}

/*
 * Lay a frame out over posted buffers, n of them: reqs[0] data, behind the frame's headroom,
 * then the extras' slots, then the other data.  halves: the front end asked for half pages.
 * Returns the ring slots and writes a part for each that is data; 0: it has no room there.
 * A bad buffer ends the frame: *bad, and the last part's size is 0.
 */
u32 netif_rx_lay(const struct netif_rx_req *reqs, u32 n, const struct netif_meta *m, bool halves,
		 struct netif_rx_part *parts, bool *bad);

/*
 * Answer one frame.  reqs: the requests it was written to, as taken, in order:
 * reqs[0] data, then netif_rx_extras(m) slots, then the other data.  status:
 * NETIF_RSP_OKAY, or an error for the whole frame.  nparts + extras responses
 * are written; the caller pushes.
 */
void netif_rx_respond(struct netif_back_ring *r, const struct netif_rx_req *reqs,
		      const struct netif_meta *m, const struct netif_rx_part *parts, u32 nparts,
		      s16 status);

#endif
