/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many frames each domain has moved: counters of the host's interfaces, by rtnetlink (libnl-route).
 * vifD.N is a domain's whether the kernel's back end or netback-ngd made it, and so is what it was
 * renamed to (vifname.h); a VF is one's that
 * xenstore's backend/pci gives a PCI device which sysfs knows as a VF of an interface.
 * Counters only grow until an interface goes; frames are packets, or 1500-byte pieces where those are more.
 */
#ifndef CREDIT_NET_H
#define CREDIT_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

#include "credit-adjust/vifname.h"

#define NET_VFS_MAX 1024

struct net_vf {
	uint32_t domid;
	char pf[16];	/* interface of the PF; "": none, so nobody counts */
	uint32_t index; /* number of the VF there */
	bool counted;	/* the PF's driver told a counter at the last refresh */
};

struct net {
	void *nl; /* libnl's socket */
	struct net_vf vf[NET_VFS_MAX];
	uint32_t vfs;
	struct vifnames vifnames;
};

/* found(arg, domid, vf, id, frames): one interface of a domain; id tells it from the domain's others. */
typedef void (*net_found)(void *arg, uint32_t domid, bool vf, uint32_t id, uint64_t frames);

int net_open(struct net *net);
void net_close(struct net *net);
/* Which domain has which VF and which renamed vif, from xenstore and sysfs; seldom.  NULL: no xenstore, none. */
void net_assign(struct net *net, struct xs_handle *xs);
/* One dump of all links; 0 or a negative errno. */
int net_refresh(struct net *net, net_found found, void *arg);
/* Has the domain a VF that nobody counts? */
bool net_is_blind(const struct net *net, uint32_t domid);
/* Packets and bytes in frames, as the policy counts them. */
uint64_t net_frames(uint64_t packets, uint64_t bytes);

#endif
