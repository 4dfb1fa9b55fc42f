/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's VFs: sysfs, their PF's view, and who has them, put together. */
#ifndef XLNET_VF_H
#define XLNET_VF_H

#include "xl-plugins/host.h"
#include "xl-plugins/netlink.h"

struct vf {
	char pf[IFNAMSIZ];
	unsigned int index; /* on its PF */
	struct bdf bdf;
	char driver[32], netdev[IFNAMSIZ]; /* in Dom0; "" */
	bool seen;			   /* the PF's driver answers for it: state is valid */
	struct vf_state state;
	uint32_t domid;		 /* the guest that has it, or DOMID_NONE */
	char reserved[UUID_LEN]; /* of the guest that an operation under way wants it for, or "" */
	int group;		 /* Linux's IOMMU group, -1: not known (a Xen Dom0) */
	unsigned int group_size;
};

/* *vfs is malloc'd. */
int vf_list(struct xlnet *x, struct vf **vfs, size_t *n);
/* "free", "assigned", "reserved" or "dom0". */
const char *vf_use(const struct vf *vf);
/* The VF with which a vif is teamed: the domain has it and it has the vif's MAC. -ENOENT. */
int vf_of_nic(const struct vf *vfs, size_t n, const struct nic *nic, struct vf *vf);
/* Nobody has it, and it has the vif's MAC: it takes the guest's frames from it. */
bool vf_is_stale(const struct vf *vf, const struct nic *nic);
/*
 * A free VF for nic: on PF pf, or (NULL) on one that leads into the vif's bridge; one that has the
 * MAC already is preferred. Refuses a MAC that another VF on that PF has. Says what is missing.
 */
int vf_choose(const struct xlnet *x, const struct vf *vfs, size_t n, const struct nic *nic,
	      const char *pf, struct vf *vf);

#endif
