/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "credit-adjust/sim/sim.h"

enum what { CPU_STOPS, TICKS, ARRIVES };

struct event {
	int64_t when;
	uint64_t order; /* of two at one time the earlier made is the earlier */
	enum what what;
	uint32_t arg;
	uint64_t generation;
	struct packet *packet;
};

/* A binary heap; one simulation at a time. */
static struct event *heap;
static uint32_t count, room;
static uint64_t order;

static bool before(const struct event *a, const struct event *b)
{
	return a->when < b->when || (a->when == b->when && a->order < b->order);
}

static void swap(uint32_t a, uint32_t b)
{
	struct event e = heap[a];

	heap[a] = heap[b];
	heap[b] = e;
}

static void event_add(struct event e)
{
	uint32_t i = count++;

	if (count > room) {
		room = room ? 2 * room : 1024;
		heap = realloc(heap, room * sizeof(*heap));
		if (!heap) {
			perror("credit-adjust-sim");
			exit(1);
		}
	}
	e.order = order++;
	heap[i] = e;
	for (; i && before(&heap[i], &heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(i, (i - 1) / 2);
}

static struct event event_take(void)
{
	struct event first = heap[0];
	uint32_t i = 0;

	heap[0] = heap[--count];
	for (;;) {
		uint32_t least = i;

		for (uint32_t c = 2 * i + 1; c <= 2 * i + 2; c++)
			if (c < count && before(&heap[c], &heap[least]))
				least = c;
		if (least == i)
			return first;
		swap(i, least);
		i = least;
	}
}

void event_tick(struct sim *s, int64_t when, uint32_t arg)
{
	event_add((struct event){ .when = when, .what = TICKS, .arg = arg });
}

void event_packet(struct sim *s, int64_t when, struct packet *p)
{
	event_add((struct event){ .when = when, .what = ARRIVES, .packet = p });
}

uint32_t random_below(struct sim *s, uint32_t n)
{
	s->random = s->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((s->random >> 33) % n);
}

static void enqueue(struct sim *s, struct unit *u)
{
	struct unit *other;

	u->rank = s->sched->rank(u);
	u->state = RUNNABLE;
	TAILQ_FOREACH(other, &s->queue, queued) {
		if (other->rank < u->rank) {
			TAILQ_INSERT_BEFORE(other, u, queued);
			return;
		}
	}
	TAILQ_INSERT_TAIL(&s->queue, u, queued);
}

void engine_requeue(struct sim *s)
{
	struct queue old = TAILQ_HEAD_INITIALIZER(old);
	struct unit *u;

	TAILQ_CONCAT(&old, &s->queue, queued);
	while ((u = TAILQ_FIRST(&old))) {
		TAILQ_REMOVE(&old, u, queued);
		enqueue(s, u);
	}
}

static void cpu_plan(struct sim *s, struct cpu *c)
{
	int64_t left = load_left(c->current), stop = c->slice_end;

	if (left < stop - s->now)
		stop = s->now + left;
	event_add((struct event){ .when = stop, .what = CPU_STOPS, .arg = (uint32_t)(c - s->cpu),
				  .generation = ++c->generation });
}

/* Time that the current unit spent: on its job, and in the books. */
static void cpu_account(struct sim *s, struct unit *u)
{
	int64_t ran = s->now - u->burnt_at;

	u->domain->ran += ran;
	if (!STAILQ_EMPTY(&u->packets))
		u->job_left -= ran;
	s->sched->burn(s, u);
	u->burnt_at = s->now;
}

static void cpu_run(struct sim *s, struct cpu *c, struct unit *u)
{
	if (u != c->current)
		u->running_since = s->now;
	u->burnt_at = s->now;
	u->state = RUNNING;
	c->current = u;
	s->sched->chosen(s, u);
	c->slice_end = s->now + s->sched->slice(s, u);
	cpu_plan(s, c);
}

/* schedule(): the best of the queue, unless the current one goes on. */
static void cpu_schedule(struct sim *s, struct cpu *c)
{
	struct unit *current = c->current, *best;

	if (current && (TAILQ_EMPTY(&s->queue) || s->sched->keeps(s, current))) {
		cpu_run(s, c, current);
		return;
	}
	if (current)
		enqueue(s, current);
	best = TAILQ_FIRST(&s->queue);
	if (!best) {
		c->current = NULL;
		c->generation++;
		return;
	}
	TAILQ_REMOVE(&s->queue, best, queued);
	if (best != current)
		c->current = NULL;
	cpu_run(s, c, best);
}

static void cpu_stops(struct sim *s, struct cpu *c)
{
	struct unit *u = c->current;

	cpu_account(s, u);
	if (!STAILQ_EMPTY(&u->packets) && u->job_left <= 0)
		load_done(s, u);
	if (u->domain->kind != COMPUTES && STAILQ_EMPTY(&u->packets)) {
		u->state = BLOCKED;
		c->current = NULL;
		cpu_schedule(s, c);
	} else if (s->now >= c->slice_end) {
		cpu_schedule(s, c);
	} else {
		cpu_plan(s, c);
	}
}

static struct cpu *cpu_idle(struct sim *s)
{
	for (uint32_t i = 0; i < s->cpus; i++)
		if (!s->cpu[i].current)
			return &s->cpu[i];
	return NULL;
}

/* The CPU whose current unit stands lowest, if the new one beats it. */
static struct cpu *cpu_to_preempt(struct sim *s, const struct unit *u)
{
	struct cpu *lowest = NULL;

	for (uint32_t i = 0; i < s->cpus; i++)
		if (!lowest || s->sched->rank(s->cpu[i].current) < s->sched->rank(lowest->current))
			lowest = &s->cpu[i];
	return s->sched->beats(u, lowest->current) ? lowest : NULL;
}

void engine_wake(struct sim *s, struct unit *u)
{
	struct cpu *c = cpu_idle(s);

	if (u->state != BLOCKED)
		return;
	s->sched->wake(s, u);
	enqueue(s, u);
	if (c) {
		cpu_schedule(s, c);
		return;
	}
	for (uint32_t i = 0; i < s->cpus; i++)
		cpu_account(s, s->cpu[i].current);
	c = cpu_to_preempt(s, u);
	if (!c)
		return;
	/* Both schedulers: not before it ran for the rate limit. */
	c->slice_end = c->current->running_since + s->ratelimit;
	if (c->slice_end < s->now)
		c->slice_end = s->now;
	cpu_plan(s, c);
}

void engine_start(struct sim *s)
{
	count = 0;
	TAILQ_INIT(&s->queue);
	s->sched->start(s);
	for (uint32_t d = 0; d < s->domains; d++)
		for (uint32_t i = 0; i < s->domain[d].units; i++)
			if (s->domain[d].kind == COMPUTES)
				engine_wake(s, &s->domain[d].unit[i]);
}

void engine_run(struct sim *s, int64_t until)
{
	while (count && heap[0].when <= until) {
		struct event e = event_take();

		s->now = e.when;
		if (e.what == TICKS)
			s->sched->tick(s, e.arg);
		else if (e.what == ARRIVES)
			load_arrives(s, e.packet);
		else if (e.generation == s->cpu[e.arg].generation)
			cpu_stops(s, &s->cpu[e.arg]);
	}
	s->now = until;
}
