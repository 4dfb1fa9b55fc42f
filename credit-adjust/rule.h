/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What "credit-adjustctl set" said of single domains, by name, in a file that outlives daemon and host.
 * It takes precedence over the patterns of credit-adjust.conf(5).
 */
#ifndef CREDIT_RULE_H
#define CREDIT_RULE_H

#include <jansson.h>

#include "credit-adjust/config.h"

struct rules {
	char path[256];
	json_t *by_name; /* {"name": {"never": bool, "floor": n, "share_mille": n}} */
};

/* Absent file: none.  -EINVAL: damaged; set aside as PATH.bad, said so in the log. */
int rules_load(struct rules *rules, const char *path);
void rules_free(struct rules *rules);
/* NULL takes the domain's rule away.  Written to disk before it returns; a failure changes nothing. */
int rules_set(struct rules *rules, const char *name, const struct config_rule *rule);
/* True and *rule where there is one. */
bool rules_find(const struct rules *rules, const char *name, struct config_rule *rule);

#endif
