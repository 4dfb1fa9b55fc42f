/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Responses that wait for the uplink.  A frame in the guest's own pages is answered when
 * the uplink has read it, and the guest's ring knows one order only: that of the requests,
 * or a daemon that takes over after a kill would answer some twice.  So they wait in a
 * private ring of the same shape, all those behind the first that waits too.
 */
#include <stdlib.h>

#include "netback-ng/vif/queue.h"

struct queue_late {
	struct netif_back_ring ring; /* its shared page is the one below */
	struct {
		u32 rsp_prod; /* responses before this ... */
		u32 settled;  /* ... are for the guest when so many frames have settled */
	} holds[NETIF_TX_RING_SIZE];
	u32 first, next; /* free-running, of holds: each has one response at least */
	_Alignas(64) uint8_t page[NETIF_PAGE_SIZE];
};

struct queue_late *queue_late_new(void)
{
	struct queue_late *l = aligned_alloc(64, (sizeof(*l) + 63) & ~63ul);

	if (!l)
		return NULL;
	memset(l, 0, sizeof(*l));
	l->ring.shared = (void *)l->page;
	l->ring.size = NETIF_TX_RING_SIZE;
	return l;
}

bool queue_late_waits(const struct queue *q)
{
	return q->late && q->late->first != q->late->next;
}

struct netif_back_ring *queue_late_ring(struct queue *q, bool held)
{
	if (!q->late || (!held && !queue_late_waits(q)))
		return &q->tx;
	if (!queue_late_waits(q))
		q->late->ring.rsp_prod = q->tx.rsp_prod;
	return &q->late->ring;
}

void queue_late_hold(struct queue *q, u32 settled)
{
	struct queue_late *l = q->late;
	u32 i;

	/* A burst without answers: its frames wait for a receiver. */
	if (l->ring.rsp_prod == (queue_late_waits(q) ?
				 l->holds[(l->next - 1) % NETIF_TX_RING_SIZE].rsp_prod :
				 q->tx.rsp_prod))
		return;
	i = l->next++ % NETIF_TX_RING_SIZE;
	l->holds[i].rsp_prod = l->ring.rsp_prod;
	l->holds[i].settled = settled;
}

static void copy_until(struct netif_back_ring *to, const struct netif_back_ring *from, u32 end)
{
	while (to->rsp_prod != end)
		netif_back_put(to, NETIF_TX_SHAPE, NETIF_SLOT(union netif_tx_slot, from, to->rsp_prod));
}

void queue_late_flush(struct queue *q)
{
	struct queue_late *l = q->late;

	if (!queue_late_waits(q))
		return;
	while (l->first != l->next &&
	       (s32)(q->settled - l->holds[l->first % NETIF_TX_RING_SIZE].settled) >= 0)
		copy_until(&q->tx, &l->ring, l->holds[l->first++ % NETIF_TX_RING_SIZE].rsp_prod);
	if (netif_back_push(&q->tx))
		queue_notify(q, q->tx_port, &q->stats.tx_notifies);
}
