/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A switch, in a world where everything can fail or be killed at every call. Whatever happens, the
 * guest ends on its vif or on its VF, whole, and nothing of the operation is left.
 */
#include "tests/unit/fake_part.h"
#include "tests/unit/runner.h"
#include "xl-plugins/command.h"
#include "xl-plugins/host.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/migrate.h"
#include "xl-plugins/netlink.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS_MAX 60

static struct xlnet x;
static unsigned int patience = 1; /* seconds that a guest is waited for */

static const char *const good = "";

static bool has_vf(uint32_t id)
{
	return id && (fake->vfs[0].owner == id || fake->vfs[1].owner == id);
}

/* What guests on VFs send to one on its vif must reach the bridge, and nothing else. */
static const char *filter_flaw(void)
{
	for (int i = 0; i < FAKE_DOMS; i++) {
		uint32_t id = fake->doms[i].id;
		bool others = false;

		for (int k = 0; k < FAKE_DOMS; k++)
			others |= k != i && has_vf(fake->doms[k].id);
		if (fake->filter[i] != (id && !has_vf(id) && others))
			return fake->filter[i] ? "the PF takes a MAC that it should not"
					       : "the PF does not take the MAC of a guest on its vif";
	}
	return good;
}

/* What is wrong with the first guest on that path; good: nothing. */
static const char *flaw(enum path path)
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
	if (on_vf != has_vf(dom->id))
		return on_vf ? "it has no VF" : "it has a VF";
	/* Open vSwitch, told to forget, sends to all until it learns. */
	if (fake->ovs)
		fake_guests_live();
	if (!(fake->ovs && !*fake->fdb) && strcmp(fake->fdb, on_vf ? "eth0" : vif))
		return "the bridge sends its frames elsewhere";
	return filter_flaw();
}

static bool recorded(void)
{
	json_t *record = journal_read(&x, fake_uuid(0), "switch");

	json_decref(record);
	return record;
}

static int run(enum path target)
{
	struct switch_wish wish = { .target = target, .timeout = patience };
	struct domain dom;
	struct op op;
	int rc, fd;

	ck_assert_int_eq(host_open(&x), 0);
	rc = host_domain(&x, "g1", &dom);
	if (!rc)
		rc = journal_lock(&x, dom.uuid, &fd);
	if (!rc) {
		rc = switch_run(&x, &dom, &wish, &op);
		journal_unlock(&fd);
	}
	host_close(&x);
	return rc;
}

static int recover(void)
{
	int rc;

	ck_assert_int_eq(host_open(&x), 0);
	rc = recover_all(&x);
	host_close(&x);
	return rc;
}

/* In a process of its own; true if it was killed. */
static bool killed(int (*fn)(enum path), enum path target)
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

static int recover_any(enum path target)
{
	return recover();
}

static void faults_clear(void)
{
	fake->calls = fake->fail_at = fake->kill_before = fake->kill_after = 0;
}

/* A world where g1 is on the other path than target. */
static void start_on(bool ovs, enum fake_guest kind, enum path target)
{
	fake_start(&x, kind);
	if (ovs)
		fake_ovs_make();
	if (target == PATH_PV)
		ck_assert_int_eq(run(PATH_VF), 0);
	faults_clear();
}

static void start(enum fake_guest kind, enum path target)
{
	start_on(false, kind, target);
}

static enum path other(enum path path)
{
	return path == PATH_VF ? PATH_PV : PATH_VF;
}

static const struct {
	enum fake_guest kind;
	enum path target;
	bool ovs;
} cases[] = {
	{ FAKE_STOCK, PATH_VF, false }, { FAKE_STOCK, PATH_PV, false },
	{ FAKE_NG, PATH_VF, false },	{ FAKE_NG, PATH_PV, false },
	{ FAKE_STOCK, PATH_VF, true },	{ FAKE_STOCK, PATH_PV, true },
	{ FAKE_NG, PATH_VF, true },	{ FAKE_NG, PATH_PV, true },
};

static void start_case(int i)
{
	start_on(cases[i].ovs, cases[i].kind, cases[i].target);
}

START_TEST(switches)
{
	start_case(_i);
	ck_assert_int_eq(run(cases[_i].target), 0);
	ck_assert_str_eq(flaw(cases[_i].target), good);
	ck_assert(!recorded());
	ck_assert_int_eq(run(cases[_i].target), SWITCH_THERE);
	fake_end(&x);
}
END_TEST

