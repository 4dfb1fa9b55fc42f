/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's bridges, Linux's (netlink.c) and Open vSwitch's (ovs.c), by the name that a vif has them
 * by: "xenbr0", or as vif-openvswitch reads it "ovs0", "ovs0.10" (in VLAN 10), "ovs0:10,20" (trunk).
 * 0 or a negative errno; nothing is printed.
 */
#ifndef XLNET_BRIDGE_H
#define XLNET_BRIDGE_H

#include "xl-plugins/netlink.h"

#include <jansson.h>

/* Its name without VLANs, which is that of its own interface, too. */
const char *bridge_device(const char *bridge, char device[IFNAMSIZ]);
/* The VLAN that the vif is in; 0: none, or a trunk. */
unsigned int bridge_vlan(const struct xlnet *x, const char *bridge);
/* Is it Open vSwitch's? */
bool bridge_is_ovs(const struct xlnet *x, const char *bridge);
/* Is there such a bridge? */
bool bridge_exists(const struct xlnet *x, const char *bridge);
/* The names of all bridges, or, where pf is not NULL, of those that it leads into. */
json_t *bridge_names(const struct xlnet *x, const char *pf);
/* The same as text: "xenbr0, ovs0", or "". */
const char *bridge_text(const struct xlnet *x, const char *pf, char text[NAME_LEN]);
/* Calls fn for each interface that the host itself has in the bridges that pf leads into. */
void bridge_interfaces(const struct xlnet *x, const char *pf,
		       void (*fn)(const char *name, void *arg), void *arg);
/*
 * The port of bridge that frames of pf come through: pf itself, its bond, its VLAN interface...
 * -ENOENT where pf does not lead into that bridge.
 */
int bridge_uplink(const struct xlnet *x, const char *pf, const char *bridge,
		  char uplink[IFNAMSIZ]);

/* The port that the bridge forwards mac's frames to. -ENOENT: it knows none and floods. */
int bridge_place_get(const struct xlnet *x, const char *bridge, const struct mac *mac,
		     char port[IFNAMSIZ]);
/*
 * Points the bridge at port. Of Open vSwitch an entry either sticks or is learnt: what is not to stick
 * does so until no frame from elsewhere can be learnt late (a second or two, which this takes), and is
 * forgotten then: it floods until it learns from the next.
 */
int bridge_place_set(const struct xlnet *x, const char *bridge, const struct mac *mac,
		     const char *port, enum fdb_stay stay);
/* Forgets the place, if it is port: the bridge floods until it learns. */
int bridge_place_forget(const struct xlnet *x, const char *bridge, const struct mac *mac,
			const char *port);

#endif
