/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libxenctrl can see and set of the scheduler. Nothing is scheduled; values are kept and checked. */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/domctl.h>

#include "tests/xensim/server.h"

static uint32_t scheduler = XEN_SCHEDULER_CREDIT2;
static uint32_t tslice_ms = 30, ratelimit_us = 1000, migrate_delay_us;

int sched_id(uint32_t *arg)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (arg[0] != XENSIM_NONE && arg[0] != XEN_SCHEDULER_CREDIT && arg[0] != XEN_SCHEDULER_CREDIT2)
		return -EINVAL;
	if (arg[0] != XENSIM_NONE)
		scheduler = arg[0];
	arg[0] = scheduler;
	arg[1] = cpus < 1 ? 1 : cpus > 64 ? 64 : (uint32_t)cpus;
	return 0;
}

/* As credit and credit2 do, a weight of 0 and a cap of ~0 mean "leave as it is". */
int sched_domain(uint32_t *arg)
{
	struct domain *d;

	if (!dom_alive(arg[0]))
		return -ESRCH;
	d = &domain[arg[0]];
	if (arg[1]) {
		if (arg[2] > 65535)
			return -EINVAL;
		if (arg[2])
			d->weight = arg[2];
		if (arg[3] != XENSIM_NONE)
			d->cap = arg[3];
	}
	arg[2] = d->weight;
	arg[3] = d->cap;
	return 0;
}

/* The bounds are those of sysctl.h: XEN_SYSCTL_CSCHED_TSLICE_*, XEN_SYSCTL_SCHED_RATELIMIT_*. */
int sched_params(uint32_t *arg)
{
	if (arg[0]) {
		if (arg[1] < 1 || arg[1] > 1000 || (arg[2] && (arg[2] < 100 || arg[2] > 500000)) ||
		    arg[2] > arg[1] * 1000 || arg[3] > 100000)
			return -EINVAL;
		tslice_ms = arg[1];
		ratelimit_us = arg[2];
		migrate_delay_us = arg[3];
	}
	arg[1] = tslice_ms;
	arg[2] = ratelimit_us;
	arg[3] = migrate_delay_us;
	return 0;
}

int sched_affinity(uint32_t *arg)
{
	uint64_t *map;

	if (!dom_alive(arg[0]))
		return -ESRCH;
	if (arg[1] >= domain[arg[0]].vcpus || (arg[2] != 1 && arg[2] != 2))
		return -EINVAL;
	map = &domain[arg[0]].affinity[arg[2] - 1][arg[1]];
	if (arg[3]) {
		if (!arg[4] && !arg[5])
			return -EINVAL;
		*map = (uint64_t)arg[5] << 32 | arg[4];
	}
	arg[4] = (uint32_t)*map;
	arg[5] = (uint32_t)(*map >> 32);
	return 0;
}
