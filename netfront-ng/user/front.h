/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netfront-ng/user: a netif front end in userspace, as a library.
 * Nouns: front (the xenstore handshake, device.c), queue (rings and pages of one
 * queue), grant (shared pages, static grants), control (the control ring).
 * The tap-*.c files make netfront-ng-tap of it; tests and benchmarks use the library.
 * May depend on lib/netif, lib/xen and libxen{store,gnttab,evtchn}; never logs.
 *
 * Every function returns 0 or a negative errno unless it says otherwise.  A front
 * belongs to one thread; a queue, once connected, to one thread of its own.
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "lib/netif/front.h"
#include "lib/netif/header.h"
#include "lib/xen/store.h"

#define FRONT_QUEUES_MAX 16
#define FRONT_PAGES 256u /* buffers of each direction: one per ring slot */
#define FRONT_TIMEOUT_MS 10000 /* as long as libxl gives a back end */

_Static_assert(FRONT_PAGES == NETIF_TX_RING_SIZE && FRONT_PAGES == NETIF_RX_RING_SIZE,
	       "a buffer's number is its tx id or its rx slot");

/* Pages shared with the back end's domain, contiguous here. */
struct front_grant {
	uint8_t *addr; /* NULL: nothing shared */
	uint32_t count;
	uint32_t refs[FRONT_PAGES];
};

int front_grant_share(xengntshr_handle *xgs, uint32_t domid, struct front_grant *g, uint32_t count,
		      bool writable);
void front_grant_unshare(xengntshr_handle *xgs, struct front_grant *g);

/* Written by the queue's thread only, read by any: front_count(). */
struct front_counters {
	uint64_t tx_packets, tx_bytes, tx_gso, tx_errors, tx_full;
	uint64_t rx_packets, rx_bytes, rx_gso, rx_dropped;
	uint64_t rx_headroom, rx_misplaced; /* behind a headroom; not behind the one agreed on */
	uint64_t notified, wakeups;
};

static inline void front_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

struct front_queue {
	unsigned int index;
	bool halves; /* receive buffers are half pages; set before it is opened */
	unsigned int rx_most; /* receive buffers posted at a time; 0: all; likewise */
	uint32_t headroom;    /* agreed on, before each frame; atomic: the front's thread sets it */
	xenevtchn_handle *xce;
	evtchn_port_t tx_port, rx_port; /* the same one without split event channels */
	struct front_grant rings;	/* page 0: tx, page 1: rx */
	struct front_grant tx_pages;	/* by tx id; read-only to the back end */
	struct front_grant rx_pages;	/* by rx slot; two slots share one where 'halves' */
	struct netif_front_tx tx;
	struct netif_front_rx rx;
	uint32_t nstatic; /* pages the back end has mapped for good */
	/* These survive a reconnection. */
	struct netif_errors errors;
	struct front_counters counters;
};

/* Shares the pages and binds unbound ports for domid.  On failure nothing is left open. */
int front_queue_open(struct front_queue *q, xengntshr_handle *xgs, uint32_t domid, bool split);
void front_queue_close(struct front_queue *q, xengntshr_handle *xgs);
/* Publish new requests; notifies only where the back end asked for it. */
void front_queue_push_tx(struct front_queue *q);
void front_queue_push_rx(struct front_queue *q);
/* Give every free receive buffer to the back end, and push. */
void front_queue_post(struct front_queue *q);
/* Notify the back end on each of the queue's event channels, whatever it asked for. */
void front_queue_kick(struct front_queue *q);
/* Acknowledge one pending event; the descriptor xenevtchn_fd(q->xce) was readable. */
void front_queue_wake(struct front_queue *q);

static inline uint8_t *front_queue_tx_page(const struct front_queue *q, unsigned int id)
{
	return q->tx_pages.addr + (size_t)id * NETIF_PAGE_SIZE;
}

/* The page that the buffer is in: what a response's offset counts from. */
static inline uint8_t *front_queue_rx_page(const struct front_queue *q, unsigned int id)
{
	return q->rx_pages.addr + (size_t)(id >> q->halves) * NETIF_PAGE_SIZE;
}

struct front_control {
	xenevtchn_handle *xce; /* NULL: no control ring */
	evtchn_port_t port;
	struct front_grant ring;
	struct front_grant list; /* keys, tables and gref lists go through this page */
	struct netif_front_ring front;
	uint16_t next_id;
};

