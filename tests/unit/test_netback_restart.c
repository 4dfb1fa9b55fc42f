/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon after another: what it finds, takes up, and waits for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/runner.h"
#include "tests/unit/test_netback.h"

static char script[64];

static void make_script(int status)
{
	FILE *f;

	snprintf(script, sizeof(script), "/tmp/netback-script-%d", getpid());
	f = fopen(script, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\necho \"$1 $2 $vif $XENBUS_PATH $script\" >>%s.log\nexit %d\n", script, status);
	fclose(f);
	ck_assert_int_eq(chmod(script, 0755), 0);
}

static char *script_log(void)
{
	static char text[256];
	char path[80];
	FILE *f;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s.log", script);
	f = fopen(path, "r");
	if (f) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	unlink(path);
	unlink(script);
	return text;
}

static void restart_connected(int script_status)
{
	make_script(script_status);
	connect_one();
	toolstack_write(BACK "/script", script);
	rig_daemon_stop();
	ck_assert_uint_eq(back_state(), 4); /* left for the next start */
	ck_assert_uint_eq(fake.alive, 0);
	rig.config.whole_host = true;
	rig_daemon_start();
}

static bool connected_again(const void *arg)
{
	return fake.connects == 2;
}

static bool error_is_told(const void *arg)
{
	return *store_text(ERROR_NODE);
}

/* What lets a stock guest keep its interface: its state never moves, its rings are the same. */
START_TEST(connected_vif_is_resumed)
{
	char expected[200];

	restart_connected(0);
	ck_assert(rig_turn_until(connected_again, NULL));
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.queue[0].tx_ref, 100);
	ck_assert_str_eq(store_text(FRONT "/state"), "4");
	snprintf(expected, sizeof(expected), "online type_if=vif vif7.0 " BACK " %s\n", script);
	ck_assert_str_eq(script_log(), expected);
}
END_TEST

/* What the guest agreed on with the daemon before this one, whatever this one would offer. */
START_TEST(resumed_by_the_terms_of_before)
{
	make_script(0);
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_write("request-multicast-control", "1");
	guest_connect(4, true);
	ck_assert(back_becomes(4));
	ck_assert(fake.last.multicast_control);
	toolstack_write(BACK "/script", script);
	rig_daemon_stop();
	fake.max_queues = 2;
	rig.config.whole_host = true;
	rig.config.data.sg = rig.config.data.gso = rig.config.data.csum = false;
	rig.config.data.multicast_control = !_i;
	rig_daemon_start();
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.nqueues, 4);
	ck_assert(fake.last.sg && fake.last.gso4 && fake.last.csum4);
	/* Its list of groups is lost, so all must pass. */
	ck_assert(!fake.last.multicast_control);
	ck_assert_str_eq(store_text(BACK "/multi-queue-max-queues"), "2");
	script_log();
	/* Started anew it is as any other. */
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	guest_write("state", "4");
	ck_assert(back_becomes(6));
}
END_TEST

START_TEST(resume_waits_for_the_script)
{
	restart_connected(3);
	ck_assert(rig_turn_until(error_is_told, NULL));
	ck_assert_str_ne(script_log(), "");
	ck_assert_uint_eq(back_state(), 2);
	ck_assert_uint_eq(fake.connects, 1);
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), "script"));
	ck_assert_str_eq(store_text(BACK "/hotplug-status"), "pending");
}
END_TEST

/* Whoever makes it succeed: the next try by itself, a run by hand, a reload, another daemon, a new vif. */
START_TEST(script_that_failed_once_strands_nobody)
{
	restart_connected(3);
	rig_settle();
	script_log();
	ck_assert_uint_eq(back_state(), 2);
	if (_i != 1)
		make_script(0);
	switch (_i) {
	case 1:
		toolstack_plugged();
		break;
	case 2:
		backend_reload(&rig.backend, &rig.config);
		break;
	case 3:
		rig_daemon_stop();
		rig_daemon_start();
		break;
	case 4:
		toolstack_write(BACK "/hotplug-status", "error"); /* the script itself said it */
		rig_daemon_stop();
		rig_daemon_start();
		break;
	}
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connects, 2);
	ck_assert_str_eq(store_text(ERROR_NODE), "");
	ck_assert_str_eq(store_text(BACK "/hotplug-status"), "connected");
	script_log();
}
END_TEST

