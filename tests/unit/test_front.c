/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front end's library against a back end that echoes (front-hub), on an
 * embedded host of its own: the program starts itself again under `xensim run`.
 */
#include "tests/unit/test_front.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct front front;
static pid_t hub;

void hub_start(const char *option, const char *value)
{
	char *argv[] = { (char *)(uintptr_t)HUB, (char *)(uintptr_t)option, (char *)(uintptr_t)value,
			 NULL, NULL };
	int out[2];
	char c;

	argv[option ? value ? 3 : 2 : 1] = (char *)(uintptr_t)GUEST;
	ck_assert_int_eq(pipe(out), 0);
	hub = fork();
	ck_assert_int_ge(hub, 0);
	if (!hub) {
		setenv("XENSIM_DOMID", "0", 1);
		dup2(out[1], 1);
		close(out[0]);
		execv(HUB, argv);
		_exit(127);
	}
	close(out[1]);
	ck_assert_int_eq(read(out[0], &c, 1), 1); /* "ready", or the end */
	close(out[0]);
}

void hub_kill(int sig)
{
	if (!hub)
		return;
	kill(hub, sig);
	waitpid(hub, NULL, 0);
	hub = 0;
}

int open_front(const struct front_config *config, int cancel_fd)
{
	memset(&front, 0, sizeof(front));
	return front_open(&front, config, cancel_fd);
}

static void teardown(void)
{
	front_close(&front);
	hub_kill(SIGKILL);
}

void connect_to(const char *option, const char *value, const struct front_config *config)
{
	hub_start(option, value);
	ck_assert_int_eq(open_front(config, -1), 0);
	ck_assert_int_eq(front_connect(&front), 0);
}

char *guest_key(const char *node)
{
	char *value;

	if (store_read(front.xs, XBT_NULL, front.dir, node, &value))
		return NULL;
	return value;
}

static bool guest_has(const char *node)
{
	char *value = guest_key(node);

	free(value);
	return value;
}

static void check_keys(unsigned int queues, bool split, bool ng)
{
	bool one = queues == 1;

	ck_assert_int_eq(guest_has("tx-ring-ref"), one);
	ck_assert_int_eq(guest_has("rx-ring-ref"), one);
	ck_assert_int_eq(guest_has("event-channel"), one && !split);
	ck_assert_int_eq(guest_has("event-channel-tx"), one && split);
	ck_assert_int_eq(guest_has("queue-0/tx-ring-ref"), !one);
	ck_assert_int_eq(guest_has("queue-1/event-channel-rx"), !one && split);
	ck_assert_int_eq(guest_has("queue-1/event-channel"), !one && !split);
	ck_assert_int_eq(guest_has("ctrl-ring-ref"), ng);
	ck_assert_int_eq(guest_has("event-channel-ctrl"), ng);
}

static const unsigned int queue_counts[] = { 1, 2, 4 };

/* Every combination of queues, channels and mode: the keys, and frames of all sizes. */
START_TEST(connects)
{
	struct front_config config = TEST_CONFIG;
	unsigned int i;

	config.queues = queue_counts[_i % 3];
	config.split = _i / 3 % 2;
	config.ng = config.statics = _i / 6;
	connect_to(NULL, NULL, &config);
	ck_assert_uint_eq(front.nqueues, config.queues);
	check_keys(config.queues, config.split, config.ng);
	for (i = 0; i < front.nqueues; i++) {
		ck_assert_uint_eq(front.queues[i].nstatic, config.ng ? 512 : 0);
		echo_sizes(&front.queues[i]);
	}
	ck_assert_int_eq(front_disconnect(&front), 0);
	ck_assert_int_eq(store_read_state(front.xs, XBT_NULL, front.dir), STATE_CLOSED);
	ck_assert_int_eq(front_backend_state(&front), STATE_CLOSED);
}
END_TEST

START_TEST(connects_again)
{
	struct front_config config = TEST_CONFIG;

	config.queues = 2;
	connect_to(NULL, NULL, &config);
	ck_assert_int_eq(front_disconnect(&front), 0);
	front.config.queues = 1;
	ck_assert_int_eq(front_connect(&front), 0);
	check_keys(1, true, true);
	echo_sizes(&front.queues[0]);
}
END_TEST

START_TEST(follows_a_new_daemon)
{
	struct front_config config = TEST_CONFIG;

	connect_to(NULL, NULL, &config);
	hub_kill(SIGKILL);
	hub_start(NULL, NULL);
	ck_assert_int_ne(front_backend_state(&front), STATE_CONNECTED);
	ck_assert(!front_removed(&front));
	front_disconnect(&front);
	ck_assert_int_eq(front_connect(&front), 0);
	echo_sizes(&front.queues[0]);
}
END_TEST

