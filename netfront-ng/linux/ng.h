/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xen-netfront-ng: a netif front end for a Linux guest's kernel.
 * Nouns, one file each: device (the xenbus handshake), keys (xenstore), netdev
 * (what the stack calls), queue (rings, events, NAPI), pool (granted pages), tx, rx,
 * control (the control ring), statics and hash (what is asked through it), team and vf (the
 * VF beside the vif), busy (grants that come back late), xdp, ethtool, stats; compat (versions
 * of the kernel).
 * Depends on the kernel and on lib/netif, which checks whatever the back end wrote.
 *
 * Locks: dev->lock serialises connecting and disconnecting, which wait for xenstore and
 * for the back end, all in works; rtnl is taken inside it, and held to show the result only:
 * what is reached through dev->nqueues.  Whoever has rtnl may only try dev->lock.  A queue's
 * tx side belongs to whoever holds its netdev queue's lock, its rx side to its NAPI context;
 * both are quiet whenever a queue is opened or closed.
 *
 * Queues of the netdev: the first max_queues are the rings', one each; the others are for
 * frames that the VF takes, so that neither a full ring nor a back end that does not answer
 * stops these.
 */
#ifndef NG_H
#define NG_H

#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <net/xdp.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>

#include "compat.h"
#include "netif/coalesce.h"
#include "netif/front.h"
#include "team.h"

#define NG_QUEUES_MAX 16u
#define NG_VF_QUEUES_MAX 64u /* for frames that the VF takes */
#define NG_RX_BUFFERS_MIN (NETIF_RX_RING_SIZE + 64u)
#define NG_RX_BUFFERS_MAX 768u /* with the tx pages: what netback-ngd maps for a queue */
#define NG_RX_COPYBREAK 256u /* shorter frames are copied whole, and of longer ones the headers */

/* Module parameters (module.c); man/netfront-ng.4 explains them. */
struct ng_params {
	unsigned int max_queues;
	unsigned int rx_buffers;
	unsigned int tx_copy;
	bool static_grants;
	bool half_pages;
	bool hybrid;
};

extern struct ng_params ng_params;
/* For all works of the module. */
extern struct workqueue_struct *ng_wq;

/* ---- pool: pages that stay granted as long as the connection lasts ---- */

struct ng_page {
	struct page *page;
	grant_ref_t gref;
};

struct ng_pool {
	u32 size;
	struct ng_page *pages;
};

/* 0 or -errno with nothing left granted. */
int ng_pool_open(struct ng_pool *p, domid_t domid, u32 size, bool readonly);
/* Also where the back end still maps pages: those are freed once it lets go. */
void ng_pool_close(struct ng_pool *p);

/* ---- stats ---- */

/* X(name): written by the side it is named after only, read by any. */
#define NG_COUNTERS(X)                                                                             \
	X(rx_packets)                                                                              \
	X(rx_bytes)                                                                                \
	X(rx_gso)                                                                                  \
	X(rx_copied)	 /* frames copied whole, short ones included */                            \
	X(rx_pool_dry)	 /* frames copied since too many pages are in sockets */                   \
	X(rx_errors)	 /* frames that the back end garbled */                                    \
	X(rx_dropped)	 /* no memory */                                                           \
	X(tx_packets)                                                                              \
	X(tx_bytes)                                                                                \
	X(tx_gso)                                                                                  \
	X(tx_copied)	 /* frames sent from pages that stay granted */                            \
	X(tx_grants)	 /* pages granted for one frame: an operation of the grant table */        \
	X(tx_grant_busy) /* of those, still mapped when the back end said it was done */           \
	X(tx_errors)	 /* answered with an error */                                              \
	X(tx_dropped)	 /* could not be sent */                                                   \
	X(tx_stops)	 /* the ring was full */                                                   \
	X(tx_notified)                                                                             \
	X(rx_notified)                                                                             \
	X(holdoffs)	 /* events that were put off for more frames */                            \
	X(events)                                                                                  \
	X(events_spurious) /* that found nothing to do */                                          \
	X(polls)                                                                                   \
	X(xdp_drop)                                                                                \
	X(xdp_tx)                                                                                  \
	X(xdp_redirect)                                                                            \
	X(xdp_failed) /* also what no program can be shown: frames of more than a page */

