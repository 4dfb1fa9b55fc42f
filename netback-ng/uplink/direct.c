/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big frames from the TAP straight into the guest's statically granted pages:
 * one copy, the kernel's.  How much a frame will need is known only after it was
 * read, so frames are read one at a time, each over as many posted pages as the
 * biggest takes; a frame of 64 KiB carries the cost of its own submission.
 */
#include <errno.h>

#include "netback-ng/uplink/direct.h"
#include "netback-ng/vif/vif_data.h"

/* 64 KiB of data and a GSO slot: in whole pages, in halves. */
#define DIRECT_SLOTS 18u
#define DIRECT_SLOTS_HALVES 34u
/* Mean size of the frames read at which direct reads start and end to pay. */
#define DIRECT_FROM 8192u
#define DIRECT_TO 4096u

void direct_count_size(struct queue *q, unsigned int len)
{
	q->read_ewma += len - (q->read_ewma >> 3);
}

bool direct_wanted(struct queue *q)
{
	const struct netif_hash *hash = atomic_load(&q->vif->hash);
	unsigned int mean = q->read_ewma >> 3;

	/*
	 * Without scatter-gather a frame over a page is refused, which only queue_rx() does; and a
	 * checksum is not filled in where the guest could change what it covers.  An XDP program is
	 * for small frames, so that a headroom is left to the batched path.
	 */
	if (!q->worker->config->direct_read || !q->tap_nowait || !q->grefs.count || hash ||
	    !q->vif->c.sg || queue_fills_sums(q) || vif_headroom(q->vif))
		return false;
	return q->direct = mean > (q->direct ? DIRECT_TO : DIRECT_FROM);
}

/* The posted buffers that one frame is read over, all of one size. */
struct buffers {
	const struct netif_rx_req *reqs;
	unsigned int n, size;
	uint8_t *at[DIRECT_SLOTS_HALVES];
};

/* False: too few are posted, or one is not mapped, not writable or of another size. */
static bool find_buffers(struct queue *q, struct buffers *b)
{
	const bool halves = q->vif->c.half_pages;
	unsigned int i;

	b->size = netif_rx_buffer(&b->reqs[0], halves).size;
	b->n = b->size == NETIF_PAGE_SIZE ? DIRECT_SLOTS : DIRECT_SLOTS_HALVES;
	for (i = 0; i < b->n; i++) {
		const struct netif_gref_entry *e = netif_gref_map_find(&q->grefs, b->reqs[i].gref);
		struct netif_rx_part room = netif_rx_buffer(&b->reqs[i], halves);

		if (!e || e->readonly || !room.size || room.size != b->size)
			return false;
		b->at[i] = (uint8_t *)e->addr + room.offset;
	}
	return true;
}

/* Takes b->n requests; those taken beyond them go back.  False: none is taken. */
static bool take_buffers(struct queue *q, struct buffers *b)
{
	struct netif_rx_req *reqs = q->worker->scratch->rx_reqs;
	const int want = q->vif->c.half_pages ? (int)DIRECT_SLOTS_HALVES : (int)DIRECT_SLOTS;
	int taken = netif_rx_take(&q->rx, reqs, (u32)want);

	b->reqs = reqs;
	if (taken == want && find_buffers(q, b)) {
		netif_rx_untake(&q->rx, (u32)taken - b->n);
		return true;
	}
	netif_rx_untake(&q->rx, taken > 0 ? (u32)taken : 0);
	return false;
}

/* Frame bytes read over the buffers, the second left out: GSO info takes that slot. */
static int read_over(struct queue *q, const struct buffers *b, struct netif_vnet *vnet)
{
	struct worker *w = q->worker;
	struct iovec *iov = w->scratch->iov;
	struct io_uring_sqe *sqe = worker_sqe(w);
	unsigned int i, n = 2;

	iov[0].iov_base = vnet;
	iov[0].iov_len = sizeof(*vnet);
	iov[1].iov_base = b->at[0];
	iov[1].iov_len = b->size;
	for (i = 2; i < b->n; i++, n++) {
		iov[n].iov_base = b->at[i];
		iov[n].iov_len = b->size;
	}
	io_uring_prep_readv(sqe, q->tap_fd, iov, n, 0);
	sqe->rw_flags = RWF_NOWAIT;
	worker_sqe_result(w, sqe, 0);
	STAT_INC(q->stats.tap_submits);
	worker_complete(w);
	return w->scratch->results[0];
}

