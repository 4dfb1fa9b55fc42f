/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of struct vif, for the data plane's own files. */
#ifndef NETBACK_VIF_DATA_H
#define NETBACK_VIF_DATA_H

#include <stdatomic.h>
#include <xengnttab.h>

#include "lib/tap/tap.h"
#include "netback-ng/vif/dataplane.h"
#include "netback-ng/vif/kernel.h"
#include "netback-ng/vif/queue.h"
#include "netback-ng/vif/switch.h"
#include "netback-ng/vif/vif.h"

#define VIF_MCAST_MAX 64 /* netback's XEN_NETBK_MCAST_MAX */

/*
 * Static grants mapped by one call, hence unmapped by one call.  Mapping each
 * page alone would cost a kernel memory area a page, and a process has 65530.
 */
struct vif_unit {
	struct vif_unit *next; /* of the vif's, or of a change's */
	unsigned int queue, count;
	bool readonly;
	uint8_t *addr;
	uint32_t grefs[];
};

/*
 * A change of a queue's static grants: mapped and unmapped by the main thread, entered in
 * the queue's table on its worker.
 */
struct vif_change {
	struct worker_job job;
	bool busy; /* begun and not yet polled to its end */
	struct queue *q;
	struct vif_unit *in, *out; /* to be entered; to be removed: not among the vif's meanwhile */
	bool entered;	     /* in the table; frames on their way may still lie in what is out */
	bool settled;	     /* no more */
	u32 written;	     /* frames that had gone to the uplink then */
	uint64_t give_up_ns; /* they are lost if the uplink has not sent them by then */
	int rc;
};

/* Who moves a vif's packets: the calls of vif.h of the same names, for the vifs that it has. */
struct vif_plane {
	int (*create)(struct vif *vif); /* vif->id is set; the memory is vif_plane.c's */
	int (*connect)(struct vif *vif, const struct vif_connection *c, const char **what);
	void (*disconnect)(struct vif *vif);
	void (*destroy)(struct vif *vif);
	bool (*inherited)(const struct vif *vif);
	enum netif_error (*broken)(const struct vif *vif);
	/* The longest frame that may pass by the bridge; 0: none. */
	void (*set_direct)(struct vif *vif, uint32_t max);
	void (*set_rate)(struct vif *vif, uint64_t bytes, uint32_t usecs);
	int (*set_headroom)(struct vif *vif, uint32_t bytes);
	int (*set_multicast_control)(struct vif *vif, bool on);
	unsigned int (*gref_room)(const struct vif *vif, unsigned int queue);
	int (*gref_add)(struct vif *vif, unsigned int queue, const struct netif_gref *grefs, unsigned int n);
	int (*gref_del)(struct vif *vif, unsigned int queue, struct netif_gref *grefs, unsigned int n,
			unsigned int *done);
	int (*gref_poll)(struct vif *vif);
	int (*set_hash)(struct vif *vif, const struct netif_hash *hash);
	struct json_t *(*json)(const struct vif *vif);
};

/* vif_kernel.c: xen-netback-ng.ko. */
extern const struct vif_plane plane_kernel;

/* Our workers: vif.c, vif_filter.c, vif_gref.c, vif_json.c. */
int uvif_create(struct vif *vif);
int uvif_connect(struct vif *vif, const struct vif_connection *c, const char **what);
/* Another data plane gets these rings: what a killed daemon of ours had written for them goes first.  0 or -errno. */
int uvif_settle(struct vif *vif, const struct vif_connection *c, const char **what);
void uvif_disconnect(struct vif *vif);
void uvif_destroy(struct vif *vif);
bool uvif_inherited(const struct vif *vif);
enum netif_error uvif_broken(const struct vif *vif);
void uvif_set_direct(struct vif *vif, uint32_t max);
void uvif_set_rate(struct vif *vif, uint64_t bytes, uint32_t usecs);
int uvif_set_headroom(struct vif *vif, uint32_t bytes);
int uvif_set_multicast_control(struct vif *vif, bool on);
unsigned int uvif_gref_room(const struct vif *vif, unsigned int queue);
int uvif_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs, unsigned int n);
int uvif_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs, unsigned int n,
		  unsigned int *done);
int uvif_gref_poll(struct vif *vif);
int uvif_set_hash(struct vif *vif, const struct netif_hash *hash);
struct json_t *uvif_json(const struct vif *vif);

struct vif {
	const struct vif_plane *plane;
	struct vif_identity id;
	struct log_limit log_limit;
	struct kvif *kernel;	/* plane_kernel's: of what follows it has the bridge, the link and the TAP's index only */
	struct tap tap;
	struct vif_connection c;
	struct bridge *bridge;	/* NULL: in none */
	_Atomic(uint32_t) direct_max; /* the longest frame by the built-in switch; 0: it is off it */
	_Atomic(bool) tap_csum, tap_tso; /* ethtool's: what is left to the guest */
	struct queue *queues[VIF_QUEUES_MAX];
	_Atomic(unsigned int) nqueues; /* running; 0: disconnected */
	uint16_t active[WORKERS_MAX]; /* of them have work, on each worker; that worker's own */
	_Atomic(int) broken;	/* enum netif_error */
	_Atomic(struct netif_hash *) hash; /* NULL: off; one of hashes */

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
	struct tap_offload offload; /* the TAP's, as last set, */
	bool no_csum, no_tso;	    /* and what of it an operator has turned off */
	struct vif_unit *units;
	struct vif_change change;
	struct netif_hash *hashes; /* two: in use, and before; NULL: none was ever set */
	struct dataplane_moment hash_since;
	struct queue_stats past; /* counters of earlier connections, summed */
	struct netif_errors past_errors;
};

/* A guest did what no honest front end does: stop serving it, tell the main thread. */
void vif_break(struct vif *vif, enum netif_error err);
static inline bool vif_is_broken(const struct vif *vif)
{
	return atomic_load_explicit(&vif->broken, memory_order_relaxed) != NETIF_OK;
}

/* Of vif.c, what may change while workers run. */
static inline uint32_t vif_headroom(const struct vif *vif)
{
	return __atomic_load_n(&vif->c.headroom, __ATOMIC_RELAXED);
}

static inline bool vif_filters_multicast(const struct vif *vif)
{
	return __atomic_load_n(&vif->c.multicast_control, __ATOMIC_RELAXED);
}

/* True and charges bytes where the guest may send now; else *wait_ns. */
bool vif_credit(struct vif *vif, uint64_t now_ns, uint64_t *wait_ns);
void vif_charge(struct vif *vif, uint64_t bytes);

/* 0, or -ENOSPC. */
int vif_mcast_add(struct vif *vif, const uint8_t mac[6]);
void vif_mcast_del(struct vif *vif, const uint8_t mac[6]);
bool vif_mcast_match(const struct vif *vif, const uint8_t mac[6]);

/* vif_gref.c: entries of a queue's table; the table itself is its worker's. */
unsigned int vif_gref_count(const struct vif *vif, unsigned int queue);
/* Unmap whatever the guest left mapped. */
void vif_gref_drop_all(struct vif *vif);

#endif
