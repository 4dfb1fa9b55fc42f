/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/uplink.h"
#include "xl-plugins/bridge.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/sysfs.h"
#include "xl-plugins/vif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A MAC that a PF takes for somebody behind its bridge. */
struct taken {
	char pf[IFNAMSIZ];
	struct mac mac;
	char domain[NAME_LEN]; /* for messages */
};

struct takens {
	struct taken *list;
	size_t n;
};

static bool has(const struct takens *t, const char *pf, const struct mac *mac)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->list[i].pf, pf) && mac_equal(&t->list[i].mac, mac))
			return true;
	return false;
}

static int add(struct takens *t, const char *pf, const struct mac *mac, const char *domain)
{
	struct taken *more;

	if (has(t, pf, mac))
		return 0;
	more = realloc(t->list, (t->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->list = more;
	text_copy(more[t->n].pf, sizeof(more->pf), pf);
	text_copy(more[t->n].domain, sizeof(more->domain), domain);
	more[t->n++].mac = *mac;
	return 0;
}

/* ---- the record: journal/uplinks.taken, an array of {pf, mac} ---- */

static int record_read(struct xlnet *x, struct takens *t)
{
	json_t *record = journal_read(x, "uplinks", "taken"), *entry;
	const char *pf, *text;
	struct mac mac;
	size_t i;
	int rc = 0;

	json_array_foreach(record, i, entry) {
		if (!json_unpack(entry, "{s:s,s:s}", "pf", &pf, "mac", &text) && !mac_parse(text, &mac))
			rc = add(t, pf, &mac, "");
		if (rc)
			break;
	}
	json_decref(record);
	return rc;
}

static int record_write(struct xlnet *x, const struct takens *t)
{
	json_t *record;
	char mac[MAC_TEXT];
	int rc;

	if (!t->n)
		return journal_remove(x, "uplinks", "taken");
	record = json_array();
	for (size_t i = 0; i < t->n; i++)
		json_array_append_new(record, json_pack("{s:s,s:s}", "pf", t->list[i].pf, "mac",
							mac_text(&t->list[i].mac, mac)));
	rc = record ? journal_write(x, "uplinks", "taken", record) : -ENOMEM;
	json_decref(record);
	return rc;
}

/* ---- what ought to be ---- */

/* Has a guest other than domid a VF of that PF, or is about to? */
static bool serves_others(const struct vf *vfs, size_t n, const char *pf, uint32_t domid,
			  const struct op *coming)
{
	if (coming && !strcmp(coming->pf, pf) && coming->dom.id != domid)
		return true;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(vfs[i].pf, pf) && vfs[i].domid != DOMID_NONE && vfs[i].domid != domid)
			return true;
	return false;
}

struct view {
	struct vf *vfs;
	struct vif *vifs;
	size_t nvfs, nvifs;
};

static int view_get(struct xlnet *x, struct view *v)
{
	int rc = vf_list(x, &v->vfs, &v->nvfs);

	/* Without VFs, the vifs do not matter. */
	return rc || !v->nvfs
		       ? rc
		       : vif_list_with(x, NULL, v->vfs, v->nvfs, &v->vifs, &v->nvifs);
}

static void view_free(struct view *v)
{
	free(v->vfs);
	free(v->vifs);
}

static bool is_wanted(struct xlnet *x, const struct view *v, const char *pf, const struct vif *vif,
		      const struct takens *have, const struct op *coming)
{
	char uplink[IFNAMSIZ];

	/* On a VF of that PF: not wanted, but what an operation under way does is its business. */
	if (vif->has_vf && !strcmp(vif->vf.pf, pf))
		return *vif->vf.reserved && has(have, pf, &vif->nic.mac);
	return !bridge_uplink(x, pf, vif->nic.bridge, uplink) &&
	       serves_others(v->vfs, v->nvfs, pf, vif->dom.id, coming);
}

/* The host's own addresses, where they are not the PF's: Open vSwitch's interfaces have others. */
struct host_wants {
	struct xlnet *x;
	const char *pf;
	struct mac own;
	struct takens *want;
	int rc;
};

static void host_add(const char *interface, void *arg)
{
	struct host_wants *h = arg;
	struct mac mac;

	if (!h->rc && !sysfs_mac(h->x, interface, &mac) && !mac_equal(&mac, &h->own))
		h->rc = add(h->want, h->pf, &mac, "Domain-0");
}

static int want_of_host(struct xlnet *x, const struct view *v, const char *pf,
			const struct op *coming, struct takens *want)
{
	struct host_wants h = { .x = x, .pf = pf, .want = want };

	if (serves_others(v->vfs, v->nvfs, pf, 0, coming) && !sysfs_mac(x, pf, &h.own))
		bridge_interfaces(x, pf, host_add, &h);
	return h.rc;
}

static int want_of_pf(struct xlnet *x, const struct view *v, const char *pf,
		      const struct takens *have, const struct op *coming, struct takens *want)
{
	int rc = want_of_host(x, v, pf, coming, want);

	for (size_t i = 0; !rc && i < v->nvifs; i++) {
		const struct vif *vif = &v->vifs[i];

		if (is_wanted(x, v, pf, vif, have, coming))
			rc = add(want, pf, &vif->nic.mac, vif->dom.name);
	}
	return rc;
}

static int want_get(struct xlnet *x, const struct view *v, const struct takens *have,
		    const struct op *coming, struct takens *want)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < v->nvfs; i++)
		if (!i || strcmp(v->vfs[i].pf, v->vfs[i - 1].pf))
			rc = want_of_pf(x, v, v->vfs[i].pf, have, coming, want);
	return rc;
}

