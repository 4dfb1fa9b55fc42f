/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every daemon has: its command line, its lock, and its loop as systemd sees it. */
#include <check.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/daemon/lock.h"
#include "lib/daemon/log.h"
#include "lib/daemon/loop.h"
#include "lib/daemon/options.h"
#include "lib/daemon/shortage.h"
#include "tests/unit/runner.h"

static const struct options_of of = { "testd", "/etc/test.conf", "", 'n', "dry-run", "change nothing" };
static char dir[] = "/tmp/daemon-test-XXXXXX", path[64];

static void setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s/control", dir);
	log_set_level(-1);
}

static void teardown(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static const struct {
	const char *line;
	int status;
	const char *file;
	bool check, own;
} lines[] = {
	{ "", -1, "/etc/test.conf", false, false },
	{ "-c x -t -v", -1, "x", true, false },
	{ "--config=x --dry-run", -1, "x", false, true },
	{ "-n", -1, "/etc/test.conf", false, true },
	{ "-h", 0, NULL, false, false },
	{ "--version", 0, NULL, false, false },
	{ "-x", 2, NULL, false, false },
	{ "-c", 2, NULL, false, false },
	{ "word", 2, NULL, false, false },
};

START_TEST(command_lines)
{
	char text[64], *argv[8], *rest;
	struct options o;
	int argc = 0;

	snprintf(text, sizeof(text), "testd %s", lines[_i].line);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	optind = 0;
	ck_assert_int_eq(options_parse(&of, argc, argv, &o), lines[_i].status);
	if (lines[_i].status >= 0)
		return;
	ck_assert_str_eq(o.config_file, lines[_i].file);
	ck_assert(o.check_config == lines[_i].check && o.own == lines[_i].own);
}
END_TEST

START_TEST(one_daemon_a_socket)
{
	int first, second;

	ck_assert_int_eq(lock_take("testd", path, &first), 0);
	ck_assert_int_eq(lock_take("testd", path, &second), -EBUSY);
	close(second);
	close(first);
	ck_assert_int_eq(lock_take("testd", path, &first), 0);
	close(first);
	ck_assert_int_eq(lock_take("testd", "/nonexistent/a/b/control", &first), -ENOENT);
}
END_TEST

static int reloads, reload_rc, stops;
static bool works;

static int reload(void *arg)
{
	reloads++;
	return reload_rc;
}

static void stopping(void *arg)
{
	stops++;
}

static bool alive(void *arg, char status[LOOP_STATUS])
{
	snprintf(status, LOOP_STATUS, "fine");
	return works;
}

static const struct loop_calls calls = { reload, stopping, alive };
static struct loop loop;
static int systemd;

/* The next datagram to systemd, or "": what was sent is there. */
static const char *notified(void)
{
	static char text[256];
	ssize_t n = recv(systemd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void begin(const char *watchdog)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	setup();
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/notify", dir);
	systemd = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(systemd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	if (watchdog)
		setenv("WATCHDOG_USEC", watchdog, 1);
	loop_block_signals();
	ck_assert_int_eq(loop_open(&loop, &calls, NULL), 0);
}

static void end(void)
{
	loop_close(&loop);
	close(systemd);
	teardown();
}

START_TEST(a_hangup_reloads)
{
	begin(NULL);
	reload_rc = _i ? -EINVAL : 0;
	raise(SIGHUP);
	ck_assert_int_gt(sd_event_run(loop.event, PATIENCE_MS * 1000ull), 0);
	ck_assert_int_eq(reloads, 1);
	ck_assert_str_eq(notified(), "RELOADING=1");
	ck_assert_str_eq(notified(), "READY=1");
	end();
}
END_TEST

START_TEST(signals_end_it)
{
	begin(NULL);
	raise(_i ? SIGTERM : SIGINT);
	ck_assert_int_eq(sd_event_loop(loop.event), 0);
	ck_assert_int_eq(stops, 1);
	ck_assert_str_eq(notified(), "STOPPING=1");
	end();
}
END_TEST

/* It is fed at once, and not at all by one that does not work. */
START_TEST(the_watchdog_is_fed_while_it_works)
{
	works = _i;
	begin("30000000");
	ck_assert_int_gt(sd_event_run(loop.event, PATIENCE_MS * 1000ull), 0);
	ck_assert_str_eq(notified(), works ? "WATCHDOG=1\nSTATUS=fine" : "");
	end();
}
END_TEST

START_TEST(general_answers)
{
	json_t *answer;

	begin(NULL);
	answer = loop_answer(&loop, "version");
	ck_assert_str_eq(json_string_value(json_object_get(answer, "version")), PACKAGE_VERSION);
	json_decref(answer);
	ck_assert_ptr_null(loop_answer(&loop, "other"));
	for (reload_rc = -1; reload_rc <= 0; reload_rc++) {
		answer = loop_answer(&loop, "reload");
		ck_assert(!json_object_get(answer, "error") == !reload_rc);
		ck_assert(json_is_true(json_object_get(answer, "reloaded")) == !reload_rc);
		json_decref(answer);
	}
	ck_assert_int_eq(reloads, 2);
	end();
}
END_TEST

START_TEST(a_shortage_names_its_remedy)
{
	static const struct {
		int rc;
		const char *word;
	} words[] = {
		{ -EMFILE, "LimitNOFILE" }, { -ENFILE, "file-max" }, { -ENOMEM, "memory" }, { -ENOBUFS, "memory" },
		{ -EAGAIN, "threads" }, { -ENOSPC, "full" },
	};

	ck_assert_ptr_nonnull(strstr(shortage_remedy(words[_i].rc), words[_i].word));
	ck_assert_int_eq(strncmp(shortage_remedy(words[_i].rc), "; ", 2), 0);
	ck_assert_str_eq(shortage_remedy(-EINVAL), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon");
	TCase *start = tcase_create("start"), *run = tcase_create("loop");

	tcase_add_loop_test(start, a_shortage_names_its_remedy, 0, 6);
	tcase_add_checked_fixture(start, setup, teardown);
	tcase_add_loop_test(start, command_lines, 0, COUNT(lines));
	tcase_add_test(start, one_daemon_a_socket);
	tcase_add_loop_test(run, a_hangup_reloads, 0, 2);
	tcase_add_loop_test(run, signals_end_it, 0, 2);
	tcase_add_loop_test(run, the_watchdog_is_fed_while_it_works, 0, 2);
	tcase_add_test(run, general_answers);
	suite_add_tcase(s, start);
	suite_add_tcase(s, run);
	return runner_run(s);
}
