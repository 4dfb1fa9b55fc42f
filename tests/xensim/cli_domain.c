/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xensim domain, sched, stats, fault: what the hypervisor is told and asked. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/domctl.h>

#include "tests/xensim/cli.h"
#include "tests/xensim/hot.h"

static const char *const fault_names[] = {
#define X(n, s) s,
	XENSIM_FAULTS(X)
#undef X
};

static const char *const counter_names[] = {
#define X(n) #n,
	XENSIM_COUNTERS(X)
#undef X
};

static int call(struct xensim_msg *m, const void *body, size_t len)
{
	int rc = cli_call(m, body, len, NULL, 0);

	return rc ? cli_error("%s", strerror(-rc)) : 0;
}

/* The value if arg is KEY=value, else NULL. */
static const char *value_of(const char *arg, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(arg, key, n) && arg[n] == '=' ? arg + n + 1 : NULL;
}

static int domain_create(uint32_t domid, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_DOM_CREATE, .arg = { domid, 1, 512 * 1024 } };
	char name[64];
	const char *v;

	snprintf(name, sizeof(name), "domain-%u", domid);
	for (; *argv; argv++) {
		if ((v = value_of(*argv, "name")) && *v)
			snprintf(name, sizeof(name), "%s", v);
		else if ((v = value_of(*argv, "memory")) && cli_number(v, 1u << 20, &m.arg[2]))
			m.arg[2] *= 1024;
		else if (!(v = value_of(*argv, "vcpus")) || !cli_number(v, 65, &m.arg[1]))
			return cli_usage("domain");
	}
	return call(&m, name, strlen(name) + 1);
}

static int domain_destroy(uint32_t domid, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_DOM_DESTROY, .arg = { domid } };
	int rc = call(&m, NULL, 0);

	if (!rc && !(*argv && !strcmp(*argv, "--keep-devices")))
		cli_vif_forget(domid);
	return rc;
}

static int domain_set(enum xensim_op op, uint32_t domid, char **argv)
{
	struct xensim_msg m = { .op = op, .arg = { domid } };

	if (!cli_number(*argv, XENSIM_GRANTS + 1, &m.arg[1]))
		return cli_usage("domain");
	return call(&m, NULL, 0);
}

/* Without a second number: runnable as long as it runs, as if it never had to wait. */
static int domain_load(uint32_t domid, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_DOM_LOAD, .arg = { domid } };

	if (!cli_number(argv[0], 6401, &m.arg[1]))
		return cli_usage("domain");
	m.arg[2] = m.arg[1] < 100 ? m.arg[1] : 100;
	if (argv[1] && !cli_number(argv[1], 101, &m.arg[2]))
		return cli_usage("domain");
	return call(&m, NULL, 0);
}

static struct xensim_dominfo *domain_infos(uint32_t *count)
{
	struct xensim_msg m = { .op = XENSIM_DOM_INFO };
	struct xensim_dominfo *info = calloc(1, XENSIM_MSG_MAX);
	int rc = info ? cli_call(&m, NULL, 0, info, XENSIM_MSG_MAX) : -1;

	if (rc) {
		cli_error("%s", strerror(-rc));
		free(info);
		return NULL;
	}
	*count = m.arg[0];
	return info;
}

static int domain_list(bool json)
{
	uint32_t count;
	struct xensim_dominfo *info = domain_infos(&count);

	if (!info)
		return 1;
	if (json)
		putchar('[');
	else
		printf("%-20s %5s %5s %9s %8s %8s\n", "Name", "ID", "VCPUs", "Mem(MiB)", "granted", "mapped");
	for (uint32_t i = 0; i < count; i++) {
		if (json)
			printf("%s{\"domid\":%u,\"name\":\"%s\",\"vcpus\":%u,\"granted\":%u,\"mapped\":%u}", i ? "," : "",
			       info[i].domid, info[i].name, info[i].vcpus, info[i].granted, info[i].mapped_pages);
		else
			printf("%-20s %5u %5u %9" PRIu64 " %8u %8u\n", info[i].name, info[i].domid, info[i].vcpus,
			       info[i].memory_kib / 1024, info[i].granted, info[i].mapped_pages);
	}
	if (json)
		puts("]");
	free(info);
	return 0;
}

int cli_domain(int argc, char **argv)
{
	uint32_t domid;

	if (argc >= 2 && !strcmp(argv[1], "list"))
		return domain_list(argc > 2 && !strcmp(argv[2], "-j"));
	if (argc < 3 || !cli_number(argv[2], XENSIM_DOMS, &domid))
		return cli_usage("domain");
	if (!strcmp(argv[1], "create"))
		return domain_create(domid, argv + 3);
	if (!strcmp(argv[1], "destroy"))
		return domain_destroy(domid, argv + 3);
	if (!strcmp(argv[1], "limit"))
		return domain_set(XENSIM_DOM_LIMIT, domid, argv + 3);
	if (!strcmp(argv[1], "load"))
		return domain_load(domid, argv + 3);
	return cli_usage("domain");
}

