/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One queue of a vif: a transmit ring, a receive ring, one TAP descriptor.
 * queue_tx.c takes frames from the guest, queue_late.c answers those that an uplink still holds;
 * queue_deliver.c gives it those from the host, queue_rx.c any; uplink.h moves them from and to the TAP.
 */
#ifndef NETBACK_QUEUE_H
#define NETBACK_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "lib/netif/coalesce.h"
#include "lib/netif/error.h"
#include "lib/netif/gref.h"
#include "lib/netif/ring.h"
#include "netback-ng/base/stats.h"
#include "netback-ng/vif/vif.h"
#include "netback-ng/engine/worker.h"

struct journal;
struct uring_held;
struct queue_late;
struct uplink;
struct vhost;

/*
 * Where frames are made that may leave by the uplink: a page and a head for each ring slot
 * of a burst.  The worker's, used afresh by every burst, or an uplink's own, used
 * in a circle: pages[i % NETIF_TX_RING_SIZE].
 */
struct tx_buf {
	uint8_t *pages;
	const uint32_t *refs; /* their grants to us; NULL: none */
	struct frame_head *heads;
	u32 first; /* free-running: of the next burst */
};

struct queue {
	struct task task; /* its worker's */
	struct vif *vif;
	struct worker *worker;
	const struct uplink *uplink;
	unsigned int index;
	int tap_fd;
	uint16_t domid;

	struct journal *journal; /* main thread; netif's journals are in it */

	/* Worker thread only. */
	struct netif_back_ring tx;
	struct tx_buf tx_buf;
	u32 written, settled;	/* frames given to the uplink, and those that it is done with */
	struct queue_late *late; /* NULL: the uplink is done with a frame when it returns */
	bool tx_blocked;	/* no room in tx_buf before more has settled */
	struct vhost *vhost;	/* vhost.c's */
	unsigned int tx_port, rx_port; /* equal: one channel */
	struct netif_coalesce tx_coalesce; /* in ring slots: how long to leave the guest alone */
	struct netif_coalesce rx_coalesce; /* in ring slots: how long to leave the TAP alone */
	int64_t deficit;	/* DRR: bytes that may still go in this turn; below 0: debt */
	uint64_t tx_slot_charge; /* of the last burst, a slot */
	uint64_t rate_until_ns; /* no credit to send before this time; 0: there is some */
	unsigned int spurious;	/* events since there was last work, here */
	uint64_t rx_bursts_seen; /* or, by the switch, on another worker */
	bool tap_ready;		/* the TAP may have frames */
	bool tap_held;		/* it is looked at when the timer runs out, not before */
	bool tap_nowait;	/* this kernel's TAP has not refused RWF_NOWAIT yet */
	struct completion tap_polled;  /* uring.c's: the TAP has a frame */
	struct completion tap_called;  /* vhost.c's: there are frames, or some have settled */
	struct completion tap_settled; /* split.c's: some have settled */
	bool masked;		/* events are held back until task.timer_ns */
	unsigned int read_burst; /* reads to submit at once; follows the load */
	uint32_t read_ewma;	/* mean size of frames read, bytes << 3 */
	bool direct;		/* reads go straight into the guest's pages */
	struct uring_held *held; /* uring.c's; NULL: no frame ever had to wait */
	unsigned int rx_wanted; /* ring slots that the next frame needs and the guest has not posted, */
	uint64_t rx_wanted_ns;	/* and since when; 0: it is not known to need more than there are */
	uint64_t blocked_since_ns; /* waiting for a receiver on the switch */

	/* Under rx_lock: whoever delivers; one lock a burst, not a packet. */
	pthread_mutex_t rx_lock;
	struct netif_back_ring rx;
	bool rx_live;
	uint32_t rx_headroom;	/* the vif's, as it is in force here */
	u32 rx_seen_prod;	/* how far the guest had posted when it was last looked at, */
	u64 rx_moved_ns;	/* and since when it has not posted more */
	bool rx_stalled;	/* no buffers for longer than stall_usecs: drop at once */
	/* Read by the worker, and under rx_lock by others; written with both. */
	struct netif_gref_map grefs;

