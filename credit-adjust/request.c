/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/daemon/log.h"

static json_t *__attribute__((format(printf, 1, 2))) refusal(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return json_pack("{s:s}", "error", text);
}

/* A machine can tell it from other refusals: nothing of ours is in force there. */
static json_t *unknown(const char *domain)
{
	json_t *answer = refusal("no domain \"%.64s\"", domain);

	json_object_set_new(answer, "unknown_domain", json_true());
	return answer;
}

static json_t *answer_status(struct adjust *a, uint32_t i, const json_t *request, uint64_t now)
{
	return report_status(a, now);
}

static json_t *answer_release(struct adjust *a, uint32_t i, const json_t *request, uint64_t now)
{
	json_int_t seconds = json_integer_value(json_object_get(request, "seconds"));
	int rc;

	if (seconds < 0 || seconds > 86400)
		return refusal("seconds must be from 1 to 86400");
	rc = adjust_release(a, i, now, (uint32_t)seconds);
	if (rc)
		return refusal("%s is not at its baseline: %s; see the log", a->record[i].name, strerror(-rc));
	return json_pack("{s:I,s:s,s:I}", "released", (json_int_t)a->record[i].xen.domid, "name", a->record[i].name,
			 "weight", (json_int_t)a->sample[i].current);
}

static json_t *answer_claim(struct adjust *a, uint32_t i, const json_t *request, uint64_t now)
{
	adjust_claim(a, i);
	return json_pack("{s:I,s:s}", "claimed", (json_int_t)a->record[i].xen.domid, "name", a->record[i].name);
}

/* What the request changes of a rule; keys that are absent stay.  NULL, or what is wrong. */
static const char *rule_change(struct config_rule *rule, const json_t *request)
{
	const json_t *never = json_object_get(request, "never"), *floor = json_object_get(request, "floor");
	const json_t *share = json_object_get(request, "share");

	if (!never && !floor && !share)
		return "nothing to set: never, floor, share or default";
	if (never && !json_is_boolean(never))
		return "never must be true or false";
	if (floor && (!json_is_integer(floor) || json_integer_value(floor) < 0 ||
		      json_integer_value(floor) > (json_int_t)POLICY_WEIGHT_MAX))
		return "floor must be a weight from 1 to 65535, or 0 for none";
	if (share && (!json_is_number(share) || !(json_number_value(share) >= 0 && json_number_value(share) <= 0.5)))
		return "share must be from 0.001 to 0.5, or 0 for the general one";
	if (never)
		rule->never = json_is_true(never);
	if (floor)
		rule->floor = (uint32_t)json_integer_value(floor);
	if (share)
		rule->share_mille = (uint32_t)(json_number_value(share) * 1000 + 0.5);
	return NULL;
}

static json_t *rule_answer(const struct record *r, const struct config_rule *rule)
{
	return json_pack("{s:s,s:b,s:I,s:f}", "name", r->name, "never", rule->never, "floor", (json_int_t)rule->floor,
			 "share", rule->share_mille / 1000.0);
}

static const struct config_rule *configured_rule(const struct adjust *a, const struct record *r)
{
	static const struct config_rule none;
	const struct config_rule *rule = config_rule_of(a->config, r->name);

	return rule ? rule : &none;
}

static json_t *answer_set(struct adjust *a, uint32_t i, const json_t *request, uint64_t now)
{
	bool fallback = json_is_true(json_object_get(request, "default"));
	struct record *r = &a->record[i];
	struct config_rule rule = r->rule;
	const char *wrong = fallback ? NULL : rule_change(&rule, request);
	int rc;

	if (wrong)
		return refusal("%s", wrong);
	if (!*r->name)
		return refusal("domain %u has no name, by which a rule could be kept", r->xen.domid);
	if (json_is_true(json_object_get(request, "dry_run")))
		return rule_answer(r, fallback ? configured_rule(a, r) : &rule);
	rc = rules_set(&a->rules, r->name, fallback ? NULL : &rule);
	if (rc)
		return refusal("cannot keep the rule in %s: %s", a->rules.path, strerror(-rc));
	record_match_rule(a, r);
	log_info("%s (%u): its rule is now: %s, floor %u, share %u.%u %%", r->name, r->xen.domid,
		 r->rule.never ? "never" : "adjust", r->rule.floor, r->rule.share_mille / 10, r->rule.share_mille % 10);
	return rule_answer(r, &r->rule);
}

static const struct {
	const char *name;
	bool domain; /* asks for {"domain": "NAME-or-domid"} */
	json_t *(*answer)(struct adjust *a, uint32_t index, const json_t *request, uint64_t now);
} requests[] = {
	{ "status", false, answer_status },
	{ "set", true, answer_set },
	{ "release", true, answer_release },
	{ "claim", true, answer_claim },
};

json_t *request_answer(struct adjust *a, const char *command, const json_t *request, uint64_t now)
{
	const char *domain = json_string_value(json_object_get(request, "domain"));

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		uint32_t index = 0;

		if (strcmp(command, requests[i].name))
			continue;
		if (requests[i].domain) {
			if (!domain)
				return refusal("%s needs \"domain\": a name or a domid", command);
			index = adjust_find(a, domain);
			if (index == a->n)
				return unknown(domain);
		}
		return requests[i].answer(a, index, request, now);
	}
	return refusal("unknown command; there are status, set, release, claim, reload, version");
}
