/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulator of Xen's credit and credit2 accounting that runs the adjuster's own policy.
 *   engine.c   time, events, CPUs and the run queue     load.c    what domains do: compute, or move packets
 *   credit.c   credit2.c   the two schedulers' rules     main.c    the experiment and its figures
 * Rules come from Xen 4.20's xen/common/sched/credit.c and credit2.c, written anew; the functions are named
 * beside each.  Simplified: CPUs share one run queue (credit has one a CPU and steals between them),
 * no caps, no affinity, no cost of a switch.  Depends on libc, libm and ../libpolicy.a only.
 */
#ifndef CREDIT_SIM_H
#define CREDIT_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "credit-adjust/policy.h"

#define US 1000ll /* simulated time is in ns */
#define MS (1000 * US)
#define SEC (1000 * MS)

enum state { BLOCKED, RUNNABLE, RUNNING };
enum priority { OVER, UNDER, BOOST }; /* credit's */

struct packet {
	STAILQ_ENTRY(packet) entry;
	int64_t born;
	uint32_t guest;
	bool probe; /* a ping: one at a time, does not count as throughput */
};

/* A vCPU. */
struct unit {
	TAILQ_ENTRY(unit) queued; /* runnable units, the best first */
	struct domain *domain;
	enum state state;
	int64_t credit;	     /* credit: units of 0.1 ms; credit2: ns of the heaviest's time */
	int64_t burnt_at;    /* up to here its time is accounted */
	int64_t running_since;
	int64_t residual;    /* credit: ns not yet charged */
	int64_t rank;	     /* place in the queue: higher runs first, ties in order of arrival */
	enum priority priority;
	bool active;	     /* credit: it takes part in the accounting */
	int64_t job_left;    /* of the packet at the head; a computing unit has no packets */
	STAILQ_HEAD(, packet) packets;
};

enum kind { COMPUTES, MOVES, RELAYS };

struct domain {
	uint32_t id, units, weight, baseline;
	enum kind kind;
	struct unit *unit;
	int64_t ran;	 /* ns of CPU time so far */
	uint64_t frames; /* delivered to it, or relayed */
	int64_t ran_before;
	uint64_t frames_before;
	uint32_t looks, busy;
};

struct cpu {
	struct unit *current; /* NULL: idle */
	int64_t slice_end;
	uint64_t generation; /* an event of an older one is void */
};

struct sim;

struct scheduler {
	const char *name;
	enum policy_sched policy;
	void (*start)(struct sim *s);
	void (*burn)(struct sim *s, struct unit *u);	  /* account what ran since burnt_at */
	void (*wake)(struct sim *s, struct unit *u);	  /* before it is queued */
	int64_t (*rank)(const struct unit *u);
	bool (*beats)(const struct unit *u, const struct unit *current);
	bool (*keeps)(struct sim *s, struct unit *current); /* current goes on although others wait */
	void (*chosen)(struct sim *s, struct unit *u);	  /* is about to run */
	int64_t (*slice)(struct sim *s, struct unit *u);  /* for how long */
	void (*tick)(struct sim *s, uint32_t arg);	  /* of event_tick() */
};

extern const struct scheduler credit, credit2;

struct sim {
	int64_t now;
	const struct scheduler *sched;
	struct cpu *cpu;
	uint32_t cpus;
	struct domain *domain;
	uint32_t domains;
	TAILQ_HEAD(queue, unit) queue;
	int64_t ratelimit; /* ns */
	int64_t tslice;	   /* credit's, ns */
	uint32_t max_weight; /* credit2: of all units */
	/* load.c */
	int64_t relay_cost, guest_cost, round_trip;
	uint32_t window;
	bool traffic;
	uint64_t random;
	double *latency; /* of probes since the last second, ms */
	uint32_t latencies, latency_room;
};

/* engine.c */
void engine_start(struct sim *s);
void engine_run(struct sim *s, int64_t until);
void engine_wake(struct sim *s, struct unit *u);
void engine_requeue(struct sim *s); /* after ranks changed */
void event_tick(struct sim *s, int64_t when, uint32_t arg);
void event_packet(struct sim *s, int64_t when, struct packet *p);
uint32_t random_below(struct sim *s, uint32_t n);

/* load.c */
void load_begin(struct sim *s);
void load_end(struct sim *s);
void load_arrives(struct sim *s, struct packet *p);
/* The unit finished the packet at its head. */
void load_done(struct sim *s, struct unit *u);
void load_next(struct sim *s, struct unit *u);
/* What remains to be done of the job in hand; INT64_MAX: it computes for ever. */
int64_t load_left(const struct unit *u);

#endif
