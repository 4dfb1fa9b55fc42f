/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/rule.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "credit-adjust/file.h"

int rules_load(struct rules *rules, const char *path)
{
	int rc;

	memset(rules, 0, sizeof(*rules));
	if (strlen(path) >= sizeof(rules->path))
		return -ENAMETOOLONG;
	strcpy(rules->path, path);
	rules->by_name = file_load(path, &rc);
	if (rules->by_name && !json_is_object(rules->by_name)) {
		file_set_aside(path, "not an object");
		json_decref(rules->by_name);
		rules->by_name = NULL;
		rc = -EINVAL;
	}
	if (!rules->by_name)
		rules->by_name = json_object();
	return rules->by_name ? rc : -ENOMEM;
}

void rules_free(struct rules *rules)
{
	json_decref(rules->by_name);
	rules->by_name = NULL;
}

int rules_set(struct rules *rules, const char *name, const struct config_rule *rule)
{
	json_t *fresh = json_copy(rules->by_name);
	int rc = fresh ? 0 : -ENOMEM;

	if (fresh && rule &&
	    json_object_set_new(fresh, name, json_pack("{s:b,s:i,s:i}", "never", rule->never, "floor", (int)rule->floor,
						       "share_mille", (int)rule->share_mille)))
		rc = -EINVAL; /* the name is no UTF-8 */
	if (fresh && !rule)
		json_object_del(fresh, name);
	if (!rc)
		rc = file_save(rules->path, fresh);
	if (rc) {
		json_decref(fresh);
		return rc;
	}
	json_decref(rules->by_name);
	rules->by_name = fresh;
	return 0;
}

static uint32_t number(const json_t *o, const char *key, uint32_t max)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n < 0 || n > max ? 0 : (uint32_t)n;
}

bool rules_find(const struct rules *rules, const char *name, struct config_rule *rule)
{
	const json_t *o = json_object_get(rules->by_name, name);

	if (!json_is_object(o))
		return false;
	*rule = (struct config_rule){
		.never = json_is_true(json_object_get(o, "never")),
		.floor = number(o, "floor", POLICY_WEIGHT_MAX),
		.share_mille = number(o, "share_mille", 500),
	};
	snprintf(rule->pattern, sizeof(rule->pattern), "%s", name);
	return true;
}
