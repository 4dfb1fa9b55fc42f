/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain is.  Nothing tells how long a vCPU waited for a CPU (no domctl exports it), so a
 * CPU-bound domain is one that looking never finds at rest, whatever share it gets.
 * Hysteresis is twofold: a class in force has the wider thresholds, and another class must be
 * seen several rounds in a row, more of them to leave I/O than to become it: bursts with pauses
 * shorter than leave_rounds are one load.
 */
#include "credit-adjust/policy.h"

/* A domain that uses less of a CPU takes nothing from anybody. */
#define CPU_ENTER_MILLE 50
#define CPU_LEAVE_MILLE 25
/* How much less busy a CPU-bound or mixed domain may be before it is no more. */
#define BUSY_BAND_MILLE 200
/* A VF's interrupts wake a vCPU over and over; a computing guest rarely changes between looks. */
#define BLIND_TURNS_MILLE 200

static bool is_busy(const struct policy_params *p, const struct policy_sample *s, enum policy_class now)
{
	uint32_t band = now == POLICY_CPU || now == POLICY_MIXED ? BUSY_BAND_MILLE : 0;

	if (s->relay)
		return false;
	return s->busy_mille + band >= p->busy_mille &&
	       s->cpu_mille >= (band ? CPU_LEAVE_MILLE : CPU_ENTER_MILLE);
}

static bool moves_packets(const struct policy_params *p, const struct policy_sample *s, enum policy_class now)
{
	bool was = now == POLICY_IO || now == POLICY_MIXED;

	if (s->frames >= p->io_enter || (was && s->frames > p->io_leave))
		return true;
	return s->blind && s->turns_mille >= BLIND_TURNS_MILLE / (was ? 2 : 1) && s->cpu_mille >= CPU_LEAVE_MILLE;
}

/* Does most of its CPU time go into something else than its packets? */
static bool computes(const struct policy_params *p, const struct policy_sample *s, enum policy_class now)
{
	uint64_t limit = (uint64_t)p->mixed_below * s->cpu_mille / (now == POLICY_MIXED ? 500 : 1000);

	return !s->blind && is_busy(p, s, now) && s->frames < limit;
}

static enum policy_class class_wanted(const struct policy_params *p, const struct policy_sample *s,
				      enum policy_class now)
{
	if (moves_packets(p, s, now))
		return computes(p, s, now) ? POLICY_MIXED : POLICY_IO;
	return is_busy(p, s, now) ? POLICY_CPU : POLICY_IDLE;
}

/* Without counters: as if what it uses of a CPU were the host's full load. */
static uint32_t frames_seen(const struct policy_params *p, const struct policy_sample *s)
{
	uint64_t guess = (uint64_t)p->io_full * (s->cpu_mille < 1000 ? s->cpu_mille : 1000) / 1000;

	return s->blind && guess > s->frames ? (uint32_t)guess : s->frames;
}

static uint32_t window_max(const struct policy_domain *d, uint32_t rounds)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < rounds && i < POLICY_WINDOW; i++) {
		uint32_t frames = d->window[(d->at + POLICY_WINDOW - i) % POLICY_WINDOW];

		most = frames > most ? frames : most;
	}
	return most;
}

void classify_round(const struct policy_params *p, const struct policy_sample *s, struct policy_domain *d,
		    struct policy_result *r)
{
	enum policy_class wanted = class_wanted(p, s, d->class);

	d->at = (d->at + 1) % POLICY_WINDOW;
	d->window[d->at] = frames_seen(p, s);
	r->demand = window_max(d, p->leave_rounds);
	if (wanted == d->class) {
		d->rounds = 0;
		return;
	}
	d->rounds++;
	if (d->rounds < (d->class == POLICY_IO ? p->leave_rounds : p->enter_rounds))
		return;
	d->class = wanted;
	d->rounds = 0;
}
