/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ctl/credit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctl/field.h"

bool credit_rule_words(json_t *request, char **word)
{
	char *end;

	if (!word[0])
		return false;
	if (!strcmp(word[0], "never") || !strcmp(word[0], "adjust"))
		return !word[1] && !json_object_set_new(request, "never", json_boolean(word[0][0] == 'n'));
	if (!strcmp(word[0], "default"))
		return !word[1] && !json_object_set_new(request, "default", json_true());
	if (!word[1] || word[2])
		return false;
	errno = 0;
	if (!strcmp(word[0], "floor"))
		json_object_set_new(request, "floor", json_integer(strtoll(word[1], &end, 10)));
	else if (!strcmp(word[0], "share"))
		json_object_set_new(request, "share", json_real(strtod(word[1], &end)));
	else
		return false;
	return !errno && end != word[1] && !*end;
}

static void print_pools(const json_t *answer)
{
	const json_t *p;
	size_t i;

	json_array_foreach(json_object_get(answer, "pools"), i, p)
		if (json_object_get(p, "tslice_ms"))
			printf("pool %lld: timeslice %lld ms, baseline %lld ms\n", field_number(p, "pool"),
			       field_number(p, "tslice_ms"), field_number(p, "tslice_baseline_ms"));
}

void credit_print_status(const json_t *answer)
{
	const json_t *d;
	size_t i;

	if (json_is_true(json_object_get(answer, "dry_run")))
		puts("dry run: nothing is changed");
	print_pools(answer);
	printf("%-20s %5s %4s %5s %-6s %5s %9s %9s %9s %7s  %s\n", "NAME", "DOMID", "POOL", "VCPUS", "CLASS", "CPU%",
	       "FRAMES/s", "DEMAND", "BASELINE", "WEIGHT", "WHY");
	json_array_foreach(json_object_get(answer, "domains"), i, d)
		printf("%-20s %5lld %4lld %5lld %-6s %5.1f %9lld %9lld %9lld %7lld  %s\n", field_text(d, "name"),
		       field_number(d, "domid"), field_number(d, "pool"), field_number(d, "vcpus"),
		       field_text(d, "class"), 100 * field_real(d, "cpu"), field_number(d, "frames"),
		       field_number(d, "demand"), field_number(d, "baseline"), field_number(d, "weight"),
		       field_text(d, "reason"));
}

void credit_print_rule(const json_t *answer)
{
	printf("%s: %s, floor %lld, share %g\n", field_text(answer, "name"),
	       json_is_true(json_object_get(answer, "never")) ? "never" : "adjust", field_number(answer, "floor"),
	       field_real(answer, "share"));
}