static void resume(const char *option)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	bool announced = false;
	unsigned int i;

	hub_start(option, NULL);
	while (!announced && now_ms() < deadline)
		ck_assert(front_stays(&front, &announced));
	ck_assert(announced);
	for (i = 0; i < front.nqueues; i++)
		front_queue_kick(&front.queues[i]);
	front_resume(&front);
}

/* The daemon is killed and started anew: what was sent meanwhile arrives, on the same rings. */
START_TEST(resumes)
{
	struct front_config config = TEST_CONFIG;
	unsigned int i, n;
	evtchn_port_t port;

	config.queues = 1 + _i % 2;
	config.split = _i / 2 % 2;
	config.ng = config.statics = _i / 4;
	/* With several queues a frame comes back where the hash says. */
	config.hash = config.ng && config.queues == 1;
	connect_to(NULL, NULL, &config);
	port = front.queues[0].rx_port;
	for (i = 0; i < front.nqueues; i++)
		ck_assert_int_eq(echo_one(&front.queues[i], 1000), 0);
	hub_kill(SIGKILL);
	for (i = 0; i < front.nqueues; i++)
		for (n = 0; n < 30; n++)
			echo_send(&front.queues[i], 5000);
	resume("-r");
	for (i = 0; i < front.nqueues; i++) {
		ck_assert_uint_eq(front.queues[i].nstatic, config.ng ? 512 : 0);
		echo_receive(&front.queues[i], 5000, 30);
	}
	ck_assert_uint_eq(front.queues[0].rx_port, port);
	ck_assert_int_eq(front.control_status, config.ng ? 0 : NETIF_CTRL_STATUS_NOT_SUPPORTED);
	ck_assert_int_eq(front.hash_status, config.hash ? 0 : NETIF_CTRL_STATUS_NOT_SUPPORTED);
}
END_TEST

START_TEST(resumes_again_and_again)
{
	struct front_config config = TEST_CONFIG;
	unsigned int i;

	connect_to(NULL, NULL, &config);
	for (i = 0; i < 3; i++) {
		hub_kill(SIGKILL);
		echo_send(&front.queues[0], 9000);
		resume("-r");
		echo_receive(&front.queues[0], 9000, 1);
		ck_assert_uint_eq(front.queues[0].nstatic, 512);
		echo_sizes(&front.queues[0]);
	}
	ck_assert_int_eq(front_disconnect(&front), 0);
}
END_TEST

