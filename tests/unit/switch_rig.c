/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/switch_rig.h"
#include "xl-plugins/host.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/migrate.h"
#include "xl-plugins/netlink.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct xlnet rig_x;
unsigned int rig_patience = 1;

const char *const rig_good = "";

bool rig_has_vf(uint32_t id)
{
	return id && (fake->vfs[0].owner == id || fake->vfs[1].owner == id);
}

const char *rig_filter_flaw(void)
{
	for (int i = 0; i < FAKE_DOMS; i++) {
		uint32_t id = fake->doms[i].id;
		bool others = false;

		for (int k = 0; k < FAKE_DOMS; k++)
			others |= k != i && rig_has_vf(fake->doms[k].id);
		if (fake->filter[i] != (id && !rig_has_vf(id) && others))
			return fake->filter[i] ? "the PF takes a MAC that it should not"
					       : "the PF does not take the MAC of a guest on its vif";
	}
	return rig_good;
}

const char *rig_flaw(enum path path)
{
	const struct fake_dom *dom = &fake->doms[0];
	bool on_vf = path == PATH_VF;
	char vif[IFNAMSIZ];

	snprintf(vif, sizeof(vif), "vif%u.0", dom->id);
	for (int i = 0; i < FAKE_VFS; i++) {
		const struct fake_vf *vf = &fake->vfs[i];

		if (vf->half)
			return "a VF is half attached";
		if (!mac_equal(&vf->mac, &dom->mac) && vf->owner == dom->id)
			return "its VF has another MAC";
		if (mac_equal(&vf->mac, &dom->mac) && vf->owner != dom->id)
			return "a VF that is not its own has its MAC";
		if (vf->owner == dom->id && vf->link == VF_LINK_DISABLE)
			return "its VF's link is down";
	}
	if (on_vf != rig_has_vf(dom->id))
		return on_vf ? "it has no VF" : "it has a VF";
	/* Open vSwitch, told to forget, sends to all until it learns. */
	if (fake->ovs)
		fake_guests_live();
	if (!(fake->ovs && !*fake->fdb) && strcmp(fake->fdb, on_vf ? "eth0" : vif))
		return "the bridge sends its frames elsewhere";
	return rig_filter_flaw();
}

bool rig_recorded(void)
{
	json_t *record = journal_read(&rig_x, fake_uuid(0), "switch");

	json_decref(record);
	return record;
}

int rig_run(enum path target)
{
	struct switch_wish wish = { .target = target, .timeout = rig_patience };
	struct domain dom;
	struct op op;
	int rc, fd;

	ck_assert_int_eq(host_open(&rig_x), 0);
	rc = host_domain(&rig_x, "g1", &dom);
	if (!rc)
		rc = journal_lock(&rig_x, dom.uuid, &fd);
	if (!rc) {
		rc = switch_run(&rig_x, &dom, &wish, &op);
		journal_unlock(&fd);
	}
	host_close(&rig_x);
	return rc;
}

int rig_recover(void)
{
	int rc;

	ck_assert_int_eq(host_open(&rig_x), 0);
	rc = recover_all(&rig_x);
	host_close(&rig_x);
	return rc;
}

bool rig_killed(int (*fn)(enum path), enum path target)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		fn(target);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status);
}

void rig_faults_clear(void)
{
	fake->calls = fake->fail_at = fake->kill_before = fake->kill_after = 0;
}

void rig_start_on(bool ovs, enum fake_guest kind, enum path target)
{
	fake_start(&rig_x, kind);
	if (ovs)
		fake_ovs_make();
	if (target == PATH_PV)
		ck_assert_int_eq(rig_run(PATH_VF), 0);
	rig_faults_clear();
}

void rig_start(enum fake_guest kind, enum path target)
{
	rig_start_on(false, kind, target);
}
