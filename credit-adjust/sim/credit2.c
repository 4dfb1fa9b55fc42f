/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credit2's rules: credit burns the faster the lighter the weight, the richest runs, all are refilled together. */
#include "credit-adjust/sim/sim.h"

#define INIT (10 * MS)
#define LEAST (-INIT)
#define CARRY (500 * US)
#define MIN_TIMER (500 * US)
#define MAX_TIMER INIT

/* t2c_update(): the heaviest burns a credit a ns, others more. */
static void burn(struct sim *s, struct unit *u)
{
	u->credit -= (s->now - u->burnt_at) * s->max_weight / u->domain->weight;
	if (u->credit < LEAST)
		u->credit = LEAST;
}

static void wake(struct sim *s, struct unit *u)
{
}

static int64_t rank(const struct unit *u)
{
	return u->credit;
}

static bool beats(const struct unit *u, const struct unit *current)
{
	return u->credit > current->credit;
}

/* runq_candidate() */
static bool keeps(struct sim *s, struct unit *current)
{
	return s->now - current->running_since < s->ratelimit || TAILQ_FIRST(&s->queue)->credit <= current->credit;
}

static void refill(struct unit *u, int64_t more)
{
	u->credit += more;
	if (u->credit > INIT + CARRY)
		u->credit = INIT + CARRY;
}

static void account_running(struct sim *s)
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
	}
}

/* reset_credit(): when the one who is next has none left, everybody gets more. */
static void chosen(struct sim *s, struct unit *next)
{
	int64_t more = next->credit == LEAST ? 2 * INIT : INIT;

	if (next->credit > 0)
		return;
	account_running(s);
	for (uint32_t d = 0; d < s->domains; d++)
		for (uint32_t i = 0; i < s->domain[d].units; i++)
			refill(&s->domain[d].unit[i], more);
	for (struct unit *u = TAILQ_FIRST(&s->queue); u; u = TAILQ_NEXT(u, queued))
		u->rank = u->credit;
}

/* csched2_runtime(): until the credit is gone or is that of the first who waits. */
static int64_t slice(struct sim *s, struct unit *u)
{
	const struct unit *waits = TAILQ_FIRST(&s->queue);
	int64_t lead = u->credit - (waits && waits->credit > 0 ? waits->credit : 0);
	int64_t time = lead > 0 ? lead * u->domain->weight / s->max_weight : 0;
	int64_t least = u->running_since + s->ratelimit - s->now;

	if (least < MIN_TIMER)
		least = MIN_TIMER;
	return time < least ? least : time > MAX_TIMER ? MAX_TIMER : time;
}

static void tick(struct sim *s, uint32_t arg)
{
}

static void start(struct sim *s)
{
	for (uint32_t d = 0; d < s->domains; d++)
		for (uint32_t i = 0; i < s->domain[d].units; i++)
			s->domain[d].unit[i].credit = INIT;
}

const struct scheduler credit2 = {
	.name = "credit2", .policy = POLICY_CREDIT2, .start = start, .burn = burn, .wake = wake, .rank = rank,
	.beats = beats, .keeps = keeps, .chosen = chosen, .slice = slice, .tick = tick,
};
