/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open vSwitch, through its daemon's control socket (JSON-RPC, ovs-appctl(8)): x->ovs holds
 * ovs-vswitchd.pid and ovs-vswitchd.PID.ctl. Where it does not run, all is -ENOENT, no bridge, quickly.
 * fdb/add and fdb/del: Open vSwitch 2.16 and later. One connection a request: nothing here is hot.
 * 0 or a negative errno (-EREMOTEIO: it refused); nothing is printed.
 */
#ifndef XLNET_OVS_H
#define XLNET_OVS_H

#include "xl-plugins/xlnet.h"

/* What the kernel says is the master of each port. */
#define OVS_DATAPATH "ovs-system"

bool ovs_has_bridge(const struct xlnet *x, const char *bridge);
/* Calls fn for each bridge. */
void ovs_bridges(const struct xlnet *x, void (*fn)(const char *name, void *arg), void *arg);
/* Calls fn for each interface that the host itself has in that bridge: its own, internal ports. */
void ovs_interfaces(const struct xlnet *x, const char *bridge,
		    void (*fn)(const char *name, void *arg), void *arg);
/* The bridge that has that interface. -ENOENT: none. */
int ovs_bridge_of(const struct xlnet *x, const char *interface, char bridge[IFNAMSIZ]);

/* Where frames for mac in vlan go (of a bond: to its first interface). -ENOENT: it knows none and floods. */
int ovs_place_get(const struct xlnet *x, const char *bridge, unsigned int vlan,
		  const struct mac *mac, char port[IFNAMSIZ], bool *sticks);
/*
 * How long after a frame its sender's place may still be learnt: from the statistics of its kernel
 * flows, which are read twice a second or so (other_config:max-revalidator, 500 ms).
 */
unsigned int ovs_lag_ms(void);
/* From now on there, whatever is learnt, until the port goes. */
int ovs_place_stick(const struct xlnet *x, const char *bridge, unsigned int vlan,
		    const struct mac *mac, const char *port);
/* Forgets that mac is at port. */
int ovs_place_forget(const struct xlnet *x, const char *bridge, unsigned int vlan,
		     const struct mac *mac, const char *port);

#endif
