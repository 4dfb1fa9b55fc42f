/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/options.h"

#include <getopt.h>
#include <stdio.h>

#include "lib/daemon/log.h"

static void usage(FILE *out, const struct options_of *of)
{
	fprintf(out, "usage: %s [-c FILE] [-t] [-%c] [-v]\n", of->program, of->own);
	fprintf(out, "  -c, --config FILE   configuration [%s]\n", of->config_file);
	fputs("  -t, --check-config  say whether the configuration is valid, and end\n", out);
	fprintf(out, "  -%c, --%-14s%s\n", of->own, of->own_name, of->own_help);
	fprintf(out, *of->verbose ? "  -v, --verbose       %s\n" : "  -v, --verbose%s\n", of->verbose);
	fputs("  -V, --version\n"
	      "  -h, --help\n",
	      out);
}

/* -1: go on; otherwise the exit status. */
static int option_take(const struct options_of *of, int opt, struct options *o)
{
	switch (opt) {
	case 'c':
		o->config_file = optarg;
		return -1;
	case 't':
		o->check_config = true;
		return -1;
	case 'v':
		log_set_level(LOG_DEBUG);
		return -1;
	case 'V':
		printf("%s " PACKAGE_VERSION "\n", of->program);
		return 0;
	case 'h':
		usage(stdout, of);
		return 0;
	}
	if (opt == of->own) {
		o->own = true;
		return -1;
	}
	usage(stderr, of);
	return 2;
}

int options_parse(const struct options_of *of, int argc, char **argv, struct options *o)
{
	const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "check-config", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },	    { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },	    { of->own_name, no_argument, NULL, of->own },
		{ NULL, 0, NULL, 0 },
	};
	const char shorts[] = { 'c', ':', 't', 'v', 'V', 'h', of->own, '\0' };
	int opt, status;

	*o = (struct options){ .config_file = of->config_file };
	while ((opt = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		status = option_take(of, opt, o);
		if (status >= 0)
			return status;
	}
	if (optind == argc)
		return -1;
	usage(stderr, of);
	return 2;
}
