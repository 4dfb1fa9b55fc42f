/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 256 /* domains in one hypercall */

static void domain_take(struct xen_domain *d, const xc_domaininfo_t *info)
{
	*d = (struct xen_domain){
		.domid = info->domain, .pool = info->cpupool, .vcpus = info->nr_online_vcpus,
		.cpu_ns = info->cpu_time, .blocked = (info->flags & XEN_DOMINF_blocked) != 0,
	};
	_Static_assert(sizeof(info->handle) == XEN_UUID_SIZE, "a UUID");
	memcpy(d->uuid, info->handle, sizeof(d->uuid));
}

int xen_domains(xc_interface *xch, struct xen_domain *list, uint32_t max)
{
	static xc_domaininfo_t info[BATCH]; /* too large for the stack; one thread */
	uint32_t count = 0, first = 0;
	int n;

	do {
		n = xc_domain_getinfolist(xch, first, BATCH, info);
		if (n < 0)
			return -errno;
		for (int i = 0; i < n && count < max; i++) {
			first = info[i].domain + 1u;
			if (info[i].flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown) || !info[i].nr_online_vcpus)
				continue;
			domain_take(&list[count++], &info[i]);
		}
	} while (n == BATCH && count < max);
	return (int)count;
}

static enum policy_sched sched_of(uint32_t id)
{
	return id == XEN_SCHEDULER_CREDIT ? POLICY_CREDIT : id == XEN_SCHEDULER_CREDIT2 ? POLICY_CREDIT2 : POLICY_OTHER;
}

int xen_pools(xc_interface *xch, struct xen_pool *list, uint32_t max)
{
	uint32_t count = 0, id = 0;
	xc_cpupoolinfo_t *info;

	/* Each call answers with the lowest pool from id on; ENOENT: there is none. */
	while (count < max && (info = xc_cpupool_getinfo(xch, id))) {
		list[count++] = (struct xen_pool){ info->cpupool_id, sched_of(info->sched_id), info->sched_id };
		id = info->cpupool_id + 1;
		xc_cpupool_infofree(xch, info);
	}
	return count || errno == ENOENT ? (int)count : -errno;
}

static int weight_get2(xc_interface *xch, uint32_t domid, struct xen_domctl_sched_credit2 *p)
{
	return xc_sched_credit2_domain_get(xch, domid, p) ? -errno : 0;
}

/* xen/domctl.h has no "leave" for credit2's cap, and 0 takes it away: write back what is there. */
static int weight_set2(xc_interface *xch, uint32_t domid, uint32_t weight)
{
	struct xen_domctl_sched_credit2 p;
	int rc = weight_get2(xch, domid, &p);

	if (rc)
		return rc;
	p.weight = (uint16_t)weight;
	return xc_sched_credit2_domain_set(xch, domid, &p) ? -errno : 0;
}

int xen_weight_get(xc_interface *xch, enum policy_sched sched, uint32_t domid, uint32_t *weight)
{
	struct xen_domctl_sched_credit2 p2 = { 0 };
	struct xen_domctl_sched_credit p = { 0 };
	int rc;

	if (sched == POLICY_CREDIT)
		rc = xc_sched_credit_domain_get(xch, domid, &p) ? -errno : 0;
	else
		rc = sched == POLICY_CREDIT2 ? weight_get2(xch, domid, &p2) : -EOPNOTSUPP;
	if (!rc)
		*weight = sched == POLICY_CREDIT ? p.weight : p2.weight;
	return rc;
}

int xen_weight_set(xc_interface *xch, enum policy_sched sched, uint32_t domid, uint32_t weight)
{
	/* credit.c, csched_dom_cntl(): a cap of 0xffff means leave it. */
	struct xen_domctl_sched_credit p = { .weight = (uint16_t)weight, .cap = 0xffff };

	if (!weight || weight > POLICY_WEIGHT_MAX)
		return -EINVAL;
	if (sched == POLICY_CREDIT2)
		return weight_set2(xch, domid, weight);
	if (sched != POLICY_CREDIT)
		return -EOPNOTSUPP;
	return xc_sched_credit_domain_set(xch, domid, &p) ? -errno : 0;
}

int xen_tslice_get(xc_interface *xch, uint32_t pool, uint32_t *ms)
{
	struct xen_sysctl_credit_schedule p = { 0 };

	if (xc_sched_credit_params_get(xch, pool, &p))
		return -errno;
	*ms = p.tslice_ms;
	return 0;
}

int xen_tslice_set(xc_interface *xch, uint32_t pool, uint32_t ms)
{
	struct xen_sysctl_credit_schedule p = { 0 };

	if (xc_sched_credit_params_get(xch, pool, &p))
		return -errno;
	p.tslice_ms = ms;
	/* sysctl.h: the rate limit may not be longer than the timeslice. */
	if (p.ratelimit_us > ms * 1000)
		return -ERANGE;
	return xc_sched_credit_params_set(xch, pool, &p) ? -errno : 0;
}
