/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vif's two sides may change while it is connected: the toolstack its rate, the front end its
 * headroom and its multicast filter.  Each is told to the data plane when it has changed, and only then.
 */
#ifndef NETBACK_FOLLOW_H
#define NETBACK_FOLLOW_H

#include "netback-ng/control/device.h"

/* The rate, read for a connection that is about to be made.  0 or -errno: xenstore cannot tell. */
int follow_begin(struct device *d, struct vif_connection *c);
/* The connection stands: these are its terms. */
void follow_connected(struct device *d, const struct vif_connection *c);
/* While connected: the toolstack's key, and the front end's, whose state is front. */
void follow_rate(struct device *d);
void follow_requests(struct device *d, enum store_state front);

#endif
