/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of struct vif, for the data plane's own files. */
#ifndef NETBACK_VIF_DATA_H
#define NETBACK_VIF_DATA_H

#include <stdatomic.h>
#include <xengnttab.h>

#include "lib/tap/tap.h"
#include "netback-ng/queue.h"
#include "netback-ng/switch.h"
#include "netback-ng/vif.h"

#define VIF_MCAST_MAX 64 /* netback's XEN_NETBK_MCAST_MAX */

/*
 * Static grants mapped by one call, hence unmapped by one call.  Mapping each
 * page alone would cost a kernel memory area a page, and a process has 65530.
 */
struct vif_unit {
	struct vif_unit *next;
	unsigned int queue, count;
	bool readonly;
	uint8_t *addr;
	uint32_t grefs[];
};

struct vif {
	struct vif_identity id;
	struct tap tap;
	struct vif_connection c;
	struct bridge *bridge;	/* NULL: in none */
	_Atomic(uint32_t) direct_max; /* the longest frame by the built-in switch; 0: it is off it */
	_Atomic(bool) tap_csum, tap_tso; /* ethtool's: what is left to the guest */
	struct queue *queues[VIF_QUEUES_MAX];
	struct log_limit log_limit;
	_Atomic(unsigned int) nqueues; /* running; 0: disconnected */
	_Atomic(int) broken;	/* enum netif_error */
	_Atomic(struct netif_hash *) hash;

	/* Rate: a bucket that may go into debt by one burst. */
	_Atomic(int64_t) credit;
	_Atomic(uint64_t) credit_since_ns;

	/* Multicast filter: six bytes each in a word, 0: free. */
	_Atomic(uint64_t) mcast[VIF_MCAST_MAX];

	/* Main thread. */
	struct vif *links_next;	/* links.c's */
	struct brport link;
	enum brport_why why;
	unsigned int learned;	/* addresses in the bridge's table besides its own; switch.c's */
	xengnttab_handle *xgt;	/* ring pages and static grants */
	struct vif_unit *units;
	struct queue_stats past; /* counters of earlier connections, summed */
	struct netif_errors past_errors;
};

/* A guest did what no honest front end does: stop serving it, tell the main thread. */
void vif_break(struct vif *vif, enum netif_error err);
static inline bool vif_is_broken(const struct vif *vif)
{
	return atomic_load_explicit(&vif->broken, memory_order_relaxed) != NETIF_OK;
}

/* True and charges bytes where the guest may send now; else *wait_ns. */
bool vif_credit(struct vif *vif, uint64_t now_ns, uint64_t *wait_ns);
void vif_charge(struct vif *vif, uint64_t bytes);

/* 0, or -ENOSPC. */
int vif_mcast_add(struct vif *vif, const uint8_t mac[6]);
void vif_mcast_del(struct vif *vif, const uint8_t mac[6]);
bool vif_mcast_match(const struct vif *vif, const uint8_t mac[6]);

/* vif_gref.c: unmap whatever the guest left mapped. */
void vif_gref_drop_all(struct vif *vif);

/* Every worker has been through its loop: nobody holds what was unpublished before. */
void dataplane_quiesce(void);
struct worker *dataplane_assign(void);
const struct config_data *dataplane_config(void);
void dataplane_release(struct worker *w);

#endif
