/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/op.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/lease.h"
#include "xl-plugins/steps.h"
#include "xl-plugins/uplink.h"

#include <errno.h>
#include <string.h>

const struct plan *op_plan(const struct op *op)
{
	return op->target == PATH_VF ? &plan_to_vf : &plan_to_pv;
}

static int op_record(const struct xlnet *x, const struct op *op)
{
	json_t *record = op_to_json(op);
	int rc = record ? journal_write(x, op->dom.uuid, "switch", record) : -ENOMEM;

	json_decref(record);
	return rc;
}

/* It is over: what PFs take for others goes by where its guest is now. */
static int op_close(struct xlnet *x, const struct op *op)
{
	int rc = journal_remove(x, op->dom.uuid, "switch");

	uplink_sync(x, NULL);
	return rc;
}

/* From the present step, which may have been half done, to before the first. */
static int op_back(struct xlnet *x, struct op *op)
{
	const struct step *steps = op_plan(op)->steps;
	int rc = 0;

	op->back = true;
	do {
		/* Without a record (a full disk) going back is still better than staying between.
		 */
		op_record(x, op);
		if (!steps[op->step].undo)
			continue;
		progress(x, "  back: %s", steps[op->step].name);
		rc = steps[op->step].undo(x, op);
	} while (!rc && op->step-- > 0);
	op->step = rc ? op->step : 0;
	return rc ? rc : op_close(x, op);
}

static int op_forward(struct xlnet *x, struct op *op)
{
	const struct plan *plan = op_plan(op);
	uint64_t began;
	int rc;

	for (; op->step < plan->n; op->step++) {
		rc = op_record(x, op);
		if (rc)
			return rc;
		began = now_ms();
		progress(x, "  %s: %s", plan->steps[op->step].name, plan->steps[op->step].what);
		rc = plan->steps[op->step].apply(x, op);
		op->ms[op->step] = now_ms() - began;
		if (rc)
			return rc;
	}
	return op_close(x, op);
}

static int op_failed(struct xlnet *x, struct op *op, int rc)
{
	const struct plan *plan = op_plan(op);
	const char *step;

	if (op->step >= plan->n)
		return rc;
	step = plan->steps[op->step].name;
	if (op->step >= plan->no_return)
		return problem(rc,
			       "step \"%s\" failed (%s); \"%s\" is on its vif and works. Remove "
			       "the cause, then "
			       "xl-net net-recover ends the switch",
			       step, strerror(-rc), op->dom.name);
	problem(rc, "step \"%s\" failed (%s): going back", step, strerror(-rc));
	if (op_back(x, op))
		return problem(rc, "going back failed, too; remove the cause, then xl-net "
				   "net-recover goes on");
	problem(rc, "\"%s\" is where it was, on %s", op->dom.name,
		op->target == PATH_VF ? "its vif" : "its VF");
	return rc;
}

int op_run(struct xlnet *x, struct op *op)
{
	int rc = op_forward(x, op);

	return rc ? op_failed(x, op, rc) : 0;
}

/* The guest is gone: what is left is the VF, which shall not keep its MAC. */
static int op_abandon(struct xlnet *x, struct op *op)
{
	steps_forget_vf(x, op);
	lease_forget(x, op->dom.uuid);
	progress_always("xl-net: guest \"%s\" is gone; its VF %u of %s is free again", op->dom.name,
			op->vf, op->pf);
	return op_close(x, op);
}

/* A guest that was rebooted meanwhile has another number, and new names for all that hangs on it.
 */
static int op_renumber(struct xlnet *x, struct op *op, const struct domain *dom)
{
	char devid[16];
	int rc;

	if (dom->id == op->dom.id)
		return 0;
	snprintf(devid, sizeof(devid), "%d", op->nic.devid);
	op->dom.id = dom->id;
	rc = host_nic(x, dom, devid, &op->nic);
	/* Its new kernel knows nothing of the VF yet; start at the beginning, or undo everything.
	 */
	if (op->target == PATH_VF)
		op->back = true;
	else
		op->step = 0;
	return rc;
}

int op_recover(struct xlnet *x, const char *uuid)
{
	json_t *record = journal_read(x, uuid, "switch");
	struct domain dom;
	struct op op;
	int rc;

	if (!record)
		return 0;
	rc = op_from_json(record, &op);
	json_decref(record);
	if (rc)
		return problem(rc,
			       "the record of an operation on %s/journal/%s.switch is not "
			       "complete: was it made by "
			       "another version? Look at the guest, then remove the file",
			       x->state, uuid);
	rc = host_domain_find(x, uuid, &dom);
	if (rc)
		return rc == -ENOENT ? op_abandon(x, &op) : rc;
	progress_always("xl-net: ending an interrupted switch of \"%s\" to %s (it was %s \"%s\")",
			dom.name, path_name(op.target), op.back ? "undoing" : "at",
			op_plan(&op)->steps[op.step].name);
	text_copy(op.dom.name, sizeof(op.dom.name), dom.name);
	rc = op_renumber(x, &op, &dom);
	if (rc)
		return rc;
	return op.back ? op_back(x, &op) : op_run(x, &op);
}
