/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/ctl/client.c: credit-adjustd, as far as xl-net has to do with it. */
#include "lib/ctl/client.h"
#include "tests/unit/fake_part.h"

#include <errno.h>
#include <string.h>

uint32_t fake_weight(void)
{
	return fake->credit_runs && !fake->held ? FAKE_WEIGHT - 51 : FAKE_WEIGHT;
}

static json_t *answer_status(void)
{
	return json_pack("{s:[{s:i,s:s,s:s,s:s,s:i,s:i,s:i},{s:i,s:s,s:s}]}", "domains", "domid", 0,
			 "name", "Domain-0", "uuid", "0", "class", "io", "demand", 900, "baseline",
			 256, "weight", 307, "domid", 1, "name", "g1", "uuid", fake_uuid(0));
}

static json_t *answer_set(const json_t *request)
{
	return json_pack("{s:s,s:b,s:i,s:f}", "name", "g1", "never",
			 json_is_true(json_object_get(request, "never")), "floor", 0, "share", 0.0);
}

static json_t *answer_to(const char *command, const json_t *request)
{
	if (fake->credit_refuses)
		return json_pack("{s:s}", "error", "not today");
	if (!strcmp(command, "status"))
		return answer_status();
	if (fake->credit_knows_none ||
	    strcmp(json_string_value(json_object_get(request, "domain")), "1"))
		return json_pack("{s:s,s:b}", "error", "no domain", "unknown_domain", true);
	if (!strcmp(command, "set"))
		return answer_set(request);
	fake->held = !strcmp(command, "release");
	return json_object();
}

int ctl_ask(const char *path, const json_t *request, json_t **answer, char why[CTL_WHY])
{
	*answer = NULL;
	if (!fake->credit_runs)
		return -ENOENT;
	fake->credit_calls++;
	fake->asked_dry = json_is_true(json_object_get(request, "dry_run"));
	strcpy(why, "it hangs");
	if (!fake_event_begin())
		return -EPROTO;
	*answer = answer_to(json_string_value(json_object_get(request, "command")), request);
	fake_event_end();
	return 0;
}

bool ctl_is_absent(int rc)
{
	return rc == -ENOENT;
}