struct ng_stats {
#define X(name) u64 name;
	NG_COUNTERS(X)
#undef X
};

static inline void ng_count(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

/* ---- queue ---- */

/* What a request for transmission holds until its response. */
struct ng_tx_slot {
	struct sk_buff *skb; /* a reference of its own; NULL with the slot's own page */
	u32 bytes;	     /* the frame's, in its last slot; 0 in the others */
	grant_ref_t gref;    /* of a page of the skb's; INVALID_GRANT_REF: the pool's */
};

struct ng_tx {
	struct netif_front_tx ring;
	void *shared;
	grant_ref_t ring_ref;
	struct ng_pool pool; /* a page for each id */
	grant_ref_t gref_head; /* ordinary grants, for frames that are not copied */
	u32 held;	       /* slots with an skb that the back end has */
	bool far;	       /* the event asked for is some responses away */
	bool mapped;	       /* the back end has mapped the pool: all is copied into it */
	bool stuck;	       /* the back end kept one of these beyond its response */
	struct ng_tx_slot slot[NETIF_TX_RING_SIZE];
};

/*
 * A buffer, which is a page of the pool or a half of one, is posted, free, or lent: in an
 * skb.  Its page stays granted meanwhile; once only our own reference to it is left, it can be
 * posted again.  (With both halves lent, that is when both have come back.)
 */
struct ng_rx {
	struct netif_front_rx ring;
	void *shared;
	grant_ref_t ring_ref;
	struct ng_pool pool;
	bool halves;			/* buffer n is half n % 2 of page n / 2 */
	u16 posted[NETIF_RX_RING_SIZE]; /* buffers, by ring slot */
	u16 free[NG_RX_BUFFERS_MAX];	/* a stack: what was used last is still in the cache */
	u16 lent[NG_RX_BUFFERS_MAX];	/* a queue: what was lent first comes back first */
	u32 nfree, nlent, lent_head;
	struct xdp_rxq_info xdp_rxq;
	bool xdp_sent, xdp_redirected; /* to be pushed, to be flushed */
	struct netif_front_burst burst;
};

#define NG_EVENT_TX 0 /* bits of ng_queue.events: to be acknowledged */
#define NG_EVENT_RX 1

struct ng_device;

struct ng_queue {
	struct ng_device *dev;
	unsigned int index;
	bool open;    /* has rings; stored with release, for those who come without rtnl */
	bool running; /* NAPI is on */
	bool broken;  /* the back end garbled a ring: no further use */
	evtchn_port_t tx_port, rx_port; /* equal without split event channels */
	int tx_irq, rx_irq;
	unsigned long events;
	u32 nstatic; /* pages that the back end has mapped for good */
	u32 work;  /* frames and responses in all */
	u32 acked; /* of these, when an event was last acknowledged */
	struct napi_struct napi;
	struct netif_coalesce coalesce;
	struct hrtimer holdoff; /* bounds the wait for further frames */
	bool waiting;		/* there is such a wait */
	u32 wait_end;		/* its end, in units of 1024 ns */
	struct ng_tx tx;
	struct ng_rx rx;
	char tx_name[IFNAMSIZ + 16], rx_name[IFNAMSIZ + 16];
	/* These survive a reconnection. */
	struct netif_errors errors;
	struct ng_stats stats;
};

int ng_queue_open(struct ng_queue *q);
void ng_queue_close(struct ng_queue *q);
void ng_queue_start(struct ng_queue *q);
void ng_queue_stop(struct ng_queue *q);
/* New settings of dev->coalesce; rtnl is held. */
void ng_queue_coalesce(struct ng_queue *q);
/* Both rings are looked at, by us and by the back end, whatever events were lost. */
void ng_queue_kick(struct ng_queue *q);
/* The back end broke the protocol: end the connection, from any context. */
void ng_queue_break(struct ng_queue *q, enum netif_error err);

/* ---- tx ---- */

#define NG_TX_ROOM (NETIF_NR_SLOTS_MIN + 1) /* slots that any frame fits in */

int ng_tx_open(struct ng_queue *q);
void ng_tx_close(struct ng_queue *q);
/* The netdev queue's lock is held. */
netdev_tx_t ng_tx_send(struct ng_queue *q, struct sk_buff *skb);
/* A frame from a queue without a ring, whose lock is held; takes that of q's besides. */
netdev_tx_t ng_tx_send_stray(struct ng_queue *q, struct sk_buff *skb);
/* NAPI goes off: nobody but the stack, which is stopped, sends any more.  Takes the lock. */
void ng_tx_stop(struct ng_queue *q);
/* Frames that the back end may never answer do not hold others back.  Takes the lock. */
void ng_tx_forget(struct ng_queue *q);
/* Takes that lock. */
void ng_tx_reap(struct ng_queue *q, int budget);
/* Ask for an event when responses have come; true where they have already.  Takes that lock. */
bool ng_tx_arm(struct ng_queue *q);

/* One frame of up to a page, copied; false where there is no room.  The same lock. */
bool ng_tx_send_bytes(struct ng_queue *q, const void *data, u32 len);
void ng_tx_push(struct ng_queue *q);

/* ---- busy ---- */

/* The back end has a page of the frame still; takes over the reference to it, and the grant. */
void ng_busy_keep(grant_ref_t gref, struct sk_buff *skb);
void ng_busy_exit(void);

/* ---- xdp ---- */

#define NG_XDP_MTU 3400u /* with headers, headroom and the skb's own data within a page */

int ng_xdp_open(struct ng_queue *q);
void ng_xdp_close(struct ng_queue *q);
/* The frame as an skb where the program lets it pass; in NAPI context. */
struct sk_buff *ng_xdp_run(struct ng_queue *q, struct bpf_prog *prog, const void *data, u32 len);
void ng_xdp_flush(struct ng_queue *q);
int ng_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags);
int ng_xdp_control(struct net_device *netdev, struct netdev_bpf *bpf);

