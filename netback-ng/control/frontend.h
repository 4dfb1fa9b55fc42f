/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a front end wrote into its xenstore directory, read in one transaction
 * and validated before anything acts on it.  All of it is the guest's.
 */
#ifndef NETBACK_FRONTEND_H
#define NETBACK_FRONTEND_H

#include <xenstore.h>

#include "lib/xen/store.h"
#include "netback-ng/vif/vif.h"

#define FRONTEND_WHY_MAX 160

/* What the guest may ask for: what it was offered, by us or by a daemon before us. */
struct frontend_offer {
	unsigned int max_queues;
	bool sg, gso, csum, ctrl_ring, multicast_control;
};

/* What it may ask for anew at any time, as it stands there. */
struct frontend_requests {
	uint32_t headroom; /* xdp-headroom, however big */
	bool multicast_control;
};

/*
 * As tolerant as Linux' xen-netback, whose front ends are ours: numbers as xenbus_scanf("%u") takes
 * them, flags as xenbus_read_unsigned().
 * Read DIR (/local/domain/D/device/vif/N) into *c, and what *asked is part of it from; rate is
 * left alone.  0, or -errno with one clause for the operator in why; -ECANCELED: the front end
 * no longer asks for a connection (its state), which is no error.
 */
int frontend_read(struct xs_handle *xs, const char *dir, const struct frontend_offer *offer,
		  struct vif_connection *c, struct frontend_requests *asked, char why[FRONTEND_WHY_MAX]);

/* What is absent or no number is 0, as for xen-netback.  0, or -errno where xenstore failed. */
int frontend_read_requests(struct xs_handle *xs, const char *dir, struct frontend_requests *asked);
/* The headroom that it gets: what leaves too little room for a frame is cut. */
uint32_t frontend_headroom(const struct frontend_requests *asked, bool half_pages);

/* Of an error of frontend_read(): the guest wrote something wrong, or nothing; else xenstore failed. */
bool frontend_is_at_fault(int rc);

/*
 * For the transaction that says "connected": 0 where DIR still holds what *c was
 * read from, its requests apart, and its *state still asks for a connection, else -ECANCELED; another -errno:
 * xenstore failed.
 */
int frontend_unchanged(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		       const struct frontend_offer *offer, const struct vif_connection *c,
		       enum store_state *state);

#endif
