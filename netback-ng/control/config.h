/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/xen/netback-ng.conf, parsed.  One table in config.c gives each key's
 * default, range and meaning; netback-ng.conf(5) is written from it.
 */
#ifndef NETBACK_CONFIG_H
#define NETBACK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netback-ng/base/config_data.h"

struct config {
	bool whole_host;		  /* mode = "mixed" or "whole-host" */
	struct config_list adopt_scripts; /* mixed mode: vifs whose script's file name is one of these, ... */
	struct config_list adopt_bridges; /* ... or that are on one of these bridges, ... */
	struct config_list adopt_domains; /* ... or whose domain's name matches (fnmatch) are ours */
	char *control_socket;
	struct config_data data;
};

/* One key of the file.  The table is the only list of keys: the parser, the sample
 * file's test and the man page's test all walk it. */
enum config_type { CONFIG_BOOL, CONFIG_NUMBER, CONFIG_STRING, CONFIG_MODE, CONFIG_UPLINK, CONFIG_LIST, CONFIG_CPUS };

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset;		/* of the value in struct config */
	const char *fallback;	/* the default, as it would be written; lists: one item or "" */
	unsigned int min, max;	/* CONFIG_NUMBER */
};

const struct config_key *config_keys(unsigned int *count);

/*
 * Parse FILE (absent: the defaults) into *c, whose old content is not freed.  0, or
 * -EINVAL after logging each error with file, line and key; *c is then untouched.
 */
int config_load(struct config *c, const char *file);
void config_free(struct config *c);

#endif