/*
 * A frame of several buffers without GSO has no extra slot: close the gap.  A guest
 * may have posted one page twice, hence memmove().
 */
static void close_gap(const struct buffers *b, unsigned int len)
{
	unsigned int i, n;

	for (i = 1; len > i * b->size; i++) {
		n = len - i * b->size;
		memmove(b->at[i], b->at[i + 1], n < b->size ? n : b->size);
	}
}

/* Returns the slots that the frame takes. */
static unsigned int respond_direct(struct queue *q, const struct buffers *b,
				   const struct netif_meta *m)
{
	struct netif_rx_part *parts = q->worker->scratch->rx_parts;
	const bool halves = b->size == NETIF_HALF_PAGE;
	bool bad;
	unsigned int slots = netif_rx_lay(b->reqs, b->n, m, halves, parts, &bad);
	unsigned int n = slots - netif_rx_extras(m);

	netif_rx_untake(&q->rx, b->n - slots);
	netif_rx_respond(&q->rx, b->reqs, m, parts, n, NETIF_RSP_OKAY);
	STAT_ADD(q->stats.rx_half_slots, halves ? n : 0);
	STAT_INC(q->stats.tap_reads);
	STAT_INC(q->stats.tap_reads_direct);
	STAT_ADD(q->stats.rx_static_slots, n);
	STAT_INC(q->stats.rx_frames);
	STAT_ADD(q->stats.rx_bytes, m->len);
	if (m->gso_type != NETIF_GSO_TYPE_NONE)
		STAT_INC(q->stats.rx_gso_frames);
	return slots;
}

/* Gives back the requests that it did not use.  1, 0: empty, -1: cannot. */
static int read_one(struct queue *q, struct netif_meta *m, unsigned int *slots)
{
	struct netif_vnet vnet;
	struct buffers b;
	int res;

	*slots = 0;
	if (!take_buffers(q, &b))
		return -1;
	res = read_over(q, &b, &vnet);
	if (res < (int)(sizeof(vnet) + NETIF_ETH_HLEN)) {
		netif_rx_untake(&q->rx, b.n);
		STAT_INC(*(res == -EAGAIN ? &q->stats.tap_reads_empty : &q->stats.tap_read_errors));
		return 0;
	}
	netif_meta_from_vnet(m, &vnet, (u32)res - (u32)sizeof(vnet));
	if (queue_rx_filtered(q, b.at[0])) {
		/* Its buffers go back unanswered: the guest is not told of the frame. */
		netif_rx_untake(&q->rx, b.n);
		STAT_INC(q->stats.tap_reads);
		return 1;
	}
	if (m->gso_type == NETIF_GSO_TYPE_NONE)
		close_gap(&b, m->len);
	*slots = respond_direct(q, &b, m);
	return 1;
}

unsigned int direct_read(struct queue *q)
{
	struct netif_meta m;
	unsigned int n = 0, slots = 0, more;
	int got = 1;

	pthread_mutex_lock(&q->rx_lock);
	while (q->rx_live && !q->rx_headroom && q->deficit > 0 && n < WORKER_READS_MAX &&
	       (got = read_one(q, &m, &more)) > 0) {
		n++;
		slots += more;
		queue_charge(q, m.len, 1, more);
		direct_count_size(q, m.len);
	}
	/* One event for all that were answered: in its guest each costs more than the frame. */
	if (slots)
		queue_rx_push(q, q->worker->now_ns);
	pthread_mutex_unlock(&q->rx_lock);
	if (!got)
		q->tap_ready = false;
	/* Not enough mapped buffers: the batched path knows what to do. */
	return got < 0 && !n ? NOT_DIRECT : slots;
}
