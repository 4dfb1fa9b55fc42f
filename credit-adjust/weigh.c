/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From decisions to the hypervisor: learn what is in force, remember, then write.  The baselines' file is
 * on disk before the first write of a round; without it nothing is written.
 */
#include <errno.h>
#include <string.h>

#include "credit-adjust/adjust.h"
#include "lib/daemon/log.h"

#define REFUSED_ROUNDS 60

static const char *name_of(const struct record *r)
{
	return *r->name ? r->name : "domain";
}

static void domain_observe(struct adjust *a, uint32_t i)
{
	struct policy_sample *s = &a->sample[i];
	struct record *r = &a->record[i];
	struct baseline *e;
	uint32_t weight;

	if (s->sched == POLICY_OTHER)
		return;
	e = xen_weight_get(a->xch, s->sched, r->xen.domid, &weight) || !weight ? NULL :
	    baseline_get(&a->baselines, r->xen.domid, r->xen.uuid, weight);
	if (!e) { /* gone since the look, or no memory: not in this round */
		s->sched = POLICY_OTHER;
		s->pool = UINT32_MAX;
		s->baseline = s->current;
		return;
	}
	if (baseline_observe(e, weight))
		log_info("%s (%u): weight %u was set by the operator: it is the new baseline", name_of(r),
			 r->xen.domid, weight);
	s->baseline = e->value;
	s->current = weight;
}

static void pool_observe(struct adjust *a, struct adjust_pool *p)
{
	struct baseline *e;

	p->tslice_ms = 0;
	p->refused &= policy_is_live(p->xen.id, a->sample, a->state, a->n);
	if (p->xen.sched == POLICY_OTHER && !p->named)
		log_info("cpupool %u is left alone: its scheduler (number %u) is neither credit nor credit2",
			 p->xen.id, p->xen.sched_id);
	p->named = p->xen.sched == POLICY_OTHER;
	if (p->xen.sched != POLICY_CREDIT || xen_tslice_get(a->xch, p->xen.id, &p->tslice_ms))
		return;
	e = baseline_get(&a->baselines, p->xen.id, NULL, p->tslice_ms);
	if (e && baseline_observe(e, p->tslice_ms))
		log_info("cpupool %u: timeslice %u ms was set by the operator: it is the new baseline", p->xen.id,
			 p->tslice_ms);
	p->tslice_baseline = e ? e->value : p->tslice_ms;
}

void weigh_observe(struct adjust *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		domain_observe(a, i);
	for (uint32_t i = 0; i < a->pools; i++)
		pool_observe(a, &a->pool[i]);
}

void weigh_observe_live(struct adjust *a)
{
	for (uint32_t p = 0; p < a->pools; p++) {
		uint32_t id = a->pool[p].xen.id;
		bool live = policy_is_live(id, a->sample, a->state, a->n);

		for (uint32_t i = 0; i < a->n; i++)
			if (a->sample[i].pool == id && (live || !a->sample[i].baseline || (a->rounds + i) % 10 == 0))
				domain_observe(a, i);
		pool_observe(a, &a->pool[p]);
	}
}

/* A short timeslice while somebody there receives. */
static uint32_t tslice_wanted(const struct adjust *a, const struct adjust_pool *p)
{
	if (p->refused || !a->config->tslice_ms || a->config->tslice_ms >= p->tslice_baseline)
		return p->tslice_baseline;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->sample[i].pool == p->xen.id && (a->result[i].reason == POLICY_RECEIVES ||
						       a->result[i].reason == POLICY_AT_CEILING))
			return a->config->tslice_ms;
	return p->tslice_baseline;
}

static struct baseline *entry_of(struct adjust *a, uint32_t i)
{
	const struct record *r = &a->record[i];

	return baseline_find(&a->baselines, r->xen.domid, r->xen.uuid);
}

static bool changes(const struct adjust *a, uint32_t i)
{
	return a->sample[i].sched != POLICY_OTHER && a->result[i].weight != a->sample[i].current;
}

/* Everything that will be written, into the entries; how many. */
static uint32_t plan(struct adjust *a)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < a->n; i++) {
		struct baseline *e = changes(a, i) ? entry_of(a, i) : NULL;

		if (!e)
			continue;
		baseline_plan(e, a->result[i].weight);
		count++;
	}
	for (uint32_t i = 0; i < a->pools; i++) {
		struct adjust_pool *p = &a->pool[i];
		struct baseline *e = p->tslice_ms ? baseline_find(&a->baselines, p->xen.id, NULL) : NULL;

		if (!e || tslice_wanted(a, p) == p->tslice_ms)
			continue;
		baseline_plan(e, tslice_wanted(a, p));
		count++;
	}
	return count;
}

static void domain_tell(const struct adjust *a, uint32_t i, const char *verb)
{
	const struct policy_sample *s = &a->sample[i];

	log_info("%s (%u): weight %s%u -> %u, baseline %u: %s (%u frames/s, CPU %u.%u %%)", name_of(&a->record[i]), s->id,
		 verb, s->current, a->result[i].weight, s->baseline, policy_reason_text(a->result[i].reason), s->frames,
		 s->cpu_mille / 10, s->cpu_mille % 10);
}