START_TEST(each_call_fails_once)
{
	int k, rc, calls, failed = 0;

	for (k = 1; k < CALLS_MAX; k++) {
		start_case(_i);
		fake->fail_at = k;
		rc = run(cases[_i].target);
		if (rc && recorded()) {
			/* Past the point of no return: the cause is gone now. */
			failed++;
			faults_clear();
			ck_assert_int_eq(recover(), 0);
			ck_assert_str_eq(flaw(cases[_i].target), good);
		} else if (rc) {
			failed++;
			ck_assert_msg(flaw(other(cases[_i].target)) == good, "call %d: %s", k,
				      flaw(other(cases[_i].target)));
		}
		ck_assert(!recorded());
		calls = fake->calls;
		faults_clear();
		ck_assert_int_eq(recover(), 0);
		ck_assert_str_eq(filter_flaw(), good);
		fake_end(&x);
		if (!rc && calls < k)
			break;
	}
	ck_assert_int_lt(k, CALLS_MAX);
	ck_assert_int_gt(failed, 1);
}
END_TEST

static void kill_and_recover(int i, int before, int after)
{
	start_case(i);
	fake->kill_before = before;
	fake->kill_after = after;
	if (killed(run, cases[i].target)) {
		faults_clear();
		ck_assert_int_eq(recover(), 0);
	}
	ck_assert_msg(flaw(PATH_PV) == good || flaw(PATH_VF) == good, "killed at %d/%d: %s; %s",
		      before, after, flaw(PATH_PV), flaw(PATH_VF));
	ck_assert(!recorded());
	fake_end(&x);
}

START_TEST(killed_at_each_call)
{
	for (int k = 1; k < CALLS_MAX / 2; k++) {
		kill_and_recover(_i, k, 0);
		kill_and_recover(_i, 0, k);
	}
}
END_TEST

START_TEST(killed_again_while_recovering)
{
	for (int k = 1; k < CALLS_MAX / 3; k++) {
		for (int again = 1; again < CALLS_MAX / 3; again += 5) {
			start_case(_i);
			fake->kill_after = k;
			killed(run, cases[_i].target);
			faults_clear();
			fake->kill_before = again;
			killed(recover_any, cases[_i].target);
			faults_clear();
			ck_assert_int_eq(recover(), 0);
			ck_assert_msg(flaw(PATH_PV) == good || flaw(PATH_VF) == good,
				      "killed at %d, again at %d: %s; %s", k, again, flaw(PATH_PV),
				      flaw(PATH_VF));
			ck_assert(!recorded());
			fake_end(&x);
		}
	}
}
END_TEST

START_TEST(a_guest_that_does_not_answer_stays_where_it_is)
{
	start_case(_i);
	fake->doms[0].mute = true;
	ck_assert_int_lt(run(cases[_i].target), 0);
	if (recorded()) {
		/*
		 * It does not let go of the VF either; once it does, it is on its vif, whichever
		 * way this began.
		 */
		fake->doms[0].mute = false;
		ck_assert_int_eq(recover(), 0);
		ck_assert_str_eq(flaw(PATH_PV), good);
	} else {
		ck_assert_str_eq(flaw(other(cases[_i].target)), good);
	}
	fake_end(&x);
}
END_TEST

/* The bridge learnt it at the NIC when the guest ran on another host. */
START_TEST(where_a_silent_guest_was_does_not_count)
{
	start(FAKE_STOCK, PATH_VF);
	fake->doms[0].mute = true;
	strcpy(fake->fdb, "eth0");
	ck_assert_int_eq(run(PATH_VF), -ETIMEDOUT);
	fake_end(&x);
}
END_TEST

START_TEST(an_echo_of_the_vif_does_not_count)
{
	start(FAKE_STOCK, PATH_VF);
	fake->echoes = INT_MAX;
	ck_assert_int_eq(run(PATH_VF), -ETIMEDOUT);
	ck_assert_str_eq(flaw(PATH_PV), good);
	fake_end(&x);
}
END_TEST

/* All that is seen of a bond whose peers are beyond the NIC. */
START_TEST(an_announcement_right_after_the_last_frame)
{
	start(FAKE_STOCK, PATH_VF);
	fake->echoes = 20;
	fake->then_silent = true;
	patience = 5;
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert_str_eq(flaw(PATH_VF), good);
	fake_end(&x);
}
END_TEST

START_TEST(no_vf_is_left)
{
	fake_start(&x, FAKE_STOCK);
	fake->vfs[0].owner = 2;
	fake->vfs[1].owner = 2;
	ck_assert_int_eq(run(PATH_VF), -EBUSY);
	ck_assert_int_eq(recover(), 0);
	ck_assert_str_eq(flaw(PATH_PV), good);
	fake_end(&x);
}
END_TEST

