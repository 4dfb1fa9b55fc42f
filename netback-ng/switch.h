/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in L2 switch (T1, T2, T14): a short cut between vifs of one bridge.
 * A unicast frame whose destination was learned on another vif of this daemon
 * goes there directly, in batches, without the kernel; everything else (unknown,
 * broadcast, multicast, the outside) goes out by the vif's TAP, to the real bridge.
 * So nothing is ever delivered twice and the bridge stays the authority.
 */
#ifndef NETBACK_SWITCH_H
#define NETBACK_SWITCH_H

#include <stdatomic.h>
#include <stdint.h>

struct vif;
struct bridge;

/* Main thread.  NULL: out of memory.  One object a name, counted. */
struct bridge *bridge_get(const char *name);
/* Forget what was learned on vif; the workers must be quiesced before vif is freed. */
void bridge_forget(struct bridge *b, struct vif *vif);
void bridge_put(struct bridge *b);

/* Workers: where frame goes, NULL: to the TAP.  Lock-free. */
struct vif *bridge_find(struct bridge *b, const uint8_t mac[6], uint16_t vlan);
/* Learn the source; takes a lock only for a new or moved address. */
void bridge_learn(struct bridge *b, const uint8_t mac[6], uint16_t vlan, struct vif *vif);
/*
 * A frame came in from the TAP: its source is beyond the real bridge.  Unlearns it
 * where a vif had claimed it, unless it is that vif's own address (a broadcast
 * that the bridge sent on to its neighbours).
 */
void bridge_outside(struct bridge *b, const uint8_t mac[6], uint16_t vlan);
/* The VLAN id of a frame of at least 16 bytes, 0 without a tag. */
uint16_t bridge_vlan(const uint8_t *frame);

#endif
