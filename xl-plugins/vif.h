/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's vifs with all that xl-net knows of them: for listings, net-top and net-auto. */
#ifndef XLNET_VIF_H
#define XLNET_VIF_H

#include "xl-plugins/vf.h"

#include <jansson.h>

struct vif {
	struct domain dom;
	struct nic nic;
	enum path path;	  /* which it is on, as far as can be seen from outside */
	enum path report; /* the guest's own word */
	bool can_switch;
	char backend[32]; /* "netback-ngd", "kernel", "" */
	bool has_vf;
	struct vf vf;
	uint64_t rx_bytes, tx_bytes;	   /* over the vif, as the guest counts: received, sent */
	uint64_t vf_rx_bytes, vf_tx_bytes; /* over the VF, where its PF's driver counts */
};

/* which: a domain, or NULL for all. *vifs is malloc'd. */
int vif_list(struct xlnet *x, const char *which, struct vif **vifs, size_t *n);
/* The same for who has the host's VFs listed already. */
int vif_list_with(struct xlnet *x, const char *which, const struct vf *vfs, size_t nvfs,
		  struct vif **vifs, size_t *n);
json_t *vif_json(const struct vif *vif);

#endif