/* g2 comes to its vif and goes to a VF, and its PF is reset, while g1 is on its own. */
START_TEST(a_pf_takes_what_guests_on_vifs_get)
{
	start(FAKE_STOCK, PATH_PV);
	ck_assert(fake->filter[1]);
	fake->filter[1] = false;
	ck_assert_int_eq(recover(), 0);
	ck_assert(fake->filter[1]);
	fake->doms[1].id = 0;
	ck_assert_int_eq(recover(), 0);
	ck_assert(!fake->filter[1]);
	fake->doms[1].id = 2;
	fake->vfs[1].owner = 2;
	fake->vfs[1].mac = fake->doms[1].mac;
	ck_assert_int_eq(recover(), 0);
	ck_assert(!fake->filter[0] && !fake->filter[1]);
	/* g1 is back on its vif, and g2 goes on to reach it. */
	ck_assert_int_eq(run(PATH_PV), 0);
	ck_assert(fake->filter[0]);
	ck_assert_str_eq(flaw(PATH_PV), good);
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert_str_eq(flaw(PATH_VF), good);
	fake_end(&x);
}
END_TEST

/* The bridge goes on sending to its vif, until it has no VF any more. */
START_TEST(a_hybrid_guest)
{
	start_on(_i, FAKE_NG, PATH_VF);
	fake_node_set("/local/domain/1/device/vif/0/feature-datapath-hybrid", "1");
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert(has_vf(1));
	ck_assert_str_eq(fake->fdb, "vif1.0");
	ck_assert(fake->fdb_sticks);
	ck_assert_int_eq(run(PATH_PV), 0);
	ck_assert(!fake->fdb_sticks);
	ck_assert_str_eq(flaw(PATH_PV), good);
	fake_end(&x);
}
END_TEST

/* Else the host would hear nothing of a guest on its VF. */
START_TEST(a_host_whose_address_is_not_the_pf_s)
{
	start_on(_i, FAKE_STOCK, PATH_VF);
	fake_host_mac();
	ck_assert_int_eq(recover(), 0);
	ck_assert(!fake->host_filter);
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert(fake->host_filter);
	ck_assert_str_eq(flaw(PATH_VF), good);
	ck_assert_int_eq(run(PATH_PV), 0);
	ck_assert(!fake->host_filter);
	ck_assert_str_eq(flaw(PATH_PV), good);
	fake_end(&x);
}
END_TEST

/* An administrator's entry is neither recorded nor taken away. */
START_TEST(what_a_pf_took_before_is_not_ours)
{
	fake_start(&x, FAKE_STOCK);
	fake->filter[0] = fake->filter[1] = true;
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert(fake->filter[0] && fake->filter[1]);
	ck_assert_int_eq(run(PATH_PV), 0);
	ck_assert(fake->filter[0] && fake->filter[1]);
	fake_end(&x);
}
END_TEST

START_TEST(a_pf_that_takes_no_macs)
{
	fake_start(&x, FAKE_STOCK);
	fake->no_filters = true;
	ck_assert_int_eq(run(PATH_VF), 0);
	/* Said once, when the need arose. */
	ck_assert_int_eq(recover(), 0);
	ck_assert(!fake->filter[1]);
	fake->no_filters = false;
	ck_assert_int_eq(recover(), 0);
	ck_assert(fake->filter[1]);
	ck_assert_str_eq(flaw(PATH_VF), good);
	fake_end(&x);
}
END_TEST

START_TEST(a_mac_that_another_vf_has)
{
	fake_start(&x, FAKE_STOCK);
	fake->vfs[1].owner = 2;
	fake->vfs[1].mac = fake->doms[0].mac;
	ck_assert_int_eq(run(PATH_VF), -EADDRINUSE);
	/* Left behind on two free VFs: one is taken, the other must not stay so. */
	fake->vfs[1].owner = 0;
	fake->vfs[0].mac = fake->doms[0].mac;
	ck_assert_int_eq(run(PATH_VF), -EADDRINUSE);
	ck_assert_int_eq(recover(), 0);
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert_str_eq(flaw(PATH_VF), good);
	fake_end(&x);
}
END_TEST

START_TEST(a_guest_that_cannot_have_a_vf)
{
	fake_start(&x, FAKE_STOCK);
	fake->doms[0].passthrough = false;
	ck_assert_int_eq(run(PATH_VF), -EOPNOTSUPP);
	fake->doms[0].passthrough = true;
	fake->doms[0].type = LIBXL_DOMAIN_TYPE_PVH;
	ck_assert_int_eq(run(PATH_VF), -EOPNOTSUPP);
	fake_end(&x);
}
END_TEST

