/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of libxenctrl that tells of domains and sets the scheduler. Contract: xenctrl.h. One cpupool,
 * number 0; a domain's CPU time grows as `xensim domain load` says. All other functions are not there:
 * a program that needs one does not start.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#include "tests/xensim/client.h"

struct xc_interface_core {
	struct client client;
	int dummy;
};

static int fail(int err)
{
	errno = err;
	return -1;
}

static int call(xc_interface *xch, struct xensim_msg *m, void *reply, size_t size)
{
	int rc;

	if (xch->dummy)
		return fail(ENOSYS);
	rc = client_call(&xch->client, m, NULL, 0, reply, size, NULL);
	return rc ? fail(-rc) : 0;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger, unsigned int open_flags)
{
	xc_interface *xch = calloc(1, sizeof(*xch));
	int rc;

	if (!xch)
		return NULL;
	xch->dummy = (open_flags & XC_OPENFLAG_DUMMY) != 0;
	rc = xch->dummy ? 0 : client_open(&xch->client, XENSIM_K_CTRL, -1, 1);
	if (!rc)
		return xch;
	free(xch);
	errno = -rc;
	return NULL;
}

int xc_interface_close(xc_interface *xch)
{
	if (!xch)
		return 0;
	if (!xch->dummy)
		client_close(&xch->client);
	free(xch);
	return 0;
}

/* The host's CPUs, at most as many as one affinity word has bits; *id: the scheduler. */
static int host_cpus(xc_interface *xch, int *id)
{
	struct xensim_msg m = { .op = XENSIM_SCHED_ID, .arg = { XENSIM_NONE } };

	if (call(xch, &m, NULL, 0))
		return -1;
	if (id)
		*id = (int)m.arg[0];
	return (int)m.arg[1];
}

int xc_sched_id(xc_interface *xch, int *sched_id)
{
	return host_cpus(xch, sched_id) < 0 ? -1 : 0;
}

int xc_get_max_cpus(xc_interface *xch)
{
	return host_cpus(xch, NULL);
}

int xc_get_online_cpus(xc_interface *xch)
{
	return host_cpus(xch, NULL);
}

int xc_get_cpumap_size(xc_interface *xch)
{
	int cpus = host_cpus(xch, NULL);

	return cpus < 0 ? -1 : (cpus + 7) / 8;
}

xc_cpumap_t xc_cpumap_alloc(xc_interface *xch)
{
	int size = xc_get_cpumap_size(xch);

	return size < 0 ? NULL : calloc(1, (size_t)size);
}

void xc_cpumap_clearcpu(int cpu, xc_cpumap_t map)
{
	map[cpu / 8] = (uint8_t)(map[cpu / 8] & ~(1u << (cpu % 8)));
}

void xc_cpumap_setcpu(int cpu, xc_cpumap_t map)
{
	map[cpu / 8] = (uint8_t)(map[cpu / 8] | 1u << (cpu % 8));
}

int xc_cpumap_testcpu(int cpu, xc_cpumap_t map)
{
	return map[cpu / 8] >> (cpu % 8) & 1;
}

int xc_get_max_nodes(xc_interface *xch)
{
	return 1;
}

int xc_get_nodemap_size(xc_interface *xch)
{
	return 1;
}

xc_nodemap_t xc_nodemap_alloc(xc_interface *xch)
{
	return calloc(1, 1);
}

/* Domains from first on; the number, or -1. The caller frees *list. */
static int domains(xc_interface *xch, uint32_t first, struct xensim_dominfo **list)
{
	struct xensim_msg m = { .op = XENSIM_DOM_INFO, .arg = { first } };

	*list = malloc(XENSIM_MSG_MAX);
	if (!*list)
		return -1;
	if (!call(xch, &m, *list, XENSIM_MSG_MAX))
		return (int)m.arg[0];
	free(*list);
	*list = NULL;
	return -1;
}

static int one_domain(xc_interface *xch, uint32_t domid, struct xensim_dominfo *d)
{
	struct xensim_dominfo *list;
	int n = domains(xch, domid, &list), rc = 0;

	if (n < 0)
		return -1;
	if (n && list[0].domid == domid)
		*d = list[0];
	else
		rc = fail(ESRCH);
	free(list);
	return rc;
}

