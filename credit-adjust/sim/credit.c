/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The credit scheduler's rules: 10 credits a ms, tick, accounting each timeslice, BOOST, UNDER and OVER. */
#include "credit-adjust/sim/sim.h"

#define CREDITS_PER_MS 10
enum { TICK, ACCOUNTING };

static int64_t credits_per_tslice(const struct sim *s)
{
	return s->tslice * CREDITS_PER_MS / MS;
}

/* burn_credits(): whole credits, the rest is carried. */
static void burn(struct sim *s, struct unit *u)
{
	int64_t ns = s->now - u->burnt_at + u->residual;
	int64_t credits = ns * CREDITS_PER_MS / MS;

	u->residual = ns - credits * MS / CREDITS_PER_MS;
	u->credit -= credits;
}

/* csched_unit_wake(): who has credit is boosted, who has none is not. */
static void wake(struct sim *s, struct unit *u)
{
	if (u->priority == UNDER)
		u->priority = BOOST;
}

static int64_t rank(const struct unit *u)
{
	return u->priority;
}

static bool beats(const struct unit *u, const struct unit *current)
{
	return u->priority > current->priority;
}

/* csched_schedule(): below the rate limit it goes on, else the queue's first of the same priority is next. */
static bool keeps(struct sim *s, struct unit *current)
{
	const struct unit *first = TAILQ_FIRST(&s->queue);

	return s->now - current->running_since < s->ratelimit || first->priority < current->priority;
}

static void chosen(struct sim *s, struct unit *u)
{
}

static int64_t slice(struct sim *s, struct unit *u)
{
	int64_t ran = s->now - u->running_since;

	return ran && ran < s->ratelimit ? s->ratelimit - ran : s->tslice;
}

/* csched_tick(), csched_unit_acct(): who is running is no longer boosted, and takes part in the accounting. */
static void tick(struct sim *s)
{
	for (uint32_t i = 0; i < s->cpus; i++) {
		struct unit *u = s->cpu[i].current;

		if (!u)
			continue;
		u->domain->ran += s->now - u->burnt_at;
		if (!STAILQ_EMPTY(&u->packets))
			u->job_left -= s->now - u->burnt_at;
		burn(s, u);
		u->burnt_at = s->now;
		if (u->priority == BOOST)
			u->priority = UNDER;
		u->active = true;
	}
}

static uint64_t active_weight(const struct sim *s)
{
	uint64_t sum = 0;

	for (uint32_t d = 0; d < s->domains; d++)
		for (uint32_t i = 0; i < s->domain[d].units; i++)
			sum += s->domain[d].unit[i].active ? s->domain[d].weight : 0;
	return sum;
}

/* csched_acct() for one unit that takes part. */
static void unit_account(struct sim *s, struct unit *u, int64_t fair)
{
	int64_t most = credits_per_tslice(s);

	u->credit += fair;
	if (u->credit < 0) {
		u->priority = OVER;
		if (u->credit < -most)
			u->credit = -most;
		return;
	}
	u->priority = UNDER;
	if (u->credit > most) { /* it does not use its share: no longer active, with a little in hand */
		u->active = false;
		u->credit /= 2;
	}
}

/* csched_acct(): a timeslice's credit of all CPUs, by weight; nobody gets more than one CPU's. */
static void account(struct sim *s)
{
	uint64_t weights = active_weight(s);
	int64_t most = credits_per_tslice(s), total = most * s->cpus;

	for (uint32_t d = 0; d < s->domains; d++) {
		for (uint32_t i = 0; i < s->domain[d].units; i++) {
			struct unit *u = &s->domain[d].unit[i];
			int64_t fair;

			if (!u->active)
				continue;
			fair = (int64_t)((uint64_t)total * s->domain[d].weight / weights);
			fair = fair < most ? fair : most;
			weights -= s->domain[d].weight;
			total -= fair;
			unit_account(s, u, fair);
		}
	}
	engine_requeue(s);
}

static void on_tick(struct sim *s, uint32_t what)
{
	if (what == TICK)
		tick(s);
	else
		account(s);
	event_tick(s, s->now + (what == TICK ? s->tslice / 3 : s->tslice), what);
}

static void start(struct sim *s)
{
	for (uint32_t d = 0; d < s->domains; d++)
		for (uint32_t i = 0; i < s->domain[d].units; i++)
			s->domain[d].unit[i].priority = UNDER;
	event_tick(s, s->now + s->tslice / 3, TICK);
	event_tick(s, s->now + s->tslice, ACCOUNTING);
}

const struct scheduler credit = {
	.name = "credit", .policy = POLICY_CREDIT, .start = start, .burn = burn, .wake = wake, .rank = rank,
	.beats = beats, .keeps = keeps, .chosen = chosen, .slice = slice, .tick = on_tick,
};
