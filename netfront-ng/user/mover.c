/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/mover.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SPILL_SIZE (64u << 10)
#define RING_ENTRIES 512u

_Static_assert(MOVER_READS + NETIF_RX_RING_SIZE <= RING_ENTRIES, "one submission holds both bursts");
_Static_assert(MOVER_FRAME_PAGES * NETIF_PAGE_SIZE > NETIF_MAX_TX_SIZE, "pages for any frame");
_Static_assert(sizeof(struct netif_vnet) == TAP_VNET_LEN, "the TAP's header");

int mover_open(struct mover *m)
{
	int rc;

	/* Touched only where a frame is larger than the burst before it led to expect. */
	m->spill = mmap(NULL, MOVER_READS * SPILL_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->spill == MAP_FAILED) {
		m->spill = NULL;
		return -ENOMEM;
	}
	rc = io_uring_queue_init(RING_ENTRIES, &m->ring, 0);
	m->ring_open = !rc;
	if (rc)
		mover_close(m);
	return rc;
}

void mover_close(struct mover *m)
{
	if (m->ring_open)
		io_uring_queue_exit(&m->ring);
	if (m->spill)
		munmap(m->spill, MOVER_READS * SPILL_SIZE);
	m->ring_open = false;
	m->spill = NULL;
}

void mover_start(struct mover *m, struct front_queue *q, int tap)
{
	m->q = q;
	m->tap = tap;
	m->nreads = m->next = m->nwrites = 0;
	m->want = 1;
	m->failed = 0;
	m->nowait = RWF_NOWAIT;
	m->large = m->blocked = false;
	m->tap_ready = true;
}

void mover_stop(struct mover *m)
{
	struct front_queue *q = m->q;
	uint64_t lost = m->nreads - m->next;
	unsigned int i;

	/* By frames that wait, and by pages that the back end has not answered for. */
	for (i = 0; i < FRONT_PAGES; i++)
		lost += q->tx.outstanding[i];
	front_count(&m->counters.tx_lost, lost);
	m->nreads = m->next = 0;
}

/* ---- guest transmit: TAP -> ring */

static int reap(struct mover *m)
{
	uint16_t done[NETIF_TX_RING_SIZE];
	uint32_t bad = 0;
	int n = netif_front_tx_reap(&m->q->tx, done, NETIF_TX_RING_SIZE, &bad, &m->q->errors);

	if (n < 0)
		return -EPROTO;
	if (bad)
		front_count(&m->q->counters.tx_errors, bad);
	return n;
}

/* The reads that the free slots allow: each frame needs one more for GSO. */
static unsigned int reads_possible(const struct mover *m, unsigned int pages)
{
	unsigned int n = netif_front_free(&m->q->tx.ring) / (pages + 1);

	return n < m->want ? n : m->want;
}

/* False: there are not as many free pages. */
static bool prepare_read(struct mover *m, unsigned int i, unsigned int pages)
{
	struct mover_read *r = &m->reads[i];
	struct io_uring_sqe *sqe;
	unsigned int niov;

	r->nids = 0;
	if (!netif_front_tx_ids(&m->q->tx, r->ids, pages))
		return false;
	r->nids = pages;
	r->iov[0] = (struct iovec){ &r->vnet, sizeof(r->vnet) };
	for (niov = 1; niov <= pages; niov++)
		r->iov[niov] = (struct iovec){ front_queue_tx_page(m->q, r->ids[niov - 1]),
					       NETIF_PAGE_SIZE };
	sqe = io_uring_get_sqe(&m->ring);
	if (pages < MOVER_FRAME_PAGES)
		r->iov[niov++] = (struct iovec){ m->spill + (size_t)i * SPILL_SIZE, SPILL_SIZE };
	io_uring_prep_readv2(sqe, m->tap, r->iov, niov, 0, m->nowait);
	io_uring_sqe_set_data64(sqe, i);
	return true;
}

/* Nothing is read while an earlier frame waits: what cannot go stays in the TAP's queue. */
static unsigned int prepare_reads(struct mover *m)
{
	unsigned int pages = m->large ? MOVER_FRAME_PAGES : 1, possible, n = 0;

	if (m->next < m->nreads)
		return 0;
	possible = reads_possible(m, pages);
	while (n < possible && prepare_read(m, n, pages))
		n++;
	m->blocked = !n;
	if (!n)
		front_count(&m->q->counters.tx_full, 1);
	m->nreads = n;
	m->next = 0;
	return n;
}

static void put_ids(struct mover *m, struct mover_read *r, unsigned int keep)
{
	while (r->nids > keep)
		netif_front_tx_put_id(&m->q->tx, r->ids[--r->nids]);
}

