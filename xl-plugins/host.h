/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor and its domains, through libxl. Synchronous calls only.
 * libxl logs its own errors to stderr; these functions add what to do about them.
 */
#ifndef XLNET_HOST_H
#define XLNET_HOST_H

#include "xl-plugins/xlnet.h"

#include <libxl.h>
#include <xenstore.h>

struct host {
	libxl_ctx *ctx;
	struct xentoollog_logger *logger;
	struct xs_handle *xs;
};

enum guest_type { GUEST_OTHER, GUEST_PV, GUEST_HVM, GUEST_PVH };

struct domain {
	uint32_t id;
	char uuid[UUID_LEN]; /* what stays over a migration */
	char name[NAME_LEN];
	enum guest_type type;
	bool passthrough; /* created so that a VF can be attached later */
	bool config;	  /* type and passthrough are known */
};

struct nic {
	uint32_t domid, backend_domid;
	int devid;
	struct mac mac;
	char bridge[NAME_LEN]; /* perhaps with VLANs, see bridge.h */
	char ifname[IFNAMSIZ], script[NAME_LEN];
	int state; /* XenbusState of the front end */
};

struct host_facts {
	int major, minor;
	bool iommu;	  /* VFs can be assigned at all */
	bool shadow, hap; /* what live migration's log-dirty mode needs: PV, HVM/PVH */
	bool pv, hvm;
	char commandline[512]; /* Xen's */
};

/* Connects to libxl and xenstore if it is not yet done. -ENODEV: this is no Xen host. */
int host_open(struct xlnet *x);
void host_close(struct xlnet *x);
int host_facts(struct xlnet *x, struct host_facts *facts);
/* Calls fn for each line of Xen's own log, as far as it still holds them. */
int host_log(struct xlnet *x, void (*fn)(const char *line, void *arg), void *arg);

/* By number (all digits, as xl takes it), UUID or name. -ENOENT and a message: there is none. */
int host_domain(struct xlnet *x, const char *which, struct domain *dom);
/* As above, but silent. */
int host_domain_find(struct xlnet *x, const char *which, struct domain *dom);
/* All guests, not Dom0; *doms is malloc'd. */
int host_domains(struct xlnet *x, struct domain **doms, size_t *n);
/* Fills type and passthrough. */
int host_domain_config(struct xlnet *x, struct domain *dom);
int host_nics(struct xlnet *x, uint32_t domid, struct nic **nics, size_t *n);
/* Name or number taken as one of the domain's vifs; which may be NULL where there is one only. */
int host_nic(struct xlnet *x, const struct domain *dom, const char *which, struct nic *nic);

#endif
