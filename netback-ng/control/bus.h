/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mixed mode's half in sysfs: while the daemon runs, the kernel binds no xen-backend
 * device by itself (drivers_autoprobe = 0), and we hand every device that is not ours
 * to the kernel's driver the moment it appears.
 */
#ifndef NETBACK_BUS_H
#define NETBACK_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

/* The one place that names sysfs. */
#define BUS_SYSFS "/sys/bus/xen-backend"

struct bus;

/*
 * Take the bus over.  owns(arg, D, N): 1 where vif-D-N is ours, 0 where it is the kernel's, less: ask again.  Where the kernel has no
 * xen-backend bus there is nothing to share: 0 and *bus = NULL, with a line in the log.
 */
int bus_start(struct bus **bus, sd_event *event, int (*owns)(void *arg, uint16_t domid, uint32_t devid),
	      void *arg);
/* Autoprobe back to 1; what is still unbound and not ours goes to the kernel.  NULL is allowed. */
void bus_stop(struct bus *bus);
/* True where a kernel driver holds vif-D-N. */
bool bus_kernel_holds(uint16_t domid, uint32_t devid);

#endif
