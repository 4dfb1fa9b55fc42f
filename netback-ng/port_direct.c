/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big frames from the TAP straight into the guest's statically granted pages:
 * one copy, the kernel's.  How much a frame will need is known only after it was
 * read, so frames are read one at a time, each over as many posted pages as the
 * biggest takes; a frame of 64 KiB carries the cost of its own submission.
 */
#include <errno.h>

#include "netback-ng/port.h"
#include "netback-ng/vif_data.h"

#define DIRECT_SLOTS 18u /* 17 pages of data and a GSO slot */
/* Mean size of the frames read at which direct reads start and end to pay. */
#define DIRECT_FROM 8192u
#define DIRECT_TO 4096u

void port_count_size(struct queue *q, unsigned int len)
{
	q->read_ewma += len - (q->read_ewma >> 3);
}

bool port_wants_direct(struct queue *q)
{
	const struct netif_hash *hash = atomic_load_explicit(&q->vif->hash, memory_order_acquire);
	unsigned int mean = q->read_ewma >> 3;

	/* Without scatter-gather a frame over a page is refused, which only queue_rx() does. */
	if (!q->worker->config->direct_read || !q->tap_nowait || !q->grefs.count || hash ||
	    !q->vif->c.sg)
		return false;
	return q->direct = mean > (q->direct ? DIRECT_TO : DIRECT_FROM);
}

/* The pages of the posted buffers; false: one is not mapped, or not writable. */
static bool find_pages(const struct queue *q, const struct netif_rx_req *reqs, uint8_t **pages)
{
	unsigned int i;

	for (i = 0; i < DIRECT_SLOTS; i++) {
		const struct netif_gref_entry *e = netif_gref_map_find(&q->grefs, reqs[i].gref);

		if (!e || e->readonly)
			return false;
		pages[i] = e->addr;
	}
	return true;
}

/* Frame bytes read over the pages, the second left out: GSO info takes that slot. */
static int read_over(struct queue *q, uint8_t **pages, struct netif_vnet *vnet)
{
	struct worker *w = q->worker;
	struct iovec *iov = w->scratch->iov;
	struct io_uring_sqe *sqe = worker_sqe(w);
	unsigned int i, n = 2;

	iov[0].iov_base = vnet;
	iov[0].iov_len = sizeof(*vnet);
	iov[1].iov_base = pages[0];
	iov[1].iov_len = NETIF_PAGE_SIZE;
	for (i = 2; i < DIRECT_SLOTS; i++, n++) {
		iov[n].iov_base = pages[i];
		iov[n].iov_len = NETIF_PAGE_SIZE;
	}
	io_uring_prep_readv(sqe, q->tap_fd, iov, n, 0);
	sqe->rw_flags = RWF_NOWAIT;
	worker_sqe_result(w, sqe, 0);
	STAT_INC(q->stats.tap_submits);
	worker_complete(w);
	return w->scratch->results[0];
}

/*
 * A frame of several pages without GSO has no extra slot: close the gap.  A guest
 * may have posted one page twice, hence memmove().
 */
static void close_gap(uint8_t **pages, unsigned int len)
{
	unsigned int i, n;

	for (i = 1; len > i * NETIF_PAGE_SIZE; i++) {
		n = len - i * NETIF_PAGE_SIZE;
		memmove(pages[i], pages[i + 1], n < NETIF_PAGE_SIZE ? n : NETIF_PAGE_SIZE);
	}
}

static void respond_direct(struct queue *q, const struct netif_rx_req *reqs,
			   const struct netif_meta *m)
{
	struct netif_rx_part *parts = q->worker->scratch->rx_parts;
	unsigned int n = 0, left = m->len;

	for (; left; n++) {
		parts[n].offset = 0;
		parts[n].size = (uint16_t)(left < NETIF_PAGE_SIZE ? left : NETIF_PAGE_SIZE);
		left -= parts[n].size;
	}
	netif_rx_respond(&q->rx, reqs, m, parts, n, NETIF_RSP_OKAY);
	STAT_INC(q->stats.tap_reads);
	STAT_INC(q->stats.tap_reads_direct);
	STAT_ADD(q->stats.rx_static_slots, n);
	STAT_INC(q->stats.rx_frames);
	STAT_ADD(q->stats.rx_bytes, m->len);
	if (m->gso_type != NETIF_GSO_TYPE_NONE)
		STAT_INC(q->stats.rx_gso_frames);
}

/* Takes DIRECT_SLOTS requests and gives back those it did not use.  1, 0: empty, -1: cannot. */
static int read_one(struct queue *q, struct netif_meta *m)
{
	struct netif_rx_req *reqs = q->worker->scratch->rx_reqs;
	int res, taken = netif_rx_take(&q->rx, reqs, DIRECT_SLOTS);
	uint8_t *pages[DIRECT_SLOTS];
	struct netif_vnet vnet;

	if (taken < (int)DIRECT_SLOTS || !find_pages(q, reqs, pages)) {
		netif_rx_untake(&q->rx, taken > 0 ? (u32)taken : 0);
		return -1;
	}
	res = read_over(q, pages, &vnet);
	if (res < (int)(sizeof(vnet) + NETIF_ETH_HLEN)) {
		netif_rx_untake(&q->rx, DIRECT_SLOTS);
		STAT_INC(*(res == -EAGAIN ? &q->stats.tap_reads_empty : &q->stats.tap_read_errors));
		return 0;
	}
	netif_meta_from_vnet(m, &vnet, (u32)res - (u32)sizeof(vnet));
	if (queue_rx_filtered(q, pages[0])) {
		/* Its buffers go back unanswered: the guest is not told of the frame. */
		netif_rx_untake(&q->rx, DIRECT_SLOTS);
		STAT_INC(q->stats.tap_reads);
		return 1;
	}
	if (m->gso_type == NETIF_GSO_TYPE_NONE)
		close_gap(pages, m->len);
	netif_rx_untake(&q->rx, DIRECT_SLOTS - netif_rx_need(m, 0));
	respond_direct(q, reqs, m);
	return 1;
}

unsigned int port_read_direct(struct queue *q)
{
	struct netif_meta m;
	unsigned int n = 0, slots = 0;
	int got = 1;

	pthread_mutex_lock(&q->rx_lock);
	while (q->rx_live && q->deficit > 0 && n < WORKER_READS_MAX && (got = read_one(q, &m)) > 0) {
		n++;
		slots += netif_rx_need(&m, 0);
		q->deficit -= (int64_t)m.len + 64;
		port_count_size(q, m.len);
	}
	/* One event for all of them: in its guest each costs more than the frame. */
	if (n)
		queue_rx_push(q, q->worker->now_ns);
	pthread_mutex_unlock(&q->rx_lock);
	if (!got)
		q->tap_ready = false;
	/* Not enough mapped buffers: the batched path knows what to do. */
	return got < 0 && !n ? PORT_NOT_DIRECT : slots;
}
