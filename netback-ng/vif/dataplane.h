/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker threads as a whole.  Main thread only, but for dataplane_wake(). */
#ifndef NETBACK_DATAPLANE_H
#define NETBACK_DATAPLANE_H

#include <stdbool.h>

#include "netback-ng/base/config_data.h"
#include "netback-ng/engine/task.h"

struct json_t; /* jansson.h */

/* Start and stop the worker threads.  config stays the caller's, alive until dataplane_stop(). */
int dataplane_start(const struct config_data *config);
/* Take over what may change at run time; vifs are not touched. */
void dataplane_reload(const struct config_data *config);
void dataplane_stop(void);
/*
 * Becomes readable when a vif breaks (a guest's fatal error); the main thread
 * reads it, then asks vif_broken() of each vif.
 */
int dataplane_fd(void);
/* Queues a vif may have (multi-queue-max-queues). */
unsigned int dataplane_max_queues(void);
/* Workers with their load and pool figures; a new JSON array. */
struct json_t *dataplane_json(void);
/* True while every worker has gone round its loop since the last call (watchdog). */
bool dataplane_alive(void);

/* --- for the data plane itself --- */

/* The past of each worker: see dataplane_mark(). */
struct dataplane_moment {
	uint64_t rounds[WORKERS_MAX]; /* 0: passed */
};

/* Some vif is broken: dataplane_fd() becomes readable. */
void dataplane_wake(void);
/* Every worker has been through its loop: nobody holds what was unpublished before. */
void dataplane_quiesce(void);
/*
 * The same without waiting: mark the moment after something was unpublished; when it has
 * passed, nobody holds that any more.  What is published is read with atomic_load().
 */
void dataplane_mark(struct dataplane_moment *m);
bool dataplane_passed(struct dataplane_moment *m);
struct worker *dataplane_assign(void);
const struct config_data *dataplane_config(void);
void dataplane_release(struct worker *w);

#endif
