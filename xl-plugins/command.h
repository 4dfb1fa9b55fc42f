/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands. Each gets its own arguments (argv[0] is its name) with the options that all
 * share already taken out, and returns the program's exit status.
 */
#ifndef XLNET_COMMAND_H
#define XLNET_COMMAND_H

#include "xl-plugins/xlnet.h"

#include <jansson.h>

enum { EXIT_OK = 0, EXIT_PROBLEM = 1, EXIT_USAGE = 2 };

struct command {
	const char *name;
	int (*fn)(struct xlnet *x, int argc, char **argv);
	const char *arguments, *help;
	bool without_xen; /* x->host stays closed */
};

/* Whole names only, "net-" may be left out; NULL. */
const struct command *command_find(const char *name);
/* The full names, one a line. */
void command_list(FILE *out);
void command_help(FILE *out);
/* The exit status; usage mistakes are said and are EXIT_USAGE. */
int command_run(struct xlnet *x, int argc, char **argv);
int command_usage(const char *name);
/* Prints and frees. */
int command_print_json(json_t *json);

int credit_set(struct xlnet *x, int argc, char **argv);
int credit_status(struct xlnet *x, int argc, char **argv);
int net_auto(struct xlnet *x, int argc, char **argv);
int net_check(struct xlnet *x, int argc, char **argv);
int net_list(struct xlnet *x, int argc, char **argv);
int net_migrate(struct xlnet *x, int argc, char **argv);
int net_recover(struct xlnet *x, int argc, char **argv);
int net_status(struct xlnet *x, int argc, char **argv);
int net_switch(struct xlnet *x, int argc, char **argv);
int net_top(struct xlnet *x, int argc, char **argv);
int net_vf_list(struct xlnet *x, int argc, char **argv);

#endif
