/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/migrate.h"
#include "xl-plugins/credit.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/lease.h"
#include "xl-plugins/remote.h"
#include "xl-plugins/steps.h"
#include "xl-plugins/uplink.h"
#include "xl-plugins/vif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int migration_record(struct xlnet *x, const struct migration *m)
{
	json_t *record = json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:s,s:s,s:i,s:i,s:s,s:b,s:b}",
				   "uuid", m->dom.uuid, "domain", m->dom.name, "host", m->host, "ssh",
				   m->ssh, "had_vf", m->had_vf, "keep_pv", m->keep_pv, "released",
				   m->released, "pf", m->pf, "devid", m->devid, "vlan",
				   (int)m->vlan, "timeout", (int)m->timeout, "there", m->there,
				   "vif_there", m->vif_there, "vlan_there", m->vlan_there);
	int rc = record ? journal_write(x, m->dom.uuid, "migrate", record) : -ENOMEM;

	json_decref(record);
	return rc;
}

static int migration_parse(json_t *record, struct migration *m)
{
	const char *uuid, *domain, *host, *ssh, *pf, *devid, *there = "";
	int had_vf, keep_pv, released = false, vlan, timeout, vif_there = false, vlan_there = false;

	memset(m, 0, sizeof(*m));
	/* An older one lacks some. */
	if (json_unpack(record, "{s:s,s:s,s:s,s:s,s:b,s:b,s?b,s:s,s:s,s:i,s:i,s?s,s?b,s?b}", "uuid",
			&uuid, "domain", &domain, "host", &host, "ssh", &ssh, "had_vf", &had_vf,
			"keep_pv", &keep_pv, "released", &released, "pf", &pf, "devid", &devid,
			"vlan", &vlan, "timeout", &timeout, "there", &there, "vif_there",
			&vif_there, "vlan_there", &vlan_there))
		return -EINVAL;
	text_copy(m->dom.uuid, sizeof(m->dom.uuid), uuid);
	text_copy(m->dom.name, sizeof(m->dom.name), domain);
	text_copy(m->host, sizeof(m->host), host);
	text_copy(m->ssh, sizeof(m->ssh), ssh);
	text_copy(m->pf, sizeof(m->pf), pf);
	text_copy(m->devid, sizeof(m->devid), devid);
	text_copy(m->there, sizeof(m->there), there);
	m->vif_there = vif_there;
	m->vlan_there = vlan_there;
	m->had_vf = had_vf;
	m->keep_pv = keep_pv;
	m->released = released;
	m->vlan = (unsigned int)vlan;
	m->timeout = (unsigned int)timeout;
	return 0;
}

int migration_forget(struct xlnet *x, const char *uuid)
{
	return journal_remove(x, uuid, "migrate");
}

/* xl calls the source "NAME--migratedaway" once the target runs; it only waits to be destroyed. */
bool migration_is_here(struct xlnet *x, const char *uuid, struct domain *dom)
{
	return !host_domain_find(x, uuid, dom) && !strstr(dom->name, "--migratedaway") &&
	       !strstr(dom->name, "--incoming");
}

int migration_release(struct xlnet *x, struct migration *m)
{
	int rc;

	m->released = true;
	rc = migration_record(x, m);
	return rc ? rc : credit_release(x, &m->dom);
}

static int vf_here(struct xlnet *x, const struct migration *m, const struct domain *dom)
{
	struct switch_wish wish = { .target = PATH_VF,
				    .pf = m->pf,
				    .devid = m->devid,
				    .vlan = m->vlan,
				    .vlan_given = true,
				    .timeout = m->timeout };
	struct op op;
	int rc = m->had_vf ? switch_run(x, dom, &wish, &op) : 0;

	return rc == SWITCH_THERE ? 0 : rc;
}

int migration_undo(struct xlnet *x, struct migration *m)
{
	struct domain dom;
	int rc, claimed;

	if (!migration_is_here(x, m->dom.uuid, &dom))
		return -ENOENT;
	rc = vf_here(x, m, &dom);
	/* Neither waits for the other: both are tried, the record stays for what failed. */
	claimed = m->released ? credit_claim(x, &dom) : 0;
	if (!rc)
		rc = claimed;
	return rc ? rc : migration_forget(x, m->dom.uuid);
}

