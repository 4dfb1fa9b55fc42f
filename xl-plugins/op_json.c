/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operation as a record of the journal. */
#include "xl-plugins/op.h"

#include <errno.h>
#include <string.h>

json_t *op_to_json(const struct op *op)
{
	char mac[MAC_TEXT], bdf[BDF_TEXT];

	return json_pack("{s:s,s:s,s:I,s:i,s:i,s:I,s:s,s:s,s:s,s:s,s:b,s:s,s:i,s:i,s:s,s:s,s:b,s:i,"
			 "s:s,s:b}",
			 "uuid", op->dom.uuid, "domain", op->dom.name, "domid",
			 (json_int_t)op->dom.id, "type", (int)op->dom.type, "devid", op->nic.devid,
			 "backend_domid", (json_int_t)op->nic.backend_domid, "mac",
			 mac_text(&op->nic.mac, mac), "bridge", op->nic.bridge, "vif",
			 op->nic.ifname, "target", path_name(op->target), "guest_switches",
			 op->guest_switches, "pf", op->pf, "vf", (int)op->vf, "vlan", (int)op->vlan,
			 "bdf", bdf_text(&op->bdf, bdf), "uplink", op->uplink, "had_filter",
			 op->had_filter, "timeout", (int)op->timeout, "step",
			 op_plan(op)->steps[op->step].name, "back", op->back);
}

static int step_find(const struct op *op, const char *name, size_t *step)
{
	const struct plan *plan = op_plan(op);

	for (*step = 0; *step < plan->n; ++*step)
		if (!strcmp(plan->steps[*step].name, name))
			return 0;
	return -EINVAL;
}

int op_from_json(json_t *record, struct op *op)
{
	const char *uuid, *domain, *mac, *bridge, *vif, *target, *pf, *bdf, *uplink, *step;
	int type, devid, vf, vlan, timeout, guest_switches, had_filter, back;
	json_int_t domid, backend_domid;

	memset(op, 0, sizeof(*op));
	if (json_unpack(record,
			"{s:s,s:s,s:I,s:i,s:i,s:I,s:s,s:s,s:s,s:s,s:b,s:s,s:i,s:i,s:s,s:s,s:b,s:i,"
			"s:s,s:b}",
			"uuid", &uuid, "domain", &domain, "domid", &domid, "type", &type, "devid",
			&devid, "backend_domid", &backend_domid, "mac", &mac, "bridge", &bridge,
			"vif", &vif, "target", &target, "guest_switches", &guest_switches, "pf",
			&pf, "vf", &vf, "vlan", &vlan, "bdf", &bdf, "uplink", &uplink, "had_filter",
			&had_filter, "timeout", &timeout, "step", &step, "back", &back))
		return -EINVAL;
	text_copy(op->dom.uuid, sizeof(op->dom.uuid), uuid);
	text_copy(op->dom.name, sizeof(op->dom.name), domain);
	text_copy(op->nic.bridge, sizeof(op->nic.bridge), bridge);
	text_copy(op->nic.ifname, sizeof(op->nic.ifname), vif);
	text_copy(op->pf, sizeof(op->pf), pf);
	text_copy(op->uplink, sizeof(op->uplink), uplink);
	op->dom.id = op->nic.domid = (uint32_t)domid;
	op->dom.type = (enum guest_type)type;
	op->nic.devid = devid;
	op->nic.backend_domid = (uint32_t)backend_domid;
	op->target = path_parse(target);
	op->guest_switches = guest_switches;
	op->vf = (unsigned int)vf;
	op->vlan = (unsigned int)vlan;
	op->had_filter = had_filter;
	op->timeout = (unsigned int)timeout;
	op->back = back;
	if (op->target == PATH_UNKNOWN || mac_parse(mac, &op->nic.mac) || bdf_parse(bdf, &op->bdf))
		return -EINVAL;
	return step_find(op, step, &op->step);
}
