/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that runs some of the movers: spins while there is work, sleeps in poll() else. */
#ifndef FRONT_WORKER_H
#define FRONT_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "netfront-ng/user/mover.h"

struct worker {
	pthread_t thread;
	struct mover **movers; /* caller's, as long as the worker runs */
	unsigned int nmovers;
	uint64_t poll_ns; /* go on looking this long after the last frame */
	int wake_fd;	  /* ours: an eventfd */
	atomic_uint asked; /* what it woke the thread for */
	int failed_fd;	  /* caller's eventfd: written where a mover fails */
	int rc;		  /* after worker_stop(): 0, or what mover_step() returned */
};

int worker_start(struct worker *w);
/* Returns once the thread has ended. */
void worker_stop(struct worker *w);
/* The back end may have missed events, and we its: notify it on each queue, and look at all of them. */
void worker_kick(struct worker *w);

#endif
