/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What moves in one pool.  Weights count per vCPU (credit.c's and credit2.c's "weight per unit"), so the
 * currency is weight x vCPUs, here called mass.  Donors give whole weight steps, receivers get
 * whole steps, and the two masses must be equal to the unit: what does not fit goes back.
 */
#include "credit-adjust/policy.h"

struct pool {
	const struct policy_params *params;
	const struct policy_sample *sample;
	const struct policy_domain *domain;
	struct policy_result *result;
	uint32_t n, id;
};

static bool in_pool(const struct pool *p, uint32_t i)
{
	return p->sample[i].pool == p->id;
}

static bool is_free(const struct policy_sample *s)
{
	return !s->never && !s->held && s->sched != POLICY_OTHER;
}

static bool gives(const struct pool *p, uint32_t i)
{
	return in_pool(p, i) && is_free(&p->sample[i]) && p->domain[i].class == POLICY_CPU;
}

static bool receives(const struct pool *p, uint32_t i)
{
	return in_pool(p, i) && is_free(&p->sample[i]) && p->domain[i].class == POLICY_IO;
}

static uint32_t taken(const struct pool *p, uint32_t i)
{
	return p->sample[i].baseline - p->result[i].weight;
}

static uint32_t given(const struct pool *p, uint32_t i)
{
	return p->result[i].weight - p->sample[i].baseline;
}

/* Everybody at the baseline, with the reason for staying there. */
static void pool_rest(const struct pool *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct policy_sample *s = &p->sample[i];

		if (!in_pool(p, i))
			continue;
		p->result[i].weight = s->baseline;
		p->result[i].reason = s->sched == POLICY_OTHER ? POLICY_SCHEDULER : s->held ? POLICY_HELD :
				      s->never ? POLICY_NEVER : gives(p, i) ? POLICY_NO_NEED :
				      receives(p, i) ? POLICY_NO_DONOR : POLICY_REST;
	}
}

/* How much of max_share the pool's traffic asks for.  Dom0's frames are its guests': counted once. */
static uint32_t need_mille(const struct pool *p)
{
	uint64_t guests = 0, relayed = 0, frames;

	for (uint32_t i = 0; i < p->n; i++)
		if (receives(p, i))
			*(p->sample[i].relay ? &relayed : &guests) += p->result[i].demand;
	frames = guests > relayed ? guests : relayed;
	return frames >= p->params->io_full ? 1000 : (uint32_t)(frames * 1000 / p->params->io_full);
}

/* What donor i gives at a need, in weight. */
static uint32_t donor_share(const struct pool *p, uint32_t i, uint32_t need)
{
	const struct policy_sample *s = &p->sample[i];
	uint64_t share = s->share_mille ? s->share_mille : p->params->max_share_mille;
	uint32_t take = (uint32_t)(s->baseline * share * need / 1000000);
	uint32_t least = s->floor > 1 ? s->floor : 1;

	if (s->baseline <= least)
		return 0;
	return take < s->baseline - least ? take : s->baseline - least;
}

/* Donors give; the mass that they gave. */
static uint64_t pool_take(const struct pool *p, uint32_t need)
{
	uint64_t mass = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		if (!gives(p, i))
			continue;
		p->result[i].weight = p->sample[i].baseline - donor_share(p, i, need);
		mass += (uint64_t)taken(p, i) * p->sample[i].vcpus;
	}
	return mass;
}

/* The largest weight a receiver may have beside the others' weights of this moment. */
static uint32_t pool_ceiling(const struct pool *p)
{
	uint64_t least = POLICY_WEIGHT_MAX;
	bool credit2 = false;

	for (uint32_t i = 0; i < p->n; i++) {
		if (!in_pool(p, i))
			continue;
		credit2 |= p->sample[i].sched == POLICY_CREDIT2;
		least = p->result[i].weight < least ? p->result[i].weight : least;
	}
	least *= credit2 ? p->params->max_ratio : POLICY_WEIGHT_MAX;
	return least < POLICY_WEIGHT_MAX ? (uint32_t)least : POLICY_WEIGHT_MAX;
}

static uint32_t room(const struct pool *p, uint32_t i, uint32_t ceiling)
{
	return p->result[i].weight < ceiling ? ceiling - p->result[i].weight : 0;
}

static uint64_t pool_room(const struct pool *p, uint32_t ceiling)
{
	uint64_t mass = 0;

	for (uint32_t i = 0; i < p->n; i++)
		if (receives(p, i))
			mass += (uint64_t)room(p, i, ceiling) * p->sample[i].vcpus;
	return mass;
}

