/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Guest transmit, back end's side: take a burst of requests off the ring.
 * Snapshot: each slot is copied once into the burst.  Validate: the copies are
 * grouped into frames and every rule of netif.h is checked.  What is returned
 * needs no further check but the grants themselves.
 */
#ifndef NETIF_TX_H
#define NETIF_TX_H

#include "error.h"
#include "meta.h"
#include "ring.h"

/*
 * Data slots of one packet, as xen-netback counts them: those behind the first.  18 of these
 * are served (XEN_NETBK_LEGACY_SLOTS_MAX), up to 20 cost the packet, since netfront may
 * use MAX_SKB_FRAGS of its kernel, and one more is an attack (fatal_skb_slots).
 */
#define NETIF_TX_SLOTS_MAX (1 + NETIF_NR_SLOTS_MIN)
#define NETIF_TX_FATAL_SLOTS (1 + 20)

struct netif_tx_frame {
	struct netif_meta meta;
	u16 slot;	/* its first data slot in burst->slots */
	u16 nslots;	/* data slots */
	u16 nextras;	/* extra-info slots; in the ring they follow the first data slot */
	/* enum netif_error: 0, or why this packet must be answered with an error; then its
	 * slots' offsets and sizes mean nothing, their ids do. */
	u8 error;
	/* 0, or NETIF_EXTRA_TYPE_MCAST_ADD/_DEL: a dummy request that carries no packet
	 * (netif.h); its slot is unchecked, touch only the address and respond. */
	u8 mcast_op;
	u8 mcast_addr[6];
};

/* Caller-owned; about 11 KiB, one per worker is enough. */
struct netif_tx_burst {
	u16 nframes;
	u16 nslots;
	/* Data slots of all frames, in order; each slot's size is its own bytes,
	 * the first slot's too (the wire's first slot has the packet's total). */
	struct netif_tx_req slots[NETIF_TX_RING_SIZE];
	struct netif_tx_frame frames[NETIF_TX_RING_SIZE];
};

/*
 * Take at most max_slots ring slots (whole packets; at least one packet where
 * one is there).  Returns 0, frames in *b; or a fatal enum netif_error with
 * nothing usable in *b: the caller shuts the vif.  Errors are counted in *e.
 */
enum netif_error netif_tx_take(struct netif_back_ring *r, struct netif_tx_burst *b,
			       u32 max_slots, struct netif_errors *e);

/*
 * Write the responses of frame f (data slots: status, extras: RSP_NULL).
 * The caller pushes.  Frames may be answered in any order, each exactly once.
 */
void netif_tx_respond(struct netif_back_ring *r, const struct netif_tx_burst *b,
		      const struct netif_tx_frame *f, s16 status);

/* Responses of this frame: how far netif_tx_respond() advances rsp_prod. */
static inline u32 netif_tx_ring_slots(const struct netif_tx_frame *f)
{
	return f->nslots + f->nextras;
}

#endif
