/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The front end's side of both rings.  The back end is not trusted either: ids,
 * offsets, sizes and chains of every response are checked before use.
 * Buffers are named by id (0..255); which page and grant an id has is the caller's.
 */
#ifndef NETIF_FRONT_H
#define NETIF_FRONT_H

#include "error.h"
#include "meta.h"
#include "ring.h"

struct netif_front_tx {
	struct netif_front_ring ring;
	u16 nfree;
	u16 nextras; /* extra-info slots that the back end has not answered */
	u16 free[NETIF_TX_RING_SIZE];	     /* ids not in use, a stack */
	u8 outstanding[NETIF_TX_RING_SIZE]; /* 1: the back end has this id */
};

struct netif_front_seg {
	u32 gref;
	u16 id; /* from netif_front_tx_ids() */
	u16 offset;
	u16 size;
};

void netif_front_tx_init(struct netif_front_tx *tx, void *page);
/* n ids to fill, or false and none.  Hand back with _put_id() what is not sent after all. */
__attribute__((warn_unused_result)) bool netif_front_tx_ids(struct netif_front_tx *tx, u16 *ids,
							    u32 n);
void netif_front_tx_put_id(struct netif_front_tx *tx, u16 id);
/*
 * Slots for netif_front_tx_send() (data segments + 1 for a GSO extra) whose ids are
 * still to be taken.  Who holds the ids already asks netif_front_free().
 */
u32 netif_front_tx_room(const struct netif_front_tx *tx);
/*
 * Write one packet's requests; the caller has checked room and pushes.  The hash
 * of m is not sent: the back end steers what it receives by its own means.
 */
void netif_front_tx_send(struct netif_front_tx *tx, const struct netif_meta *m,
			 const struct netif_front_seg *segs, u32 n);
/*
 * Take up to max responses.  done[i]: an id that the back end has finished with,
 * now free for netif_front_tx_ids() again (the id is already on the free stack);
 * *bad counts those answered with an error.  Returns how many, or the negative
 * of a fatal enum netif_error, counted in *e.
 *
 * A back end answers in any order (xen-netback: as its frames are done), so an extra's
 * answer need not lie in the extra's slot, but there is one for each.  One too many
 * would free a ring slot and not the id that was in it.
 */
int netif_front_tx_reap(struct netif_front_tx *tx, u16 *done, u32 max, u32 *bad,
			struct netif_errors *e);

struct netif_front_rx {
	struct netif_front_ring ring;
	u8 posted[NETIF_RX_RING_SIZE]; /* by slot: 1 + NETIF_RX_* while the back end has the buffer */
};

/* Data slots of a frame at most, where all its buffers are half pages. */
#define NETIF_FRONT_PARTS_MAX (2 * NETIF_NR_SLOTS_MIN)

struct netif_front_part {
	u16 id; /* == the ring slot, since ids are slot numbers here */
	u16 offset; /* in the page */
	u16 size;
};

struct netif_front_frame {
	struct netif_meta meta;
	u16 part;   /* first in burst->parts */
	u16 nparts;
	u8 error;   /* enum netif_error or, if status < 0, NETIF_ERR_RX_BAD_GREF: drop it */
};

struct netif_front_burst {
	u16 nframes, nparts, nspare;
	struct netif_front_frame frames[NETIF_RX_RING_SIZE];
	struct netif_front_part parts[NETIF_RX_RING_SIZE];
	u16 spare[NETIF_RX_RING_SIZE]; /* ids whose buffers carried no data (extra slots, error frames) */
};

void netif_front_rx_init(struct netif_front_rx *rx, void *page);
/* The id that the next post will use (its ring slot), or -ENOBUFS where the ring is full. */
int netif_front_rx_next(const struct netif_front_rx *rx);
/* where: NETIF_RX_*, of the page; anything but WHOLE only where the back end knows it. */
void netif_front_rx_post(struct netif_front_rx *rx, u32 gref, u16 where);
/* Take whole frames, at most max_slots slots (whole packets).  Fatal error or 0. */
enum netif_error netif_front_rx_take(struct netif_front_rx *rx, struct netif_front_burst *b,
				     u32 max_slots, struct netif_errors *e);

#endif