/* The frame turned out larger than its page: more pages, and the rest copied there. */
static bool unspill(struct mover *m, struct mover_read *r, uint32_t len, unsigned int pages)
{
	const uint8_t *from = r->iov[2].iov_base;
	uint32_t left = len - NETIF_PAGE_SIZE;

	if (!netif_front_tx_ids(&m->q->tx, r->ids + r->nids, pages - r->nids))
		return false;
	for (; left; from += NETIF_PAGE_SIZE) {
		uint32_t n = left < NETIF_PAGE_SIZE ? left : NETIF_PAGE_SIZE;

		memcpy(front_queue_tx_page(m->q, r->ids[r->nids++]), from, n);
		left -= n;
	}
	return true;
}

static void write_requests(struct mover *m, const struct mover_read *r, const struct netif_meta *meta)
{
	struct netif_front_seg segs[MOVER_FRAME_PAGES];
	uint32_t left = meta->len, n;

	for (n = 0; left; n++) {
		uint32_t size = left < NETIF_PAGE_SIZE ? left : NETIF_PAGE_SIZE;

		segs[n] = (struct netif_front_seg){
			.gref = m->q->tx_pages.refs[r->ids[n]],
			.id = r->ids[n],
			.size = (uint16_t)size,
		};
		left -= size;
	}
	netif_front_tx_send(&m->q->tx, meta, segs, n);
}

static void count_sent(struct front_counters *c, const struct netif_meta *meta)
{
	front_count(&c->tx_packets, 1);
	front_count(&c->tx_bytes, meta->len);
	if (meta->gso_type)
		front_count(&c->tx_gso, 1);
}

/* False: no room for it now. */
static bool send_frame(struct mover *m, struct mover_read *r)
{
	int len = r->result - TAP_VNET_LEN;
	unsigned int pages;
	struct netif_meta meta;

	if (len < (int)NETIF_ETH_HLEN || len > NETIF_MAX_TX_SIZE) {
		put_ids(m, r, 0);
		if (r->result != -EAGAIN)
			front_count(&m->counters.tx_dropped, 1);
		return true;
	}
	pages = ((unsigned int)len + NETIF_PAGE_SIZE - 1) / NETIF_PAGE_SIZE;
	if (netif_front_free(&m->q->tx.ring) < pages + 1)
		return false;
	if (pages > r->nids && !unspill(m, r, (uint32_t)len, pages))
		return false;
	put_ids(m, r, pages);
	netif_meta_from_vnet(&meta, &r->vnet, (uint32_t)len);
	write_requests(m, r, &meta);
	count_sent(&m->q->counters, &meta);
	return true;
}

/* As many frames of the burst as there is room for.  Returns how many. */
static unsigned int send_burst(struct mover *m)
{
	unsigned int sent = 0;

	while (m->next < m->nreads && send_frame(m, &m->reads[m->next])) {
		m->next++;
		sent++;
	}
	m->blocked = m->next < m->nreads;
	if (m->blocked)
		front_count(&m->q->counters.tx_full, 1);
	if (sent)
		front_queue_push_tx(m->q);
	return sent;
}

/* What this burst says about the next. */
static unsigned int judge_reads(struct mover *m, int was_nowait)
{
	unsigned int i, got = 0;

	m->large = false;
	for (i = 0; i < m->nreads; i++) {
		got += m->reads[i].result != -EAGAIN;
		m->large |= m->reads[i].result > (int)(NETIF_PAGE_SIZE + TAP_VNET_LEN);
	}
	m->tap_ready = got == m->nreads || was_nowait != m->nowait;
	m->want = m->tap_ready ? m->want * 2 : got + 1;
	if (m->want > MOVER_READS)
		m->want = MOVER_READS;
	return got;
}

/* ---- guest receive: ring -> TAP */

static unsigned int write_parts(struct mover *m, struct mover_write *w,
				const struct netif_front_frame *f, uint32_t hlen)
{
	const struct netif_front_part *p = &m->burst.parts[f->part];
	unsigned int niov = 2, i;

	for (i = 0; i < f->nparts; i++) {
		uint32_t skip = i ? 0 : hlen;

		if (p[i].size == skip)
			continue;
		w->iov[niov++] = (struct iovec){
			front_queue_rx_page(m->q, p[i].id) + p[i].offset + skip, p[i].size - skip
		};
	}
	return niov;
}

static void count_received(struct front_queue *q, const struct netif_meta *meta)
{
	struct front_counters *c = &q->counters;
	const uint32_t agreed = __atomic_load_n(&q->headroom, __ATOMIC_RELAXED);

	front_count(&c->rx_packets, 1);
	if (meta->headroom)
		front_count(&c->rx_headroom, 1);
	/* An XDP program looks where it was agreed on, whatever is said of the frame. */
	if (agreed && meta->headroom != agreed)
		front_count(&c->rx_misplaced, 1);
	front_count(&c->rx_bytes, meta->len);
	if (meta->gso_type)
		front_count(&c->rx_gso, 1);
}