int front_control_open(struct front_control *c, xengntshr_handle *xgs, uint32_t domid);
void front_control_close(struct front_control *c, xengntshr_handle *xgs);
/*
 * One message, and its answer.  Returns the NETIF_CTRL_STATUS_* (>= 0), or
 * -ETIMEDOUT, or -EPROTO where the answer is not to this message.  Late answers
 * to messages that timed out are passed over.  data may be NULL.
 */
int front_control_call(struct front_control *c, uint16_t type, const uint32_t args[3],
		       uint32_t *data);
/* Toeplitz with the given 40-byte key, all four types, 128 entries round the queues. */
int front_control_hash(struct front_control *c, const uint8_t key[40], unsigned int nqueues);
/* Ask the back end to map the queue's buffers for good.  q->nstatic says how many it took. */
int front_control_map(struct front_control *c, struct front_queue *q);
int front_control_unmap(struct front_control *c, struct front_queue *q);

struct front_config {
	unsigned int devid;
	unsigned int queues; /* wanted; the back end's limit holds */
	bool ng;	     /* use the control ring where there is one */
	bool statics;	     /* ng: static grants */
	bool hash;	     /* ng: set up the hash */
	bool sg, tso, csum;  /* offered to the back end, and used towards it */
	bool split;	     /* separate event channels for transmit and receive */
	bool halves;	     /* half-page receive buffers, where the back end offers them */
	unsigned int rx_most; /* receive buffers that a queue posts at a time; 0: all that it has */
	bool ipv4_only;	      /* takes blank checksums and TSO of IPv4 alone */
	unsigned int headroom; /* to be left free before each frame, where the back end does that; 0: none */
};

/* What may be sent: what both sides have. */
struct front_features {
	bool sg, tso4, tso6, csum, split, ctrl, halves, headroom;
	unsigned int max_queues; /* 0: the back end knows nothing of multi-queue */
};

struct front {
	struct front_config config;
	struct xs_handle *xs;
	xengntshr_handle *xgs;
	char dir[32]; /* device/vif/N, relative to the guest */
	char *backend; /* its directory, absolute */
	uint32_t backend_id;
	uint8_t mac[6];
	uint32_t mtu;
	uint8_t hash_key[40]; /* random, the same for all of a connection */
	int cancel_fd; /* -1, or: waits end with -ECANCELED once it is readable */
	bool connected;
	unsigned int headroom; /* asked for; a connection anew asks for it again */
	struct front_features features;
	unsigned int nqueues;
	struct front_queue queues[FRONT_QUEUES_MAX];
	struct front_control control;
	int control_status; /* how asking for static grants ended: as front_control_map() */
	int hash_status;    /* and for the hash; 1 (NOT_SUPPORTED) where nothing was asked */
};

/* Find the device in xenstore.  *f must be zeroed memory; counters are kept from then on. */
int front_open(struct front *f, const struct front_config *config, int cancel_fd);
void front_close(struct front *f);

/*
 * Bring the device to Connected: waits for the back end's InitWait for as long
 * as it takes, then FRONT_TIMEOUT_MS for its Connected.  Receive buffers are
 * posted when it returns 0.  -ENODEV: the device is gone or going (online = 0),
 * -ECANCELED: cancel_fd, -EAGAIN: the back end closed meanwhile, try again.
 */
int front_connect(struct front *f);
/*
 * False: the back end closes or is gone, or the device was made anew: disconnect.
 * True with *announced: it is Connected.  True without: its daemon is away; another
 * one takes the rings over as they are, so leave them alone and wait.
 */
bool front_stays(struct front *f, bool *announced);
/*
 * Connected once more without our doing: a new daemon has taken the rings over, but
 * knows nothing of what the control ring set up: send it all again.  Harmless where
 * it is still the same daemon.  The queues' threads kick their queues themselves.
 */
void front_resume(struct front *f);
/*
 * Have so many bytes left free before each frame, as xen-netfront does for an XDP program:
 * Reconfiguring, the key, and when the back end is Reconfigured, however long that takes, Connected.
 * -EOPNOTSUPP: the back end does not do that; -EAGAIN, -ECANCELED as front_connect().
 */
int front_reconfigure(struct front *f, unsigned int headroom);
/* Orderly: unmap static grants, Closing, Closed, and all pages back. */
int front_disconnect(struct front *f);
/* The back end's state now; STATE_UNKNOWN also where its directory is gone. */
enum store_state front_backend_state(struct front *f);
/* True once the toolstack is taking the device away. */
bool front_removed(struct front *f);
/* Descriptor that is readable when the back end's state may have changed; front_watch() clears it. */
int front_watch_fd(struct front *f);
void front_watch(struct front *f);

#endif
