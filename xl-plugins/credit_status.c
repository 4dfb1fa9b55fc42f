/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ctl/credit.h"
#include "lib/ctl/field.h"
#include "xl-plugins/command.h"
#include "xl-plugins/credit.h"

#include <errno.h>
#include <string.h>

static bool is_domain(const json_t *domain, const char *which)
{
	char domid[16];

	snprintf(domid, sizeof(domid), "%lld", field_number(domain, "domid"));
	return !strcmp(domid, which) || !strcmp(field_text(domain, "name"), which) ||
	       !strcmp(field_text(domain, "uuid"), which);
}

/* Leaves one domain in the answer. */
static int keep_only(json_t *answer, const char *which)
{
	json_t *domains = json_object_get(answer, "domains");

	for (size_t i = json_array_size(domains); i-- > 0;)
		if (!is_domain(json_array_get(domains, i), which))
			json_array_remove(domains, i);
	return json_array_size(domains)
		       ? 0
		       : problem(-ENOENT,
				 "credit-adjustd knows no domain \"%s\"; \"xl-net credit-status\" "
				 "lists them",
				 which);
}

int credit_status(struct xlnet *x, int argc, char **argv)
{
	json_t *request, *answer;
	int rc;

	if (argc > 2)
		return command_usage(argv[0]);
	request = json_pack("{s:s}", "command", "status");
	rc = credit_ask(x, request, &answer);
	json_decref(request);
	if (rc)
		return EXIT_PROBLEM;
	if (argc == 2)
		rc = keep_only(answer, argv[1]);
	if (!rc && x->json)
		return command_print_json(answer);
	if (!rc)
		credit_print_status(answer);
	json_decref(answer);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}