/* ---- rx ---- */

int ng_rx_open(struct ng_queue *q);
void ng_rx_close(struct ng_queue *q);
int ng_rx_poll(struct ng_queue *q, int budget);

/* ---- control ---- */

#define NG_HASH_KEY 40
#define NG_HASH_TABLE 128

struct ng_control {
	bool open;
	void *shared;
	grant_ref_t ring_ref;
	evtchn_port_t port;
	int irq;
	struct netif_front_ring ring;
	struct ng_pool list; /* one page: keys, tables and lists of grants go through it */
	wait_queue_head_t wait;
	u16 next_id;
	unsigned long end; /* of the present conversation, in jiffies */
	u64 calls, failures;
};

struct ng_hash {
	u8 key[NG_HASH_KEY];
	u32 table[NG_HASH_TABLE];
};

void ng_control_init(struct ng_device *dev);
/* Whoever waits for an answer looks whether there can be one still. */
void ng_control_wake(struct ng_device *dev);
int ng_control_open(struct ng_device *dev);
void ng_control_close(struct ng_device *dev);
void *ng_control_page(struct ng_device *dev, u32 *gref);
/* What is asked from now on takes so many jiffies in all, at most. */
void ng_control_begin(struct ng_device *dev, unsigned long timeout);
/*
 * One message, and its answer: 0, -EOPNOTSUPP, -EINVAL or -ENOSPC as the back end says,
 * -ETIMEDOUT, or -EPROTO where the answer is not to this message.  data may be NULL.
 * dev->lock is held.
 */
