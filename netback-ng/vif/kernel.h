/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data plane in the kernel: xen-netback-ng.ko, asked by generic netlink
 * (linux/netback_ng.h).  vif_kernel.c hands a vif's calls on to here when the module has it.
 * Main thread only.  May depend on lib/ and libnl; never on xenstore.
 */
#ifndef NETBACK_KERNEL_H
#define NETBACK_KERNEL_H

#include "netback-ng/vif/vif.h"

struct kvif;

/* Find the module, loading it where it is installed.  0, or -ENOENT: there is none. */
int kernel_start(void);
/* Vifs stay as they are, for the next daemon. */
void kernel_stop(void);
bool kernel_running(void);
/* Readable when the module has something to tell; -1 without it. */
int kernel_fd(void);
/* Read it; true: some vif broke since the last call. */
bool kernel_read(void);

/* As the functions of vif.h that have these names. */
int kvif_create(const struct vif_identity *id, struct kvif **vif);
int kvif_connect(struct kvif *vif, const struct vif_connection *c, const char **what);
void kvif_disconnect(struct kvif *vif);
void kvif_destroy(struct kvif *vif);
bool kvif_inherited(const struct kvif *vif);
enum netif_error kvif_broken(const struct kvif *vif);
/* Frames to and from it may pass by the bridge. */
void kvif_set_direct(struct kvif *vif, bool direct);
int kvif_ifindex(const struct kvif *vif);
void kvif_set_rate(struct kvif *vif, uint64_t bytes, uint32_t usecs);
int kvif_set_headroom(struct kvif *vif, uint32_t bytes);
int kvif_set_multicast_control(struct kvif *vif, bool on);
unsigned int kvif_gref_room(const struct kvif *vif, unsigned int queue);
int kvif_gref_add(struct kvif *vif, unsigned int queue, const struct netif_gref *grefs,
		  unsigned int n);
unsigned int kvif_gref_del(struct kvif *vif, unsigned int queue, struct netif_gref *grefs,
			   unsigned int n);
int kvif_set_hash(struct kvif *vif, const struct netif_hash *hash);
/* Its queues' statistics; a new JSON array. */
struct json_t *kvif_queues(const struct kvif *vif);

#endif
