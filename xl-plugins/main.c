/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xl-net: options before the subcommand, then command.c. */
#include "xl-plugins/command.h"
#include "lib/ctl/credit.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#ifndef STATE_DIR
#error "STATE_DIR comes from the build"
#endif

static void usage(FILE *out)
{
	fputs("usage: xl-net [-j] [--dry-run] [-v] SUBCOMMAND ...\n", out);
	command_help(out);
	fputs("  -j, --json       print JSON\n"
	      "      --dry-run    say what would be done, and do nothing\n"
	      "  -v, --verbose    each step as it is made; -vv: libxl's messages, too\n"
	      "      --list-cmds  the subcommands' names, one a line\n"
	      "  -V, --version    -h, --help\n",
	      out);
}

enum { OPTION_DRY_RUN = 256, OPTION_LIST };

static const struct option longs[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "verbose", no_argument, NULL, 'v' },
	{ "list-cmds", no_argument, NULL, OPTION_LIST },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* -1: go on; else the exit status. */
static int option_take(struct xlnet *x, int opt)
{
	switch (opt) {
	case 'j':
		x->json = true;
		return -1;
	case 'v':
		x->verbose++;
		return -1;
	case OPTION_DRY_RUN:
		x->dry_run = true;
		return -1;
	case OPTION_LIST:
		command_list(stdout);
		return EXIT_OK;
	case 'V':
		puts("xl-net " PACKAGE_VERSION);
		return EXIT_OK;
	case 'h':
		usage(stdout);
		return EXIT_OK;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

int main(int argc, char **argv)
{
	struct xlnet x = { .sysfs = "/sys",
			   .state = STATE_DIR,
			   .credit = CREDIT_SOCKET,
			   .ovs = getenv("OVS_RUNDIR"),
			   .verbose = isatty(STDERR_FILENO) };
	int opt, status;

	if (!x.ovs)
		x.ovs = "/run/openvswitch";
	/* "+": what follows the subcommand is the subcommand's. */
	while ((opt = getopt_long(argc, argv, "+jvVh", longs, NULL)) != -1) {
		status = option_take(&x, opt);
		if (status >= 0)
			return status;
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return command_run(&x, argc - optind, argv + optind);
}
