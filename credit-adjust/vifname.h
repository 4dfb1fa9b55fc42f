/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Vifs whose interface does not have the name vifD.N: hotplug scripts give it the one that "vifname=" in the
 * vif line asks for, which libxl leaves in the node backend/vif/D/N/vifname.
 */
#ifndef CREDIT_VIFNAME_H
#define CREDIT_VIFNAME_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

struct vifname {
	char name[16];
	uint32_t domid, devid;
};

struct vifnames {
	struct vifname *list; /* sorted by name */
	uint32_t count, room;
};

/* Read them all anew; seldom.  Costs a read for each domain with a vif, and one for each vif so named. */
void vifnames_read(struct vifnames *v, struct xs_handle *xs);
/* NULL: no vif's. */
const struct vifname *vifnames_find(const struct vifnames *v, const char *name);
void vifnames_free(struct vifnames *v);

#endif
