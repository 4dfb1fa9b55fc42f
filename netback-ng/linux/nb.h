/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xen-netback-ng: the data plane of netback-ngd in Dom0's kernel.
 * Nouns, one file each: vif (the netdev), queue (events, NAPI), tx (from the guest), rx (to
 * the guest), direct (to another guest), copy (grant copies), grant (what is mapped), filter (rate, multicasts), hash,
 * ethtool, genl (how netback-ngd speaks to it), orphan (a vif whose daemon is gone).
 * Depends on the kernel and on lib/netif, which judges whatever a guest wrote.
 *
 * Locks: nb_lock serialises all that adds, connects, disconnects and removes; rtnl is
 * taken inside it.  A queue's tx side belongs to its NAPI context, its rx side to
 * whoever holds its netdev queue's lock; both are quiet whenever a queue is opened or
 * closed.  Grants and the hash are read by both under RCU.
 */
#ifndef NB_H
#define NB_H

#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/if_vlan.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>

#include "netback_ng.h"
#include "netif/coalesce.h"
#include "netif/hash.h"
#include "netif/rx.h"
#include "netif/tx.h"

#define NB_STATIC_MAX 1024u /* grants of a queue that stay mapped */
#define NB_MCAST_MAX 64u    /* xen-netback's XEN_NETBK_MCAST_MAX */

/* Module parameters (main.c); man/xen-netback-ng.4 explains them. */
struct nb_params {
	unsigned int max_static_pages;
	unsigned int stall_msecs;
	unsigned int coalesce_packets, coalesce_usecs;
	bool coalesce_adaptive;
	bool gro;
	bool direct;
};
extern struct nb_params nb_params;

/* ---- counters ---- */

/* X(name): written by one side of one queue only, read by any. */
#define NB_COUNTERS(X)                                                                             \
	X(tx_frames)	   /* from the guest, given to the host's stack */                         \
	X(tx_bytes)                                                                                \
	X(tx_gso_frames)                                                                           \
	X(tx_bursts)	   /* pushes of answers */                                                 \
	X(tx_direct_frames) /* of them, into another guest past the bridge */                      \
	X(tx_static_slots) /* read from pages that stay mapped */                                  \
	X(tx_copy_calls)   /* hypercalls for the others */                                         \
	X(tx_copy_segments)                                                                        \
	X(tx_notifies)                                                                             \
	X(tx_mcast_requests)                                                                       \
	X(tx_rate_waits)                                                                           \
	X(tx_drop_malformed)                                                                       \
	X(tx_drop_grant)                                                                           \
	X(tx_drop_headers)                                                                         \
	X(tx_drop_source_mac)                                                                      \
	X(tx_drop_memory)                                                                          \
	X(rx_frames)	   /* given to the guest */                                                \
	X(rx_bytes)                                                                                \
	X(rx_gso_frames)                                                                           \
	X(rx_bursts)                                                                               \
	X(rx_static_slots)                                                                         \
	X(rx_copy_calls)                                                                           \
	X(rx_copy_segments)                                                                        \
	X(rx_notifies)                                                                             \
	X(rx_stops)	   /* too few buffers for the next frame */                                \
	X(rx_filtered_multicast)                                                                   \
	X(rx_drop_grant)                                                                           \
	X(rx_drop_too_big)                                                                         \
	X(rx_drop_no_slots) /* the guest posted no buffers for stall_msecs */                      \
	X(rx_drop_stopped) /* it is not connected */                                               \
	X(events)                                                                                  \
	X(events_spurious)                                                                         \
	X(polls)                                                                                   \
	X(holdoffs)	   /* events that were put off for more frames */

struct nb_stats {
#define X(name) u64 name;
	NB_COUNTERS(X)
#undef X
};
#define NB_NSTATS (sizeof(struct nb_stats) / sizeof(u64))
extern const char *const nb_stat_names[NB_NSTATS];

