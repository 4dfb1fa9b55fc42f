/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads.  Each has one io_uring, one event-channel handle and one grant handle, and serves
 * those of its tasks that have work, one turn after the other.
 * Everything a burst needs lives here, not in the queue: memory does not grow with vifs.
 */
#ifndef NETBACK_WORKER_H
#define NETBACK_WORKER_H

#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>
#include <xenevtchn.h>

#include "lib/netif/rx.h"
#include "lib/netif/tx.h"
#include "lib/tap/tap.h"
#include "netback-ng/base/config_data.h"
#include "netback-ng/base/frame.h"
#include "netback-ng/engine/task.h"
#include "netback-ng/grant/copy.h"
#include "netback-ng/grant/pool.h"

#define WORKER_READS_MAX 64 /* frames read from a TAP before they are delivered */
/* A read buffer: a page for alignment, then the frame, in whole pages. */
#define WORKER_FRAME_ROOM \
	((TAP_FRAME_MAX + 2 * NETIF_PAGE_SIZE - 1) & ~((size_t)NETIF_PAGE_SIZE - 1))

struct queue;

/* Pieces of the frames of one burst: a head and the rest of each slot at most; or what was read. */
#define WORKER_PIECES (2 * NETIF_TX_RING_SIZE + WORKER_READS_MAX)

/* Scratch of one burst.  Sizes follow the ring: 256 slots. */
struct worker_scratch {
	struct netif_tx_burst tx;
	struct frame frames[NETIF_TX_RING_SIZE];
	struct copy_local where[NETIF_TX_RING_SIZE]; /* the data of each slot of tx */
	struct iovec iov[WORKER_PIECES];
	struct copy_grants grants[WORKER_PIECES]; /* of iov */
	struct frame_head heads[NETIF_TX_RING_SIZE];
	struct queue *to[NETIF_TX_RING_SIZE];	/* where each frame goes; NULL: out by the TAP */
	struct frame *to_tap[NETIF_TX_RING_SIZE];
	struct netif_rx_req rx_reqs[NETIF_RX_RING_SIZE];
	struct netif_rx_part rx_parts[NETIF_RX_RING_SIZE];
	bool slot_failed[NETIF_TX_RING_SIZE];
	int results[NETIF_TX_RING_SIZE]; /* of TAP reads and writes, by frame */
};

/* Something to do on a worker's thread between two rounds, for which nobody waits: worker_post(). */
struct worker_job {
	struct worker_job *next;
	void (*fn)(struct worker *w, struct worker_job *job);
	_Atomic(bool) pending; /* until fn() has returned; the memory is the worker's till then */
};

struct worker {
	unsigned int index;
	pthread_t thread;
	const struct config_data *config; /* &own */
	struct config_data own; /* changes between bursts, on the worker's thread */
	struct io_uring ring;
	xenevtchn_handle *xce;
	struct copy copy;
	struct worker_scratch *scratch;
	struct pool tx;	   /* one page a ring slot: targets of grant copies from the guest */
	struct pool reads; /* WORKER_READS_MAX x WORKER_FRAME_ROOM: TAP reads */
	bool pool_fixed;
	unsigned int outstanding; /* TAP reads and writes in flight */

	struct task *active;   /* ring list of those with work; the head is served next */
	struct task *timed;    /* list of those with a timer */
	struct task **by_port; /* event channel port -> task */
	unsigned int nports;
	unsigned int ntasks; /* assigned here */
	uint64_t now_ns;	/* of this round */
	uint64_t no_poll_until_ns; /* others want this CPU: sleep, do not poll */

	int call_fd;		/* eventfd: a call waits */
	struct completion called, event;
	_Atomic(bool) call_pending;
	pthread_mutex_t call_lock;
	pthread_cond_t call_done;
	void (*call_fn)(struct worker *w, void *arg);
	void *call_arg;
	_Atomic(struct worker_job *) jobs; /* those posted last come first */
	bool stop;

	_Atomic(uint64_t) rounds; /* of the loop */
	_Atomic(bool) asleep;
	uint64_t alive_rounds;	  /* main thread's: rounds at the last dataplane_alive() */
	uint64_t sleeps;
	uint64_t calls, posts; /* main thread's: of it, those that it waited for, and the others */
};

/* Main thread: create, run fn on the worker's thread and wait for its end, stop. */
int worker_start(struct worker *w, unsigned int index, const struct config_data *config);
void worker_call(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg);
/* Run job->fn on the worker's thread soon, and before any later call.  job->pending tells when it was. */
void worker_post(struct worker *w, struct worker_job *job);
static inline bool worker_posted(const struct worker_job *job)
{
	return atomic_load_explicit(&job->pending, memory_order_acquire);
}
void worker_stop(struct worker *w);
/* CPU time of its thread so far. */
uint64_t worker_cpu_ns(const struct worker *w);

/* Worker thread. */
uint64_t clock_ns(void);
/* Put t on the list of tasks to serve. */
void worker_activate(struct worker *w, struct task *t);
/* Look at t again at that time, or earlier where it has a timer already. */
void worker_look_again(struct worker *w, struct task *t, uint64_t at_ns);
/* Forget t: no list refers to it afterwards. */
void worker_forget(struct worker *w, struct task *t);
/* Events of that channel are t's.  0 or -ENOMEM. */
int worker_watch_port(struct worker *w, unsigned int port, struct task *t);
void worker_unwatch_port(struct worker *w, unsigned int port);

/* An SQE, submitting first where the queue is full.  Never NULL. */
struct io_uring_sqe *worker_sqe(struct worker *w);
/* Submit and wait until every read and write in flight is done: they never block. */
void worker_complete(struct worker *w);
/* Submit and wait for at least one completion of any kind. */
void worker_wait(struct worker *w);

/*
 * What a completion queue entry is for, in its user data: nobody (0), a read or write of the burst
 * (odd, its index above), or a struct completion (its address).
 */
static inline void worker_sqe_ignore(struct io_uring_sqe *sqe)
{
	io_uring_sqe_set_data64(sqe, 0);
}

static inline uint64_t worker_completion_data(const struct completion *c)
{
	return (uint64_t)(uintptr_t)c;
}

/* c->done() is called at its end; not a second time before that. */
static inline void worker_sqe_completion(struct io_uring_sqe *sqe, struct completion *c)
{
	io_uring_sqe_set_data64(sqe, worker_completion_data(c));
	c->armed = true;
}

/* A read or write: its result goes to scratch->results[i]. */
static inline void worker_sqe_result(struct worker *w, struct io_uring_sqe *sqe, unsigned int i)
{
	io_uring_sqe_set_data64(sqe, (uint64_t)i << 1 | 1);
	w->outstanding++;
}

#endif
