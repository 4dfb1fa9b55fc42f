/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames from the host, as an uplink read them, to the guest's queues. */
#include <linux/if_ether.h>

#include "netback-ng/vif/vif_data.h"

/* Slots of the biggest frame: 64 KiB with GSO and hash info; in half pages. */
#define SLOTS_GSO 19u
#define SLOTS_GSO_HALVES 35u

unsigned int queue_slots_worst(const struct queue *q)
{
	const struct vif_connection *c = &q->vif->c;
	const unsigned int gso = c->half_pages ? SLOTS_GSO_HALVES : SLOTS_GSO;
	const unsigned int headroom = vif_headroom(q->vif) != 0; /* told in a slot of its own */

	if (c->gso4 || c->gso6)
		return gso + headroom;
	return (c->sg ? gso - 1 : 2) + headroom;
}

bool queue_frame_waits_too_long(struct queue *q, unsigned int need)
{
	const uint64_t now = q->worker->now_ns;

	if (!q->rx_wanted) {
		STAT_INC(q->stats.rx_slot_waits);
		q->rx_wanted_ns = now;
	}
	/* The same frame may need one more by now: for the hash. */
	q->rx_wanted = need;
	if (now - q->rx_wanted_ns < QUEUE_WAIT_NS)
		return false;
	pthread_mutex_lock(&q->rx_lock);
	STAT_INC(q->stats.rx_drop_no_slots);
	pthread_mutex_unlock(&q->rx_lock);
	q->rx_wanted = 0;
	return true;
}

/* The guest steers by Toeplitz: runs of frames for the same queue go together. */
static void deliver_hashed(struct queue *q, const struct netif_hash *hash, unsigned int nq,
			   struct frame *frames, unsigned int n)
{
	unsigned int i, run, to[WORKER_READS_MAX];
	struct netif_header h;

	for (i = 0; i < n; i++) {
		uint32_t len = (uint32_t)frames[i].iov[0].iov_len;

		netif_header_parse(frame_bytes(&frames[i]), len, &h);
		to[i] = netif_hash_queue(hash, frame_bytes(&frames[i]), &h, len, nq, q->index,
					 &frames[i].meta);
	}
	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && to[i + run] == to[i]; run++)
			;
		queue_rx(q->vif->queues[to[i]], q->worker, &frames[i], run, false);
	}
}

bool queue_fills_sums(const struct queue *q)
{
	return q->vif->c.csum4 != q->vif->c.csum6;
}

/* A blank checksum of the IP version that the guest does not complete; frames that are to be cut up are not of it. */
static void fill_sum(const struct vif_connection *c, struct frame *f)
{
	struct netif_header h;
	bool taken;

	if (f->meta.csum != NETIF_CSUM_BLANK || f->meta.gso_type != NETIF_GSO_TYPE_NONE)
		return;
	netif_header_parse(frame_bytes(f), f->meta.len, &h);
	taken = h.l3_proto == ETH_P_IPV6 ? c->csum6 : c->csum4;
	if (!taken && !netif_csum_fill(f->iov->iov_base, f->meta.len))
		f->meta.csum = NETIF_CSUM_VALID;
}

unsigned int queue_deliver(struct queue *q, struct frame *frames, unsigned int n)
{
	const struct netif_hash *hash;
	unsigned int i, nq, slots = 0;
	uint64_t bytes = 0;

	if (!n)
		return 0;
	for (i = 0; i < n && queue_fills_sums(q); i++)
		fill_sum(&q->vif->c, &frames[i]);
	for (i = 0; i < n; i++) {
		slots += queue_rx_need(q, &frames[i].meta);
		bytes += frames[i].meta.len;
	}
	queue_charge(q, bytes, n, slots);
	hash = atomic_load(&q->vif->hash);
	nq = atomic_load_explicit(&q->vif->nqueues, memory_order_acquire);
	if (nq > 1 && hash && hash->algorithm != NETIF_HASH_ALGORITHM_NONE)
		deliver_hashed(q, hash, nq, frames, n);
	else
		queue_rx(q, q->worker, frames, n, false);
	return slots;
}