/* An announcement of the daemon that we know changes nothing. */
START_TEST(resumes_with_the_same_daemon)
{
	struct front_config config = TEST_CONFIG;

	connect_to(NULL, NULL, &config);
	front_resume(&front);
	ck_assert_int_eq(front.control_status, NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_uint_eq(front.queues[0].nstatic, 512);
	echo_sizes(&front.queues[0]);
}
END_TEST

/* The new daemon also answers what the old one left in the control ring. */
START_TEST(passes_late_answers_over)
{
	struct front_config config = TEST_CONFIG;

	connect_to("-e", "mute", &config);
	ck_assert_int_eq(front.control_status, -ETIMEDOUT);
	hub_kill(SIGKILL);
	resume("-r");
	ck_assert_int_eq(front.control_status, NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_uint_eq(front.queues[0].nstatic, 512);
	echo_sizes(&front.queues[0]);
}
END_TEST

START_TEST(resumes_without_control_ring)
{
	struct front_config config = TEST_CONFIG;

	connect_to(NULL, NULL, &config);
	hub_kill(SIGKILL);
	resume("-rc");
	ck_assert_int_eq(front.control_status, NETIF_CTRL_STATUS_NOT_SUPPORTED);
	ck_assert_uint_eq(front.queues[0].nstatic, 0);
	echo_sizes(&front.queues[0]);
}
END_TEST

/* Back end states; whether we stay, and whether it serves. */
START_TEST(stays_only_with_a_back_end_that_does_not_close)
{
	static const struct {
		const char *state;
		bool stays, announced;
	} cases[] = {
		{ "1", false, false }, { "2", true, false }, { "4", true, true },
		{ "5", false, false }, { "6", false, false },
	};
	struct front_config config = TEST_CONFIG;
	bool announced;

	connect_to(NULL, NULL, &config);
	hub_kill(SIGKILL);
	dom0_write("state", cases[_i].state);
	ck_assert_int_eq(front_stays(&front, &announced), cases[_i].stays);
	ck_assert_int_eq(announced, cases[_i].announced);
	/* Made anew by the toolstack. */
	store_write(front.xs, XBT_NULL, front.dir, "state", "1");
	ck_assert(!front_stays(&front, &announced));
}
END_TEST

START_TEST(takes_the_queues_there_are)
{
	struct front_config config = TEST_CONFIG;

	config.queues = 16;
	connect_to("-q", "3", &config);
	ck_assert_uint_eq(front.nqueues, 3);
}
END_TEST

START_TEST(no_control_ring)
{
	struct front_config config = TEST_CONFIG;

	connect_to("-c", NULL, &config);
	ck_assert(!front.features.ctrl);
	ck_assert_int_eq(front.control_status, NETIF_CTRL_STATUS_NOT_SUPPORTED);
	ck_assert_uint_eq(front.queues[0].nstatic, 0);
	check_keys(1, true, false);
	echo_sizes(&front.queues[0]);
}
END_TEST

START_TEST(no_static_grants)
{
	struct front_config config = TEST_CONFIG;

	connect_to("-s", NULL, &config);
	ck_assert_int_eq(front.control_status, NETIF_CTRL_STATUS_NOT_SUPPORTED);
	ck_assert_uint_eq(front.queues[0].nstatic, 0);
	echo_sizes(&front.queues[0]);
}
END_TEST

START_TEST(no_scatter_gather)
{
	struct front_config config = TEST_CONFIG;

	connect_to("-g", NULL, &config);
	ck_assert(!front.features.sg);
	ck_assert(!front.features.tso4);
	ck_assert(!front.features.tso6);
}
END_TEST

/* Asked for and offered: half the pages, and all frames arrive.  Either alone: whole pages. */
START_TEST(half_pages)
{
	struct front_config config = TEST_CONFIG;
	const bool asked = _i & 1, offered = _i & 2, used = asked && offered;

	config.halves = asked;
	config.statics = _i & 4;
	connect_to(offered ? "-h" : NULL, NULL, &config);
	ck_assert_int_eq(front.features.halves, used);
	ck_assert_int_eq(guest_has("request-rx-half-pages"), used);
	ck_assert_uint_eq(front.queues[0].rx_pages.count, used ? 128 : 256);
	echo_sizes(&front.queues[0]);
	ck_assert_int_eq(front_disconnect(&front), 0);
	ck_assert(!guest_has("request-rx-half-pages"));
}
END_TEST

/*
 * The key is written after the state, as netfront does, so that the first answer may come too soon for it;
 * the frames say where they lie, at offset 0 or not.
 */
START_TEST(headroom)
{
	static const uint32_t sizes[] = { 14, 60, 1514, 3839, 3840, 3841, 4096, 9018, 32768, 65535 };
	struct front_config config = TEST_CONFIG;

	config.headroom = 256;
	connect_to(_i ? "-x" : NULL, NULL, &config);
	ck_assert_int_eq(front_reconfigure(&front, 256), _i ? 0 : -EOPNOTSUPP);
	ck_assert_uint_eq(front.queues[0].headroom, _i ? 256 : 0);
	ck_assert_int_eq(guest_has("xdp-headroom"), _i);
	echo_until_headroom(&front.queues[0], _i ? 256 : 0);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		ck_assert_int_eq(echo_one(&front.queues[0], sizes[i]), 0);
	if (_i) {
		ck_assert_int_eq(front_backend_state(&front), STATE_RECONFIGURED);
		ck_assert_int_eq(front_reconfigure(&front, 0), 0);
		echo_until_headroom(&front.queues[0], 0);
		echo_sizes(&front.queues[0]);
	}
	ck_assert_int_eq(front_disconnect(&front), 0);
	ck_assert(!guest_has("xdp-headroom"));
}
END_TEST

START_TEST(sets_up_the_hash)
{
	struct front_config config = TEST_CONFIG;

	config.hash = true;
	config.queues = 2;
	connect_to(NULL, NULL, &config);
	ck_assert_int_eq(front.hash_status, NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_int_eq(front.control_status, NETIF_CTRL_STATUS_SUCCESS);
}
END_TEST

/* Control messages without an answer: ordinary grants, after a while. */
START_TEST(mute_control_ring)
{
	struct front_config config = TEST_CONFIG;

	connect_to("-e", "mute", &config);
	ck_assert_int_eq(front.control_status, -ETIMEDOUT);
	echo_sizes(&front.queues[0]);
}
END_TEST

START_TEST(no_device)
{
	struct front_config config = TEST_CONFIG;

	config.devid = 7;
	ck_assert_int_eq(open_front(&config, -1), -ENOENT);
}
END_TEST

START_TEST(bad_mac)
{
	static const char *const macs[] = { "", "00:16:3e:00:00", "00:16:3e:00:00:05:06", "zz" };
	struct front_config config = TEST_CONFIG;

	hub_start(NULL, NULL);
	ck_assert_int_eq(open_front(&config, -1), 0);
	store_write(front.xs, XBT_NULL, front.dir, "mac", macs[_i]);
	front_close(&front);
	ck_assert_int_eq(open_front(&config, -1), -EINVAL);
}
END_TEST

START_TEST(cancelled)
{
	struct front_config config = TEST_CONFIG;
	int fd = eventfd(1, 0);

	hub_start(NULL, NULL);
	ck_assert_int_eq(open_front(&config, fd), 0);
	hub_kill(SIGKILL);
	dom0_write("state", "1"); /* no InitWait to come */
	ck_assert_int_eq(front_connect(&front), -ECANCELED);
	close(fd);
}
END_TEST

START_TEST(removed)
{
	struct front_config config = TEST_CONFIG;

	hub_start(NULL, NULL);
	ck_assert_int_eq(open_front(&config, -1), 0);
	hub_kill(SIGKILL);
	dom0_write("online", "0");
	dom0_write("state", "5");
	ck_assert(front_removed(&front));
	ck_assert_int_eq(front_connect(&front), -ENODEV);
}
END_TEST

/* gntalloc's limit: nothing stays allocated, and with room it works. */
START_TEST(too_few_pages)
{
	struct front_config config = TEST_CONFIG;

	hub_start(NULL, NULL);
	ck_assert_int_eq(open_front(&config, -1), 0);
	domain_limit(2 + 256 + 100);
	ck_assert_int_eq(front_connect(&front), -ENOSPC);
	ck_assert_uint_eq(front.nqueues, 0);
	ck_assert_ptr_null(front.queues[0].rings.addr);
	domain_limit(2 + 256 + 256 + 2);
	ck_assert_int_eq(front_connect(&front), 0);
	domain_limit(30000);
}
END_TEST

/* What the back end may not do to us. */
START_TEST(bad_responses)
{
	static const struct {
		const char *evil;
		enum netif_error error;
		int rc;
	} cases[] = {
		{ "bad-id", NETIF_ERR_RSP_ID, -EPROTO },
		{ "overrun", NETIF_ERR_RING_OVERRUN, -EPROTO },
		{ "bounds", NETIF_ERR_RSP_BOUNDS, -EBADMSG },
		{ "bad-tx-id", NETIF_ERR_RSP_ID, -EPROTO },
	};
	struct front_config config = TEST_CONFIG;
	struct front_queue *q = &front.queues[0];

	connect_to("-e", cases[_i].evil, &config);
	ck_assert_int_eq(echo_one(q, 100), cases[_i].rc);
	ck_assert_uint_eq(q->errors.count[cases[_i].error], 1);
	if (cases[_i].rc != -EPROTO)
		echo_sizes(q);
	ck_assert_int_eq(front_disconnect(&front), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("front");
	TCase *t = tcase_create("front");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, connects, 0, 12);
	tcase_add_test(t, connects_again);
	tcase_add_test(t, follows_a_new_daemon);
	tcase_add_loop_test(t, resumes, 0, 8);
	tcase_add_test(t, resumes_again_and_again);
	tcase_add_test(t, resumes_with_the_same_daemon);
	tcase_add_test(t, passes_late_answers_over);
	tcase_add_test(t, resumes_without_control_ring);
	tcase_add_loop_test(t, stays_only_with_a_back_end_that_does_not_close, 0, 5);
	tcase_add_test(t, takes_the_queues_there_are);
	tcase_add_test(t, no_control_ring);
	tcase_add_test(t, no_static_grants);
	tcase_add_test(t, no_scatter_gather);
	tcase_add_loop_test(t, half_pages, 0, 8);
	tcase_add_loop_test(t, headroom, 0, 2);
	tcase_add_test(t, sets_up_the_hash);
	tcase_add_test(t, mute_control_ring);
	tcase_add_test(t, no_device);
	tcase_add_loop_test(t, bad_mac, 0, 4);
	tcase_add_test(t, cancelled);
	tcase_add_test(t, removed);
	tcase_add_test(t, too_few_pages);
	tcase_add_loop_test(t, bad_responses, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

int main(int argc, char **argv)
{
	if (!getenv("XENSIM_SOCKET")) {
		execl(XENSIM, XENSIM, "run", "--", argv[0], (char *)NULL);
		perror(XENSIM);
		return 1;
	}
	if (system(XENSIM " domain create " GUEST))
		return 1;
	setenv("XENSIM_DOMID", GUEST, 1);
	return runner_run(suite());
}
