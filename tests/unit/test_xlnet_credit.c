/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-status and credit-set, with a fake credit-adjustd; what they print. */
#include "tests/unit/fake_xen.h"
#include "tests/unit/runner.h"
#include "xl-plugins/command.h"

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct xlnet x;
static char printed[4096];

/* One command line; its exit status, and in printed what went to stdout and stderr. */
static int run(const char *line)
{
	char name[] = "/tmp/xlnet-credit-XXXXXX";
	int status, out = dup(1), err = dup(2), fd = mkstemp(name);
	ssize_t n;

	fflush(stdout);
	dup2(fd, 1);
	dup2(fd, 2);
	x.json = x.dry_run = false;
	status = fake_run(&x, line);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	n = pread(fd, printed, sizeof(printed) - 1, 0);
	printed[n > 0 ? n : 0] = '\0';
	unlink(name);
	close(out);
	close(err);
	close(fd);
	return status;
}

static void setup(void)
{
	fake_start(&x, FAKE_STOCK);
	fake->credit_runs = true;
}

static void teardown(void)
{
	ck_assert_ptr_null(x.host); /* Xen was not needed */
	fake_end(&x);
}

static const struct {
	const char *line, *says, *not;
} good[] = {
	{ "credit-status", "Domain-0", "error" },
	{ "credit-status", "307", "error" },
	{ "credit-status", "g1", "error" },
	{ "credit-status g1", "g1", "Domain-0" },
	{ "credit-status 1", "g1", "Domain-0" },
	{ "credit-status 01010101-0101-0101-0101-010101010101", "g1", "Domain-0" },
	{ "credit-status -j 0", "\"demand\": 900", "g1" },
	{ "credit-set 1 never", "g1: never", "error" },
	{ "credit-set 1 floor 200", "g1: adjust", "error" },
	{ "credit-set 1 share 0.1 -j", "\"never\": false", "error" },
};

START_TEST(asks_and_prints)
{
	ck_assert_int_eq(run(good[_i].line), EXIT_OK);
	ck_assert_msg(strstr(printed, good[_i].says) && !strstr(printed, good[_i].not), "%s", printed);
}
END_TEST

START_TEST(a_dry_run_is_the_daemons)
{
	ck_assert_int_eq(run("credit-set 1 never --dry-run"), EXIT_OK);
	ck_assert(fake->asked_dry);
	ck_assert_int_eq(run("credit-set 1 never"), EXIT_OK);
	ck_assert(!fake->asked_dry);
}
END_TEST

static const char *const lines[] = { "credit-status g1", "credit-set 1 never" };

START_TEST(no_daemon)
{
	fake->credit_runs = false;
	ck_assert_int_eq(run(lines[_i]), EXIT_PROBLEM);
	ck_assert_msg(strstr(printed, "credit-adjustd does not run") &&
			      strstr(printed, "systemctl start credit-adjustd"),
		      "%s", printed);
}
END_TEST

START_TEST(a_daemon_that_hangs_or_refuses)
{
	fake->fail_at = 1;
	ck_assert_int_eq(run(lines[_i]), EXIT_PROBLEM);
	ck_assert_ptr_nonnull(strstr(printed, "it hangs"));
	fake->credit_refuses = true;
	ck_assert_int_eq(run(lines[_i]), EXIT_PROBLEM);
	ck_assert_str_eq(printed, "xl-net: not today\n");
}
END_TEST

START_TEST(no_such_domain)
{
	ck_assert_int_eq(run("credit-status nobody"), EXIT_PROBLEM);
	ck_assert_ptr_nonnull(strstr(printed, "nobody"));
	ck_assert_int_eq(run("credit-set 7 never"), EXIT_PROBLEM);
}
END_TEST

static const char *const wrong[] = {
	"credit-status a b", "credit-set",	     "credit-set 1",	 "credit-set 1 floor",
	"credit-set 1 what", "credit-set 1 floor x", "credit-set 1 never 2", "status-credit",
	"credit",	     "net-credit-status",
};

START_TEST(wrong_usage)
{
	ck_assert_int_eq(run(wrong[_i]), EXIT_USAGE);
	ck_assert_int_eq(fake->credit_calls, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlnet credit");
	TCase *c = tcase_create("credit");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, asks_and_prints, 0, COUNT(good));
	tcase_add_test(c, a_dry_run_is_the_daemons);
	tcase_add_loop_test(c, no_daemon, 0, COUNT(lines));
	tcase_add_loop_test(c, a_daemon_that_hangs_or_refuses, 0, COUNT(lines));
	tcase_add_test(c, no_such_domain);
	tcase_add_loop_test(c, wrong_usage, 0, COUNT(wrong));
	suite_add_tcase(s, c);
	return runner_run(s);
}
