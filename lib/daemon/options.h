/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of a daemon: the options that all have, and one of its own. */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>

struct options_of {
	const char *program, *config_file; /* the file without -c */
	const char *verbose;		   /* what -v does, or "" */
	char own;			   /* its own option's letter, long name and help */
	const char *own_name, *own_help;
};

struct options {
	const char *config_file;
	bool check_config, own;
};

/* -v sets the log's level.  -1: go on; otherwise the exit status. */
int options_parse(const struct options_of *of, int argc, char **argv, struct options *o);

#endif