START_TEST(a_vif_that_could_not_take_over)
{
	start(FAKE_STOCK, PATH_PV);
	fake->doms[0].nic_state = 1;
	ck_assert_int_eq(run(PATH_PV), -ENOTCONN);
	ck_assert_str_eq(flaw(PATH_VF), good);
	fake_end(&x);
}
END_TEST

START_TEST(a_nic_without_link_state_or_zero_mac)
{
	start(FAKE_STOCK, PATH_PV);
	fake->no_link_state = true;
	fake->no_zero_mac = true;
	ck_assert_int_eq(run(PATH_PV), 0);
	ck_assert_str_eq(flaw(PATH_PV), good);
	ck_assert_int_eq(run(PATH_VF), 0);
	ck_assert_str_eq(flaw(PATH_VF), good);
	fake_end(&x);
}
END_TEST

START_TEST(operations_on_one_guest_exclude_each_other)
{
	int fd, to_parent[2], to_child[2];
	json_t *record;
	char c = 0;
	pid_t pid;

	fake_start(&x, FAKE_STOCK);
	ck_assert(!pipe(to_parent) && !pipe(to_child));
	pid = fork();
	if (!pid) {
		journal_lock(&x, fake_uuid(0), &fd);
		_exit(write(to_parent[1], &c, 1) != 1 || read(to_child[0], &c, 1) != 1);
	}
	ck_assert_int_eq(read(to_parent[0], &c, 1), 1);
	ck_assert_int_eq(run(PATH_VF), -EBUSY);
	/* Its record is no interrupted operation's. */
	record = json_pack("{s:s}", "pf", "eth0");
	ck_assert_int_eq(journal_write(&x, fake_uuid(0), "switch", record), 0);
	ck_assert_int_eq(recover(), 0);
	ck_assert(recorded());
	ck_assert_int_eq(journal_remove(&x, fake_uuid(0), "switch"), 0);
	json_decref(record);
	ck_assert_int_eq(write(to_child[1], &c, 1), 1);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(run(PATH_VF), 0);
	fake_end(&x);
}
END_TEST

/* Killed right after the attach; then the guest goes, or comes back as another domain. */
static void interrupted(void)
{
	start(FAKE_STOCK, PATH_VF);
	for (int k = 1; k < CALLS_MAX; k++) {
		faults_clear();
		fake->kill_after = k;
		killed(run, PATH_VF);
		if (fake->vfs[0].owner == 1)
			break;
		faults_clear();
		recover();
		if (fake->vfs[0].owner == 1)
			ck_assert_int_eq(run(PATH_PV), 0);
	}
	faults_clear();
	ck_assert(recorded());
}

