/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The portable uplink: a TAP descriptor behind io_uring.  One submission
 * carries a burst either way.  Reads are marked RWF_NOWAIT: O_NONBLOCK alone
 * would have io_uring wait inside the kernel for a frame.  Kernels whose TAP does
 * not know the flag get plain reads, which do heed O_NONBLOCK.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "netback-ng/uplink/direct.h"
#include "netback-ng/vif/uplink.h"
#include "netback-ng/vif/vif_data.h"

#define READS_MIN 2u
/* One byte more than any frame: a longer one shows, instead of arriving cut short. */
#define READ_BYTES (TAP_VNET_LEN + TAP_FRAME_MAX + 1)
/* When a TAP is looked at again whose poll failed. */
#define POLL_AGAIN_NS 10000000ull

/* --- guest -> TAP ------------------------------------------------------------- */

/* The virtio header is right before the head (frame.h). */
static void prepare_write(struct queue *q, struct frame *f, unsigned int i)
{
	struct io_uring_sqe *sqe = worker_sqe(q->worker);

	f->iov[0].iov_base = (uint8_t *)f->iov[0].iov_base - TAP_VNET_LEN;
	f->iov[0].iov_len += TAP_VNET_LEN;
	if (f->niov == 1)
		io_uring_prep_write(sqe, q->tap_fd, f->iov[0].iov_base,
				    (unsigned int)f->iov[0].iov_len, 0);
	else
		io_uring_prep_writev(sqe, q->tap_fd, f->iov, f->niov, 0);
	worker_sqe_result(q->worker, sqe, i);
}

static void count_write(struct queue *q, int res)
{
	if (res >= 0)
		STAT_INC(q->stats.tx_to_tap);
	else if (res == -EIO)
		STAT_INC(q->stats.tx_drop_tap_down);
	else if (res == -EAGAIN)
		STAT_INC(q->stats.tx_drop_tap_full);
	else
		STAT_INC(q->stats.tx_drop_tap_error);
}

/* Every write is done when this returns: its buffers are free again, whatever became of it. */
static void uring_write(struct queue *q, struct frame **frames, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		prepare_write(q, frames[i], i);
	STAT_INC(q->stats.tap_submits);
	worker_complete(q->worker);
	for (i = 0; i < n; i++)
		count_write(q, q->worker->scratch->results[i]);
}

static unsigned int uring_room(struct queue *q)
{
	return NETIF_TX_RING_SIZE;
}

static void uring_give_up(struct queue *q)
{
}

/* --- TAP -> guest ------------------------------------------------------------- */

/*
 * The frame begins on a page, as it will in the guest's page, so that no
 * grant copy straddles two of our pages (gntdev would split it).
 */
static uint8_t *read_buffer(const struct worker *w, unsigned int i)
{
	uint8_t *to = w->reads.base + i * WORKER_FRAME_ROOM;

	return w->config->aligned_copy ? to + NETIF_PAGE_SIZE - TAP_VNET_LEN : to;
}

static void prepare_read(struct queue *q, unsigned int i)
{
	struct worker *w = q->worker;
	struct io_uring_sqe *sqe = worker_sqe(w);
	uint8_t *to = read_buffer(w, i);

	if (w->pool_fixed)
		io_uring_prep_read_fixed(sqe, q->tap_fd, to, READ_BYTES, 0, 0);
	else
		io_uring_prep_read(sqe, q->tap_fd, to, READ_BYTES, 0);
	sqe->rw_flags = RWF_NOWAIT;
	worker_sqe_result(w, sqe, i);
}

static void read_by_ring(struct queue *q, unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = first; i < first + n; i++)
		prepare_read(q, i);
	worker_complete(q->worker);
}

static void read_plainly(struct queue *q, unsigned int first, unsigned int n)
{
	struct worker *w = q->worker;
	unsigned int i;
	ssize_t got;

	for (i = first; i < first + n; i++) {
		got = read(q->tap_fd, read_buffer(w, i), READ_BYTES);
		w->scratch->results[i] = got < 0 ? -errno : (int)got;
		if (got < 0)
			break;
	}
	/* After the first that found nothing, none was tried. */
	for (; i < first + n; i++)
		w->scratch->results[i] = -EAGAIN;
}

/*
 * Before Linux 6.4 a TAP refuses RWF_NOWAIT.  Only a read tells: one of no bytes ends
 * before the kernel looks at the flag.
 */
