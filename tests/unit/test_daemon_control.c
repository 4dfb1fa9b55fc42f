/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket against clients that behave and clients that do not. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/daemon/control.h"
#include "lib/daemon/log.h"
#include "tests/unit/runner.h"

#define BIG (8u << 20)

static sd_event *event;
static struct control *control;
static char path[64];
static unsigned int answers;

static json_t *answer(void *arg, const char *command, const json_t *request)
{
	char *big;
	json_t *o;

	answers++;
	if (strcmp(command, "big"))
		return json_pack("{s:s}", "echo", command);
	big = malloc(BIG);
	memset(big, 'x', BIG);
	o = json_pack("{s:s#}", "big", big, BIG);
	free(big);
	return o;
}

static void setup(void)
{
	answers = 0;
	log_set_level(-1);
	snprintf(path, sizeof(path), "/tmp/daemon-control-%d", getpid());
	ck_assert_int_ge(sd_event_new(&event), 0);
	ck_assert_int_eq(control_start(&control, event, path, answer, NULL), 0);
}

static void teardown(void)
{
	control_stop(control);
	sd_event_unref(event);
	ck_assert_int_ne(access(path, F_OK), 0);
}

/* What was sent to a UNIX socket is there: no need to wait for it. */
static void settle(void)
{
	while (sd_event_run(event, 0) > 0)
		;
}

static int client(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	settle();
	return fd;
}

static void say(int fd, const void *text, size_t len)
{
	ck_assert_int_eq(send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT), (ssize_t)len);
	settle();
}

/* What arrived: > 0 bytes, 0 closed, -1 nothing. */
static ssize_t hear(int fd, char *text, size_t size)
{
	ssize_t n = recv(fd, text, size - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return n;
}

START_TEST(only_root_may_open_it)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(several_requests_on_a_connection)
{
	static const char two[] = "{\"command\":\"a\"}\n{\"command\":\"b\"}\n{\"comm";
	char text[256];
	int fd = client();

	say(fd, two, sizeof(two) - 1);
	hear(fd, text, sizeof(text));
	ck_assert_str_eq(text, "{\"echo\":\"a\"}\n{\"echo\":\"b\"}\n");
	say(fd, "and\":\"c\"}\n", 10);
	hear(fd, text, sizeof(text));
	ck_assert_str_eq(text, "{\"echo\":\"c\"}\n");
	close(fd);
	settle();
}
END_TEST

static const struct {
	const char *text;
	size_t len;
} garbage[] = {
	{ "\n", 1 }, { "hello\n", 6 }, { "[]\n", 3 }, { "{}\n", 3 }, { "{\"command\":7}\n", 14 },
	{ "\0\0\0\n", 4 }, { "{\"command\":\"a\",\"command\":\"b\"}\n", 31 }, { "\xff\xfe{\n", 4 },
};

START_TEST(garbage_is_answered_with_an_error)
{
	char text[256];
	int fd = client();

	say(fd, garbage[_i].text, garbage[_i].len);
	ck_assert_int_gt(hear(fd, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"error\""));
	ck_assert_uint_eq(answers, 0);
	close(fd);
}
END_TEST

START_TEST(endless_line_is_cut)
{
	char text[CONTROL_REQUEST_MAX + 16];
	int fd = client();

	memset(text, '[', sizeof(text));
	say(fd, text, CONTROL_REQUEST_MAX);
	ck_assert_int_le(hear(fd, text, sizeof(text)), 0);
	ck_assert_int_lt(send(fd, "x", 1, MSG_NOSIGNAL), 0);
	close(fd);
}
END_TEST

/* It asks and asks for megabytes and reads nothing: one answer is held for it, others are served. */
START_TEST(slow_reader_holds_up_nobody)
{
	char text[256];
	int slow = client(), other = client();

	for (int i = 0; i < 20; i++)
		say(slow, "{\"command\":\"big\"}\n", 18);
	ck_assert_uint_eq(answers, 1);
	say(other, "{\"command\":\"a\"}\n", 16);
	ck_assert_int_gt(hear(other, text, sizeof(text)), 0);
	close(slow);
	settle();
	close(other);
}
END_TEST

START_TEST(slow_reader_gets_it_all_in_the_end)
{
	static char text[65536];
	size_t got = 0;
	ssize_t n = 1;
	int fd = client();

	say(fd, "{\"command\":\"big\"}\n", 18);
	while (got < BIG && n > 0) {
		n = hear(fd, text, sizeof(text));
		got += n > 0 ? (size_t)n : 0;
		if (n < 0 && errno == EAGAIN) {
			settle();
			n = 1;
		}
	}
	ck_assert_uint_gt(got, BIG);
	close(fd);
}
END_TEST

START_TEST(clients_are_limited)
{
	int fds[CONTROL_CLIENTS_MAX + 1];
	char text[256];

	for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		fds[i] = client();
	ck_assert_int_gt(hear(fds[CONTROL_CLIENTS_MAX], text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "too many"));
	close(fds[0]);
	settle();
	fds[0] = client();
	say(fds[0], "{\"command\":\"a\"}\n", 16);
	ck_assert_int_gt(hear(fds[0], text, sizeof(text)), 0);
	for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
}
END_TEST

START_TEST(a_path_too_long_is_refused)
{
	struct control *other;
	char longer[200];

	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(control_start(&other, event, longer, answer, NULL), -ENAMETOOLONG);
	ck_assert_int_eq(control_start(&other, event, "/nonexistent/x", answer, NULL), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon control");
	TCase *c = tcase_create("control");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, only_root_may_open_it);
	tcase_add_test(c, several_requests_on_a_connection);
	tcase_add_loop_test(c, garbage_is_answered_with_an_error, 0, COUNT(garbage));
	tcase_add_test(c, endless_line_is_cut);
	tcase_add_test(c, slow_reader_holds_up_nobody);
	tcase_add_test(c, slow_reader_gets_it_all_in_the_end);
	tcase_add_test(c, clients_are_limited);
	tcase_add_test(c, a_path_too_long_is_refused);
	suite_add_tcase(s, c);
	return runner_run(s);
}