START_TEST(script_that_cannot_be_run_is_tried_again)
{
	make_script(0);
	connect_one();
	toolstack_write(BACK "/script", script);
	rig_daemon_stop();
	script_log(); /* removes it */
	rig.config.whole_host = true;
	rig_daemon_start();
	ck_assert_uint_eq(back_state(), 2);
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), "cannot be run"));
	make_script(0);
	ck_assert(back_becomes(4));
	script_log();
}
END_TEST

static bool is_connected(const void *arg)
{
	return fake.connected == 1;
}

START_TEST(shortage_at_a_restart_costs_nobody_a_vif)
{
	fake.connect_rc = 0;
	make_script(0);
	connect_one();
	toolstack_write(BACK "/script", script);
	rig_daemon_stop();
	if (_i)
		fake.create_rc = -EMFILE;
	else
		fake.connect_rc = -EMFILE;
	rig.config.whole_host = true;
	rig_daemon_start();
	/* Without a TAP nothing was touched; with one the guest waits as after any restart. */
	ck_assert_uint_eq(back_state(), _i ? 4 : 2);
	ck_assert_str_eq(store_text(FRONT "/state"), "4");
	fake.create_rc = fake.connect_rc = 0;
	ck_assert(rig_turn_until(is_connected, NULL));
	ck_assert(back_becomes(4));
	ck_assert_str_eq(store_text(ERROR_NODE), "");
	script_log();
}
END_TEST

/* As daemons before left it that shut vifs for a shortage of their own, and as for a guest's fault. */
START_TEST(vif_shut_for_a_shortage_is_taken_up_again)
{
	static const struct {
		const char *error, *front;
		unsigned int expected;
	} left[] = {
		{ "12 opening the grant device", "4", 4 }, { "24 opening the grant device", "4", 4 },
		{ "23 x", "4", 4 }, { "28 x", "4", 4 }, { "105 x", "4", 4 }, { "11 x", "4", 4 },
		{ "5 front end shut: x", "4", 6 }, { "22 tx-ring-ref", "4", 6 }, { "junk", "4", 6 },
		{ NULL, "4", 6 }, { "12 opening the grant device", "6", 6 },
	};

	rig_daemon_stop();
	toolstack_attach(NULL);
	toolstack_plugged();
	guest_connect(1, false);
	guest_write("state", left[_i].front);
	toolstack_write(BACK "/state", "6");
	toolstack_write(ERROR_NODE, left[_i].error);
	rig.config.whole_host = true;
	rig_daemon_start();
	ck_assert(back_becomes(left[_i].expected));
	ck_assert_uint_eq(fake.connected, left[_i].expected == 4);
	if (left[_i].expected == 4)
		ck_assert_str_eq(store_text(ERROR_NODE), "");
}
END_TEST

START_TEST(resume_that_fails_shuts_the_vif)
{
	fake.connect_rc = 0;
	make_script(0);
	connect_one();
	toolstack_write(BACK "/script", script);
	rig_daemon_stop();
	fake.connect_rc = -ESRCH;
	rig.config.whole_host = true;
	rig_daemon_start();
	ck_assert(back_becomes(6));
	script_log();
}
END_TEST

/* Front end and back end as a dead daemon may have left them, and where that must lead. */
static const struct {
	const char *back, *front, *online, *plugged;
	unsigned int expected;
} left_behind[] = {
	{ "2", "1", "1", "", 2 },	 { "2", "4", "1", "connected", 4 }, { "3", "1", "1", "", 2 },
	{ "4", "4", "1", "connected", 4 }, { "4", "1", "1", "connected", 2 }, { "4", "5", "1", "connected", 5 },
	{ "4", "6", "1", "connected", 6 }, { "4", "4", "0", "connected", 6 }, { "5", "4", "1", "connected", 6 },
	{ "5", "5", "1", "connected", 5 }, { "5", "6", "1", "connected", 6 }, { "5", "1", "1", "connected", 2 },
	{ "5", "4", "0", "connected", 6 }, { "6", "6", "1", "connected", 6 }, { "6", "1", "1", "connected", 2 },
	{ "6", "6", "0", "connected", 6 },
};

START_TEST(adoption_in_every_state)
{
	rig_daemon_stop();
	toolstack_attach(NULL);
	toolstack_write(BACK "/hotplug-status", left_behind[_i].plugged);
	guest_connect(1, false);
	guest_write("state", left_behind[_i].front);
	toolstack_write(BACK "/state", left_behind[_i].back);
	toolstack_write(BACK "/online", left_behind[_i].online);
	rig.config.whole_host = true;
	rig_daemon_start();
	ck_assert(back_becomes(left_behind[_i].expected));
	ck_assert_uint_eq(fake.connected, left_behind[_i].expected == 4);
}
END_TEST

