/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit-adjust.conf(5), by libconfuse.  Per-domain rules stand in the file by name pattern; what
 * "credit-adjustctl set" changes is kept beside the baselines (rule.h) and takes precedence.
 */
#ifndef CREDIT_CONFIG_H
#define CREDIT_CONFIG_H

#include "credit-adjust/policy.h"

#define CONFIG_RULES_MAX 256

/* What the operator allows for some domains. */
struct config_rule {
	char pattern[64]; /* of the name, fnmatch(3) */
	bool never;
	uint32_t floor;	      /* weight, 0: none */
	uint32_t share_mille; /* 0: the general one */
};

struct config {
	struct policy_params params;
	bool dom0;	    /* Dom0 counts as a domain that moves its guests' packets */
	uint32_t tslice_ms; /* of credit pools while somebody receives; 0: leave it */
	bool affinity;	    /* domains that move packets run on Dom0's socket, softly */
	bool watch_xl;	    /* release a domain when xl begins to save or migrate it */
	char control_socket[108], netback_socket[108], state_dir[200];
	struct config_rule rule[CONFIG_RULES_MAX];
	uint32_t rules;
};

/* Absent file: the defaults.  0, or -EINVAL after logging each error; *c is then untouched. */
int config_load(struct config *c, const char *file);
/* The first rule whose pattern matches; NULL: none. */
const struct config_rule *config_rule_of(const struct config *c, const char *name);

#endif
