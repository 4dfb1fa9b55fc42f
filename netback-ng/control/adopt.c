/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/adopt.h"

#include <fnmatch.h>
#include <string.h>

static bool list_has(const struct config_list *list, const char *item)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (!strcmp(list->items[i], item))
			return true;
	return false;
}

static bool list_matches(const struct config_list *list, const char *name)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (!fnmatch(list->items[i], name, 0))
			return true;
	return false;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool adopt_is_ours(const struct config *c, const struct adopt_facts *facts)
{
	if (c->whole_host)
		return true;
	return list_has(&c->adopt_scripts, file_name(facts->script)) ||
	       (*facts->bridge && list_has(&c->adopt_bridges, facts->bridge)) ||
	       (*facts->domain && list_matches(&c->adopt_domains, facts->domain));
}
