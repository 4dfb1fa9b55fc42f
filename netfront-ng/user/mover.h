/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves frames between one queue of a front end and one queue of a TAP, through
 * an io_uring: frames are read straight into granted pages and written straight
 * from them.  One submission per step carries both directions' bursts.
 * May depend on front.h, lib/tap and liburing.
 */
#ifndef FRONT_MOVER_H
#define FRONT_MOVER_H

#include <liburing.h>
#include <sys/uio.h>

#include "lib/tap/tap.h"
#include "netfront-ng/user/front.h"

#define MOVER_READS 64u
/* Pages of the largest frame that netif can name (65535 bytes), and one more slot for GSO. */
#define MOVER_FRAME_PAGES 16u
#define MOVER_FRAME_SLOTS (MOVER_FRAME_PAGES + 1)

struct mover_counters {
	uint64_t tap_syscalls; /* io_uring_enter */
	uint64_t tx_dropped;   /* from the TAP, but longer than netif can say, or cut short */
	uint64_t tx_lost;      /* handed over, or about to be, when the device was disconnected */
	uint64_t rx_refused;   /* by the TAP: interface down, or malformed headers */
	uint64_t polls;	       /* times it slept */
};

/* A frame coming from the TAP. */
struct mover_read {
	struct netif_vnet vnet;
	struct iovec iov[2 + MOVER_FRAME_PAGES];
	uint16_t ids[MOVER_FRAME_PAGES];
	unsigned int nids;
	int result;
};

/* A frame going to the TAP; the headers are private, since they are parsed. */
struct mover_write {
	struct netif_vnet vnet;
	uint8_t header[NETIF_HEADER_MAX];
	struct iovec iov[2 + NETIF_FRONT_PARTS_MAX];
};

struct mover {
	struct front_queue *q;
	int tap;
	struct io_uring ring;
	bool ring_open;
	bool large;	  /* the last burst had frames over a page: offer whole frames' worth */
	bool tap_ready;	  /* there may be more to read */
	bool blocked;	  /* frames wait for room in the ring */
	int failed;	  /* the TAP's error: it is gone */
	int nowait;	  /* RWF_NOWAIT, until the TAP says that it does not know it */
	unsigned int want; /* reads to submit next: follows the load */
	unsigned int nreads, next; /* this burst, and the first of it not yet sent */
	unsigned int nwrites;
	struct mover_counters counters;
	struct netif_front_burst burst;
	struct mover_read reads[MOVER_READS];
	struct mover_write writes[NETIF_RX_RING_SIZE];
	uint8_t *spill; /* where small-frame reads put what exceeds their page */
};

int mover_open(struct mover *m);
void mover_close(struct mover *m);
/* Before the first step on a connection: nothing in flight. */
void mover_start(struct mover *m, struct front_queue *q, int tap);
/* After the last one: what was in flight is lost, and counted. */
void mover_stop(struct mover *m);
/* Moves what there is.  > 0: did something; 0: nothing to do; < 0: -EPROTO, fatal, or -errno. */
int mover_step(struct mover *m);
/* Ask for an event.  True: there is work after all, do not sleep. */
bool mover_arm(struct mover *m);
/* While running no events are wanted. */
void mover_disarm(struct mover *m);

#endif
