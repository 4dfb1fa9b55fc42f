/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker serves in turns, waits for and is called by.  Its owner embeds a task and fills
 * in ops; the lists are the worker's (worker.c), on whose thread all of this is used.
 */
#ifndef NETBACK_TASK_H
#define NETBACK_TASK_H

#include <stdbool.h>
#include <stdint.h>

#define WORKERS_MAX 16

struct worker;
struct task;

struct task_ops {
	/* One turn.  True: there may be more to do. */
	bool (*serve)(struct task *t);
	/* There is nothing to do: ask for events.  True: work turned up meanwhile. */
	bool (*arm)(struct task *t);
	/* The time in timer_ns has come. */
	void (*timer)(struct task *t);
	/* One of its event channels has an event.  True: unmask that and serve the task; false: it stays masked. */
	bool (*event)(struct task *t);
};

struct task {
	const struct task_ops *ops;
	uint64_t timer_ns; /* look again at this time; 0: none */
	uint16_t *sharers; /* how many tasks that share one turn with this one have work; never NULL */
	struct task *active_next, *active_prev, *timed_next, **timed_link;
	bool is_active;
};

/* No other task has work on this worker. */
static inline bool task_is_alone(const struct task *t)
{
	return t->active_next == t;
}

/* The end of one request to the kernel (io_uring), as worker_sqe_completion() asks for it. */
struct completion {
	void (*done)(struct worker *w, struct completion *c, int res);
	bool armed; /* until done() is called */
};

#endif