/* ---- making it so ---- */

/* What a PF takes already without us is somebody else's. */
static int ours_get(const struct takens *have, const struct takens *want, struct takens *ours)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < want->n; i++) {
		const struct taken *t = &want->list[i];

		if (has(have, t->pf, &t->mac) || netlink_filter_get(t->pf, &t->mac))
			rc = add(ours, t->pf, &t->mac, t->domain);
	}
	return rc;
}

/* Added again where it is there: a PF that was reset has forgotten. */
static int take(struct xlnet *x, const struct takens *have, const struct takens *ours)
{
	char mac[MAC_TEXT];
	int rc, last = 0;

	for (size_t i = 0; i < ours->n; i++) {
		const struct taken *t = &ours->list[i];

		rc = netlink_filter_add(t->pf, &t->mac);
		if (rc && !has(have, t->pf, &t->mac))
			last = problem(rc,
				       "%s cannot take the MAC of \"%s\" (%s) besides its own: %s; "
				       "guests on its VFs do not reach that guest",
				       t->pf, t->domain, mac_text(&t->mac, mac), strerror(-rc));
	}
	return last;
}

/* What a PF does not give back now is tried again the next time; one that is gone has nothing. */
static int give_back(const struct takens *have, struct takens *ours)
{
	int rc, last = 0;

	for (size_t i = 0; i < have->n; i++) {
		const struct taken *t = &have->list[i];

		if (has(ours, t->pf, &t->mac))
			continue;
		rc = netlink_filter_del(t->pf, &t->mac);
		if (rc && rc != -ENODEV)
			last = add(ours, t->pf, &t->mac, "");
	}
	return last;
}

/* Recorded are, at each moment, at least those that are ours. */
static int change(struct xlnet *x, const struct takens *have, struct takens *ours)
{
	struct takens both = { 0 };
	int rc = 0, taken = 0;

	for (size_t i = 0; !rc && i < have->n; i++)
		rc = add(&both, have->list[i].pf, &have->list[i].mac, "");
	for (size_t i = 0; !rc && i < ours->n; i++)
		rc = add(&both, ours->list[i].pf, &ours->list[i].mac, "");
	if (!rc && both.n != have->n)
		rc = record_write(x, &both);
	if (!rc) {
		taken = take(x, have, ours);
		rc = give_back(have, ours);
	}
	if (!rc && both.n != ours->n)
		rc = record_write(x, ours);
	free(both.list);
	return rc ? rc : taken;
}

static int sync_locked(struct xlnet *x, const struct op *coming)
{
	struct takens have = { 0 }, want = { 0 }, ours = { 0 };
	struct view v = { 0 };
	int rc = record_read(x, &have);

	if (!rc)
		rc = view_get(x, &v);
	if (!rc)
		rc = want_get(x, &v, &have, coming, &want);
	if (!rc)
		rc = ours_get(&have, &want, &ours);
	if (!rc)
		rc = change(x, &have, &ours);
	view_free(&v);
	free(have.list);
	free(want.list);
	free(ours.list);
	return rc;
}

static int locked(struct xlnet *x, int (*fn)(struct xlnet *x, const struct op *op),
		  const struct op *op)
{
	int fd, rc = journal_lock_vfs(x, &fd);

	if (!rc)
		rc = fn(x, op);
	journal_unlock(&fd);
	return rc;
}

int uplink_sync(struct xlnet *x, const struct op *coming)
{
	return locked(x, sync_locked, coming);
}

bool uplink_gave(struct xlnet *x, const char *pf, const struct mac *mac)
{
	struct takens have = { 0 };
	bool gave = !record_read(x, &have) && has(&have, pf, mac);

	free(have.list);
	return gave;
}

static int adopt_locked(struct xlnet *x, const struct op *op)
{
	struct takens have = { 0 };
	int rc = record_read(x, &have);

	if (!rc)
		rc = add(&have, op->pf, &op->nic.mac, op->dom.name);
	if (!rc)
		rc = record_write(x, &have);
	free(have.list);
	return rc;
}

int uplink_adopt(struct xlnet *x, const struct op *op)
{
	return locked(x, adopt_locked, op);
}

bool uplink_keeps(struct xlnet *x, const struct op *op)
{
	struct vf *vfs = NULL;
	size_t n = 0;
	bool keeps = !vf_list(x, &vfs, &n) && serves_others(vfs, n, op->pf, op->dom.id, NULL);

	free(vfs);
	return keeps && !uplink_adopt(x, op);
}
