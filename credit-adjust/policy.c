/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/policy.h"

/*
 * The papers on adjustable credit schedulers (Chang 2012, Guan 2014) publish no parameters: these are ours.
 * What was measured for each stands in credit-adjust.conf(5).
 */
void policy_params_default(struct policy_params *p)
{
	*p = (struct policy_params){
		.max_share_mille = 200,
		.io_enter = 1000,
		.io_leave = 500,
		.io_full = 5000,
		.enter_rounds = 2,
		.leave_rounds = 3,
		.busy_mille = 800,
		.mixed_below = 2000,
		.min_change_mille = 50,
		.max_ratio = 4,
	};
}

/* Baselines changed, a domain or a vCPU went: what is in force is not what the invariant asks for. */
static bool sum_is_off(uint32_t pool, const struct policy_sample *s, uint32_t n)
{
	uint64_t have = 0, want = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (s[i].pool != pool)
			continue;
		have += (uint64_t)s[i].current * s[i].vcpus;
		want += (uint64_t)s[i].baseline * s[i].vcpus;
	}
	return have != want;
}

static bool change_is_large(const struct policy_params *p, const struct policy_sample *s, uint32_t weight)
{
	uint32_t change = weight > s->current ? weight - s->current : s->current - weight;

	return (uint64_t)change * 1000 >= (uint64_t)s->current * p->min_change_mille && change;
}

/* A pool is written whole or not at all, for a part of the changes would break the sum. */
static bool is_worth_writing(const struct policy_params *p, uint32_t pool, const struct policy_sample *s,
			     const struct policy_result *r, uint32_t n)
{
	bool rest = true;

	for (uint32_t i = 0; i < n; i++) {
		if (s[i].pool != pool)
			continue;
		if (change_is_large(p, &s[i], r[i].weight) || (s[i].held && s[i].current != s[i].baseline))
			return true;
		rest &= r[i].weight == s[i].baseline;
	}
	return rest || sum_is_off(pool, s, n);
}

static void pool_round(const struct policy_params *p, uint32_t pool, const struct policy_sample *s,
		       const struct policy_domain *d, struct policy_result *r, uint32_t n)
{
	transfer_pool(p, pool, s, d, r, n);
	if (is_worth_writing(p, pool, s, r, n))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (s[i].pool == pool)
			r[i].weight = s[i].current;
}

static bool is_first_of_pool(const struct policy_sample *s, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (s[j].pool == s[i].pool)
			return false;
	return true;
}

void policy_classify(const struct policy_params *p, const struct policy_sample *s, struct policy_domain *d,
		     struct policy_result *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		classify_round(p, &s[i], &d[i], &r[i]);
}

bool policy_is_live(uint32_t pool, const struct policy_sample *s, const struct policy_domain *d, uint32_t n)
{
	bool gives = false, receives = false;

	for (uint32_t i = 0; i < n; i++) {
		if (s[i].pool != pool)
			continue;
		if (s[i].current != s[i].baseline)
			return true;
		gives |= d[i].class == POLICY_CPU;
		receives |= d[i].class == POLICY_IO;
	}
	return gives && receives;
}

void policy_decide(const struct policy_params *p, const struct policy_sample *s, const struct policy_domain *d,
		   struct policy_result *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (is_first_of_pool(s, i))
			pool_round(p, s[i].pool, s, d, r, n);
}

void policy_round(const struct policy_params *p, const struct policy_sample *s, struct policy_domain *d,
		  struct policy_result *r, uint32_t n)
{
	policy_classify(p, s, d, r, n);
	policy_decide(p, s, d, r, n);
}

const char *policy_class_name(enum policy_class class)
{
	static const char *const names[] = {
		[POLICY_IDLE] = "idle", [POLICY_CPU] = "cpu", [POLICY_IO] = "io", [POLICY_MIXED] = "mixed",
	};

	return names[class];
}

const char *policy_reason_text(enum policy_reason reason)
{
	static const char *const texts[] = {
		[POLICY_REST] = "its baseline",
		[POLICY_NO_DONOR] = "moves packets, but no CPU-bound domain competes with it",
		[POLICY_NO_NEED] = "CPU-bound, but no domain needs its time for packets",
		[POLICY_GIVES] = "CPU-bound, gives to domains that move packets",
		[POLICY_RECEIVES] = "moves packets, receives from CPU-bound domains",
		[POLICY_AT_CEILING] = "moves packets, at the largest weight beside the others",
		[POLICY_AT_FLOOR] = "CPU-bound, but gives nothing: its floor or its weight is too small",
		[POLICY_NEVER] = "excluded by the operator",
		[POLICY_HELD] = "released for a migration or a save",
		[POLICY_SCHEDULER] = "its pool's scheduler is neither credit nor credit2",
		[POLICY_UNEVEN] = "the pool's vCPU counts allow no exact exchange",
	};

	return texts[reason];
}
