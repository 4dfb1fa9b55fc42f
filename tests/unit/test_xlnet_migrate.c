/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net-migrate, with a fake "xl migrate" and a fake other host: the guest keeps the best path it
 * had.
 */
#include "tests/unit/fake_part.h"
#include "tests/unit/runner.h"
#include "xl-plugins/command.h"
#include "xl-plugins/host.h"
#include "xl-plugins/journal.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS_MAX 60

static struct xlnet x;

static int run(const char *line)
{
	return fake_run(&x, line);
}

static bool recorded(const char *kind)
{
	char uuid[UUID_LEN];
	json_t *record;

	text_copy(uuid, sizeof(uuid), "01010101-0101-0101-0101-010101010101");
	record = journal_read(&x, uuid, kind);
	json_decref(record);
	return record;
}

static bool has_vf(void)
{
	return fake->vfs[0].owner == 1 && mac_equal(&fake->vfs[0].mac, &fake->doms[0].mac) &&
	       !strcmp(fake->fdb, "eth0");
}

/* "g1" on a VF, with lent weight, about to go to host b. */
static void start(void)
{
	fake_start(&x, FAKE_NG);
	fake->credit_runs = true;
	ck_assert_int_eq(run("net-switch g1 vf"), EXIT_OK);
	ck_assert(has_vf());
	fake->xl_leaves = true;
}

static void run_killed(const char *line)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run(line));
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status));
}

static void end(void)
{
	ck_assert(!recorded("switch"));
	fake_end(&x);
}

START_TEST(a_guest_moves_with_its_vf)
{
	start();
	ck_assert_int_eq(run("net-migrate g1 b -- --live"), EXIT_OK);
	ck_assert_int_eq(fake->xl_calls, 1);
	ck_assert_ptr_nonnull(strstr(fake->asked, "net-switch 01010101-0101-0101-0101-010101010101 "
						  "0 vf"));
	ck_assert_int_eq(fake->vfs[0].owner, 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	ck_assert(!recorded("migrate"));
	ck_assert_uint_eq(fake->xl_weight, FAKE_WEIGHT);
	end();
}
END_TEST

/* g2 on another VF makes the PF take g1's MAC when that comes to its vif, but not when it has left. */
START_TEST(a_pf_does_not_keep_the_mac_of_who_left)
{
	start();
	fake->vfs[1].owner = 2;
	fake->vfs[1].mac = fake->doms[1].mac;
	ck_assert_int_eq(run("net-switch g1 pv"), EXIT_OK);
	ck_assert(fake->filter[0]);
	ck_assert_int_eq(run("net-switch g1 vf"), EXIT_OK);
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_OK);
	ck_assert_int_eq(fake->xl_calls, 1);
	ck_assert(!fake->filter[0]);
	end();
}
END_TEST

static char *run_and_read(const char *line)
{
	size_t size = 0;
	char *text = NULL;
	FILE *old = stdout, *f = open_memstream(&text, &size);

	stdout = f;
	ck_assert_int_eq(run(line), EXIT_OK);
	stdout = old;
	fclose(f);
	return text;
}

/* By the operator's word, the guest's, or this host's own table. */
START_TEST(what_it_loses_is_counted)
{
	static const char *const lines[] = { "net-migrate g1 b --probe 192.0.2.9", "net-migrate g1 b",
					     "net-migrate g1 b" };
	static const uint8_t last[] = { 9, 8, 7 };
	char *text;

	start();
	fake->neighbour = htonl(0xc0000207);
	if (_i == 1)
		fake_node_set("/local/domain/1/attr/vif/0/ipv4/0", "192.0.2.8");
	text = run_and_read(lines[_i]);
	ck_assert_ptr_nonnull(strstr(text, "PROBES     LOST"));
	ck_assert_uint_eq(ntohl(fake->probed), 0xc0000200u + last[_i]);
	ck_assert_int_eq(fake->probe_phase, 2);
	ck_assert_int_eq(fake->probe_waits, 1);
	free(text);
	end();
}
END_TEST

