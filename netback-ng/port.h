/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host side of a queue, chosen by configuration ("port"): how frames get
 * to and from its TAP descriptor.  port.c chooses, and does what all have in common;
 * port_uring.c and port_direct.c: io_uring; port_vhost.c: the kernel's vhost-net;
 * port_split.c: each for what it does best.
 * A port knows the queue and its worker; it never looks at a guest's ring.
 */
#ifndef NETBACK_PORT_H
#define NETBACK_PORT_H

#include "netback-ng/queue.h"

struct port {
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

extern const struct port port_uring, port_vhost, port_split;

/* Open the configured port, or the one that always works.  0 or -errno. */
int port_open(struct queue *q);
/* Does this guest complete the checksums of one IP version only?  Those of the other are filled in. */
bool port_fills_sums(const struct queue *q);
/*
 * Frames from the host, each in one piece of the port's own memory, to the queue that is
 * theirs.  Returns the ring slots that they need.
 */
unsigned int port_deliver(struct queue *q, struct frame *frames, unsigned int n);
/* Ring slots that a frame from this TAP may take: it is not known before it is read. */
unsigned int port_slots_worst(const struct queue *q);
/* A guest that has not posted enough buffers for a frame for so long never will. */
#define PORT_WAIT_NS 1000000000ull
/*
 * The next frame needs so many ring slots, and the guest has fewer.  True: it has waited long
 * enough and is counted as lost, so that those behind it get their turn; else it has to stay.
 */
bool port_frame_waits_too_long(struct queue *q, unsigned int need);
/* There were enough. */
static inline void port_frame_fits(struct queue *q)
{
	q->rx_wanted = 0;
}

/* port_direct.c, for port_uring.c. */
#define PORT_NOT_DIRECT (~0u)
unsigned int port_read_direct(struct queue *q);
bool port_wants_direct(struct queue *q);
void port_count_size(struct queue *q, unsigned int len);

#endif