static void read_all(struct queue *q, unsigned int first, unsigned int n)
{
	if (q->tap_nowait) {
		read_by_ring(q, first, n);
		q->tap_nowait = q->worker->scratch->results[first] != -EOPNOTSUPP;
	}
	if (!q->tap_nowait)
		read_plainly(q, first, n);
}

/* Of a frame that begins there. */
static const struct copy_grants *read_grants(struct worker *w, unsigned int i, const uint8_t *at)
{
	struct copy_grants *g = &w->scratch->grants[i];

	*g = (struct copy_grants){
		.refs = w->reads.refs + (size_t)(at - w->reads.base) / NETIF_PAGE_SIZE,
	};
	return g;
}

/* One frame as it lies in a read buffer. */
static bool take_read(struct queue *q, struct frame *f, unsigned int i, int res)
{
	struct worker *w = q->worker;
	uint8_t *at = read_buffer(w, i);
	struct iovec *iov = &w->scratch->iov[i];
	struct netif_vnet vnet;

	if (res < (int)(TAP_VNET_LEN + NETIF_ETH_HLEN)) {
		if (res == -EAGAIN)
			STAT_INC(q->stats.tap_reads_empty);
		else
			STAT_INC(q->stats.tap_read_errors);
		return false;
	}
	if (res > (int)(TAP_VNET_LEN + TAP_FRAME_MAX)) {
		STAT_INC(q->stats.rx_drop_tap_truncated);
		return false;
	}
	memcpy(&vnet, at, sizeof(vnet));
	netif_meta_from_vnet(&f->meta, &vnet, (uint32_t)res - TAP_VNET_LEN);
	iov->iov_base = at + TAP_VNET_LEN;
	iov->iov_len = (size_t)res - TAP_VNET_LEN;
	f->iov = iov;
	f->niov = 1;
	f->grants = w->reads.refs ? read_grants(w, i, iov->iov_base) : NULL;
	f->failed = false;
	STAT_INC(q->stats.tap_reads);
	return true;
}

/*
 * Submit n reads; frames that came are appended from 'have'.  Reads are done in
 * order, so the first that found nothing ends the burst.
 */
static unsigned int read_some(struct queue *q, struct frame *frames, unsigned int have,
			      unsigned int n)
{
	struct worker *w = q->worker;
	unsigned int i, got = 0;

	STAT_INC(q->stats.tap_submits);
	read_all(q, have, n);
	for (i = 0; i < n; i++)
		if (take_read(q, &frames[have + got], have + i, w->scratch->results[have + i]))
			got++;
	if (got < n)
		q->tap_ready = false;
	return got;
}

/* Full bursts grow the next one, empty reads shrink it: few reads find nothing. */
static void adapt_burst(struct queue *q, unsigned int asked, unsigned int got)
{
	if (got == asked)
		q->read_burst = asked * 2 < WORKER_READS_MAX ? asked * 2 : WORKER_READS_MAX;
	else if (got < asked / 2)
		q->read_burst = got > READS_MIN ? got : READS_MIN;
}

/* A frame that was read and needs more buffers than the guest has posted. */
struct uring_held {
	bool full;
	struct netif_meta meta;
	struct iovec iov;
	uint8_t bytes[TAP_FRAME_MAX];
};

static bool holds(const struct queue *q)
{
	return q->held && q->held->full;
}

/* Out of the worker's buffer, which the next queue needs.  Without memory for that the frame is lost. */
static void hold(struct queue *q, const struct frame *f)
{
	if (!q->held)
		q->held = calloc(1, sizeof(*q->held));
	if (!q->held) {
		pthread_mutex_lock(&q->rx_lock);
		STAT_INC(q->stats.rx_drop_no_slots);
		pthread_mutex_unlock(&q->rx_lock);
		return;
	}
	q->held->full = true;
	q->held->meta = f->meta;
	memcpy(q->held->bytes, f->iov->iov_base, f->meta.len);
}

/* The frame that is held: delivered where it fits by now.  False: it stays. */
static bool deliver_held(struct queue *q, unsigned int *slots)
{
	struct uring_held *h = q->held;
	struct frame f = { .meta = h->meta, .iov = &h->iov, .niov = 1 };
	const unsigned int need = queue_rx_need(q, &f.meta);

	*slots = 0;
	if (queue_rx_room(q) < need) {
		h->full = !queue_frame_waits_too_long(q, need);
		return !h->full;
	}
	queue_frame_fits(q);
	h->iov = (struct iovec){ h->bytes, h->meta.len };
	*slots = queue_deliver(q, &f, 1);
	h->full = false;
	return true;
}