int migration_vf_there(struct xlnet *x, const struct migration *m)
{
	const char *which = *m->there ? m->there : m->dom.uuid;
	char arguments[320], vlan[24] = "";
	json_t *answer;
	int r;

	if (!m->vlan_there)
		snprintf(vlan, sizeof(vlan), " --vlan %u", m->vlan);
	snprintf(arguments, sizeof(arguments), "-j net-switch %s %s vf --timeout %u%s", which,
		 m->vif_there ? "" : m->devid, m->timeout, vlan);
	r = remote_run(m->ssh, m->host, arguments, &answer);
	json_decref(answer);
	if (!r)
		return 0;
	return problem(r < 0 ? r : -EREMOTEIO,
		       "the guest runs on %s, on its vif: it got no VF there. There: xl-net "
		       "net-switch %s vf",
		       m->host, which);
}

static int recover_record(struct xlnet *x, struct migration *m)
{
	struct domain dom;
	int rc;

	if (migration_is_here(x, m->dom.uuid, &dom)) {
		progress_always("xl-net: the migration of \"%s\" to %s did not happen; it is here",
				m->dom.name, m->host);
		return migration_undo(x, m);
	}
	progress_always("xl-net: \"%s\" is no longer here; looking after it on %s", m->dom.name,
			m->host);
	rc = m->had_vf && !m->keep_pv ? migration_vf_there(x, m) : 0;
	return rc ? rc : migration_forget(x, m->dom.uuid);
}

int migration_recover(struct xlnet *x, const char *uuid)
{
	json_t *record = journal_read(x, uuid, "migrate");
	struct migration m;
	int rc;

	if (!record)
		return 0;
	rc = migration_parse(record, &m);
	json_decref(record);
	return rc ? problem(rc,
			    "the record of a migration, %s/journal/%s.migrate, is not complete: "
			    "look where the guest is, "
			    "then remove the file",
			    x->state, uuid)
		  : recover_record(x, &m);
}

static int recover_one(const char *uuid, const char *kind, void *arg)
{
	struct xlnet *x = arg;
	int fd, rc = journal_lock_idle(x, uuid, &fd);

	/* Not interrupted: at work. */
	if (rc == -EBUSY)
		return 0;
	/* A migration's own switch comes first, whichever record was found first. */
	if (!rc)
		rc = op_recover(x, uuid);
	if (!rc)
		rc = migration_recover(x, uuid);
	journal_unlock(&fd);
	return rc;
}

/*
 * A guest that was destroyed on its VF leaves its MAC there. Created again, on its vif, it would
 * hear nothing from outside: the NIC delivers to the VF.
 */
static void stale_macs_clear(struct xlnet *x, const struct vif *vifs, size_t n,
			     const struct vf *vfs, size_t nvfs)
{
	struct op op;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < nvfs; k++) {
			if (!vf_is_stale(&vfs[k], &vifs[i].nic))
				continue;
			progress_always("xl-net: VF %u of %s, which nobody has, gives up the MAC "
					"of \"%s\"",
					vfs[k].index, vfs[k].pf, vifs[i].dom.name);
			op = (struct op){ .vf = vfs[k].index,
					  .bdf = vfs[k].bdf,
					  .vlan = vfs[k].state.vlan };
			text_copy(op.pf, sizeof(op.pf), vfs[k].pf);
			op.had_filter = true;
			steps_forget_vf(x, &op);
		}
	}
}

static int recover_stale(struct xlnet *x)
{
	struct vif *vifs = NULL;
	struct vf *vfs = NULL;
	size_t n, nvfs;
	int rc = vif_list(x, NULL, &vifs, &n);

	if (!rc)
		rc = vf_list(x, &vfs, &nvfs);
	if (!rc)
		stale_macs_clear(x, vifs, n, vfs, nvfs);
	free(vifs);
	free(vfs);
	return rc;
}

int recover_all(struct xlnet *x)
{
	int rc = journal_each(x, recover_one, x);
	int leases = lease_recover_all(x), stale = recover_stale(x), uplinks = uplink_sync(x, NULL);

	if (!rc)
		rc = leases;
	if (!rc)
		rc = stale;
	return rc ? rc : uplinks;
}
