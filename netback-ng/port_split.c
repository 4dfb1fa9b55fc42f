/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big frames to the host by vhost-net, whose thread has no address space to switch to; small
 * ones, and those from the host, by io_uring, which wakes nobody.
 */
#include "netback-ng/port_vhost.h"

/* Mean size of a burst's frames from which they are worth waking vhost-net's thread. */
#define SPLIT_MEAN 4096u

static int split_open(struct queue *q)
{
	int rc = vhost_open_from(q, VQ_TX);

	return rc ? rc : port_uring.open(q);
}

/* Small frames keep their order as long as vhost-net has none in flight. */
static void split_write(struct queue *q, struct frame **frames, unsigned int n)
{
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		bytes += frames[i]->meta.len;
	if (q->written == q->settled && bytes < (uint64_t)n * SPLIT_MEAN)
		port_uring.write(q, frames, n);
	else
		vhost_write(q, frames, n);
}

static unsigned int split_read(struct queue *q)
{
	return port_uring.read(q);
}

static bool split_arm(struct queue *q, bool frames)
{
	if (port_uring.arm(q, frames))
		return true;
	if (!vhost_settling_matters(q))
		return false;
	if (vhost_want_settled(q))
		return true;
	vhost_arm_call(q, TAG_TAP_SETTLED, &q->settle_armed);
	return false;
}

static void split_close(struct queue *q)
{
	vhost_detach(q);
	port_uring.close(q);
	vhost_release(q, &q->settle_armed);
}

const struct port port_split = {
	.name = "split",
	.open = split_open,
	.close = split_close,
	.room = vhost_room,
	.write = split_write,
	.give_up = vhost_give_up,
	.read = split_read,
	.arm = split_arm,
};