static void fill_info(xc_domaininfo_t *i, const struct xensim_dominfo *d)
{
	memset(i, 0, sizeof(*i));
	i->domain = (domid_t)d->domid;
	i->flags = d->blocked ? XEN_DOMINF_blocked : XEN_DOMINF_running;
	i->tot_pages = d->memory_kib / 4;
	i->max_pages = i->tot_pages;
	i->cpu_time = d->cpu_ns;
	i->nr_online_vcpus = d->vcpus;
	i->max_vcpu_id = d->vcpus - 1;
	/* The UUID that xenstore's /vm/... tells: zeroes and the decimal domid. */
	for (unsigned int n = d->domid, at = sizeof(i->handle); n; n /= 100)
		i->handle[--at] = (uint8_t)(n % 100 / 10 << 4 | n % 10);
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first_domain, unsigned int max_domains, xc_domaininfo_t *info)
{
	struct xensim_dominfo *list;
	int n = domains(xch, first_domain, &list);

	if (n < 0)
		return -1;
	if ((unsigned int)n > max_domains)
		n = (int)max_domains;
	for (int i = 0; i < n; i++)
		fill_info(&info[i], &list[i]);
	free(list);
	return n;
}

/* domctl.h's interface version 0x16 (Xen 4.18) is the one that replaced xc_domain_getinfo. */
#if XEN_DOMCTL_INTERFACE_VERSION < 0x16
int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms, xc_dominfo_t *info)
{
	xc_domaininfo_t *list = calloc(max_doms ? max_doms : 1, sizeof(*list));
	int n = list ? xc_domain_getinfolist(xch, first_domid, max_doms, list) : -1;

	for (int i = 0; i < n; i++) {
		memset(&info[i], 0, sizeof(info[i]));
		info[i].domid = list[i].domain;
		info[i].blocked = (list[i].flags & XEN_DOMINF_blocked) != 0;
		info[i].running = (list[i].flags & XEN_DOMINF_running) != 0;
		info[i].nr_pages = list[i].tot_pages;
		info[i].max_memkb = list[i].max_pages * 4;
		info[i].cpu_time = list[i].cpu_time;
		info[i].nr_online_vcpus = list[i].nr_online_vcpus;
		info[i].max_vcpu_id = list[i].max_vcpu_id;
		memcpy(info[i].handle, list[i].handle, sizeof(info[i].handle));
	}
	free(list);
	return n;
}
#else
int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid, xc_domaininfo_t *info)
{
	struct xensim_dominfo d;

	if (one_domain(xch, domid, &d))
		return -1;
	if (info)
		fill_info(info, &d);
	return 0;
}
#endif

int xc_vcpu_getinfo(xc_interface *xch, uint32_t domid, uint32_t vcpu, xc_vcpuinfo_t *info)
{
	struct xensim_dominfo d;

	if (one_domain(xch, domid, &d))
		return -1;
	if (vcpu >= d.vcpus)
		return fail(EINVAL);
	memset(info, 0, sizeof(*info));
	info->vcpu = vcpu;
	info->online = 1;
	info->blocked = d.blocked != 0;
	info->running = !d.blocked;
	info->cpu_time = d.cpu_ns / d.vcpus;
	info->cpu = vcpu % (uint32_t)host_cpus(xch, NULL);
	return 0;
}

long long xc_domain_get_cpu_usage(xc_interface *xch, uint32_t domid, int vcpu)
{
	xc_vcpuinfo_t info;

	return xc_vcpu_getinfo(xch, domid, (uint32_t)vcpu, &info) ? -1 : (long long)info.cpu_time;
}

static int affinity(xc_interface *xch, uint32_t domid, int vcpu, uint32_t which, int set, xc_cpumap_t map)
{
	struct xensim_msg m = { .op = XENSIM_AFFINITY, .arg = { domid, (uint32_t)vcpu, which, (uint32_t)set } };
	int cpus = host_cpus(xch, NULL);

	for (int cpu = 0; set && cpu < cpus; cpu++)
		if (xc_cpumap_testcpu(cpu, map))
			m.arg[4 + cpu / 32] |= 1u << (cpu % 32);
	if (cpus < 0 || call(xch, &m, NULL, 0))
		return -1;
	memset(map, 0, ((size_t)cpus + 7) / 8);
	for (int cpu = 0; cpu < cpus; cpu++)
		if (m.arg[4 + cpu / 32] >> (cpu % 32) & 1)
			xc_cpumap_setcpu(cpu, map);
	return 0;
}