static void domain_write(struct adjust *a, uint32_t i)
{
	struct policy_sample *s = &a->sample[i];
	struct baseline *e = entry_of(a, i);
	int rc;

	if (!e)
		return;
	rc = xen_weight_set(a->xch, s->sched, a->record[i].xen.domid, a->result[i].weight);
	baseline_settle(e, !rc);
	if (rc && rc != -ESRCH) {
		a->record[i].refused = REFUSED_ROUNDS;
		log_warning("%s (%u): cannot set its weight: %s; it is left alone for a minute", name_of(&a->record[i]),
			    s->id, strerror(-rc));
	}
	if (rc)
		return;
	domain_tell(a, i, "");
	s->current = a->result[i].weight;
	a->changes++;
}

static void pool_write(struct adjust *a, struct adjust_pool *p)
{
	struct baseline *e = p->tslice_ms ? baseline_find(&a->baselines, p->xen.id, NULL) : NULL;
	uint32_t ms = tslice_wanted(a, p);
	int rc;

	if (!e || ms == p->tslice_ms)
		return;
	rc = xen_tslice_set(a->xch, p->xen.id, ms);
	baseline_settle(e, !rc);
	p->refused = rc;
	if (rc) {
		log_warning("cpupool %u: cannot set the timeslice to %u ms: %s", p->xen.id, ms,
			    rc == -ERANGE ? "the pool's ratelimit_us is longer; lower it or set tslice_ms = 0" :
					    strerror(-rc));
		return;
	}
	log_info("cpupool %u: timeslice %u -> %u ms, baseline %u", p->xen.id, p->tslice_ms, ms, p->tslice_baseline);
	p->tslice_ms = ms;
	a->changes++;
}

/* Those that give come first, so that the sum is never above that of the baselines. */
static void write_all(struct adjust *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (changes(a, i) && a->result[i].weight < a->sample[i].current)
			domain_write(a, i);
	for (uint32_t i = 0; i < a->n; i++)
		if (changes(a, i) && a->result[i].weight > a->sample[i].current)
			domain_write(a, i);
	for (uint32_t i = 0; i < a->pools; i++)
		pool_write(a, &a->pool[i]);
}

static void tell_all(struct adjust *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		struct record *r = &a->record[i];

		if (a->result[i].weight != r->told && (r->told || changes(a, i)))
			domain_tell(a, i, "would be ");
		r->told = a->result[i].weight;
	}
}

static void unplan(struct adjust *a)
{
	for (uint32_t i = 0; i < a->baselines.count; i++)
		baseline_settle(&a->baselines.entry[i], false);
}

/* Every weight and timeslice that is to be written is its baseline. */
static bool all_return(const struct adjust *a)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (changes(a, i) && a->result[i].weight != a->sample[i].baseline)
			return false;
	for (uint32_t i = 0; i < a->pools; i++)
		if (a->pool[i].tslice_ms && tslice_wanted(a, &a->pool[i]) != a->pool[i].tslice_ms &&
		    tslice_wanted(a, &a->pool[i]) != a->pool[i].tslice_baseline)
			return false;
	return true;
}

/* Once when it begins, once when it is over: a disk may be full for days. */
static int remember(struct adjust *a)
{
	int rc = baselines_save(&a->baselines);

	if (rc && rc != a->unsaved)
		log_error("cannot remember baselines in %s: %s; no weight is moved until that works",
			  a->baselines.path, strerror(-rc));
	if (!rc && a->unsaved)
		log_info("baselines can be written to %s again", a->baselines.path);
	a->unsaved = rc;
	return rc;
}

/*
 * What is not on disk is not done, but for the way back: the baselines that are on disk, or in force,
 * are what a next start restores or finds.
 */
int weigh_apply(struct adjust *a)
{
	int rc;

	if (a->dry_run) {
		tell_all(a);
		return 0;
	}
	if (!plan(a))
		return 0;
	rc = remember(a);
	if (rc && !all_return(a)) {
		unplan(a);
		return rc;
	}
	write_all(a);
	return 0;
}

static void domain_restore(struct adjust *a, uint32_t i)
{
	struct policy_sample *s = &a->sample[i];

	a->result[i].weight = s->baseline;
	if (changes(a, i))
		domain_write(a, i);
}

static void pool_restore(struct adjust *a, struct adjust_pool *p)
{
	if (!p->tslice_ms || p->tslice_ms == p->tslice_baseline)
		return;
	if (xen_tslice_set(a->xch, p->xen.id, p->tslice_baseline))
		return;
	log_info("cpupool %u: timeslice %u -> %u ms: its baseline", p->xen.id, p->tslice_ms, p->tslice_baseline);
	baseline_observe(baseline_find(&a->baselines, p->xen.id, NULL), p->tslice_baseline);
	p->tslice_ms = p->tslice_baseline;
}

/* All that is ours goes; what the operator set since stays.  The file says so afterwards. */
void weigh_restore(struct adjust *a)
{
	int rc;

	if (a->dry_run)
		return;
	weigh_observe(a);
	for (uint32_t i = 0; i < a->n; i++) {
		struct baseline *e = changes(a, i) || a->sample[i].baseline != a->sample[i].current ? entry_of(a, i) : NULL;

		a->result[i].reason = POLICY_REST;
		if (e)
			baseline_plan(e, a->sample[i].baseline);
		domain_restore(a, i);
	}
	for (uint32_t i = 0; i < a->pools; i++)
		pool_restore(a, &a->pool[i]);
	rc = baselines_save(&a->baselines);
	if (rc)
		log_error("cannot write %s: %s; the baselines are in force all the same", a->baselines.path,
			  strerror(-rc));
}
