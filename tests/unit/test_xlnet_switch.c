/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A switch, in a world where everything can fail or be killed at every call. Whatever happens, the
 * guest ends on its vif or on its VF, whole, and nothing of the operation is left.
 */
#include "tests/unit/switch_rig.h"
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

static int recover_any(enum path target)
{
	return rig_recover();
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
	rig_start_on(cases[i].ovs, cases[i].kind, cases[i].target);
}

START_TEST(switches)
{
	start_case(_i);
	ck_assert_int_eq(rig_run(cases[_i].target), 0);
	ck_assert_str_eq(rig_flaw(cases[_i].target), rig_good);
	ck_assert(!rig_recorded());
	ck_assert_int_eq(rig_run(cases[_i].target), SWITCH_THERE);
	fake_end(&rig_x);
}
END_TEST

START_TEST(each_call_fails_once)
{
	int k, rc, calls, failed = 0;

	for (k = 1; k < RIG_CALLS_MAX; k++) {
		start_case(_i);
		fake->fail_at = k;
		rc = rig_run(cases[_i].target);
		if (rc && rig_recorded()) {
			/* Past the point of no return: the cause is gone now. */
			failed++;
			rig_faults_clear();
			ck_assert_int_eq(rig_recover(), 0);
			ck_assert_str_eq(rig_flaw(cases[_i].target), rig_good);
		} else if (rc) {
			failed++;
			ck_assert_msg(rig_flaw(other(cases[_i].target)) == rig_good, "call %d: %s", k,
				      rig_flaw(other(cases[_i].target)));
		}
		ck_assert(!rig_recorded());
		calls = fake->calls;
		rig_faults_clear();
		ck_assert_int_eq(rig_recover(), 0);
		ck_assert_str_eq(rig_filter_flaw(), rig_good);
		fake_end(&rig_x);
		if (!rc && calls < k)
			break;
	}
	ck_assert_int_lt(k, RIG_CALLS_MAX);
	ck_assert_int_gt(failed, 1);
}
END_TEST

static void kill_and_recover(int i, int before, int after)
{
	start_case(i);
	fake->kill_before = before;
	fake->kill_after = after;
	if (rig_killed(rig_run, cases[i].target)) {
		rig_faults_clear();
		ck_assert_int_eq(rig_recover(), 0);
	}
	ck_assert_msg(rig_flaw(PATH_PV) == rig_good || rig_flaw(PATH_VF) == rig_good, "killed at %d/%d: %s; %s",
		      before, after, rig_flaw(PATH_PV), rig_flaw(PATH_VF));
	ck_assert(!rig_recorded());
	fake_end(&rig_x);
}

START_TEST(killed_at_each_call)
{
	for (int k = 1; k < RIG_CALLS_MAX / 2; k++) {
		kill_and_recover(_i, k, 0);
		kill_and_recover(_i, 0, k);
	}
}
END_TEST

START_TEST(killed_again_while_recovering)
{
	for (int k = 1; k < RIG_CALLS_MAX / 3; k++) {
		for (int again = 1; again < RIG_CALLS_MAX / 3; again += 5) {
			start_case(_i);
			fake->kill_after = k;
			rig_killed(rig_run, cases[_i].target);
			rig_faults_clear();
			fake->kill_before = again;
			rig_killed(recover_any, cases[_i].target);
			rig_faults_clear();
			ck_assert_int_eq(rig_recover(), 0);
			ck_assert_msg(rig_flaw(PATH_PV) == rig_good || rig_flaw(PATH_VF) == rig_good,
				      "killed at %d, again at %d: %s; %s", k, again, rig_flaw(PATH_PV),
				      rig_flaw(PATH_VF));
			ck_assert(!rig_recorded());
			fake_end(&rig_x);
		}
	}
}
END_TEST