	struct netif_errors errors; /* worker thread */
	struct netif_errors rx_errors; /* under rx_lock */
	struct queue_stats stats;
};

/*
 * What a turn is charged besides the bytes, in bytes.  callgrind's estimate of cycles (instructions,
 * and ten for each miss of the first-level cache) for queue_tx() on x86-64, frames by grant copy to a
 * TAP: 1060 for one of 60 bytes in one slot, 2790 for one of 4096, hence 0.43 a byte and
 * 2470 bytes' worth for a frame; 9785 for 60 bytes in 15 slots, hence 1450 bytes' worth
 * for each slot.  The kernel's part, which callgrind does not see, comes on top of that.
 */
#define QUEUE_FRAME_COST 1024u
#define QUEUE_SLOT_COST 1536u

static inline void queue_charge(struct queue *q, uint64_t bytes, unsigned int frames, unsigned int slots)
{
	q->deficit -= (int64_t)(bytes + (uint64_t)frames * QUEUE_FRAME_COST +
				(uint64_t)slots * QUEUE_SLOT_COST);
}

/* What its worker calls. */
extern const struct task_ops queue_task;
static inline struct queue *queue_of_task(struct task *t)
{
	return (struct queue *)((char *)t - offsetof(struct queue, task));
}
/* One turn.  True: there may be more to do. */
bool queue_serve(struct queue *q);

/* Guest -> host: one burst.  Returns the ring slots done with. */
unsigned int queue_tx(struct queue *q);

/*
 * Host -> guest, any worker: deliver frames in order.  Returns how many are done
 * with (delivered, or dropped and counted); fewer than n only if the guest
 * has no buffers and 'wait' is set.
 */
unsigned int queue_rx(struct queue *q, struct worker *w, struct frame *frames, unsigned int n,
		      bool wait);
/* Free receive slots as of now, under rx_lock taken inside. */
unsigned int queue_rx_room(struct queue *q);
/* By the switch: would the bridge pass the frame, can this guest take it as it is (GSO, checksum)? */
bool queue_rx_accepts(const struct queue *q, const struct netif_meta *m);
/* Ring slots that the frame needs at most: in half pages where the guest may post some. */
unsigned int queue_rx_need(const struct queue *q, const struct netif_meta *m);
/* A multicast that the guest did not ask for, now counted; under rx_lock. */
bool queue_rx_filtered(struct queue *q, const uint8_t *mac);
/* Show the guest what was answered, and tell it where it asked for that.  rx_lock is held. */
void queue_rx_push(struct queue *q, uint64_t now_ns);
void queue_notify(struct queue *q, unsigned int port, uint64_t *counter);

/* queue_deliver.c, for uplinks. */
/* Does this guest complete the checksums of one IP version only?  Those of the other are filled in. */
bool queue_fills_sums(const struct queue *q);
/*
 * Frames from the host, each in one piece of the uplink's own memory, to the queue that is
 * theirs.  Returns the ring slots that they need.
 */
unsigned int queue_deliver(struct queue *q, struct frame *frames, unsigned int n);
/* Ring slots that a frame from this TAP may take: it is not known before it is read. */
unsigned int queue_slots_worst(const struct queue *q);
/* A guest that has not posted enough buffers for a frame for so long never will. */
#define QUEUE_WAIT_NS 1000000000ull
/*
 * The next frame needs so many ring slots, and the guest has fewer.  True: it has waited long
 * enough and is counted as lost, so that those behind it get their turn; else it has to stay.
 */
bool queue_frame_waits_too_long(struct queue *q, unsigned int need);
/* There were enough. */
static inline void queue_frame_fits(struct queue *q)
{
	q->rx_wanted = 0;
}

/* queue_late.c.  NULL: no memory. */
struct queue_late *queue_late_new(void);
/* Where the responses of this burst go: the guest's ring, or where they wait. */
struct netif_back_ring *queue_late_ring(struct queue *q, bool held);
/* What was written to that ring since the last call is for the guest when so much has settled. */
void queue_late_hold(struct queue *q, u32 settled);
/* Give the guest what is for it by now. */
void queue_late_flush(struct queue *q);
bool queue_late_waits(const struct queue *q);

#endif
