/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One queue of a vif: a transmit ring, a receive ring, one TAP descriptor.
 * queue_tx.c takes frames from the guest, queue_late.c answers those that a port
 * still holds; queue_rx.c gives frames to it; port.h moves them from and to the TAP.
 */
#ifndef NETBACK_QUEUE_H
#define NETBACK_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/netif/coalesce.h"
#include "lib/netif/error.h"
#include "lib/netif/gref.h"
#include "lib/netif/ring.h"
#include "netback-ng/stats.h"
#include "netback-ng/vif.h"
#include "netback-ng/worker.h"

struct journal;
struct port;
struct port_held;
struct queue_late;
struct vhost;

/*
 * Where frames are made that may leave by the port: a page and a head for each ring slot
 * of a burst.  The worker's, used afresh by every burst, or a port's own, used
 * in a circle: pages[i % NETIF_TX_RING_SIZE].
 */
struct tx_buf {
	uint8_t *pages;
	const uint32_t *refs; /* their grants to us; NULL: none */
	struct frame_head *heads;
	u32 first; /* free-running: of the next burst */
};

struct queue {
	struct vif *vif;
	struct worker *worker;
	const struct port *port;
	unsigned int index;
	int tap_fd;
	uint16_t domid;

	struct journal *journal; /* main thread; netif's journals are in it */

	/* Worker thread only. */
	struct netif_back_ring tx;
	struct tx_buf tx_buf;
	u32 written, settled;	/* frames given to the port, and those that it is done with */
	struct queue_late *late; /* NULL: the port is done with a frame when it returns */
	bool tx_blocked;	/* no room in tx_buf before more has settled */
	struct vhost *vhost;	/* port_vhost.c's */
	unsigned int tx_port, rx_port; /* equal: one channel */
	struct netif_coalesce tx_coalesce; /* in ring slots: how long to leave the guest alone */
	struct netif_coalesce rx_coalesce; /* in ring slots: how long to leave the TAP alone */
	int64_t deficit;	/* DRR: bytes that may still go in this turn; below 0: debt */
	uint64_t tx_slot_charge; /* of the last burst, a slot */
	uint64_t timer_ns;	/* look again at this time; 0: none */
	uint64_t rate_until_ns; /* no credit to send before this time; 0: there is some */
	unsigned int spurious;	/* events since there was last work, here */
	uint64_t rx_bursts_seen; /* or, by the switch, on another worker */
	bool tap_ready;		/* the TAP may have frames */
	bool tap_held;		/* it is looked at when the timer runs out, not before */
	bool tap_nowait;	/* this kernel's TAP has not refused RWF_NOWAIT yet */
	bool tap_armed;		/* a poll on it is with the kernel */
	bool settle_armed;	/* and a read that ends when frames have settled (port_split) */
	bool port_masked;	/* events are held back until timer_ns */
	unsigned int read_burst; /* reads to submit at once; follows the load */
	uint32_t read_ewma;	/* mean size of frames read, bytes << 3 */
	bool direct;		/* reads go straight into the guest's pages */
	struct port_held *held; /* port_uring.c's; NULL: no frame ever had to wait */
	unsigned int rx_wanted; /* ring slots that the next frame needs and the guest has not posted, */
	uint64_t rx_wanted_ns;	/* and since when; 0: it is not known to need more than there are */
	uint64_t blocked_since_ns; /* waiting for a receiver on the switch */
	struct queue *active_next, *active_prev, *timed_next, **timed_link;
	bool is_active;

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

/* Serve the queue for one turn.  True: there may be more to do. */
bool queue_serve(struct queue *q);
/* Nothing to do: ask for events.  True: work turned up meanwhile. */
bool queue_arm(struct queue *q);
/* The time set in timer_ns has come. */
void queue_timer(struct queue *q);

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