START_TEST(a_guest_that_does_not_answer_stays_where_it_is)
{
	start_case(_i);
	fake->doms[0].mute = true;
	ck_assert_int_lt(rig_run(cases[_i].target), 0);
	if (rig_recorded()) {
		/*
		 * It does not let go of the VF either; once it does, it is on its vif, whichever
		 * way this began.
		 */
		fake->doms[0].mute = false;
		ck_assert_int_eq(rig_recover(), 0);
		ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	} else {
		ck_assert_str_eq(rig_flaw(other(cases[_i].target)), rig_good);
	}
	fake_end(&rig_x);
}
END_TEST

/* The bridge learnt it at the NIC when the guest ran on another host. */
START_TEST(where_a_silent_guest_was_does_not_count)
{
	rig_start(FAKE_STOCK, PATH_VF);
	fake->doms[0].mute = true;
	strcpy(fake->fdb, "eth0");
	ck_assert_int_eq(rig_run(PATH_VF), -ETIMEDOUT);
	fake_end(&rig_x);
}
END_TEST

START_TEST(an_echo_of_the_vif_does_not_count)
{
	rig_start(FAKE_STOCK, PATH_VF);
	fake->echoes = INT_MAX;
	ck_assert_int_eq(rig_run(PATH_VF), -ETIMEDOUT);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	fake_end(&rig_x);
}
END_TEST

/* All that is seen of a bond whose peers are beyond the NIC. */
START_TEST(an_announcement_right_after_the_last_frame)
{
	rig_start(FAKE_STOCK, PATH_VF);
	fake->echoes = 20;
	fake->then_silent = true;
	rig_patience = 5;
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	fake_end(&rig_x);
}
END_TEST

START_TEST(no_vf_is_left)
{
	fake_start(&rig_x, FAKE_STOCK);
	fake->vfs[0].owner = 2;
	fake->vfs[1].owner = 2;
	ck_assert_int_eq(rig_run(PATH_VF), -EBUSY);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	fake_end(&rig_x);
}
END_TEST

/* g2 comes to its vif and goes to a VF, and its PF is reset, while g1 is on its own. */
START_TEST(a_pf_takes_what_guests_on_vifs_get)
{
	rig_start(FAKE_STOCK, PATH_PV);
	ck_assert(fake->filter[1]);
	fake->filter[1] = false;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(fake->filter[1]);
	fake->doms[1].id = 0;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(!fake->filter[1]);
	fake->doms[1].id = 2;
	fake->vfs[1].owner = 2;
	fake->vfs[1].mac = fake->doms[1].mac;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(!fake->filter[0] && !fake->filter[1]);
	/* g1 is back on its vif, and g2 goes on to reach it. */
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	ck_assert(fake->filter[0]);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	fake_end(&rig_x);
}
END_TEST

/* The bridge goes on sending to its vif, until it has no VF any more. */
START_TEST(a_hybrid_guest)
{
	rig_start_on(_i, FAKE_NG, PATH_VF);
	fake_node_set("/local/domain/1/device/vif/0/feature-datapath-hybrid", "1");
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert(rig_has_vf(1));
	ck_assert_str_eq(fake->fdb, "vif1.0");
	ck_assert(fake->fdb_sticks);
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	ck_assert(!fake->fdb_sticks);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	fake_end(&rig_x);
}
END_TEST

/* Else the host would hear nothing of a guest on its VF. */
START_TEST(a_host_whose_address_is_not_the_pf_s)
{
	rig_start_on(_i, FAKE_STOCK, PATH_VF);
	fake_host_mac();
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(!fake->host_filter);
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert(fake->host_filter);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	ck_assert(!fake->host_filter);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	fake_end(&rig_x);
}
END_TEST

