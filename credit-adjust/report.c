/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the operator sees: credit-adjustctl(8) documents every key. */
#include <stdio.h>

#include "credit-adjust/adjust.h"

static const char *sched_name(enum policy_sched sched)
{
	return sched == POLICY_CREDIT ? "credit" : sched == POLICY_CREDIT2 ? "credit2" : "other";
}

static json_t *uuid_json(const uint8_t *u)
{
	char text[2 * XEN_UUID_SIZE + 5];

	snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	return json_string(text);
}

static json_t *rule_json(const struct config_rule *r)
{
	return json_pack("{s:b,s:i,s:f}", "never", r->never, "floor", (int)r->floor, "share", r->share_mille / 1000.0);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static json_t *domain_json(const struct adjust *a, uint32_t i, uint64_t now)
{
	const struct policy_sample *s = &a->sample[i];
	const struct record *r = &a->record[i];
	json_t *o = json_object();

	set(o, "domid", json_integer(r->xen.domid));
	set(o, "name", json_string(r->name));
	set(o, "uuid", uuid_json(r->xen.uuid));
	set(o, "pool", json_integer(r->xen.pool));
	set(o, "scheduler", json_string(sched_name(s->sched)));
	set(o, "vcpus", json_integer(r->xen.vcpus));
	set(o, "class", json_string(policy_class_name(a->state[i].class)));
	set(o, "cpu", json_real(s->cpu_mille / 1000.0));
	set(o, "busy", json_real(s->busy_mille / 1000.0));
	set(o, "frames", json_integer(s->frames));
	set(o, "demand", json_integer(a->result[i].demand));
	set(o, "blind", json_boolean(s->blind));
	set(o, "baseline", json_integer(s->baseline));
	set(o, "weight", json_integer(s->current));
	set(o, "reason", json_string(policy_reason_text(a->result[i].reason)));
	set(o, "held_seconds", json_integer(r->held_until_ns > now ?
					    (json_int_t)((r->held_until_ns - now) / 1000000000) : 0));
	set(o, "rule", rule_json(&r->rule));
	return o;
}

static json_t *pool_json(const struct adjust_pool *p)
{
	json_t *o = json_pack("{s:I,s:s}", "pool", (json_int_t)p->xen.id, "scheduler", sched_name(p->xen.sched));

	if (p->tslice_ms) {
		set(o, "tslice_ms", json_integer(p->tslice_ms));
		set(o, "tslice_baseline_ms", json_integer(p->tslice_baseline));
	}
	return o;
}

json_t *report_status(const struct adjust *a, uint64_t now)
{
	json_t *o = json_object(), *domains = json_array(), *pools = json_array();

	for (uint32_t i = 0; i < a->n; i++)
		json_array_append_new(domains, domain_json(a, i, now));
	for (uint32_t i = 0; i < a->pools; i++)
		json_array_append_new(pools, pool_json(&a->pool[i]));
	set(o, "dry_run", json_boolean(a->dry_run));
	set(o, "rounds", json_integer((json_int_t)a->rounds));
	set(o, "changes", json_integer((json_int_t)a->changes));
	set(o, "domains", domains);
	set(o, "pools", pools);
	return o;
}
