/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace as a guest: one front end, one TAP, the threads between them. */
#ifndef FRONT_GUEST_H
#define FRONT_GUEST_H

#include <jansson.h>

#include "lib/tap/tap.h"
#include "netfront-ng/user/worker.h"

struct guest_config {
	struct front_config front;
	const char *tap;	 /* NULL: eth<devid> */
	unsigned int mtu;	 /* 0: what xenstore says */
	unsigned int threads;	 /* 0: one per queue */
	unsigned int poll_usecs; /* busy polling after the last frame */
};

struct guest {
	struct guest_config config;
	struct front front;
	struct tap tap;
	struct mover *movers[FRONT_QUEUES_MAX]; /* made as queues come up, kept for their counters */
	struct worker workers[FRONT_QUEUES_MAX];
	unsigned int nworkers; /* 0: not connected */
	int failed_fd;	       /* eventfd: a worker gave up */
	uint64_t connections;
	uint64_t resumptions; /* by new daemons, without a new connection */
};

/* Find the device and create the TAP, still down.  *g must be zeroed.  0 or -errno. */
int guest_open(struct guest *g, const struct guest_config *config, int cancel_fd);
void guest_close(struct guest *g);
/* Connect and start moving frames; errors as front_connect(). */
int guest_start(struct guest *g);
/* The back end is Connected again on the same rings: see front_resume(). */
void guest_resume(struct guest *g);
/* Stop the threads and disconnect.  Returns the first worker's error, 0 if none failed. */
int guest_stop(struct guest *g);
/* All counters; a new reference, NULL where memory ran out. */
json_t *guest_stats(const struct guest *g);

#endif