static inline void nb_count(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

/* ---- grant: pages of a guest that stay mapped ---- */

#define NB_LEAF_SHIFT 9
#define NB_LEAF_SIZE (1u << NB_LEAF_SHIFT)
#define NB_LEAVES 256u /* grefs below 131072: 256 frames of a version 1 grant table */

struct nb_mapping {
	unsigned long addr; /* 0: none; its lowest bit: read-only */
	grant_handle_t handle;
};
#define NB_ADDR_READONLY 1ul

/* By grant reference, in two steps: no choice of references makes a search longer. */
struct nb_grants {
	struct nb_mapping *leaf[NB_LEAVES];
	u32 count;
};

/* The page's address, or 0: not static.  Under RCU. */
static inline unsigned long nb_grant_find(const struct nb_grants *g, grant_ref_t gref)
{
	const struct nb_mapping *leaf;

	if (unlikely(gref >= NB_LEAVES * NB_LEAF_SIZE))
		return 0;
	leaf = smp_load_acquire(&g->leaf[gref >> NB_LEAF_SHIFT]);
	return leaf ? READ_ONCE(leaf[gref & (NB_LEAF_SIZE - 1)].addr) : 0;
}

/* A ring's page. */
struct nb_page {
	struct page *page;
	grant_handle_t handle;
};

/* The page's address, or NULL where Xen refuses. */
void *nb_page_map(struct nb_page *p, domid_t domid, grant_ref_t gref);
void nb_page_unmap(struct nb_page *p);

/*
 * Map all n for good, or none; what is mapped so already stays.  0, -ENOSPC (beyond nb_grant_max()), -EEXIST
 * (mapped in another way, or twice in the list), -ERANGE (a reference that no table reaches), -ENXIO (Xen
 * refuses), -ENOMEM.
 */
int nb_grant_add(struct nb_grants *g, domid_t domid, const struct netif_gref *refs, u32 n);
/* Sets each entry's status (netif.h); returns how many were unmapped.  May sleep. */
u32 nb_grant_del(struct nb_grants *g, struct netif_gref *refs, u32 n);
/* How many there may be, those that are there included. */
u32 nb_grant_max(const struct nb_grants *g);
void nb_grant_drop_all(struct nb_grants *g);
/* Of all vifs. */
u32 nb_grant_mapped(void);

/* ---- copy: what lies in pages that are not mapped, in batches ---- */

#define NB_OWNERS_MAX 64u
/* A slot's bytes lie in at most four pieces of a frame: two pages, and where the frame goes on elsewhere. */
#define NB_COPIES_MAX (4 * NB_OWNERS_MAX)

struct nb_copies {
	u32 n;
	struct gnttab_copy op[NB_COPIES_MAX];
	u8 owner[NB_COPIES_MAX]; /* the frame that an operation is for */
	bool failed[NB_OWNERS_MAX];
};

/* len bytes, all in one page on either side.  The caller knows that there is room. */
void nb_copy_from(struct nb_copies *c, u8 owner, domid_t domid, grant_ref_t gref, u16 offset,
		  void *to, u16 len);
void nb_copy_to(struct nb_copies *c, u8 owner, domid_t domid, grant_ref_t gref, u16 offset,
		const void *from, u16 len);
void nb_copy_run(struct nb_copies *c, u64 *calls, u64 *segments);

/* ---- queue ---- */

#define NB_CHUNK NB_OWNERS_MAX	 /* ring slots taken from the guest at once */
#define NB_PENDING NB_OWNERS_MAX /* frames for the guest that wait for a grant copy */

#define NB_EVENT_TX 0 /* bits of nb_queue.events: to be acknowledged */
#define NB_EVENT_RX 1

/* A frame that lies in, or is on its way to, the guest's buffers; not yet answered. */
struct nb_pending {
	struct sk_buff *skb;
	struct netif_meta meta;
	u16 req;	 /* its first request in rx_reqs */
	u16 part, nparts; /* in rx_parts */
	bool bad;	 /* a buffer that cannot be written */
};

struct nb_vif;

/* What is agreed on for one queue. */
struct nb_queue_params {
	grant_ref_t tx_ref, rx_ref;
	evtchn_port_t tx_port, rx_port; /* the guest's; equal: one channel for both */
};

struct nb_queue {
	struct nb_vif *vif;
	struct nb_stats *stats;	     /* the vif's: they outlive a connection */
	struct netif_errors *errors; /* likewise */
	unsigned int index;
	bool running; /* NAPI is on */
	int tx_irq, rx_irq;
	evtchn_port_t tx_local; /* our end of the tx channel */
	unsigned long events;
	bool work;     /* there was some since the last acknowledgement */
	bool tx_waits; /* for credit: the timer ends it */
	struct napi_struct napi;
	struct netif_coalesce coalesce;
	struct hrtimer timer; /* bounds a hold-off, and ends a wait for credit */
	struct nb_grants grants;
	struct nb_page tx_page, rx_page;
	struct nb_queue_params params;
	char tx_name[IFNAMSIZ + 16], rx_name[IFNAMSIZ + 16];

	/* NAPI context. */
	struct netif_back_ring tx;
	struct netif_tx_burst burst;
	struct sk_buff *tx_skb[NB_CHUNK];
	struct nb_copies tx_copies;
	u64 tx_direct;		    /* frames of the chunk that need no skb: they have gone to another guest */
	u64 tx_late;		    /* and those that would have, but must not be overtaken */
	struct nb_queue *direct_to; /* the queue of another vif that is locked for them */
	bool direct_off;	    /* for the rest of the chunk */

	/* Under the netdev queue's lock. */
	struct netif_back_ring rx;
	struct netif_rx_req rx_reqs[NETIF_RX_RING_SIZE];
	struct netif_rx_part rx_parts[NETIF_RX_RING_SIZE];
	struct nb_pending pending[NB_PENDING];
	struct nb_copies rx_copies;
	u32 npending, rx_nreqs, rx_nparts;
	u32 rx_need;		/* slots that the next frame waits for; 0: none waits */
	unsigned long rx_since; /* jiffies: and since when */
	bool rx_stalled;	/* drop at once what finds no buffers */
};

/* 0 or -errno with nothing left; *what: static text naming the failing step. */
int nb_queue_open(struct nb_vif *vif, unsigned int index, const struct nb_queue_params *p,
		  const char **what);
void nb_queue_close(struct nb_queue *q);
void nb_queue_start(struct nb_queue *q);
void nb_queue_stop(struct nb_queue *q);
/* Look at both rings soon, whatever events were lost. */
void nb_queue_kick(struct nb_queue *q);
/* The guest's end of its channel is there: it has not gone, nor begun anew. */
bool nb_queue_alive(const struct nb_queue *q);

/* ---- tx: from the guest.  NAPI context ---- */

/* Frames handled, at most budget. */
int nb_tx_poll(struct nb_queue *q, int budget);

/* ---- rx: to the guest.  The netdev queue's lock is held ---- */

netdev_tx_t nb_rx_send(struct nb_queue *q, struct sk_buff *skb, bool more);
/* Bring what waits for a grant copy, and wake the netdev queue where the guest has buffers. */
void nb_rx_service(struct nb_queue *q);
/* Drop at once from now on, where the guest has posted nothing for so long. */
void nb_rx_stall(struct nb_queue *q);
void nb_rx_purge(struct nb_queue *q);
/* Publish what has been answered. */
void nb_rx_push(struct nb_queue *q);

/* Bytes that lie in one page, or in memory of ours. */
struct nb_piece {
	const u8 *at;
	u32 len;
};
/* A frame that is no skb, into buffers that are mapped; false, and nothing done: there are not enough of these. */
bool nb_rx_direct(struct nb_queue *q, const struct netif_meta *meta, const struct nb_piece *pieces);

/* ---- direct: into another guest, past the bridge.  NAPI context, under RCU ---- */

enum nb_direct {
	NB_DIRECT_NO,	/* it is for the stack */
	NB_DIRECT_SENT, /* done with */
	NB_DIRECT_LATE, /* for the stack at once, without waiting for others to be merged with */
};
enum nb_direct nb_direct_send(struct nb_queue *q, const struct netif_tx_frame *f);
/* After a chunk's last. */
void nb_direct_end(struct nb_queue *q);
/* The vif goes. */
void nb_direct_forget(struct nb_vif *vif);
int nb_direct_register(void);
void nb_direct_unregister(void);

/* ---- vif ---- */

struct nb_vif {
	struct net_device *netdev;
	struct list_head list;
	domid_t domid;
	u32 devid;
	u8 mac[ETH_ALEN]; /* the guest's */
	u32 owner;	  /* netlink port; 0: orphaned */
	u32 flags;	  /* NB_F_* */
	u32 headroom;	  /* bytes before each frame to the guest */
	bool connected;
	int broken; /* enum netif_error */
	unsigned int nqueues;
	struct nb_queue *queue[NB_QUEUES_MAX];
	struct nb_stats stats[NB_QUEUES_MAX];
	struct netif_errors errors[NB_QUEUES_MAX];
	struct netif_hash __rcu *hash;
	struct work_struct broke;
	struct delayed_work stall;

	/* filter.c: guest transmit. */
	spinlock_t credit_lock;
	u64 rate_bytes;
	u32 rate_usecs;
	s64 credit;
	u64 credit_since_ns;
	u32 naddresses; /* direct.c: behind it */
	u64 mcast[NB_MCAST_MAX]; /* six bytes each in a word, 0: free */
	spinlock_t mcast_lock;
};

extern struct mutex nb_lock;
extern struct list_head nb_vifs;

struct nb_connection {
	unsigned int nqueues;
	struct nb_queue_params queue[NB_QUEUES_MAX];
	u32 flags;
	u32 headroom;
	u64 rate_bytes;
	u32 rate_usecs;
};

/* All with nb_lock held; 0 or -errno. */
struct nb_vif *nb_vif_find(domid_t domid, u32 devid);
int nb_vif_add(struct net *net, domid_t domid, u32 devid, const char *name, const u8 *mac, u32 mtu,
	       u32 owner, struct nb_vif **vif);
void nb_vif_del(struct nb_vif *vif);
int nb_vif_connect(struct nb_vif *vif, const struct nb_connection *c, const char **what);
void nb_vif_disconnect(struct nb_vif *vif);
void nb_vif_set_flags(struct nb_vif *vif, u32 set, u32 flags);
void nb_vif_set_headroom(struct nb_vif *vif, u32 headroom);
int nb_vif_set_hash(struct nb_vif *vif, const struct netif_hash *hash);
/* The guest did what no honest front end does: stop, and tell; from any context. */
void nb_vif_break(struct nb_vif *vif, enum netif_error err);
/* Is it one of ours? */
bool nb_vif_is(const struct net_device *netdev);
/* Of a frame so long: has a guest without scatter-gather, which takes one buffer a frame, no room for it? */
static inline bool nb_vif_lacks_room(const struct nb_vif *vif, u32 len)
{
	const u32 flags = READ_ONCE(vif->flags);

	return !(flags & NB_F_SG) &&
	       len + READ_ONCE(vif->headroom) > PAGE_SIZE >> !!(flags & NB_F_HALF_PAGES);
}
static inline bool nb_vif_broken(const struct nb_vif *vif)
{
	return READ_ONCE(vif->broken) != NETIF_OK;
}

extern const struct ethtool_ops nb_ethtool_ops;

/* ---- filter ---- */

#define NB_RATE_MAX (1ull << 36) /* bytes */
void nb_filter_set_rate(struct nb_vif *vif, u64 bytes, u32 usecs);
/* True where the guest may send now; else *wait_ns until it may. */
bool nb_filter_credit(struct nb_vif *vif, u64 now_ns, u64 *wait_ns);
void nb_filter_charge(struct nb_vif *vif, u64 bytes);
/* 0 or -ENOSPC. */
int nb_filter_mcast(struct nb_vif *vif, u8 op, const u8 mac[ETH_ALEN]);
bool nb_filter_passes(const struct nb_vif *vif, const u8 *mac);

/* ---- genl, orphan ---- */

int nb_genl_register(void);
void nb_genl_unregister(void);
void nb_genl_event(const struct nb_vif *vif, enum nb_event event);
int nb_orphan_register(void);
void nb_orphan_unregister(void);

#endif
