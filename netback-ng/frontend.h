/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a front end wrote into its xenstore directory, read in one transaction
 * and validated before anything acts on it.  All of it is the guest's.
 */
#ifndef NETBACK_FRONTEND_H
#define NETBACK_FRONTEND_H

#include <xenstore.h>

#include "netback-ng/vif.h"

#define FRONTEND_WHY_MAX 160

/* What the guest may ask for: what it was offered, by us or by a daemon before us. */
struct frontend_offer {
	unsigned int max_queues;
	bool sg, gso, csum, ctrl_ring, multicast_control;
};

/*
 * As tolerant as Linux' xen-netback, whose front ends are ours: numbers as xenbus_scanf("%u") takes
 * them, flags as xenbus_read_unsigned().
 * Read DIR (/local/domain/D/device/vif/N) into *c; rate is left alone.
 * 0, or -errno with one clause for the operator in why; -ECANCELED: the front end
 * no longer asks for a connection (its state), which is no error.
 */
int frontend_read(struct xs_handle *xs, const char *dir, const struct frontend_offer *offer,
		  struct vif_connection *c, char why[FRONTEND_WHY_MAX]);

/* Of an error of frontend_read(): the guest wrote something wrong, or nothing; else xenstore failed. */
bool frontend_is_at_fault(int rc);

/*
 * For the transaction that says "connected": 0 where DIR still holds what *c was
 * read from and its state still asks for a connection, else -ECANCELED (or -EAGAIN).
 */
int frontend_unchanged(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		       const struct frontend_offer *offer, const struct vif_connection *c);

#endif
