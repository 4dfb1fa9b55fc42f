/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/command.h"
#include "lib/ctl/credit.h"
#include "xl-plugins/host.h"
#include "xl-plugins/names.h"

#include <getopt.h>
#include <string.h>

static const struct command commands[] = {
	{ "net-list", net_list, "", "vifs of all guests: path, back end, VF", false },
	{ "net-status", net_status, "[DOMAIN]", "all that is known of a guest's vifs", false },
	{ "net-vf-list", net_vf_list, "", "PFs and VFs, and who has them", false },
	{ "net-switch", net_switch, "DOMAIN [VIF] pv|vf [--pf IF] [--vlan N] [--timeout S]",
	  "move a running guest to its vif or to a VF", false },
	{ "net-migrate", net_migrate,
	  "DOMAIN HOST [--keep-pv] [--probe ADDRESS] [-s SSH] [--timeout S] [-- XL-OPTION...]",
	  "live-migrate a guest that has a VF", false },
	{ "net-recover", net_recover, "[DOMAIN]", "end operations that were interrupted", false },
	{ "net-check", net_check, "", "is this host ready for VFs and migration", false },
	{ "net-top", net_top, "[-d SECONDS] [-n TIMES] [-s rate|name|in|out]",
	  "live rates of guests by path", false },
	{ "net-auto", net_auto,
	  "[--once] [--interval S] [--residence S] [--margin PERCENT] [--floor MBIT] [--stock]",
	  "give the VFs to those who use them most", false },
	{ "credit-status", credit_status, "[DOMAIN]", "scheduler weights, and why they are so", true },
	{ "credit-set", credit_set, "DOMAIN " CREDIT_RULE_USAGE,
	  "what credit-adjustd may do with a guest's weight", true },
};

static const char *const names[] = { XLNET_NAMES };
_Static_assert(ARRAY_SIZE(names) == ARRAY_SIZE(commands), "names.h and this table list the same");

/* "net-list" may be said as "list": xl-net has net- in its own name. */
static const char *name_short(const char *name)
{
	return strncmp(name, "net-", 4) ? name : name + 4;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name) || !strcmp(name_short(commands[i].name), name))
			return &commands[i];
	return NULL;
}

void command_list(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fprintf(out, "%s\n", names[i]);
}

void command_help(FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
}

int command_usage(const char *name)
{
	const struct command *c = command_find(name);

	fprintf(stderr, "usage: xl-net %s %s\n(man xl-net-%s)\n", c->name, c->arguments,
		name_short(c->name));
	return EXIT_USAGE;
}

int command_print_json(json_t *json)
{
	int r = json ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;

	putchar('\n');
	json_decref(json);
	return r || fflush(stdout) ? EXIT_PROBLEM : EXIT_OK;
}

/* Takes -j, -n, -v and their long forms out of the subcommand's arguments, up to "--". */
static int common_options(struct xlnet *x, int argc, char **argv)
{
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			while (i < argc)
				argv[kept++] = argv[i++];
		} else if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json")) {
			x->json = true;
		} else if (!strcmp(argv[i], "--dry-run")) {
			x->dry_run = true;
		} else if (!strcmp(argv[i], "-v") || !strcmp(argv[i], "--verbose")) {
			x->verbose++;
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	return kept;
}

int command_run(struct xlnet *x, int argc, char **argv)
{
	const struct command *c = command_find(argv[0]);
	int status;

	if (!c) {
		problem(0, "there is no subcommand \"%s\"; xl-net --help lists them", argv[0]);
		return EXIT_USAGE;
	}
	argc = common_options(x, argc, argv);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		printf("usage: xl-net %s %s\n%s (man xl-net-%s)\n", c->name, c->arguments,
		       c->help, name_short(c->name));
		return EXIT_OK;
	}
	if (!c->without_xen && host_open(x))
		return EXIT_PROBLEM;
	optind = 0;
	status = c->fn(x, argc, argv);
	host_close(x);
	return status;
}