int cli_sched(int argc, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_SCHED_ID, .arg = { XENSIM_NONE } };

	if (argc > 1 && !strcmp(argv[1], "credit"))
		m.arg[0] = XEN_SCHEDULER_CREDIT;
	else if (argc > 1 && !strcmp(argv[1], "credit2"))
		m.arg[0] = XEN_SCHEDULER_CREDIT2;
	else if (argc > 1)
		return cli_usage("sched");
	if (call(&m, NULL, 0))
		return 1;
	puts(m.arg[0] == XEN_SCHEDULER_CREDIT ? "credit" : "credit2");
	return 0;
}

int cli_weight(int argc, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_SCHED_DOM, .arg = { 0, argc > 2, 0, XENSIM_NONE } };

	if (argc < 2 || !cli_number(argv[1], XENSIM_DOMS, &m.arg[0]) ||
	    (argc > 2 && (!cli_number(argv[2], 65536, &m.arg[2]) || !m.arg[2])))
		return cli_usage("weight");
	if (call(&m, NULL, 0))
		return 1;
	printf("%u\n", m.arg[2]);
	return 0;
}

int cli_tslice(int argc, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_SCHED_PARAM };

	if (call(&m, NULL, 0))
		return 1;
	m.arg[0] = argc > 1;
	if (argc > 1 && (!cli_number(argv[1], 1001, &m.arg[1]) || call(&m, NULL, 0)))
		return cli_usage("tslice");
	printf("%u\n", m.arg[1]);
	return 0;
}

static bool how_often(const char *arg, struct xensim_msg *m)
{
	static const char *const keys[] = { "count", "every", "nth" };

	for (unsigned int i = 0; i < 3; i++) {
		const char *v = value_of(arg, keys[i]);

		if (v)
			return cli_number(v, INT32_MAX, &m->arg[2 + i]);
	}
	return false;
}

int cli_fault(int argc, char **argv)
{
	struct xensim_msg m = { .op = XENSIM_FAULT };

	if (argc < 3 || !cli_number(argv[1], XENSIM_DOMS, &m.arg[0]))
		return cli_usage("fault");
	if (strcmp(argv[2], "clear")) {
		while (m.arg[1] < XENSIM_F_COUNT && strcmp(argv[2], fault_names[m.arg[1]]))
			m.arg[1]++;
		if (argc < 4 || m.arg[1] == XENSIM_F_COUNT)
			return cli_usage("fault");
		if (!how_often(argv[3], &m))
			return cli_usage("fault");
	} else {
		m.arg[1] = XENSIM_F_COUNT;
	}
	return call(&m, NULL, 0);
}

static void stats_json(const struct xensim_shared *s, const struct xensim_dominfo *info, uint32_t count)
{
	putchar('{');
	for (uint32_t i = 0; i < count; i++) {
		printf("%s\"%u\":{\"name\":\"%s\",\"granted\":%u,\"mapped\":%u", i ? "," : "", info[i].domid,
		       info[i].name, info[i].granted, info[i].mapped_pages);
		for (unsigned int c = 0; c < XENSIM_C_COUNT; c++)
			printf(",\"%s\":%" PRIu64, counter_names[c], xensim_sum(&s->dom[info[i].domid], c));
		putchar('}');
	}
	puts("}");
}

/* A column per domain would grow wide; a line per counter does not. */
static void stats_table(const struct xensim_shared *s, const struct xensim_dominfo *info, uint32_t count)
{
	printf("%-18s", "domain");
	for (uint32_t i = 0; i < count; i++)
		printf(" %14.14s", info[i].name);
	for (unsigned int c = 0; c < XENSIM_C_COUNT; c++) {
		printf("\n%-18s", counter_names[c]);
		for (uint32_t i = 0; i < count; i++)
			printf(" %14" PRIu64, xensim_sum(&s->dom[info[i].domid], c));
	}
	putchar('\n');
}

int cli_stats(int argc, char **argv)
{
	struct client c;
	uint32_t count;
	struct xensim_dominfo *info = domain_infos(&count);
	int rc;

	if (!info)
		return 1;
	rc = client_open(&c, XENSIM_K_CTRL, -1, 1);
	if (rc) {
		free(info);
		return cli_error("%s", strerror(-rc));
	}
	if (argc > 1 && !strcmp(argv[1], "-j"))
		stats_json(c.host->shared, info, count);
	else
		stats_table(c.host->shared, info, count);
	client_close(&c);
	free(info);
	return 0;
}
