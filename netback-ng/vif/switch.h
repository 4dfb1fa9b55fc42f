/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in L2 switch: a short cut between vifs of one bridge.  A unicast frame from an address
 * that the kernel's bridge knows at the sender's port, to one that it knows at another vif's of
 * this daemon, goes there directly, in batches; everything else (unknown, broadcast, multicast,
 * the outside) goes out by the vif's TAP.  So nothing is ever delivered twice, and the bridge stays
 * the authority: the table here is a copy of its own for the ports that are ours (links.c), and
 * what it ages, moves or pins is so here.
 */
#ifndef NETBACK_SWITCH_H
#define NETBACK_SWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include "netback-ng/vif/brport.h"

struct vif;
struct fdb_slot;

/* Main thread only, but for the slots. */
struct bridge {
	struct bridge *next;
	unsigned int users;
	char name[64];
	struct brdev dev;
	_Atomic(unsigned int) connected; /* vifs that get what goes to everybody */
	bool listed; /* in switch_bridges */
	unsigned int count; /* of slots in use */
	struct fdb_slot *slots;
};

/* Main thread.  NULL: out of memory.  One object a name, counted. */
struct bridge *bridge_get(const char *name);
void bridge_put(struct bridge *b);
/* All of them, in a list. */
struct bridge *bridge_first(void);

/*
 * Its own address is a vif's from now on, whether or not a frame has come from it: a guest may only
 * receive.  Another vif's frames do not take it away, but a port of the bridge that is no vif's does.
 */
void bridge_own(struct bridge *b, struct vif *vif);
/* Forget what is known of vif; the workers must be quiesced before vif is freed. */
void bridge_forget(struct bridge *b, struct vif *vif);
/* The kernel's bridge has mac at this vif's port, or (NULL) somewhere else. */
void bridge_place(struct bridge *b, const uint8_t mac[6], struct vif *vif);
/* The kernel's bridge has forgotten mac. */
void bridge_unplace(struct bridge *b, const uint8_t mac[6]);
/* Nobody can say where any address is but for the vifs' own. */
void bridge_unplace_all(struct bridge *b);

/* Workers: to which vif a frame of this one goes; NULL: to the TAP.  Lock-free. */
struct vif *bridge_route(struct vif *from, const uint8_t *frame);
/* Of a frame that goes out by the TAP: how many times the bridge sends it on, to vifs and to whoever else. */
unsigned int bridge_copies(const struct vif *from, const uint8_t *frame);

#endif
