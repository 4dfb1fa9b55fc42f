/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big frames to the host by vhost-net, whose thread has no address space to switch to; small
 * ones, and those from the host, by io_uring, which wakes nobody.
 */
#include "netback-ng/uplink/vhost.h"

/* Mean size of a burst's frames from which they are worth waking vhost-net's thread. */
#define SPLIT_MEAN 4096u

/* Room for frames to the host. */
static void tap_settled(struct worker *w, struct completion *c, int res)
{
	struct queue *q = (struct queue *)((char *)c - offsetof(struct queue, tap_settled));

	STAT_INC(q->stats.tap_calls);
	worker_activate(w, &q->task);
}

static int split_open(struct queue *q)
{
	int rc = vhost_open_from(q, VQ_TX);

	q->tap_settled.done = tap_settled;
	return rc ? rc : uplink_uring.open(q);
}

/* Small frames keep their order as long as vhost-net has none in flight. */
static void split_write(struct queue *q, struct frame **frames, unsigned int n)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		bytes += frames[i]->meta.len;
	if (q->written == q->settled && bytes < (uint64_t)n * SPLIT_MEAN)
		uplink_uring.write(q, frames, n);
	else
		vhost_write(q, frames, n);
}

static unsigned int split_read(struct queue *q)
{
	return uplink_uring.read(q);
}

static bool split_arm(struct queue *q, bool frames)
{
	if (uplink_uring.arm(q, frames))
		return true;
	if (!vhost_settling_matters(q))
		return false;
	if (vhost_want_settled(q))
		return true;
	vhost_arm_call(q, &q->tap_settled);
	return false;
}

static void split_close(struct queue *q)
{
	vhost_detach(q);
	uplink_uring.close(q);
	vhost_release(q, &q->tap_settled);
}

const struct uplink uplink_split = {
	.name = "split",
	.open = split_open,
	.close = split_close,
	.room = vhost_room,
	.write = split_write,
	.give_up = vhost_give_up,
	.read = split_read,
	.arm = split_arm,
};
