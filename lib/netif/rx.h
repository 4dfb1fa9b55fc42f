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

/* Extra-info slots that a frame needs: GSO, and the hash where the guest asked for it. */
static inline u32 netif_rx_extras(const struct netif_meta *m)
{
	return (m->gso_type != NETIF_GSO_TYPE_NONE) + (m->hash_type != 0);
}

/* Ring slots for a frame whose data starts 'headroom' bytes into the first page. */
static inline u32 netif_rx_need(const struct netif_meta *m, u32 headroom)
{
	u32 data = (headroom + m->len + NETIF_PAGE_SIZE - 1) >> NETIF_PAGE_SHIFT;

	return (data ? data : 1) + netif_rx_extras(m);
}

/* One data slot of a frame that was written into the guest's pages. */
struct netif_rx_part {
	u16 offset; /* in the page */
	u16 size;
};

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
