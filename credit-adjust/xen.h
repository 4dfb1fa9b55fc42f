/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the adjuster reads from and writes to the hypervisor, over libxenctrl.  One process, one handle.
 * All functions: 0 or a count, or a negative errno; -ESRCH means that the domain is gone, which is normal.
 * Nothing here knows why a value is written.
 */
#ifndef CREDIT_XEN_H
#define CREDIT_XEN_H

#include <stdbool.h>
#include <stdint.h>
#include <xenctrl.h>

#include "credit-adjust/policy.h"

#define XEN_UUID_SIZE 16

struct xen_domain {
	uint32_t domid, pool, vcpus; /* vcpus: online */
	uint8_t uuid[XEN_UUID_SIZE];
	uint64_t cpu_ns;
	bool blocked; /* all its vCPUs were, at this moment */
};

struct xen_pool {
	uint32_t id;
	enum policy_sched sched;
	uint32_t sched_id; /* Xen's number, for messages */
};

/* Live domains (neither dying nor shut down) by rising domid, at most max. */
int xen_domains(xc_interface *xch, struct xen_domain *list, uint32_t max);
/* At most max pools. */
int xen_pools(xc_interface *xch, struct xen_pool *list, uint32_t max);

int xen_weight_get(xc_interface *xch, enum policy_sched sched, uint32_t domid, uint32_t *weight);
/* The cap stays what it is. */
int xen_weight_set(xc_interface *xch, enum policy_sched sched, uint32_t domid, uint32_t weight);

/* Which CPUs share a cache: Xen tells sockets, not caches. */
#define XEN_CPUS_MAX 1024
#define XEN_ANYWHERE 1u	    /* a soft affinity: none */
#define XEN_SOCKET(n) (2u + (n)) /* exactly the CPUs of socket n */
#define XEN_CUSTOM 65535u   /* anything else */

struct xen_sockets {
	uint32_t cpus, sockets;
	uint16_t of[XEN_CPUS_MAX]; /* number of the socket of each CPU */
};

int xen_sockets_get(xc_interface *xch, struct xen_sockets *s);
/* The socket on which a domain's vCPUs used most CPU time so far. */
int xen_socket_busiest(xc_interface *xch, const struct xen_sockets *s, uint32_t domid, uint32_t vcpus);
/* Soft affinity of all vCPUs together: XEN_ANYWHERE, XEN_SOCKET() or XEN_CUSTOM. */
int xen_soft_get(xc_interface *xch, const struct xen_sockets *s, uint32_t domid, uint32_t vcpus, uint32_t *where);
int xen_soft_set(xc_interface *xch, const struct xen_sockets *s, uint32_t domid, uint32_t vcpus, uint32_t where);

/* Of a pool with the credit scheduler.  Setting leaves its other parameters. */
int xen_tslice_get(xc_interface *xch, uint32_t pool, uint32_t *ms);
int xen_tslice_set(xc_interface *xch, uint32_t pool, uint32_t ms);

#endif
