/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/lease.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/netlink.h"
#include "xl-plugins/steps.h"
#include "xl-plugins/vf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int lease_record(struct xlnet *x, const struct op *op)
{
	char mac[MAC_TEXT], bdf[BDF_TEXT];
	json_t *record = json_pack("{s:s,s:s,s:s,s:i,s:s,s:i}", "domain", op->dom.name, "mac",
				   mac_text(&op->nic.mac, mac), "pf", op->pf, "vf", (int)op->vf,
				   "bdf", bdf_text(&op->bdf, bdf), "vlan", (int)op->vlan);
	int rc = record ? journal_write(x, op->dom.uuid, "vf", record) : -ENOMEM;

	json_decref(record);
	return rc;
}

int lease_forget(struct xlnet *x, const char *uuid)
{
	return journal_remove(x, uuid, "vf");
}

static int lease_parse(json_t *record, struct op *op)
{
	const char *domain, *mac, *pf, *bdf;
	int vf, vlan;

	memset(op, 0, sizeof(*op));
	if (json_unpack(record, "{s:s,s:s,s:s,s:i,s:s,s:i}", "domain", &domain, "mac", &mac, "pf",
			&pf, "vf", &vf, "bdf", &bdf, "vlan", &vlan) ||
	    mac_parse(mac, &op->nic.mac) || bdf_parse(bdf, &op->bdf))
		return -EINVAL;
	text_copy(op->dom.name, sizeof(op->dom.name), domain);
	text_copy(op->pf, sizeof(op->pf), pf);
	op->vf = (unsigned int)vf;
	op->vlan = (unsigned int)vlan;
	op->had_filter = true;
	return 0;
}

/* Has the VF the MAC still, and nobody the VF? */
static bool is_left(struct xlnet *x, const struct op *op)
{
	bool left = false;
	struct vf *vfs;
	size_t n;

	if (vf_list(x, &vfs, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		left |= !strcmp(vfs[i].pf, op->pf) && vfs[i].index == op->vf &&
			vf_is_stale(&vfs[i], &op->nic);
	free(vfs);
	return left;
}

static int lease_end(struct xlnet *x, const char *uuid)
{
	json_t *record = journal_read(x, uuid, "vf");
	struct domain dom;
	struct op op;
	int rc = host_domain_find(x, uuid, &dom);

	if (!record || rc != -ENOENT) {
		json_decref(record);
		return rc == -ENOENT ? 0 : rc;
	}
	rc = lease_parse(record, &op);
	json_decref(record);
	if (!rc && is_left(x, &op)) {
		progress_always("xl-net: guest \"%s\" is gone; VF %u of %s gives up its MAC",
				op.dom.name, op.vf, op.pf);
		steps_forget_vf(x, &op);
		if (is_left(x, &op))
			return problem(-EIO, "VF %u of %s keeps the MAC of \"%s\", which is gone: ip link set %s vf %u "
					     "mac 00:00:00:00:00:00",
				       op.vf, op.pf, op.dom.name, op.pf, op.vf);
	}
	return lease_forget(x, uuid);
}

static int end_one(const char *uuid, const char *kind, void *arg)
{
	struct xlnet *x = arg;
	struct domain dom;
	int fd, rc;

	/* It is here, perhaps at work: its lease is in force, its lock not ours to try. */
	if (!host_domain_find(x, uuid, &dom))
		return 0;
	rc = journal_lock_idle(x, uuid, &fd);
	if (!rc)
		rc = lease_end(x, uuid);
	journal_unlock(&fd);
	return rc == -EBUSY ? 0 : rc;
}

int lease_recover_all(struct xlnet *x)
{
	return journal_each_lease(x, end_one, x);
}
