/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink, through libnl: VFs as their PF sees them (RTM_GETLINK/SETLINK, IFLA_VFINFO_LIST) and
 * forwarding entries (RTM_*NEIGH, family bridge). One socket a request: nothing here is hot.
 * 0 or a negative errno (-EOPNOTSUPP: the NIC's driver cannot); nothing is printed.
 */
#ifndef XLNET_NETLINK_H
#define XLNET_NETLINK_H

#include "xl-plugins/xlnet.h"

#include <netinet/in.h>

/* IFLA_VF_LINK_STATE_*. */
enum vf_link { VF_LINK_AUTO = 0, VF_LINK_ENABLE = 1, VF_LINK_DISABLE = 2 };

struct vf_state {
	struct mac mac;
	unsigned int vlan; /* 0: none */
	bool spoofchk;
	enum vf_link link;
	bool counted; /* the driver counts: rx, tx are valid */
	uint64_t rx_bytes, tx_bytes, tx_packets;
};

int netlink_vf_get(const char *pf, unsigned int vf, struct vf_state *state);
int netlink_vf_set_mac(const char *pf, unsigned int vf, const struct mac *mac);
int netlink_vf_set_vlan(const char *pf, unsigned int vf, unsigned int vlan);
int netlink_vf_set_spoofchk(const char *pf, unsigned int vf, bool on);
int netlink_vf_set_link(const char *pf, unsigned int vf, enum vf_link link);

/*
 * The bridge's entry for mac: the port that it forwards to. -ENOENT: none (it floods).
 * Entries that a port has for its own address do not count.
 */
int netlink_fdb_get(const char *bridge, const struct mac *mac, char port[IFNAMSIZ]);
/* What a bridge does with an entry that it was given. */
enum fdb_stay {
	FDB_AGES,   /* as one that it has learnt */
	FDB_STAYS,  /* it moves when the bridge learns otherwise, but does not age: a guest on its VF
		       sends past the bridge, which would forget it and flood */
	FDB_STICKS, /* nor does it move */
};
/* Points the bridge's entry at port. */
int netlink_fdb_set(const char *port, const struct mac *mac, enum fdb_stay stay);
/* Forgets it, if it is at port: the bridge floods until it learns. */
int netlink_fdb_del(const char *port, const struct mac *mac);
/* May port's NIC receive frames for mac besides its own ("self" entries)? */
int netlink_filter_get(const char *port, const struct mac *mac);
int netlink_filter_add(const char *port, const struct mac *mac);
int netlink_filter_del(const char *port, const struct mac *mac);
/* An IPv4 address that this host knows mac by, from its own talk with it. -ENOENT: none. */
int netlink_neighbour_find(const struct mac *mac, struct in_addr *address);

#endif