/* Of the frames that were read one by one: is the last too big for the room that is left? */
static bool keep_back(struct queue *q, const struct frame *f, unsigned int room)
{
	const unsigned int need = queue_rx_need(q, &f->meta);

	if (need <= room)
		return false;
	/* It begins to wait. */
	(void)queue_frame_waits_too_long(q, need);
	hold(q, f);
	return true;
}

/*
 * Read until the TAP is empty or the guest's buffers are used up.  Where those that are left
 * might not do for each frame, one is read at a time, and waits for what it needs.
 */
static unsigned int read_burst(struct queue *q, struct frame *frames)
{
	unsigned int worst = queue_slots_worst(q), room = queue_rx_room(q), n, got, i, have = 0;

	while (q->tap_ready && room && have < WORKER_READS_MAX) {
		n = q->read_burst;
		if (n > WORKER_READS_MAX - have)
			n = WORKER_READS_MAX - have;
		if (n > room / worst)
			n = room < worst ? 1 : room / worst;
		got = read_some(q, frames, have, n);
		if (got && n == 1 && keep_back(q, &frames[have], room))
			break;
		for (i = have; i < have + got; i++)
			room -= queue_rx_need(q, &frames[i].meta);
		have += got;
		if (n == q->read_burst)
			adapt_burst(q, n, got);
	}
	if (q->tap_ready && !room)
		STAT_INC(q->stats.rx_slot_waits);
	return have;
}

static unsigned int uring_read(struct queue *q)
{
	struct frame *frames = q->worker->scratch->frames;
	unsigned int i, n, slots = NOT_DIRECT;

	if (holds(q)) {
		deliver_held(q, &slots);
		return slots;
	}
	if (direct_wanted(q))
		slots = direct_read(q);
	if (slots != NOT_DIRECT)
		return slots;
	n = read_burst(q, frames);
	for (i = 0; i < n; i++)
		direct_count_size(q, frames[i].meta.len);
	return queue_deliver(q, frames, n);
}

/* --- life ---------------------------------------------------------------------- */

static void tap_polled(struct worker *w, struct completion *c, int res)
{
	struct queue *q = (struct queue *)((char *)c - offsetof(struct queue, tap_polled));

	if (res < 0 && res != -ECANCELED) {
		/* The kernel had nothing left for a poll, say: nobody else tells of frames, so look for them in a while. */
		q->tap_held = true;
		worker_look_again(w, &q->task, w->now_ns + POLL_AGAIN_NS);
	} else if (res & POLLIN) {
		q->tap_ready = true;
		worker_activate(w, &q->task);
	}
}

static int uring_open(struct queue *q)
{
	q->tap_polled.done = tap_polled;
	q->tap_nowait = true;
	q->read_burst = READS_MIN;
	return 0;
}

static bool uring_arm(struct queue *q, bool frames)
{
	struct io_uring_sqe *sqe;

	if (!frames || q->tap_polled.armed)
		return false;
	sqe = worker_sqe(q->worker);
	io_uring_prep_poll_add(sqe, q->tap_fd, POLLIN);
	worker_sqe_completion(sqe, &q->tap_polled);
	return false;
}

static void drop_held(struct queue *q)
{
	if (holds(q)) {
		pthread_mutex_lock(&q->rx_lock);
		STAT_INC(q->stats.rx_drop_stopped);
		pthread_mutex_unlock(&q->rx_lock);
	}
	free(q->held);
	q->held = NULL;
}

static void uring_close(struct queue *q)
{
	struct io_uring_sqe *sqe;

	drop_held(q);
	/* The removal itself may fail: the main thread waits for us, so until it does not. */
	while (q->tap_polled.armed) {
		sqe = worker_sqe(q->worker);
		io_uring_prep_poll_remove(sqe, worker_completion_data(&q->tap_polled));
		worker_sqe_ignore(sqe);
		worker_wait(q->worker);
	}
}

const struct uplink uplink_uring = {
	.name = "io_uring",
	.open = uring_open,
	.close = uring_close,
	.room = uring_room,
	.write = uring_write,
	.give_up = uring_give_up,
	.read = uring_read,
	.arm = uring_arm,
};
