/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets and soft affinity. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "credit-adjust/xen.h"

int xen_sockets_get(xc_interface *xch, struct xen_sockets *s)
{
	static xc_cputopo_t topo[XEN_CPUS_MAX]; /* large; one thread */
	unsigned int cpus = XEN_CPUS_MAX;

	memset(s, 0, sizeof(*s));
	if (xc_cputopoinfo(xch, &cpus, topo))
		return -errno;
	s->cpus = cpus < XEN_CPUS_MAX ? cpus : XEN_CPUS_MAX;
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++) {
		if (topo[cpu].socket >= XEN_CPUS_MAX) /* XEN_INVALID_SOCKET_ID: the CPU is off */
			continue;
		s->of[cpu] = (uint16_t)topo[cpu].socket;
		if (topo[cpu].socket >= s->sockets)
			s->sockets = topo[cpu].socket + 1;
	}
	return 0;
}

int xen_socket_busiest(xc_interface *xch, const struct xen_sockets *s, uint32_t domid, uint32_t vcpus)
{
	static uint64_t used[XEN_CPUS_MAX];
	xc_vcpuinfo_t info;
	int busiest = 0;

	memset(used, 0, sizeof(used));
	for (uint32_t v = 0; v < vcpus; v++)
		if (!xc_vcpu_getinfo(xch, domid, v, &info) && info.cpu < s->cpus)
			used[s->of[info.cpu]] += info.cpu_time;
	for (uint32_t i = 1; i < s->sockets; i++)
		busiest = used[i] > used[busiest] ? (int)i : busiest;
	return busiest;
}

static bool map_is(const struct xen_sockets *s, xc_cpumap_t map, uint32_t where)
{
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++)
		if (!xc_cpumap_testcpu((int)cpu, map) != !(where == XEN_ANYWHERE || XEN_SOCKET(s->of[cpu]) == where))
			return false;
	return true;
}

static uint32_t map_where(const struct xen_sockets *s, xc_cpumap_t map)
{
	if (map_is(s, map, XEN_ANYWHERE))
		return XEN_ANYWHERE;
	for (uint32_t i = 0; i < s->sockets; i++)
		if (map_is(s, map, XEN_SOCKET(i)))
			return XEN_SOCKET(i);
	return XEN_CUSTOM;
}

int xen_soft_get(xc_interface *xch, const struct xen_sockets *s, uint32_t domid, uint32_t vcpus, uint32_t *where)
{
	xc_cpumap_t map = xc_cpumap_alloc(xch);
	int rc = map ? 0 : -ENOMEM;

	*where = 0;
	for (uint32_t v = 0; v < vcpus && !rc; v++) {
		uint32_t one;

		rc = xc_vcpu_getaffinity(xch, domid, (int)v, NULL, map, XEN_VCPUAFFINITY_SOFT) ? -errno : 0;
		one = rc ? 0 : map_where(s, map);
		*where = !*where || *where == one ? one : XEN_CUSTOM;
	}
	free(map);
	return rc;
}

int xen_soft_set(xc_interface *xch, const struct xen_sockets *s, uint32_t domid, uint32_t vcpus, uint32_t where)
{
	int rc = 0;

	for (uint32_t v = 0; v < vcpus && !rc; v++) {
		xc_cpumap_t map = xc_cpumap_alloc(xch); /* anew, for Xen writes what is in force into it */

		if (!map)
			return -ENOMEM;
		for (uint32_t cpu = 0; cpu < s->cpus; cpu++)
			if (where == XEN_ANYWHERE || XEN_SOCKET(s->of[cpu]) == where)
				xc_cpumap_setcpu((int)cpu, map);
		rc = xc_vcpu_setaffinity(xch, domid, (int)v, NULL, map, XEN_VCPUAFFINITY_SOFT) ? -errno : 0;
		free(map);
	}
	return rc;
}
