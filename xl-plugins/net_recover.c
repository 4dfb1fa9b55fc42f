/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/command.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/migrate.h"

#include <string.h>

static int print_record(const char *uuid, const char *kind, void *arg)
{
	struct xlnet *x = arg;
	json_t *record = journal_read(x, uuid, kind);

	if (record)
		command_print_json(record);
	return 0;
}

int net_recover(struct xlnet *x, int argc, char **argv)
{
	struct domain dom;
	int rc, fd;

	if (argc > 2)
		return command_usage(argv[0]);
	if (x->dry_run)
		return journal_each(x, print_record, x) ? EXIT_PROBLEM : EXIT_OK;
	if (argc == 1)
		return recover_all(x) ? EXIT_PROBLEM : EXIT_OK;
	if (host_domain(x, argv[1], &dom))
		return EXIT_PROBLEM;
	rc = journal_lock(x, dom.uuid, &fd);
	if (!rc)
		rc = op_recover(x, dom.uuid);
	if (!rc)
		rc = migration_recover(x, dom.uuid);
	journal_unlock(&fd);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}