/* An administrator's entry is neither recorded nor taken away. */
START_TEST(what_a_pf_took_before_is_not_ours)
{
	fake_start(&rig_x, FAKE_STOCK);
	fake->filter[0] = fake->filter[1] = true;
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert(fake->filter[0] && fake->filter[1]);
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	ck_assert(fake->filter[0] && fake->filter[1]);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_pf_that_takes_no_macs)
{
	fake_start(&rig_x, FAKE_STOCK);
	fake->no_filters = true;
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	/* Said once, when the need arose. */
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(!fake->filter[1]);
	fake->no_filters = false;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(fake->filter[1]);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_mac_that_another_vf_has)
{
	fake_start(&rig_x, FAKE_STOCK);
	fake->vfs[1].owner = 2;
	fake->vfs[1].mac = fake->doms[0].mac;
	ck_assert_int_eq(rig_run(PATH_VF), -EADDRINUSE);
	/* Left behind on two free VFs: one is taken, the other must not stay so. */
	fake->vfs[1].owner = 0;
	fake->vfs[0].mac = fake->doms[0].mac;
	ck_assert_int_eq(rig_run(PATH_VF), -EADDRINUSE);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_guest_that_cannot_have_a_vf)
{
	fake_start(&rig_x, FAKE_STOCK);
	fake->doms[0].passthrough = false;
	ck_assert_int_eq(rig_run(PATH_VF), -EOPNOTSUPP);
	fake->doms[0].passthrough = true;
	fake->doms[0].type = LIBXL_DOMAIN_TYPE_PVH;
	ck_assert_int_eq(rig_run(PATH_VF), -EOPNOTSUPP);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_vif_that_could_not_take_over)
{
	rig_start(FAKE_STOCK, PATH_PV);
	fake->doms[0].nic_state = 1;
	ck_assert_int_eq(rig_run(PATH_PV), -ENOTCONN);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_nic_without_link_state_or_zero_mac)
{
	rig_start(FAKE_STOCK, PATH_PV);
	fake->no_link_state = true;
	fake->no_zero_mac = true;
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	fake_end(&rig_x);
}
END_TEST

START_TEST(operations_on_one_guest_exclude_each_other)
{
	int fd, to_parent[2], to_child[2];
	json_t *record;
	char c = 0;
	pid_t pid;

	fake_start(&rig_x, FAKE_STOCK);
	ck_assert(!pipe(to_parent) && !pipe(to_child));
	pid = fork();
	if (!pid) {
		journal_lock(&rig_x, fake_uuid(0), &fd);
		_exit(write(to_parent[1], &c, 1) != 1 || read(to_child[0], &c, 1) != 1);
	}
	ck_assert_int_eq(read(to_parent[0], &c, 1), 1);
	ck_assert_int_eq(rig_run(PATH_VF), -EBUSY);
	/* Its record is no interrupted operation's. */
	record = json_pack("{s:s}", "pf", "eth0");
	ck_assert_int_eq(journal_write(&rig_x, fake_uuid(0), "switch", record), 0);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(rig_recorded());
	ck_assert_int_eq(journal_remove(&rig_x, fake_uuid(0), "switch"), 0);
	json_decref(record);
	ck_assert_int_eq(write(to_child[1], &c, 1), 1);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_record_that_is_none)
{
	char path[160];
	FILE *f;

	fake_start(&rig_x, FAKE_STOCK);
	ck_assert_int_eq(rig_run(PATH_VF), 0);
	snprintf(path, sizeof(path), "%s/journal/%s.switch", fake->state, fake_uuid(0));
	f = fopen(path, "w");
	fputs("{\"uuid\": ", f);
	fclose(f);
	/* Moved aside, and no obstacle. */
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	f = fopen(path, "w");
	fputs("{\"uuid\": \"1\"}", f);
	fclose(f);
	ck_assert_int_eq(rig_run(PATH_VF), -EINVAL);
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_dry_run_changes_nothing)
{
	char switch_[] = "net-switch", dom[] = "g1", vf[] = "vf", dry[] = "--dry-run";
	char *argv[] = { switch_, dom, vf, dry, NULL };

	fake_start(&rig_x, FAKE_STOCK);
	ck_assert_int_eq(command_run(&rig_x, 4, argv), EXIT_OK);
	ck_assert_int_eq(fake->calls, 0);
	ck_assert(!rig_recorded());
	fake_end(&rig_x);
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
	tcase_add_test(t, a_record_that_is_none);
	tcase_add_test(t, a_dry_run_changes_nothing);
	add_gone_tests(t);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return runner_run(suite());
}
