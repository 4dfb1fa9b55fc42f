/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The domains of the host, followed from look to look. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credit-adjust/adjust.h"

/* An operator may rename a domain at any time, and xl does it while it migrates one. */
void record_rename(struct adjust *a, uint32_t index)
{
	struct record *r = &a->record[index];
	char path[64], *name;

	snprintf(path, sizeof(path), "/local/domain/%u/name", r->xen.domid);
	name = a->xs ? xs_read(a->xs, XBT_NULL, path, NULL) : NULL;
	if (!name || strcmp(name, r->name)) {
		snprintf(r->name, sizeof(r->name), "%s", name ? name : "");
		record_match_rule(a, r);
	}
	free(name);
}

void record_match_rule(const struct adjust *a, struct record *r)
{
	const struct config_rule *rule;

	if (rules_find(&a->rules, r->name, &r->rule))
		return;
	rule = config_rule_of(a->config, r->name);
	r->rule = rule ? *rule : (struct config_rule){ 0 };
}

static void record_insert(struct adjust *a, uint32_t index, const struct xen_domain *d)
{
	uint32_t behind = a->n - index;

	memmove(&a->record[index + 1], &a->record[index], behind * sizeof(a->record[0]));
	memmove(&a->state[index + 1], &a->state[index], behind * sizeof(a->state[0]));
	memmove(&a->sample[index + 1], &a->sample[index], behind * sizeof(a->sample[0]));
	memmove(&a->result[index + 1], &a->result[index], behind * sizeof(a->result[0]));
	a->n++;
	memset(&a->record[index], 0, sizeof(a->record[0]));
	memset(&a->state[index], 0, sizeof(a->state[0]));
	memset(&a->sample[index], 0, sizeof(a->sample[0]));
	memset(&a->result[index], 0, sizeof(a->result[0]));
	a->record[index].xen = *d;
	a->record[index].round_cpu_ns = d->cpu_ns;
	a->record[index].was_blocked = d->blocked;
	record_match_rule(a, &a->record[index]);
	record_rename(a, index);
}

static void record_remove(struct adjust *a, uint32_t index)
{
	const struct xen_domain *d = &a->record[index].xen;
	struct baseline *e = baseline_find(&a->baselines, d->domid, d->uuid);
	uint32_t behind = --a->n - index;

	if (e)
		baseline_leave(&a->baselines, e);
	e = baseline_find(&a->places, d->domid, d->uuid);
	if (e)
		baseline_leave(&a->places, e);
	memmove(&a->record[index], &a->record[index + 1], behind * sizeof(a->record[0]));
	memmove(&a->state[index], &a->state[index + 1], behind * sizeof(a->state[0]));
	memmove(&a->sample[index], &a->sample[index + 1], behind * sizeof(a->sample[0]));
	memmove(&a->result[index], &a->result[index + 1], behind * sizeof(a->result[0]));
}

static void record_look(struct record *r, const struct xen_domain *d)
{
	r->looks++;
	r->busy += !d->blocked;
	r->turns += d->blocked != r->was_blocked;
	r->was_blocked = d->blocked;
	r->xen = *d;
}

static bool is_same(const struct record *r, const struct xen_domain *d)
{
	return r->xen.domid == d->domid && !memcmp(r->xen.uuid, d->uuid, sizeof(d->uuid));
}

/* a->seen, count long, is what Xen has now.  Both lists are sorted by domid. */
void record_merge(struct adjust *a, uint32_t count)
{
	uint32_t i = 0;

	for (uint32_t j = 0; j < count; j++) {
		while (i < a->n && (a->record[i].xen.domid < a->seen[j].domid ||
				    (a->record[i].xen.domid == a->seen[j].domid && !is_same(&a->record[i], &a->seen[j]))))
			record_remove(a, i);
		if (i == a->n || a->record[i].xen.domid != a->seen[j].domid) {
			if (a->n == POLICY_DOMAINS_MAX)
				break;
			record_insert(a, i, &a->seen[j]);
		}
		record_look(&a->record[i++], &a->seen[j]);
	}
	while (a->n > i)
		record_remove(a, a->n - 1);
}

static struct record *record_of(struct adjust *a, uint32_t domid)
{
	uint32_t low = 0, high = a->n;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (a->record[mid].xen.domid < domid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->n && a->record[low].xen.domid == domid ? &a->record[low] : NULL;
}

static struct record_counter *counter_of(struct record *r, uint32_t key)
{
	for (int i = 0; i < RECORD_COUNTERS; i++)
		if (r->counter[i].key == key || !r->counter[i].key)
			return &r->counter[i];
	return NULL;
}

static void found(struct adjust *a, enum record_source source, uint32_t domid, uint32_t id, uint64_t frames)
{
	struct record *r = record_of(a, domid);
	uint32_t key = (source + 1u) << 24 | (id & 0xffffff);
	struct record_counter *c = r ? counter_of(r, key) : NULL;

	if (!c)
		return;
	/* The first sight of a counter says nothing of now; one that shrank belongs to a new interface. */
	if (c->key && frames > c->last)
		r->moved[source] += frames - c->last;
	c->key = key;
	c->last = frames;
}

static void found_link(void *arg, uint32_t domid, bool vf, uint32_t id, uint64_t frames)
{
	found(arg, vf ? RECORD_VF : RECORD_LINK, domid, id, frames);
}

static void found_switch(void *arg, uint32_t domid, bool vf, uint32_t id, uint64_t frames)
{
	found(arg, RECORD_SWITCH, domid, id, frames);
}

net_found record_found(enum record_source source)
{
	return source == RECORD_SWITCH ? found_switch : found_link;
}