static int affinities(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t hard, xc_cpumap_t soft, uint32_t flags,
		      int set)
{
	if (!(flags & (XEN_VCPUAFFINITY_HARD | XEN_VCPUAFFINITY_SOFT)))
		return fail(EINVAL);
	if ((flags & XEN_VCPUAFFINITY_HARD) && affinity(xch, domid, vcpu, 1, set, hard))
		return -1;
	return flags & XEN_VCPUAFFINITY_SOFT ? affinity(xch, domid, vcpu, 2, set, soft) : 0;
}

int xc_vcpu_setaffinity(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t cpumap_hard_inout,
			xc_cpumap_t cpumap_soft_inout, uint32_t flags)
{
	return affinities(xch, domid, vcpu, cpumap_hard_inout, cpumap_soft_inout, flags, 1);
}

int xc_vcpu_getaffinity(xc_interface *xch, uint32_t domid, int vcpu, xc_cpumap_t cpumap_hard, xc_cpumap_t cpumap_soft,
			uint32_t flags)
{
	return affinities(xch, domid, vcpu, cpumap_hard, cpumap_soft, flags, 0);
}

/* The lowest pool from poolid on; there is one. */
xc_cpupoolinfo_t *xc_cpupool_getinfo(xc_interface *xch, uint32_t poolid)
{
	struct xensim_dominfo *list;
	xc_cpupoolinfo_t *info;
	int n, sched, cpus = host_cpus(xch, &sched);

	if (poolid > 0 || cpus < 0) {
		errno = cpus < 0 ? errno : ENOENT;
		return NULL;
	}
	info = calloc(1, sizeof(*info));
	if (!info)
		return NULL;
	info->sched_id = (uint32_t)sched;
	info->cpumap = xc_cpumap_alloc(xch);
	for (int cpu = 0; info->cpumap && cpu < cpus; cpu++)
		xc_cpumap_setcpu(cpu, info->cpumap);
	n = domains(xch, 0, &list);
	info->n_dom = n > 0 ? (uint32_t)n : 0;
	free(list);
	return info;
}

void xc_cpupool_infofree(xc_interface *xch, xc_cpupoolinfo_t *info)
{
	if (info)
		free(info->cpumap);
	free(info);
}

/* Xen refuses parameters of a scheduler that is not the pool's. */
static int scheduler_is(xc_interface *xch, int wanted)
{
	int id;

	if (xc_sched_id(xch, &id))
		return -1;
	return id == wanted ? 0 : fail(EINVAL);
}

static int sched_domain(xc_interface *xch, int sched, uint32_t domid, int set, uint16_t *weight, uint16_t *cap)
{
	/* "Leave the cap": a word no 16-bit cap can be. Xen itself uses 0xffff for it. */
	struct xensim_msg m = {
		.op = XENSIM_SCHED_DOM,
		.arg = { domid, (uint32_t)set, *weight, *cap == 0xffff ? XENSIM_NONE : *cap },
	};

	if (scheduler_is(xch, sched) || call(xch, &m, NULL, 0))
		return -1;
	if (!set) {
		*weight = (uint16_t)m.arg[2];
		*cap = (uint16_t)m.arg[3];
	}
	return 0;
}

int xc_sched_credit_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit *sdom)
{
	return sched_domain(xch, XEN_SCHEDULER_CREDIT, domid, 1, &sdom->weight, &sdom->cap);
}

int xc_sched_credit_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit *sdom)
{
	return sched_domain(xch, XEN_SCHEDULER_CREDIT, domid, 0, &sdom->weight, &sdom->cap);
}

int xc_sched_credit2_domain_set(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *sdom)
{
	return sched_domain(xch, XEN_SCHEDULER_CREDIT2, domid, 1, &sdom->weight, &sdom->cap);
}