static void prepare_write(struct mover *m, struct netif_front_frame *f)
{
	const struct netif_front_part *p = &m->burst.parts[f->part];
	struct mover_write *w = &m->writes[m->nwrites];
	uint32_t hlen = p->size < NETIF_HEADER_MAX ? p->size : NETIF_HEADER_MAX;
	struct io_uring_sqe *sqe;

	memcpy(w->header, front_queue_rx_page(m->q, p->id) + p->offset, hlen);
	if (netif_vnet_from_meta(&w->vnet, &f->meta, w->header, hlen)) {
		front_count(&m->counters.rx_refused, 1);
		return;
	}
	w->iov[0] = (struct iovec){ &w->vnet, sizeof(w->vnet) };
	w->iov[1] = (struct iovec){ w->header, hlen };
	sqe = io_uring_get_sqe(&m->ring);
	io_uring_prep_writev(sqe, m->tap, w->iov, write_parts(m, w, f, hlen), 0);
	io_uring_sqe_set_data64(sqe, MOVER_READS + m->nwrites++);
	count_received(m->q, &f->meta);
}

/* Returns how many frames the ring had, or -EPROTO. */
static int prepare_writes(struct mover *m)
{
	unsigned int i;

	m->nwrites = 0;
	if (netif_front_rx_take(&m->q->rx, &m->burst, NETIF_RX_RING_SIZE, &m->q->errors))
		return -EPROTO;
	for (i = 0; i < m->burst.nframes; i++) {
		if (m->burst.frames[i].error)
			front_count(&m->q->counters.rx_dropped, 1);
		else
			prepare_write(m, &m->burst.frames[i]);
	}
	return m->burst.nframes;
}

/* ---- both */

/*
 * An empty TAP must answer at once.  Where the kernel's TAP supports nowait
 * (Linux 6.4), io_uring waits for it in spite of O_NONBLOCK unless told not to;
 * where it does not, O_NONBLOCK alone is enough, and the flag an error.
 */
static void reject_nowait(struct mover *m, struct mover_read *r)
{
	m->nowait = 0;
	r->result = -EAGAIN;
}

static void complete(struct mover *m, const struct io_uring_cqe *cqe)
{
	if (cqe->user_data >= MOVER_READS) {
		if (cqe->res < 0)
			front_count(&m->counters.rx_refused, 1);
		return;
	}
	m->reads[cqe->user_data].result = cqe->res;
	if (cqe->res == -EOPNOTSUPP && m->nowait)
		reject_nowait(m, &m->reads[cqe->user_data]);
	else if (cqe->res < 0 && cqe->res != -EAGAIN)
		m->failed = cqe->res;
}

/* The TAP never blocks, so that all of it completes within the submission. */
static int submit(struct mover *m, unsigned int n)
{
	struct io_uring_cqe *cqe;
	unsigned int seen = 0, head;
	int rc;

	while (seen < n) {
		unsigned int batch = 0;

		rc = io_uring_submit_and_wait(&m->ring, n - seen);
		front_count(&m->counters.tap_syscalls, 1);
		if (rc < 0 && rc != -EINTR)
			return rc;
		io_uring_for_each_cqe(&m->ring, head, cqe) {
			complete(m, cqe);
			batch++;
		}
		io_uring_cq_advance(&m->ring, batch);
		seen += batch;
	}
	return 0;
}

int mover_step(struct mover *m)
{
	unsigned int nreads = 0, work;
	int reaped, received, rc, nowait = m->nowait;

	reaped = reap(m);
	received = reaped < 0 ? reaped : prepare_writes(m);
	if (received < 0)
		return received;
	work = (unsigned int)received + send_burst(m);
	if (m->tap_ready || m->nwrites)
		nreads = prepare_reads(m);
	if (nreads + m->nwrites) {
		rc = submit(m, nreads + m->nwrites);
		if (rc)
			return rc;
	}
	if (received)
		front_queue_post(m->q);
	if (nreads) {
		work += judge_reads(m, nowait);
		send_burst(m);
	}
	return m->failed ? m->failed : (int)work;
}

bool mover_arm(struct mover *m)
{
	struct netif_front_ring *tx = &m->q->tx.ring;
	uint32_t outstanding = tx->req_prod - tx->rsp_cons;

	/* While there is room, finished pages can wait for the next frame to be collected. */
	if (m->blocked && outstanding && netif_front_arm(tx, (outstanding + 1) / 2))
		return true;
	return netif_front_arm(&m->q->rx.ring, 1);
}

void mover_disarm(struct mover *m)
{
	netif_front_disarm(&m->q->tx.ring);
	netif_front_disarm(&m->q->rx.ring);
}
