/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What we write into xenstore about a vif: its state, what it offers, its last error. */
#ifndef NETBACK_PUBLISH_H
#define NETBACK_PUBLISH_H

#include "netback-ng/control/device.h"

/* hotplug-status of a vif whose script we ourselves have to run; the script overwrites it. */
#define HOTPLUG_PENDING "pending"

/* What the configuration in force offers, and what any daemon may have offered. */
struct frontend_offer publish_offered(const struct device *d);
struct frontend_offer publish_offered_before(void);
/*
 * All: 0, -ECANCELED (the toolstack or the guest thought otherwise meanwhile; its event is on the
 * way), -ENOENT (the vif is gone), or another -errno, which is noted as trouble: it is tried again.
 */
int publish_state(struct device *d, enum store_state to);
/* InitWait with all features; unplugged: the script of the TAP is to be run (again). */
int publish_offer(struct device *d, bool unplugged);
/* Connected, to exactly this; or Reconfigured, which is so too, where the front end waits for that. */
int publish_connected(struct device *d, const struct vif_connection *is);
/* error/backend/vif/D/N/error, as the kernel's xenbus_dev_error() writes it: "ERRNO text". */
void publish_error(struct device *d, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void publish_no_error(struct device *d);
/* The errno in that node, as a daemon before us may have left it, which is our error now; *err 0: none.  0 or -errno. */
int publish_error_before(struct device *d, int *err);

#endif