int ng_control_call(struct ng_device *dev, u16 type, const u32 args[3], u32 *data);
/* Ask for all that a back end forgets when it is restarted; once it is Connected. */
/* 0 or -errno; -ETIMEDOUT: it may be worth asking again. */
int ng_statics_setup(struct ng_device *dev);
int ng_hash_setup(struct ng_device *dev);
void ng_hash_default(struct ng_device *dev, unsigned int queues, bool key);

#define NG_COALESCE_USECS_MAX 10000

/* ---- device ---- */

struct ng_features {
	bool sg, csum4, csum6, gso4, gso6, split, ctrl, halves;
	unsigned int max_queues; /* 0: the back end knows nothing of multi-queue */
};

struct ng_device {
	struct net_device *netdev;
	struct xenbus_device *xbdev;
	struct ng_features features;
	bool bounce;	/* the back end is not trusted with the stack's own pages */
	bool connected; /* rings are shared, and the back end said Connected */
	unsigned int max_queues, nqueues;
	unsigned int wanted_queues; /* at the next connection; 0: as many as there may be */
	struct ng_queue *queue[NG_QUEUES_MAX];
	struct ng_control control;
	struct netif_coalesce_config coalesce;
	struct bpf_prog __rcu *xdp;
	struct ng_hash hash;
	unsigned int hash_queues; /* that the table was made for; 0: there is none */
	u64 pool_grants; /* pages granted for pools, over all connections */
	struct ng_team team;
	struct mutex lock;
	struct delayed_work handshake;
	struct delayed_work again; /* what the back end was asked for and did not answer */
	unsigned int unanswered;   /* so often */
	struct work_struct reset;
	unsigned long seen; /* the back end's states that the handshake is to follow, a bit each */
	bool restart;	    /* reset: connect again */
	bool leaving;	    /* the driver goes: nothing is connected any more */
	struct ratelimit_state changes; /* of the back end's state */
};

extern const struct net_device_ops ng_netdev_ops;
extern const struct ethtool_ops ng_ethtool_ops;
extern struct xenbus_driver ng_driver;

/* keys.c: xenstore. */
/* What the back end offers, and whether it is trusted with the stack's own pages. */
void ng_keys_read(struct ng_device *dev, struct ng_features *f, bool *bounce);
int ng_keys_read_mac(struct ng_device *dev, u8 mac[ETH_ALEN]);
/* The frames' size limit that the toolstack asks for, or the default. */
unsigned int ng_keys_read_mtu(struct ng_device *dev);
int ng_keys_write(struct ng_device *dev, unsigned int queues);
/* Keys that a driver that follows us on the device would be misunderstood by. */
void ng_keys_remove(struct ng_device *dev);
/* The driver leaves: whatever follows it does not do what the toolstack was told. */
void ng_keys_withdraw(struct ng_device *dev);
/* Which path frames are sent by, and whether some take the other, for the toolstack. */
int ng_keys_write_datapath(struct ng_device *dev, struct xenbus_transaction t);

struct ng_device *ng_netdev_create(struct xenbus_device *xbdev);
void ng_netdev_destroy(struct ng_device *dev);
/* On while one of the paths can be used; rtnl is held. */
void ng_device_carrier(struct ng_device *dev);
/* Restart a device that was closed after an error; rtnl is held. */
void ng_device_revive(struct ng_device *dev);
/* Close the connection and make it anew; later, in a work. */
void ng_device_restart(struct ng_device *dev);

int ng_stats_count(const struct ng_device *dev);
void ng_stats_names(const struct ng_device *dev, u8 *data);
void ng_stats_values(const struct ng_device *dev, u64 *data);
void ng_stats_read(struct ng_device *dev, struct rtnl_link_stats64 *s);

#endif