START_TEST(losses_as_json)
{
	json_t *all, *phase;
	char *text;

	start();
	fake->neighbour = htonl(0xc0000207);
	x.json = true;
	text = run_and_read("net-migrate g1 b");
	x.json = false;
	all = json_loads(text, 0, NULL);
	phase = json_object_get(all, "to_vf");
	ck_assert_int_eq(json_integer_value(json_object_get(phase, "lost")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(phase, "gap_ms")), 40);
	json_decref(all);
	free(text);
	end();
}
END_TEST

/* No address, one that is none, or no right to ask. */
START_TEST(what_it_loses_is_not_known)
{
	char *text;

	start();
	fake_node_set("/local/domain/1/attr/vif/0/ipv4/0", "fe80::1");
	fake->probe_fails = _i;
	fake->neighbour = _i ? htonl(0xc0000207) : 0;
	text = run_and_read("net-migrate g1 b");
	ck_assert_ptr_nonnull(strstr(text, "xl migrate"));
	ck_assert_ptr_null(strstr(text, "LOST"));
	ck_assert_int_eq(fake->xl_calls, 1);
	free(text);
	end();
}
END_TEST

START_TEST(no_address_at_all)
{
	start();
	ck_assert_int_eq(run("net-migrate g1 b --probe here"), EXIT_PROBLEM);
	ck_assert_int_eq(fake->xl_calls, 0);
	ck_assert(has_vf());
	end();
}
END_TEST

START_TEST(to_stay_on_its_vif)
{
	start();
	ck_assert_int_eq(run("net-migrate g1 b --keep-pv"), EXIT_OK);
	ck_assert_int_eq(fake->there_calls, 0);
	end();
}
END_TEST

START_TEST(a_guest_without_a_vf)
{
	fake_start(&x, FAKE_STOCK);
	fake->xl_leaves = true;
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_OK);
	ck_assert_int_eq(fake->xl_calls, 1);
	ck_assert_int_eq(fake->there_calls, 0);
	end();
}
END_TEST

/* A target that dies is noticed, unless the operator has his own ssh. */
START_TEST(ssh_is_told_to_give_up)
{
	start();
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(fake->xl_ssh, "ssh -o "));
	ck_assert_ptr_nonnull(strstr(fake->xl_ssh, "ServerAliveCountMax="));
	end();
	start();
	ck_assert_int_eq(run("net-migrate g1 b -s my-ssh"), EXIT_OK);
	ck_assert_str_eq(fake->xl_ssh, "my-ssh");
	end();
}
END_TEST

static const char *const bad_targets[] = {
	"",
	"{\"iommu\": false, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"bridges\": [\"xenbr0\"]}]}",
	"{\"iommu\": true, \"bridges\": [\"other\"], \"free_vfs\": [{\"bridges\": [\"xenbr0\"]}]}",
	"{\"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": []}",
	"{\"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"bridges\": [\"other\"]}]}",
	"{\"incoming\": [\"g1--incoming\"], \"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"bridges\": [\"xenbr0\"]}]}",
	"{\"xen\": \"4.19\", \"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"bridges\": [\"xenbr0\"]}]}",
};

START_TEST(a_target_that_is_not_ready)
{
	start();
	strcpy(fake->there, bad_targets[_i]);
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_PROBLEM);
	ck_assert_int_eq(fake->xl_calls, 0);
	ck_assert(has_vf());
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

START_TEST(a_host_that_cannot_migrate)
{
	start();
	fake->no_shadow = true;
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_PROBLEM);
	ck_assert(has_vf());
	end();
}
END_TEST

START_TEST(xl_fails_and_the_guest_is_here)
{
	start();
	fake->xl_leaves = false;
	fake->xl_status = 1;
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_PROBLEM);
	ck_assert(has_vf());
	ck_assert(!recorded("migrate"));
	ck_assert_uint_eq(fake->xl_weight, FAKE_WEIGHT);
	ck_assert(!fake->held);
	end();
}
END_TEST

START_TEST(without_credit_adjustd)
{
	start();
	fake->credit_runs = false;
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_OK);
	ck_assert_int_eq(fake->xl_calls, 1);
	ck_assert_int_eq(fake->credit_calls, 0);
	end();
}
END_TEST

