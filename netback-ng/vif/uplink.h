/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host side of a queue, chosen by configuration ("port"): how frames get to and from its TAP
 * descriptor.  Those who do it are in uplink/: uplink.c chooses; uring.c and direct.c: io_uring;
 * vhost.c: the kernel's vhost-net; split.c: each for what it does best.
 * An uplink knows the queue and its worker; of a guest's rings only direct.c knows.
 */
#ifndef NETBACK_UPLINK_H
#define NETBACK_UPLINK_H

#include <stdbool.h>

struct frame;
struct queue;

struct uplink {
	const char *name;
	/* Main thread, before the queue runs.  0 or -errno. */
	int (*open)(struct queue *q);
	/* Worker: the queue runs no more.  What is written is out, or counted as lost. */
	void (*close)(struct queue *q);
	/* Advance q->settled.  Returns for how many ring slots q->tx_buf has room. */
	unsigned int (*room)(struct queue *q);
	/*
	 * Host-bound frames, made in q->tx_buf; they count in q->written.  Their memory
	 * is in use, the guest's pages too, until q->settled has got there.
	 */
	void (*write)(struct queue *q, struct frame **frames, unsigned int n);
	/* What was written does not get out: count it as lost; q->settled == q->written afterwards. */
	void (*give_up)(struct queue *q);
	/* One burst to the guest.  Returns the ring slots that its frames need. */
	unsigned int (*read)(struct queue *q);
	/*
	 * Nothing to do: set q->tap_ready and activate q when there is a frame (where
	 * 'frames' asks for it), activate it when q->settled can advance (where that is
	 * waited for).  True: there is something already.
	 */
	bool (*arm)(struct queue *q, bool frames);
};

extern const struct uplink uplink_uring, uplink_vhost, uplink_split;

/* Open the configured one, or the one that always works.  0 or -errno. */
int uplink_open(struct queue *q);

#endif
