/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/switch.h"
#include "xl-plugins/bridge.h"
#include "xl-plugins/guest.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/uplink.h"
#include "xl-plugins/vf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VLAN_MAX 4094
#define STATE_CONNECTED 4

static void op_take_vf(struct xlnet *x, struct op *op, const struct vf *vf)
{
	text_copy(op->pf, sizeof(op->pf), vf->pf);
	op->vf = vf->index;
	op->bdf = vf->bdf;
	bridge_uplink(x, op->pf, op->nic.bridge, op->uplink);
	op->had_filter = !netlink_filter_get(op->pf, &op->nic.mac) &&
			 !uplink_gave(x, op->pf, &op->nic.mac);
}

/* What makes a VF impossible for this guest, whatever the host has. */
static int guest_check(const struct op *op)
{
	const char *name = op->dom.name;

	if (op->dom.type == GUEST_PVH)
		return problem(-EOPNOTSUPP,
			       "\"%s\" is a PVH guest: Xen cannot assign devices to those", name);
	if (!op->dom.passthrough)
		return problem(-EOPNOTSUPP,
			       "\"%s\" was created without passthrough: put "
			       "passthrough=\"enabled\" into its "
			       "configuration and create it again",
			       name);
	if (op->nic.backend_domid)
		return problem(-EOPNOTSUPP,
			       "the vif of \"%s\" is served by domain %u: only Dom0's can be "
			       "switched",
			       name, op->nic.backend_domid);
	return 0;
}

static int plan_vf(struct xlnet *x, const struct switch_wish *wish, const struct vf *vfs, size_t n,
		   struct op *op)
{
	struct vf vf;
	int rc = guest_check(op);

	if (!rc && wish->vlan > VLAN_MAX)
		rc = problem(-EINVAL, "VLAN %u: they go from 1 to %u, 0 is none", wish->vlan,
			     VLAN_MAX);
	if (!rc)
		rc = vf_choose(x, vfs, n, &op->nic, wish->pf, &vf);
	if (rc)
		return rc;
	op_take_vf(x, op, &vf);
	op->vlan = wish->vlan_given ? wish->vlan : bridge_vlan(x, op->nic.bridge);
	return 0;
}

/* The vif takes over: it must be there to do so. */
static int plan_pv(struct xlnet *x, const struct vf *vf, struct op *op)
{
	if (op->nic.state != STATE_CONNECTED)
		return problem(-ENOTCONN,
			       "vif %d of \"%s\" is not connected (state %d), the guest would lose "
			       "its network; "
			       "look at its driver",
			       op->nic.devid, op->dom.name, op->nic.state);
	op_take_vf(x, op, vf);
	op->vlan = vf->state.vlan;
	return 0;
}

static int plan_with(struct xlnet *x, const struct switch_wish *wish, const struct vf *vfs,
		     size_t n, struct op *op)
{
	struct vf vf;
	bool has = !vf_of_nic(vfs, n, &op->nic, &vf);

	if (wish->target == PATH_PV)
		return has ? plan_pv(x, &vf, op) : SWITCH_THERE;
	if (!has)
		return plan_vf(x, wish, vfs, n, op);
	op_take_vf(x, op, &vf);
	op->vlan = vf.state.vlan;
	/* Hybrid: it has the VF and does not use it. */
	return op->guest_switches && guest_datapath(x, &op->nic) != PATH_VF ? 0 : SWITCH_THERE;
}

int switch_plan(struct xlnet *x, const struct domain *dom, const struct switch_wish *wish,
		struct op *op)
{
	struct vf *vfs;
	size_t n;
	int rc;

	memset(op, 0, sizeof(*op));
	op->dom = *dom;
	op->target = wish->target;
	op->timeout = wish->timeout;
	rc = host_domain_config(x, &op->dom);
	if (!rc)
		rc = host_nic(x, dom, wish->devid, &op->nic);
	if (rc)
		return rc;
	op->guest_switches = guest_can_switch(x, &op->nic);
	rc = vf_list(x, &vfs, &n);
	if (rc)
		return problem(rc, "cannot list this host's VFs: %s", strerror(-rc));
	rc = plan_with(x, wish, vfs, n, op);
	free(vfs);
	return rc;
}

/* Planned and recorded under the lock, so that no two operations choose one VF. */
static int plan_and_reserve(struct xlnet *x, const struct domain *dom,
			    const struct switch_wish *wish, struct op *op)
{
	json_t *record;
	int fd, rc = journal_lock_vfs(x, &fd);

	if (!rc)
		rc = switch_plan(x, dom, wish, op);
	if (!rc) {
		record = op_to_json(op);
		rc = record ? journal_write(x, dom->uuid, "switch", record) : -ENOMEM;
		json_decref(record);
	}
	journal_unlock(&fd);
	return rc;
}

int switch_run(struct xlnet *x, const struct domain *dom, const struct switch_wish *wish,
	       struct op *op)
{
	int rc = op_recover(x, dom->uuid);

	if (!rc)
		rc = plan_and_reserve(x, dom, wish, op);
	if (rc)
		return rc;
	/* Before the guest sends over its VF. Whatever this cannot do, it says. */
	if (op->target == PATH_VF)
		uplink_sync(x, op);
	return op_run(x, op);
}

json_t *switch_json(const struct op *op)
{
	const struct plan *plan = op_plan(op);
	json_t *steps = json_array();
	char bdf[BDF_TEXT];
	uint64_t total = 0;

	for (size_t i = 0; i < plan->n; i++) {
		json_array_append_new(steps, json_pack("{s:s,s:I}", "step", plan->steps[i].name,
						       "ms", (json_int_t)op->ms[i]));
		total += op->ms[i];
	}
	return json_pack("{s:s,s:I,s:i,s:s,s:s,s:i,s:s,s:I,s:o}", "domain", op->dom.name, "domid",
			 (json_int_t)op->dom.id, "devid", op->nic.devid, "path",
			 path_name(op->target), "pf", op->pf, "vf", (int)op->vf, "bdf",
			 bdf_text(&op->bdf, bdf), "total_ms", (json_int_t)total, "steps", steps);
}

void switch_print_plan(const struct op *op)
{
	const struct plan *plan = op_plan(op);
	char bdf[BDF_TEXT], mac[MAC_TEXT];

	printf("\"%s\" vif %d (%s) -> %s, VF %u of %s (%s), %s\n", op->dom.name, op->nic.devid,
	       mac_text(&op->nic.mac, mac), path_name(op->target), op->vf, op->pf,
	       bdf_text(&op->bdf, bdf),
	       op->guest_switches ? "the guest follows requests" : "the guest's bond reacts");
	for (size_t i = 0; i < plan->n; i++)
		printf("  %zu. %-11s %s%s\n", i + 1, plan->steps[i].name, plan->steps[i].what,
		       i == plan->no_return ? " (from here on only forward)" : "");
}