START_TEST(a_guest_that_is_gone)
{
	interrupted();
	fake->vfs[0].owner = 0;
	fake->doms[0].id = 0;
	ck_assert_int_eq(recover(), 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	ck_assert(!fake->filter[0] && !fake->filter[1]);
	ck_assert(!recorded());
	fake_end(&x);
}
END_TEST

START_TEST(a_mac_that_a_destroyed_guest_left)
{
	start(FAKE_STOCK, PATH_PV);
	fake->vfs[0].owner = 0;
	ck_assert_str_ne(flaw(PATH_PV), good);
	ck_assert_int_eq(recover(), 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	fake_end(&x);
}
END_TEST

static bool leased(void)
{
	json_t *record = journal_read(&x, fake_uuid(0), "vf");

	json_decref(record);
	return record;
}

/* It may run on another host by now. */
START_TEST(a_guest_destroyed_on_its_vf)
{
	start(FAKE_STOCK, PATH_PV);
	ck_assert(leased());
	fake->vfs[0].owner = 0;
	fake->doms[0].id = 0;
	ck_assert_int_eq(recover(), 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	ck_assert(!leased());
	fake_end(&x);
}
END_TEST

START_TEST(a_lease_lasts_as_long_as_the_vf)
{
	start(FAKE_STOCK, PATH_PV);
	ck_assert_int_eq(recover(), 0);
	ck_assert(leased());
	ck_assert_str_eq(flaw(PATH_VF), good);
	ck_assert_int_eq(run(PATH_PV), 0);
	ck_assert(!leased());
	fake_end(&x);
}
END_TEST

/* The VF has become another's, with another MAC; or its driver does not let go. */
START_TEST(a_lease_of_a_guest_that_is_gone)
{
	start(FAKE_STOCK, PATH_PV);
	fake->doms[0].id = 0;
	fake->vfs[0].owner = _i ? 0 : 2;
	if (!_i)
		fake->vfs[0].mac = fake->doms[1].mac;
	fake->calls = 0;
	fake->fail_at = _i ? 1 : 0;
	ck_assert_int_eq(recover(), _i ? -EIO : 0);
	ck_assert(leased() == (_i == 1));
	fake->fail_at = 0;
	ck_assert_int_eq(recover(), 0);
	ck_assert(!leased());
	ck_assert(_i || mac_equal(&fake->vfs[0].mac, &fake->doms[1].mac));
	fake_end(&x);
}
END_TEST

START_TEST(a_lease_that_cannot_be_read)
{
	json_t *record = json_pack("{s:s}", "pf", "eth0");

	start(FAKE_STOCK, PATH_PV);
	fake->doms[0].id = 0;
	ck_assert_int_eq(journal_write(&x, fake_uuid(0), "vf", record), 0);
	json_decref(record);
	ck_assert_int_eq(recover(), 0);
	ck_assert(!leased());
	fake_end(&x);
}
END_TEST

START_TEST(a_guest_that_rebooted)
{
	interrupted();
	fake_reboot(0);
	ck_assert_int_eq(recover(), 0);
	ck_assert_str_eq(flaw(PATH_PV), good);
	ck_assert(!recorded());
	fake_end(&x);
}
END_TEST

START_TEST(a_record_that_is_none)
{
	char path[160];
	FILE *f;

	fake_start(&x, FAKE_STOCK);
	ck_assert_int_eq(run(PATH_VF), 0);
	snprintf(path, sizeof(path), "%s/journal/%s.switch", fake->state, fake_uuid(0));
	f = fopen(path, "w");
	fputs("{\"uuid\": ", f);
	fclose(f);
	/* Moved aside, and no obstacle. */
	ck_assert_int_eq(run(PATH_PV), 0);
	f = fopen(path, "w");
	fputs("{\"uuid\": \"1\"}", f);
	fclose(f);
	ck_assert_int_eq(run(PATH_VF), -EINVAL);
	fake_end(&x);
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	char switch_[] = "net-switch", dom[] = "g1", vf[] = "vf", dry[] = "--dry-run";
	char *argv[] = { switch_, dom, vf, dry, NULL };

	fake_start(&x, FAKE_STOCK);
	ck_assert_int_eq(command_run(&x, 4, argv), EXIT_OK);
	ck_assert_int_eq(fake->calls, 0);
	ck_assert(!recorded());
	fake_end(&x);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("xlnet switch");
	TCase *t = tcase_create("switch");

	tcase_add_loop_test(t, switches, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(t, each_call_fails_once, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(t, killed_at_each_call, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(t, killed_again_while_recovering, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(t, a_guest_that_does_not_answer_stays_where_it_is, 0,
			    (int)ARRAY_SIZE(cases));
	tcase_add_test(t, where_a_silent_guest_was_does_not_count);
	tcase_add_test(t, an_echo_of_the_vif_does_not_count);
	tcase_add_test(t, an_announcement_right_after_the_last_frame);
	tcase_add_test(t, no_vf_is_left);
	tcase_add_test(t, a_pf_takes_what_guests_on_vifs_get);
	tcase_add_loop_test(t, a_hybrid_guest, 0, 2);
	tcase_add_loop_test(t, a_host_whose_address_is_not_the_pf_s, 0, 2);
	tcase_add_test(t, what_a_pf_took_before_is_not_ours);
	tcase_add_test(t, a_pf_that_takes_no_macs);
	tcase_add_test(t, a_mac_that_another_vf_has);
	tcase_add_test(t, a_guest_that_cannot_have_a_vf);
	tcase_add_test(t, a_vif_that_could_not_take_over);
	tcase_add_test(t, a_nic_without_link_state_or_zero_mac);
	tcase_add_test(t, operations_on_one_guest_exclude_each_other);
	tcase_add_test(t, a_guest_that_is_gone);
	tcase_add_test(t, a_mac_that_a_destroyed_guest_left);
	tcase_add_test(t, a_guest_destroyed_on_its_vf);
	tcase_add_test(t, a_lease_lasts_as_long_as_the_vf);
	tcase_add_loop_test(t, a_lease_of_a_guest_that_is_gone, 0, 2);
	tcase_add_test(t, a_lease_that_cannot_be_read);
	tcase_add_test(t, a_guest_that_rebooted);
	tcase_add_test(t, a_record_that_is_none);
	tcase_add_test(t, a_dry_run_changes_nothing);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return runner_run(suite());
}
