/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What port_split.c has of port_vhost.c: vhost-net, or its half for frames to the host. */
#ifndef NETBACK_PORT_VHOST_H
#define NETBACK_PORT_VHOST_H

#include "netback-ng/port.h"
#include "netback-ng/worker.h"

enum { VQ_RX, VQ_TX, VQS }; /* as the guest of vhost-net names them; RX is from the TAP */

/* The virtqueues from 'first' on.  0 or -errno. */
int vhost_open_from(struct queue *q, unsigned int first);
unsigned int vhost_room(struct queue *q);
void vhost_write(struct queue *q, struct frame **frames, unsigned int n);
void vhost_give_up(struct queue *q);
/* Does somebody wait for frames to the host to be done with? */
bool vhost_settling_matters(const struct queue *q);
/* Want to be called when enough of them are.  True: they are already. */
bool vhost_want_settled(struct queue *q);
/* A call completes with this tag, and ends *armed. */
void vhost_arm_call(struct queue *q, enum worker_tag tag, bool *armed);
/* To close: nothing moves after the first; the second ends what is armed and frees all. */
void vhost_detach(struct queue *q);
void vhost_release(struct queue *q, const bool *armed);

#endif
