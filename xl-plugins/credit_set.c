/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ctl/credit.h"
#include "xl-plugins/command.h"
#include "xl-plugins/credit.h"

/* A dry run is the daemon's: it knows what is valid. */
int credit_set(struct xlnet *x, int argc, char **argv)
{
	json_t *request = json_pack("{s:s,s:b}", "command", "set", "dry_run", x->dry_run), *answer;
	int rc;

	if (argc < 3 || json_object_set_new(request, "domain", json_string(argv[1])) ||
	    !credit_rule_words(request, argv + 2)) {
		json_decref(request);
		return command_usage(argv[0]);
	}
	rc = credit_ask(x, request, &answer);
	json_decref(request);
	if (rc)
		return EXIT_PROBLEM;
	if (x->json)
		return command_print_json(answer);
	credit_print_rule(answer);
	json_decref(answer);
	return EXIT_OK;
}