/* The kernel moves its packets, and did so all the time: neither the script nor the guest need notice anything. */
START_TEST(adoption_from_the_kernel)
{
	rig_daemon_stop();
	fake.inherited = true;
	make_script(1);
	toolstack_attach(script);
	toolstack_write(BACK "/hotplug-status", "connected");
	guest_connect(1, false);
	guest_write("state", "4");
	toolstack_write(BACK "/state", "4");
	rig.config.whole_host = true;
	rig_daemon_start();
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connects, 1);
	ck_assert_uint_eq(fake.disconnects, 0);
	/* But a guest that began anew meanwhile has other rings. */
	guest_write("state", "5");
	ck_assert(back_becomes(5));
	ck_assert_uint_eq(fake.connected, 0);
}
END_TEST

/* ---- trouble.h ---- */

static unsigned int agains;

static void count_again(void *arg)
{
	agains++;
}

static uint64_t monotonic(void)
{
	uint64_t now = 0;

	sd_event_now(rig.event, CLOCK_MONOTONIC, &now);
	return now;
}

/* Until when the next try waits, from a quarter of a second to half a minute. */
START_TEST(tries_become_rarer)
{
	uint64_t before, after, at, expected = 250000;
	struct trouble t;

	ck_assert_int_eq(trouble_init(&t, rig.event, count_again, NULL), 0);
	for (int i = 0; i < 12; i++) {
		before = monotonic();
		ck_assert_int_eq(trouble_note(&t, TROUBLE_TAP, -EMFILE), i == 0);
		after = monotonic();
		ck_assert_int_eq(sd_event_source_get_time(t.timer, &at), 0);
		ck_assert_uint_ge(at, before + expected);
		ck_assert_uint_le(at, after + expected);
		ck_assert(trouble_waits(&t, TROUBLE_TAP) && !trouble_waits(&t, TROUBLE_SCRIPT));
		if (expected < 32000000)
			expected *= 2;
	}
	ck_assert(trouble_note(&t, TROUBLE_TAP, -ENOMEM));     /* another reason, */
	ck_assert(trouble_note(&t, TROUBLE_CONNECT, -ENOMEM)); /* another kind: news, and soon again */
	ck_assert_uint_eq(t.tries, 1);
	ck_assert_uint_eq(trouble_over(&t, TROUBLE_TAP), 0);
	ck_assert_uint_eq(trouble_over(&t, TROUBLE_CONNECT), 1);
	ck_assert_uint_eq(trouble_over(&t, TROUBLE_CONNECT), 0);
	ck_assert(!trouble_waits(&t, TROUBLE_CONNECT));
	trouble_free(&t);
}
END_TEST

static bool again_was_called(const void *arg)
{
	return agains > 0;
}

START_TEST(hurry_is_for_who_is_in_trouble)
{
	struct trouble t;

	agains = 0;
	ck_assert_int_eq(trouble_init(&t, rig.event, count_again, NULL), 0);
	trouble_hurry(&t);
	rig_settle();
	ck_assert_uint_eq(agains, 0);
	for (int i = 0; i < 9; i++)
		trouble_note(&t, TROUBLE_SCRIPT, 1);
	trouble_hurry(&t);
	ck_assert(!trouble_waits(&t, TROUBLE_SCRIPT));
	ck_assert(rig_turn_until(again_was_called, NULL));
	trouble_note(&t, TROUBLE_SCRIPT, 1);
	ck_assert_uint_eq(t.tries, 2); /* and the next one comes soon, too */
	trouble_free(&t);
}
END_TEST

void add_restart_tests(TCase *c)
{
	tcase_add_test(c, connected_vif_is_resumed);
	tcase_add_loop_test(c, resumed_by_the_terms_of_before, 0, 2);
	tcase_add_test(c, resume_waits_for_the_script);
	tcase_add_loop_test(c, script_that_failed_once_strands_nobody, 0, 5);
	tcase_add_test(c, script_that_cannot_be_run_is_tried_again);
	tcase_add_loop_test(c, shortage_at_a_restart_costs_nobody_a_vif, 0, 2);
	tcase_add_loop_test(c, vif_shut_for_a_shortage_is_taken_up_again, 0, 11);
	tcase_add_test(c, resume_that_fails_shuts_the_vif);
	tcase_add_test(c, adoption_from_the_kernel);
	tcase_add_loop_test(c, adoption_in_every_state, 0, COUNT(left_behind));
	tcase_add_test(c, tries_become_rarer);
	tcase_add_test(c, hurry_is_for_who_is_in_trouble);
}