static uint64_t demand_with_room(const struct pool *p, uint32_t ceiling)
{
	uint64_t demand = 0;

	for (uint32_t i = 0; i < p->n; i++)
		if (receives(p, i) && room(p, i, ceiling))
			demand += p->result[i].demand + 1ull; /* one has a claim, if small */
	return demand;
}

/* One turn of handing out in proportion to demand; what is left. */
static uint64_t pool_give_once(const struct pool *p, uint64_t mass, uint32_t ceiling)
{
	uint64_t demand = demand_with_room(p, ceiling), left = mass;

	for (uint32_t i = 0; i < p->n; i++) {
		uint64_t step, most;

		if (!receives(p, i) || !(most = room(p, i, ceiling)))
			continue;
		step = mass * (p->result[i].demand + 1ull) / demand / p->sample[i].vcpus;
		step = step < most ? step : most;
		p->result[i].weight += (uint32_t)step;
		left -= step * p->sample[i].vcpus;
	}
	return left;
}

/* Single steps, for whoever's step fits; what is left. */
static uint64_t pool_give_steps(const struct pool *p, uint64_t left, uint32_t ceiling)
{
	bool moved = true;

	while (left && moved) {
		moved = false;
		for (uint32_t i = 0; i < p->n && left; i++) {
			if (!receives(p, i) || !room(p, i, ceiling) || p->sample[i].vcpus > left)
				continue;
			p->result[i].weight++;
			left -= p->sample[i].vcpus;
			moved = true;
		}
	}
	return left;
}

/* Hands out; what could not be. */
static uint64_t pool_give(const struct pool *p, uint64_t mass, uint32_t ceiling)
{
	uint64_t before = mass + 1;

	while (mass && mass < before) {
		before = mass;
		mass = pool_give_once(p, mass, ceiling);
	}
	return pool_give_steps(p, mass, ceiling);
}

/* Donor j takes a steps back and receiver i gives b back, so that a*vj = left + b*vi. */
static bool pair_settles(const struct pool *p, uint32_t i, uint32_t j, uint64_t left)
{
	uint64_t vi = p->sample[i].vcpus, vj = p->sample[j].vcpus;

	for (uint64_t a = (left + vj - 1) / vj; a <= taken(p, j) && a <= left + vi; a++) {
		uint64_t back = a * vj - left;

		if (back % vi || back / vi > given(p, i))
			continue;
		p->result[j].weight += (uint32_t)a;
		p->result[i].weight -= (uint32_t)(back / vi);
		return true;
	}
	return false;
}

/* What no step fits goes back to a donor, if need be with a step of a receiver. */
static bool pool_settle(const struct pool *p, uint64_t left)
{
	if (!left)
		return true;
	for (uint32_t j = 0; j < p->n; j++) {
		if (!gives(p, j) || !taken(p, j))
			continue;
		for (uint32_t i = 0; i < p->n; i++)
			if (receives(p, i) && pair_settles(p, i, j, left))
				return true;
	}
	return false;
}

/* cut: all receivers together have no room for what the donors could give. */
static void pool_reasons(const struct pool *p, uint32_t ceiling, bool cut)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (gives(p, i))
			p->result[i].reason = taken(p, i) ? POLICY_GIVES : POLICY_AT_FLOOR;
		else if (receives(p, i))
			p->result[i].reason = cut || !room(p, i, ceiling) ? POLICY_AT_CEILING : POLICY_RECEIVES;
	}
}

static bool pool_has(const struct pool *p, bool (*is)(const struct pool *, uint32_t))
{
	for (uint32_t i = 0; i < p->n; i++)
		if (is(p, i))
			return true;
	return false;
}

void transfer_pool(const struct policy_params *params, uint32_t pool, const struct policy_sample *sample,
		   const struct policy_domain *domain, struct policy_result *result, uint32_t n)
{
	const struct pool p = { params, sample, domain, result, n, pool };
	uint32_t need, ceiling;
	uint64_t mass, fits;
	bool cut;

	pool_rest(&p);
	if (!pool_has(&p, gives) || !pool_has(&p, receives))
		return;
	need = need_mille(&p);
	mass = pool_take(&p, need);
	ceiling = pool_ceiling(&p);
	fits = pool_room(&p, ceiling);
	cut = mass > fits;
	if (cut)
		mass = pool_take(&p, (uint32_t)(need * fits / mass));
	if (pool_settle(&p, pool_give(&p, mass, ceiling))) {
		pool_reasons(&p, ceiling, cut);
		return;
	}
	pool_rest(&p);
	for (uint32_t i = 0; i < n; i++)
		if (gives(&p, i) || receives(&p, i))
			result[i].reason = POLICY_UNEVEN;
}
