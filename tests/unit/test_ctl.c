/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket's client, against daemons that answer, refuse, end, and are not there. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ctl/client.h"
#include "lib/ctl/credit.h"
#include "lib/ctl/program.h"
#include "tests/unit/runner.h"

static char path[64], asked[1024];
static int listening, from_daemon[2];
static pid_t daemon_pid;

/* What it was asked goes into the pipe; then it answers, or not, and ends. */
static void serve(const char *answer)
{
	int fd = accept(listening, NULL, NULL);
	ssize_t n = read(fd, asked, sizeof(asked));

	_exit(n < 0 || write(from_daemon[1], asked, (size_t)n) != n ||
	      write(fd, answer, strlen(answer)) != (ssize_t)strlen(answer));
}

static void daemon_start(const char *answer)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(path, sizeof(path), "/tmp/ctl-test-%d", getpid());
	strcpy(addr.sun_path, path);
	listening = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert(!bind(listening, (struct sockaddr *)&addr, sizeof(addr)) && !listen(listening, 1));
	ck_assert_int_eq(pipe(from_daemon), 0);
	daemon_pid = fork();
	if (!daemon_pid)
		serve(answer);
	close(listening);
}

/* The request that came. */
static json_t *daemon_end(void)
{
	json_t *request;
	ssize_t n;
	int status;

	n = read(from_daemon[0], asked, sizeof(asked) - 1);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(asked[n - 1], '\n');
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	ck_assert_int_eq(status, 0);
	unlink(path);
	request = json_loadb(asked, (size_t)n, 0, NULL);
	ck_assert_ptr_nonnull(request);
	return request;
}

START_TEST(asks_and_is_answered)
{
	json_t *request = json_pack("{s:s,s:i}", "command", "x", "n", 7), *answer, *got;
	char why[CTL_WHY];

	daemon_start("{\"n\": 8}\n");
	ck_assert_int_eq(ctl_ask(path, request, &answer, why), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "n")), 8);
	got = daemon_end();
	ck_assert(json_equal(request, got));
	json_decref(got);
	json_decref(answer);
	json_decref(request);
}
END_TEST

static const char *const garbage[] = { "", "{\"n\": ", "hello\n" };

START_TEST(a_daemon_that_ends_is_no_answer)
{
	json_t *request = json_pack("{s:s}", "command", "x"), *answer;
	char why[CTL_WHY] = "";

	daemon_start(garbage[_i]);
	ck_assert_int_eq(ctl_ask(path, request, &answer, why), -EPROTO);
	ck_assert_ptr_null(answer);
	ck_assert_str_ne(why, "");
	ck_assert(!ctl_is_absent(-EPROTO));
	json_decref(daemon_end());
	json_decref(request);
}
END_TEST

START_TEST(no_daemon)
{
	json_t *request = json_pack("{s:s}", "command", "x"), *answer;
	char why[CTL_WHY], longer[200];
	int rc;

	rc = ctl_ask("/nonexistent/control", request, &answer, why);
	ck_assert_int_eq(rc, -ENOENT);
	ck_assert(ctl_is_absent(rc));
	/* One that was killed leaves its socket. */
	daemon_start("{}");
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	rc = ctl_ask(path, request, &answer, why);
	ck_assert_int_eq(rc, -ECONNREFUSED);
	ck_assert(ctl_is_absent(rc));
	unlink(path);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	rc = ctl_ask(longer, request, &answer, why);
	ck_assert_int_eq(rc, -ENAMETOOLONG);
	ck_assert(!ctl_is_absent(rc));
	json_decref(request);
}
END_TEST

static bool one_word(json_t *request, char **word)
{
	return word[0] && !word[1] && !json_object_set_new(request, "word", json_string(word[0]));
}

static unsigned int printed;

static void print(const json_t *answer)
{
	printed++;
}

static int program(const char *line)
{
	static const struct program_command commands[] = {
		{ "one", one_word, print, "WORD", "asks with a word" },
		{ "none", program_no_words, print, "", "asks without" },
	};
	const struct program p = { "test", "testd", path, "COMMAND", commands, 2 };
	char text[160], *argv[16], *rest;
	int argc = 0;

	snprintf(text, sizeof(text), "test %s", line);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	printed = 0;
	optind = 0;
	return program_main(&p, argc, argv);
}

START_TEST(a_program_asks_what_its_table_says)
{
	json_t *request;

	daemon_start("{}");
	ck_assert_int_eq(program(_i ? "one w" : "none"), 0);
	ck_assert_uint_eq(printed, 1);
	request = daemon_end();
	ck_assert_str_eq(json_string_value(json_object_get(request, "command")), _i ? "one" : "none");
	ck_assert(!json_object_get(request, "word") == !_i);
	json_decref(request);
}
END_TEST

START_TEST(a_refusal_is_exit_status_1)
{
	daemon_start("{\"error\": \"no\"}");
	ck_assert_int_eq(program(_i ? "-j none" : "none"), 1);
	ck_assert_uint_eq(printed, 0);
	json_decref(daemon_end());
	ck_assert_int_eq(program("none"), 1); /* it is gone */
}
END_TEST

static const struct {
	const char *line;
	int status;
} lines[] = {
	{ "", 2 }, { "what", 2 }, { "one", 2 }, { "one a b", 2 }, { "none a", 2 }, { "-x none", 2 }, { "-s", 2 },
	{ "-h", 0 }, { "--version", 0 }, { "-s /nonexistent/x none", 1 },
};

START_TEST(command_lines)
{
	strcpy(path, "/nonexistent/control");
	ck_assert_int_eq(program(lines[_i].line), lines[_i].status);
	ck_assert_uint_eq(printed, 0);
}
END_TEST

static const struct {
	const char *line, *request; /* NULL: wrong usage */
} rules[] = {
	{ "never", "{\"never\": true}" }, { "adjust", "{\"never\": false}" }, { "default", "{\"default\": true}" },
	{ "floor 200", "{\"floor\": 200}" }, { "share 0.5", "{\"share\": 0.5}" }, { "", NULL }, { "never x", NULL },
	{ "default x", NULL }, { "floor", NULL }, { "floor x", NULL }, { "floor 2x", NULL }, { "floor 1 2", NULL },
	{ "floor 99999999999999999999", NULL }, { "share", NULL }, { "share 0.5x", NULL }, { "weight 5", NULL },
};

START_TEST(rules_in_words)
{
	json_t *request = json_object(), *want = rules[_i].request ? json_loads(rules[_i].request, 0, NULL) : NULL;
	char text[64], *word[8], *rest;
	int n = 0;

	snprintf(text, sizeof(text), "%s", rules[_i].line);
	for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		word[n++] = w;
	word[n] = NULL;
	ck_assert(credit_rule_words(request, word) == (want != NULL));
	ck_assert(!want || json_equal(request, want));
	json_decref(request);
	json_decref(want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ctl");
	TCase *c = tcase_create("client"), *p = tcase_create("program");

	tcase_add_test(c, asks_and_is_answered);
	tcase_add_loop_test(c, a_daemon_that_ends_is_no_answer, 0, COUNT(garbage));
	tcase_add_test(c, no_daemon);
	tcase_add_loop_test(p, a_program_asks_what_its_table_says, 0, 2);
	tcase_add_loop_test(p, a_refusal_is_exit_status_1, 0, 2);
	tcase_add_loop_test(p, command_lines, 0, COUNT(lines));
	tcase_add_loop_test(p, rules_in_words, 0, COUNT(rules));
	suite_add_tcase(s, c);
	suite_add_tcase(s, p);
	return runner_run(s);
}
