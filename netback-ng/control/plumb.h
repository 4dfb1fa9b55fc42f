/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vif's TAP, and the hotplug script that makes it part of the host's network.  The toolstack runs
 * the script once, for the first TAP; for one that was made anew (a restart of the daemon)
 * it is run here, as long as it takes: hotplug-status says "connected" when anybody's run succeeded.
 */
#ifndef NETBACK_PLUMB_H
#define NETBACK_PLUMB_H

#include "netback-ng/control/device.h"

/* A value of the toolstack's, as store_read_text(). */
int plumb_read(struct device *d, const char *node, char *out, size_t size);
/* 0 where the TAP is there; -errno is noted as trouble, logged, and tried again later. */
int plumb_tap(struct device *d);
/* Does a TAP made just now need the script?  hotplug: hotplug-status as it is.  1, 0 or -errno: not known. */
int plumb_needs_script(struct device *d, const char *hotplug);
/* While d->unplugged: run the script where its time has come, see whether it has succeeded. */
void plumb_step(struct device *d, const char *hotplug);

#endif
