/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/command.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/migrate.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct option longs[] = {
	{ "pf", required_argument, NULL, 'p' },
	{ "vlan", required_argument, NULL, 'l' },
	{ "timeout", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

static void vlan_take(struct switch_wish *wish, const char *text)
{
	wish->vlan = (unsigned int)strtoul(text, NULL, 10);
	wish->vlan_given = true;
}

static int parse(int argc, char **argv, struct switch_wish *wish, const char **domain)
{
	int opt, n;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == 'p')
			wish->pf = optarg;
		else if (opt == 'l')
			vlan_take(wish, optarg);
		else if (opt == 't')
			wish->timeout = (unsigned int)strtoul(optarg, NULL, 10);
		else
			return -1;
	}
	n = argc - optind;
	if (n != 2 && n != 3)
		return -1;
	*domain = argv[optind];
	wish->devid = n == 3 ? argv[optind + 1] : NULL;
	wish->target = path_parse(argv[argc - 1]);
	return wish->target == PATH_UNKNOWN || !wish->timeout ? -1 : 0;
}

static int said_there(const struct xlnet *x, const struct domain *dom, const struct op *op)
{
	if (x->json)
		return command_print_json(json_pack("{s:s,s:s,s:b}", "domain", dom->name, "path",
						    path_name(op->target), "already", true));
	printf("\"%s\" is on its %s already\n", dom->name, op->target == PATH_VF ? "VF" : "vif");
	return EXIT_OK;
}

static int said_done(const struct xlnet *x, const struct op *op)
{
	const struct plan *plan = op_plan(op);
	uint64_t total = 0;

	if (x->json)
		return command_print_json(switch_json(op));
	for (size_t i = 0; i < plan->n; i++)
		total += op->ms[i];
	printf("\"%s\" is on its %s (VF %u of %s), %.1f s\n", op->dom.name,
	       op->target == PATH_VF ? "VF" : "vif", op->vf, op->pf, (double)total / 1000);
	return EXIT_OK;
}

static int dry_run(struct xlnet *x, const struct domain *dom, const struct switch_wish *wish)
{
	struct op op;
	int rc = switch_plan(x, dom, wish, &op);

	if (rc == SWITCH_THERE)
		return said_there(x, dom, &op);
	if (!rc)
		switch_print_plan(&op);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}

int net_switch(struct xlnet *x, int argc, char **argv)
{
	struct switch_wish wish = { .timeout = SWITCH_TIMEOUT };
	const char *which;
	struct domain dom;
	struct op op;
	int rc, fd;

	if (parse(argc, argv, &wish, &which))
		return command_usage(argv[0]);
	if (host_domain(x, which, &dom))
		return EXIT_PROBLEM;
	if (x->dry_run)
		return dry_run(x, &dom, &wish);
	rc = journal_lock(x, dom.uuid, &fd);
	if (!rc)
		rc = op_recover(x, dom.uuid);
	if (!rc)
		rc = migration_recover(x, dom.uuid);
	if (!rc)
		rc = switch_run(x, &dom, &wish, &op);
	journal_unlock(&fd);
	if (rc == SWITCH_THERE)
		return said_there(x, &dom, &op);
	return rc ? EXIT_PROBLEM : said_done(x, &op);
}