/* Nothing of its is in force. */
START_TEST(credit_adjustd_does_not_know_the_guest)
{
	start();
	fake->credit_knows_none = true;
	fake->xl_leaves = !_i;
	fake->xl_status = _i;
	ck_assert_int_eq(run("net-migrate g1 b"), _i ? EXIT_PROBLEM : EXIT_OK);
	ck_assert_int_eq(fake->xl_calls, 1);
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

START_TEST(credit_adjustd_refuses)
{
	start();
	fake->credit_refuses = true;
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_PROBLEM);
	ck_assert_int_eq(fake->xl_calls, 0);
	ck_assert(has_vf());
	/* It may have done it all the same. */
	ck_assert(recorded("migrate"));
	fake->credit_refuses = false;
	ck_assert_int_eq(run("net-recover g1"), EXIT_OK);
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

/* A record of the time before there was a release. */
START_TEST(an_older_record)
{
	json_t *record;
	char uuid[UUID_LEN];

	start();
	fake->xl_kills = true;
	fake->xl_leaves = false;
	run_killed("net-migrate g1 b");
	text_copy(uuid, sizeof(uuid), fake_uuid(0));
	record = journal_read(&x, uuid, "migrate");
	ck_assert_int_eq(json_object_del(record, "released"), 0);
	ck_assert_int_eq(journal_write(&x, uuid, "migrate", record), 0);
	json_decref(record);
	ck_assert_int_eq(run("net-recover"), EXIT_OK);
	ck_assert(has_vf());
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

START_TEST(a_guest_that_does_not_leave_its_vf)
{
	start();
	fake->doms[0].mute = true;
	ck_assert_int_eq(run("net-migrate g1 b --timeout 1"), EXIT_PROBLEM);
	ck_assert_int_eq(fake->xl_calls, 0);
	ck_assert(has_vf());
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

START_TEST(no_vf_on_the_other_side_after_all)
{
	start();
	fake->there_status = 1;
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_PROBLEM);
	ck_assert(recorded("migrate"));
	fake->there_status = 0;
	ck_assert_int_eq(run("net-recover"), EXIT_OK);
	ck_assert_int_eq(fake->there_calls, 2);
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

START_TEST(killed_while_xl_runs)
{
	start();
	fake->xl_kills = true;
	fake->xl_leaves = _i;
	run_killed("net-migrate g1 b");
	ck_assert(recorded("migrate"));
	ck_assert_int_eq(run("net-recover"), EXIT_OK);
	ck_assert(_i ? fake->there_calls == 1 : has_vf());
	ck_assert(_i || !fake->held);
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

static void faults_clear(void)
{
	fake->calls = fake->fail_at = fake->kill_before = fake->kill_after = 0;
}

/* A guest that is still here is on its VF and adjusted; xl never saw a weight that is not its own. */
static void check_whole(const char *what, int call)
{
	bool here = fake->doms[0].id;

	ck_assert_msg(!here || has_vf(), "%s %d: it lost its VF", what, call);
	ck_assert_msg(!here || !fake->held, "%s %d: it is no longer adjusted", what, call);
	ck_assert_msg(!fake->xl_calls || fake->xl_weight == FAKE_WEIGHT, "%s %d: it left with weight %u", what,
		      call, fake->xl_weight);
	ck_assert_msg(!recorded("migrate"), "%s %d: a record is left", what, call);
	end();
}

static void xl_will(bool leave)
{
	start();
	fake->xl_leaves = leave;
	fake->xl_status = !leave;
	faults_clear();
}

START_TEST(each_call_fails_once)
{
	int k, calls = CALLS_MAX;

	for (k = 1; k <= calls; k++) {
		xl_will(_i);
		fake->fail_at = k;
		run("net-migrate g1 b");
		/* The first that came to its end without that call knows how many there are. */
		if (fake->calls < k)
			calls = k;
		faults_clear();
		ck_assert_int_eq(run("net-recover"), EXIT_OK);
		check_whole("failed", k);
	}
	ck_assert_int_gt(k, 8);
	ck_assert_int_le(k, CALLS_MAX);
}
END_TEST

START_TEST(destroyed_at_each_call)
{
	int k, calls = CALLS_MAX;

	for (k = 1; k <= calls; k++) {
		xl_will(true);
		fake->gone_at = k;
		run("net-migrate g1 b --timeout 1");
		if (fake->calls < k)
			calls = k;
		fake->gone_at = 0;
		ck_assert_int_eq(run("net-recover"), EXIT_OK);
		ck_assert_int_eq(fake->there_calls, fake->xl_calls);
		check_whole("destroyed", k);
	}
}
END_TEST

static void kill_and_recover(bool leave, int before, int after)
{
	xl_will(leave);
	fake->kill_before = before;
	fake->kill_after = after;
	if (fork() == 0)
		_exit(run("net-migrate g1 b"));
	wait(NULL);
	faults_clear();
	ck_assert_int_eq(run("net-recover"), EXIT_OK);
	check_whole("killed", before + after);
}

START_TEST(killed_at_each_call)
{
	for (int k = 1; k < CALLS_MAX; k++) {
		kill_and_recover(_i, k, 0);
		kill_and_recover(_i, 0, k);
	}
}
END_TEST

START_TEST(a_dry_run_only_asks)
{
	start();
	fake->calls = 0;
	ck_assert_int_eq(run("net-migrate g1 b --dry-run"), EXIT_OK);
	ck_assert_int_eq(fake->calls, 0);
	ck_assert_int_eq(fake->xl_calls, 0);
	end();
}
END_TEST

static const char *const wrong_lines[] = {
	"net-migrate",	 "net-migrate g1",	 "net-migrate g1 b --what", "net-migrate g1 b c",
	"net-switch g1", "net-switch g1 0 0 vf", "net-switch g1 xx",	    "net-nothing",
	"net-list g1",	 "net-top -s what",	 "net-auto --interval 0",   "net-check 1",
	"net-vf-list 1", "net-status a b",	 "net-recover a b"
};

START_TEST(wrong_usage)
{
	fake_start(&x, FAKE_STOCK);
	ck_assert_int_eq(run(wrong_lines[_i]), EXIT_USAGE);
	fake_end(&x);
}
END_TEST

static const char *const listings[] = { "net-list",
					"net-list -j",
					"net-vf-list",
					"net-vf-list -j",
					"net-status g1",
					"net-status -j",
					"net-top -n 1 -d 0.01",
					"net-top -n 1 -d 0.01 -s name -j",
					"net-check",
					"net-check -j",
					"net-recover --dry-run",
					"net-auto --once --dry-run --interval 1 --stock" };

START_TEST(listings_work)
{
	start();
	ck_assert_int_eq(run(listings[_i]), EXIT_OK);
	end();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("xlnet migrate");
	TCase *t = tcase_create("migrate");

	tcase_add_test(t, a_guest_moves_with_its_vf);
	tcase_add_test(t, a_pf_does_not_keep_the_mac_of_who_left);
	tcase_add_loop_test(t, what_it_loses_is_counted, 0, 3);
	tcase_add_test(t, losses_as_json);
	tcase_add_loop_test(t, what_it_loses_is_not_known, 0, 2);
	tcase_add_test(t, no_address_at_all);
	tcase_add_test(t, to_stay_on_its_vif);
	tcase_add_test(t, a_guest_without_a_vf);
	tcase_add_test(t, ssh_is_told_to_give_up);
	tcase_add_loop_test(t, a_target_that_is_not_ready, 0, COUNT(bad_targets));
	tcase_add_test(t, a_host_that_cannot_migrate);
	tcase_add_test(t, xl_fails_and_the_guest_is_here);
	tcase_add_test(t, without_credit_adjustd);
	tcase_add_loop_test(t, credit_adjustd_does_not_know_the_guest, 0, 2);
	tcase_add_test(t, credit_adjustd_refuses);
	tcase_add_test(t, an_older_record);
	tcase_add_test(t, a_guest_that_does_not_leave_its_vf);
	tcase_add_test(t, no_vf_on_the_other_side_after_all);
	tcase_add_loop_test(t, killed_while_xl_runs, 0, 2);
	tcase_add_loop_test(t, each_call_fails_once, 0, 2);
	tcase_add_test(t, destroyed_at_each_call);
	tcase_add_loop_test(t, killed_at_each_call, 0, 2);
	tcase_add_test(t, a_dry_run_only_asks);
	tcase_add_loop_test(t, wrong_usage, 0, COUNT(wrong_lines));
	tcase_add_loop_test(t, listings_work, 0, COUNT(listings));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return runner_run(suite());
}