int xc_sched_credit2_domain_get(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *sdom)
{
	return sched_domain(xch, XEN_SCHEDULER_CREDIT2, domid, 0, &sdom->weight, &sdom->cap);
}

static int sched_params(xc_interface *xch, int sched, uint32_t pool, struct xensim_msg *m)
{
	m->op = XENSIM_SCHED_PARAM;
	if (pool != 0)
		return fail(ESRCH);
	return scheduler_is(xch, sched) || call(xch, m, NULL, 0) ? -1 : 0;
}

static int credit_params(xc_interface *xch, uint32_t pool, struct xen_sysctl_credit_schedule *s, uint32_t set)
{
	struct xensim_msg m = { .arg = { set, s->tslice_ms, s->ratelimit_us, s->vcpu_migr_delay_us } };

	if (sched_params(xch, XEN_SCHEDULER_CREDIT, pool, &m))
		return -1;
	s->tslice_ms = m.arg[1];
	s->ratelimit_us = m.arg[2];
	s->vcpu_migr_delay_us = m.arg[3];
	return 0;
}

int xc_sched_credit_params_set(xc_interface *xch, uint32_t cpupool_id, struct xen_sysctl_credit_schedule *schedule)
{
	return credit_params(xch, cpupool_id, schedule, 1);
}

int xc_sched_credit_params_get(xc_interface *xch, uint32_t cpupool_id, struct xen_sysctl_credit_schedule *schedule)
{
	return credit_params(xch, cpupool_id, schedule, 0);
}

static int credit2_params(xc_interface *xch, uint32_t pool, struct xen_sysctl_credit2_schedule *s, uint32_t set)
{
	/* credit2 has only the rate limit: any timeslice that allows it, and no migration delay. */
	struct xensim_msg m = { .arg = { set, XEN_SYSCTL_CSCHED_TSLICE_MAX, s->ratelimit_us, 0 } };

	if (sched_params(xch, XEN_SCHEDULER_CREDIT2, pool, &m))
		return -1;
	s->ratelimit_us = m.arg[2];
	return 0;
}

int xc_sched_credit2_params_set(xc_interface *xch, uint32_t cpupool_id, struct xen_sysctl_credit2_schedule *schedule)
{
	return credit2_params(xch, cpupool_id, schedule, 1);
}

int xc_sched_credit2_params_get(xc_interface *xch, uint32_t cpupool_id, struct xen_sysctl_credit2_schedule *schedule)
{
	return credit2_params(xch, cpupool_id, schedule, 0);
}

int xc_physinfo(xc_interface *xch, xc_physinfo_t *info)
{
	int cpus = host_cpus(xch, NULL);

	if (cpus < 0)
		return -1;
	memset(info, 0, sizeof(*info));
	info->threads_per_core = 1;
	info->cores_per_socket = (uint32_t)cpus;
	info->nr_cpus = (uint32_t)cpus;
	info->max_cpu_id = (uint32_t)cpus - 1;
	info->nr_nodes = 1;
	info->cpu_khz = 2000000;
	info->total_pages = 16u << 18; /* 16 GiB */
	info->free_pages = 8u << 18;
	return 0;
}

/* XENSIM_SOCKETS: into how many the CPUs are divided, for programs that look at caches. */
static uint32_t socket_of(int cpu, int cpus)
{
	const char *text = getenv("XENSIM_SOCKETS");
	int sockets = text ? atoi(text) : 1;

	return sockets > 1 ? (uint32_t)(cpu * sockets / cpus) : 0;
}

/* No array: say how long it must be. */
int xc_cputopoinfo(xc_interface *xch, unsigned int *max_cpus, xc_cputopo_t *cputopo)
{
	int cpus = host_cpus(xch, NULL);

	if (cpus < 0)
		return -1;
	if (cputopo && (unsigned int)cpus > *max_cpus)
		return fail(ENOBUFS);
	for (int cpu = 0; cputopo && cpu < cpus; cpu++)
		cputopo[cpu] = (xc_cputopo_t){ .core = (uint32_t)cpu, .socket = socket_of(cpu, cpus) };
	*max_cpus = (unsigned int)cpus;
	return 0;
}
