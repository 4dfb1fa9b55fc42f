/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/xensim/cli.h"

static const struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "run", cli_run, "[--] COMMAND [ARG...]       run COMMAND on an embedded host of its own" },
	{ "domain", cli_domain,
	  "create D [name=S] [vcpus=N] [memory=MiB] | destroy D [--keep-devices] | list [-j] |\n"
	  "                         limit D PAGES | load D PERCENT [RUNNABLE-PERCENT]" },
	{ "weight", cli_weight, "D [WEIGHT]                  show or set a domain's scheduling weight" },
	{ "tslice", cli_tslice, "[MS]                        show or set the timeslice of credit" },
	{ "sched", cli_sched, "[credit|credit2]            show or choose the scheduler" },
	{ "stats", cli_stats, "[-j]                        what the domains asked of the hypervisor" },
	{ "fault", cli_fault,
	  "D clear | D KIND count=N|every=N|nth=N   README tells the kinds" },
	{ "vif-attach", cli_vif_attach, "D DEVID [--no-wait] [KEY=VALUE...]   plug a vif in as libxl does" },
	{ "vif-detach", cli_vif_detach, "D DEVID [--force]" },
	{ "vif-wait", cli_vif_wait, "D DEVID STATE [SECONDS]   wait for the back end's state (10 s)" },
	{ "state", cli_state, "D DEVID                     the front and the back end's state" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

int cli_error(const char *format, ...)
{
	va_list ap;

	fputs("xensim: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 1;
}

int cli_usage(const char *command)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!command || !strcmp(command, commands[i].name))
			fprintf(stderr, "usage: xensim %-10s %s\n", commands[i].name, commands[i].usage);
	return 2;
}

bool cli_number(const char *text, uint32_t limit, uint32_t *n)
{
	unsigned long v;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	v = strtoul(text, &end, 10);
	*n = (uint32_t)v;
	return !*end && v < limit;
}

int cli_call(struct xensim_msg *m, const void *body, size_t len, void *reply, size_t size)
{
	struct client c;
	int rc = client_open(&c, XENSIM_K_CTRL, -1, 1);

	if (rc)
		return rc;
	rc = client_call(&c, m, body, len, reply, size, NULL);
	client_close(&c);
	return rc;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		/* This is the toolstack: it acts as Dom0, whoever the caller is. */
		setenv(XENSIM_ENV_DOMID, "0", 1);
		if (commands[i].fn != cli_run && !getenv(XENSIM_ENV_SOCKET))
			return cli_error(XENSIM_ENV_SOCKET " is not set; start with: xensim run COMMAND");
		return commands[i].fn(argc - 1, argv + 1);
	}
	return cli_usage(NULL);
}
