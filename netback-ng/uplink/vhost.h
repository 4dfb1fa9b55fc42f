/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What split.c has of vhost.c: vhost-net, or its half for frames to the host. */
#ifndef NETBACK_VHOST_H
#define NETBACK_VHOST_H

#include "netback-ng/vif/queue.h"
#include "netback-ng/vif/uplink.h"

enum { VQ_RX, VQ_TX, VQS }; /* as the guest of vhost-net names them; RX is from the TAP */

/* The virtqueues from 'first' on.  0 or -errno. */
int vhost_open_from(struct queue *q, unsigned int first);
unsigned int vhost_room(struct queue *q);
void vhost_write(struct queue *q, struct frame **frames, unsigned int n);
void vhost_give_up(struct queue *q);
/* Does somebody wait for frames to the host to be done with? */
bool vhost_settling_matters(const struct queue *q);
/* Have the kernel call when enough of them are.  True: they are already. */
bool vhost_want_settled(struct queue *q);
/* A call completes c. */
void vhost_arm_call(struct queue *q, struct completion *c);
/* To close: nothing moves after the first; the second ends what is armed and frees all. */
void vhost_detach(struct queue *q);
void vhost_release(struct queue *q, const struct completion *c);

#endif
