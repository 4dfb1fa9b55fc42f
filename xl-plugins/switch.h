/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A switch of a vif as the subcommands see it: planned from the present state, then run. */
#ifndef XLNET_SWITCH_H
#define XLNET_SWITCH_H

#include "xl-plugins/op.h"

#define SWITCH_TIMEOUT 30

struct switch_wish {
	enum path target;
	const char *devid; /* or NULL: the only vif */
	const char *pf;	   /* or NULL: the one that leads into the vif's bridge */
	bool vlan_given;   /* else the VF is in the VLAN of the vif */
	unsigned int vlan, timeout;
};

/* Returned by switch_plan() where there is nothing to do. */
#define SWITCH_THERE 1

/*
 * What a switch would do: 0, SWITCH_THERE, or an error that was said. A VF that it chose is
 * reserved once the operation is recorded: hold the lock on VFs until then.
 */
int switch_plan(struct xlnet *x, const struct domain *dom, const struct switch_wish *wish,
		struct op *op);
/*
 * Recovers what was interrupted, plans, runs. The domain's lock is the caller's. 0 or SWITCH_THERE,
 * and *op, or an error that was said.
 */
int switch_run(struct xlnet *x, const struct domain *dom, const struct switch_wish *wish,
	       struct op *op);
json_t *switch_json(const struct op *op);
void switch_print_plan(const struct op *op);

#endif
