/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vif as the data plane sees it: one TAP, up to 8 queues on worker threads.
 * device.c (xenstore) creates, connects, disconnects and destroys it; all
 * functions here are called from the main thread only and never wait for a guest.
 * The data plane (grant/, engine/, vif/, uplink/) may depend on
 * lib/netif, lib/tap, libxengnttab, libxenevtchn, liburing, libnl; never on xenstore.
 */
#ifndef NETBACK_VIF_H
#define NETBACK_VIF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/daemon/log.h"
#include "lib/netif/error.h"
#include "lib/netif/hash.h"
#include "lib/netif/wire.h"

#define VIF_QUEUES_MAX 8

struct json_t; /* jansson.h */
struct vif;

struct vif_identity {
	uint16_t domid;
	uint32_t devid;
	char name[16];	 /* vifD.N, of the TAP */
	char bridge[64]; /* backend's "bridge" node; "" without */
	uint8_t mac[6];
	uint32_t mtu;	 /* backend's "mtu" node; 0 without: the TAP keeps the kernel's 1500 */
};

/* Create the TAP, link and carrier down.  0 or -errno. */
int vif_create(const struct vif_identity *id, struct vif **vif);

/* What the two ends agreed on, each value already validated by device.c. */
struct vif_connection {
	unsigned int nqueues;
	struct {
		uint32_t tx_ref, rx_ref;	/* grants of the ring pages */
		uint32_t tx_evtchn, rx_evtchn;	/* equal: one channel for both */
	} queue[VIF_QUEUES_MAX];
	bool has_ctrl;
	uint32_t ctrl_ref, ctrl_evtchn;
	bool sg, gso4, gso6, csum4, csum6; /* what the guest can receive */
	bool rx_notify;		/* it tells when it has posted receive buffers; else we look */
	bool multicast_control;	/* guest asked for filtering */
	bool half_pages;	/* its receive buffers may be half pages */
	uint32_t headroom;	/* bytes left free before each frame that it receives */
	uint64_t rate_bytes;	/* 0: unlimited; else so many bytes ... */
	uint32_t rate_usecs;	/* ... per so many microseconds, guest transmit only */
};

/*
 * Map rings, bind channels, start the queues, carrier on.  0 or -errno (with
 * everything undone).  The guest is at fault where peer_is_at_fault() (lib/xen/peer.h) says
 * so, else the host.  *what: static text naming the failing step.
 */
int vif_connect(struct vif *vif, const struct vif_connection *c, const char **what);
/* Stop the queues, unmap everything, carrier off.  The TAP stays.  Idempotent. */
void vif_disconnect(struct vif *vif);
/* Disconnects first.  The TAP disappears. */
void vif_destroy(struct vif *vif);

/* Its interface was there before us, an earlier daemon's: what the hotplug script did to it holds. */
bool vif_inherited(const struct vif *vif);
/* NETIF_OK, or the guest's fatal error after which the queues stand still. */
enum netif_error vif_broken(const struct vif *vif);
/* rate may change at run time; the same again changes nothing. */
void vif_set_rate(struct vif *vif, uint64_t bytes, uint32_t usecs);
/*
 * headroom and multicast_control of the connection, likewise: in force for whatever is delivered from
 * the return on.  headroom: at most netif_rx_headroom_max().  0, or -errno of the kernel's data plane.
 */
int vif_set_headroom(struct vif *vif, uint32_t bytes);
int vif_set_multicast_control(struct vif *vif, bool on);
/* Statistics of the vif and its queues; a new JSON object. */
struct json_t *vif_json(const struct vif *vif);
struct log_limit *vif_log_limit(struct vif *vif);
/* Its interface's name of now: a hotplug script may have given it another (vifname=).  False: it is gone. */
bool vif_interface(const struct vif *vif, char name[16]);

/*
 * Control ring, for ctrl_ring.c (main thread).  The control ring's page and channel
 * are ctrl_ring.c's own; these act on the queues.
 */
/* Entries that queue may still map; 0 where static grants are off. */
unsigned int vif_gref_room(const struct vif *vif, unsigned int queue);
/*
 * These two wait for no worker: they return -EINPROGRESS, and no other change may be
 * begun before vif_gref_poll() returns something else.
 *
 * Map all n grefs for the queue or none.  -ENOSPC (beyond the room), -EEXIST (one was
 * added before; perhaps only the poll says so), -ENXIO (a grant cannot be mapped), -EINVAL.
 */
int vif_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs,
		 unsigned int n);
/*
 * Unmap them; each entry's status is set (netif.h), and *done to how many there are.
 * 0: there are none.  Grants are unmapped in the units they were mapped in.
 */
int vif_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs,
		 unsigned int n, unsigned int *done);
/* The change under way: -EINPROGRESS, or its end: 0 or an error as above. */
int vif_gref_poll(struct vif *vif);
/*
 * Receive steering.  The vif takes a copy; what it has already costs nothing.  0, -ENOMEM,
 * or -EAGAIN: a worker may still look at the table before the last, so ask again soon.
 */
int vif_set_hash(struct vif *vif, const struct netif_hash *hash);

#endif
