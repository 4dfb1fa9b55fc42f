/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A switch of one vif: what it is about, and the engine that runs its steps.
 * Each step is recorded before it acts, and may be repeated: whoever finds the record of a killed
 * operation (op_recover) ends it, forward where that can succeed, else back to where it was.
 */
#ifndef XLNET_OP_H
#define XLNET_OP_H

#include "xl-plugins/host.h"

#include <jansson.h>

#define STEPS_MAX 12

struct op {
	struct domain dom;
	struct nic nic;
	enum path target;    /* PATH_PV or PATH_VF */
	bool guest_switches; /* the guest follows requests; else its bond reacts */
	char pf[IFNAMSIZ];
	unsigned int vf, vlan;
	struct bdf bdf;
	char uplink[IFNAMSIZ]; /* the bridge's port towards the PF, or "" */
	bool had_filter;       /* the PF took the vif's MAC before: not ours to take away */
	unsigned int timeout;  /* seconds that a guest is waited for */
	size_t step;
	bool back;
	uint64_t ms[STEPS_MAX]; /* how long each step took */
};

struct step {
	const char *name;
	int (*apply)(struct xlnet *x, struct op *op);
	int (*undo)(struct xlnet *x, struct op *op);
	const char *what; /* for --dry-run */
};

struct plan {
	const struct step *steps;
	size_t n;
	size_t no_return; /* from this step on there is only forward */
};

extern const struct plan plan_to_vf, plan_to_pv;
const struct plan *op_plan(const struct op *op);

/* Runs it to the end; if a step fails, back to the beginning. The domain's lock is the caller's. */
int op_run(struct xlnet *x, struct op *op);
/* Ends the domain's interrupted operation, if there is one. The lock is the caller's. */
int op_recover(struct xlnet *x, const char *uuid);

json_t *op_to_json(const struct op *op);
int op_from_json(json_t *record, struct op *op);

#endif
