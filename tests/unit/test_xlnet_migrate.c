/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net-migrate, with a fake "xl migrate" and a fake other host: the guest keeps the best path it
 * had.
 */
#include "tests/unit/fake_xen.h"
#include "xl-plugins/command.h"
#include "xl-plugins/host.h"
#include "xl-plugins/journal.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct xlnet x;

/* One command line; its exit status. */
static int run(const char *line)
{
	char text[160], *argv[16], *rest;
	int argc = 0;

	text_copy(text, sizeof(text), line);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	return command_run(&x, argc, argv);
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

/* "g1" on a VF, about to go to host b. */
static void start(void)
{
	fake_start(&x, FAKE_NG);
	ck_assert_int_eq(run("net-switch g1 vf"), EXIT_OK);
	ck_assert(has_vf());
	fake->xl_leaves = true;
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

static const char *const bad_targets[] = {
	"",
	"{\"iommu\": false, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"master\": \"xenbr0\"}]}",
	"{\"iommu\": true, \"bridges\": [\"other\"], \"free_vfs\": [{\"master\": \"xenbr0\"}]}",
	"{\"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": []}",
	"{\"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"master\": \"other\"}]}",
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

static void run_killed(const char *line)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run(line));
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status));
}

START_TEST(killed_while_xl_runs)
{
	start();
	fake->xl_kills = true;
	fake->xl_leaves = _i;
	run_killed("net-migrate g1 b");
	ck_assert(recorded("migrate"));
	ck_assert_int_eq(run("net-recover"), EXIT_OK);
	ck_assert(_i ? fake->there_calls == 1 : has_vf());
	ck_assert(!recorded("migrate"));
	end();
}
END_TEST

/* Before xl ran, the guest comes back to its VF; nothing is left. */
START_TEST(killed_at_each_call)
{
	for (int k = 1; k < 30; k++) {
		start();
		fake->xl_leaves = false;
		fake->xl_status = 1;
		fake->calls = 0;
		fake->kill_before = _i ? k : 0;
		fake->kill_after = _i ? 0 : k;
		if (fork() == 0)
			_exit(run("net-migrate g1 b"));
		wait(NULL);
		fake->kill_before = fake->kill_after = 0;
		ck_assert_int_eq(run("net-recover"), EXIT_OK);
		ck_assert_msg(has_vf(), "killed at %d", k);
		ck_assert(!recorded("migrate"));
		end();
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

	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_guest_moves_with_its_vf);
	tcase_add_test(t, to_stay_on_its_vif);
	tcase_add_test(t, a_guest_without_a_vf);
	tcase_add_loop_test(t, a_target_that_is_not_ready, 0, (int)ARRAY_SIZE(bad_targets));
	tcase_add_test(t, a_host_that_cannot_migrate);
	tcase_add_test(t, xl_fails_and_the_guest_is_here);
	tcase_add_test(t, a_guest_that_does_not_leave_its_vf);
	tcase_add_test(t, no_vf_on_the_other_side_after_all);
	tcase_add_loop_test(t, killed_while_xl_runs, 0, 2);
	tcase_add_loop_test(t, killed_at_each_call, 0, 2);
	tcase_add_test(t, a_dry_run_only_asks);
	tcase_add_loop_test(t, wrong_usage, 0, (int)ARRAY_SIZE(wrong_lines));
	tcase_add_loop_test(t, listings_work, 0, (int)ARRAY_SIZE(listings));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
