/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a front end may ask for while it is connected: a headroom (by states 7 and 8), a multicast filter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runner.h"
#include "tests/unit/test_netback.h"

/* xennet_xdp_set(): the state first, then the key; what follows waits for our 8. */
static void guest_reconfigures(const char *headroom)
{
	guest_write("state", "7");
	guest_write("xdp-headroom", headroom);
}

/* And all the way to Connected again. */
static void guest_reconfigured(const char *headroom)
{
	guest_reconfigures(headroom);
	ck_assert(back_becomes(8));
	guest_write("state", "4");
	rig_settle();
}

static json_t *vif_of_json(void)
{
	json_t *list = backend_json(&rig.backend, "vif7.0"), *vif = json_array_get(list, 0);

	json_incref(vif);
	json_decref(list);
	return vif;
}

static void json_says(unsigned int headroom, bool multicast_control)
{
	json_t *vif = vif_of_json();

	ck_assert_int_eq(json_integer_value(json_object_get(vif, "headroom")), headroom);
	ck_assert_int_eq(json_is_true(json_object_get(vif, "multicast_control")), multicast_control);
	json_decref(vif);
}

/* ---- the headroom ---- */

START_TEST(reconfigures_as_netfront_does)
{
	connect_one();
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.headroom, 256);
	json_says(256, false);
	/* As xen-netback: 8 from now on. */
	guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(back_state(), 8);
	ck_assert_uint_eq(fake.connects, 1);
	guest_reconfigures("0");
	rig_settle();
	ck_assert_uint_eq(fake.headroom, 0);
	guest_write("state", "4");
	rig_settle();
	json_says(0, false);
	ck_assert_uint_eq(fake.headrooms, 2);
	ck_assert_uint_eq(fake.disconnects, 0);
}
END_TEST

START_TEST(key_that_comes_after_the_answer)
{
	connect_one();
	guest_write("state", "7");
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.headrooms, 0);
	guest_write("xdp-headroom", "256");
	if (_i)
		guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(fake.headroom, 256);
}
END_TEST

/* It finds 8 there from the last time, does not wait, and has passed through 7 before we look. */
START_TEST(reconfiguration_that_is_over_unseen)
{
	connect_one();
	guest_reconfigured("256");
	guest_reconfigures("0");
	guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(fake.headroom, 0);
	ck_assert_uint_eq(fake.headrooms, 2);
}
END_TEST

START_TEST(key_without_a_reconfiguration)
{
	connect_one();
	guest_write("xdp-headroom", "256");
	rig_settle();
	ck_assert_uint_eq(fake.headrooms, 0);
	ck_assert_uint_eq(back_state(), 4);
	guest_write("state", "7");
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.headroom, 256);
}
END_TEST

static char long_value[1024];
static const struct {
	const char *text;
	unsigned int headroom, with_halves;
} values[] = {
	{ "256", 256, 256 }, { " 256\n", 256, 256 }, { "256 bytes", 256, 256 }, { "1", 1, 1 },
	{ "1792", 1792, 1792 }, { "1793", 1793, 1792 }, { "3840", 3840, 1792 }, { "3841", 3840, 1792 },
	{ "32767", 3840, 1792 }, { "65535", 3840, 1792 }, { "65792", 3840, 1792 },
	{ "4294967295", 3840, 1792 }, { "4294967296", 3840, 1792 }, { "99999999999999999999999", 3840, 1792 },
	{ "-1", 0, 0 }, { "-256", 0, 0 }, { "+256", 0, 0 }, { "", 0, 0 }, { "lots", 0, 0 },
	{ "0x100", 0, 0 }, { long_value, 0, 0 }, { NULL, 0, 0 },
};

/* At the connection, and by a reconfiguration: no value is worth shutting a vif for. */
START_TEST(values_of_a_headroom)
{
	const bool halves = _i & 1, later = _i & 2;
	unsigned int want, got;

	memset(long_value, '9', sizeof(long_value) - 1);
	for (unsigned int i = 0; i < COUNT(values); i++) {
		toolstack_attach("vif-ng");
		ck_assert(back_becomes(2));
		toolstack_plugged();
		guest_write("request-rx-half-pages", halves ? "1" : "0");
		if (!later)
			guest_write("xdp-headroom", values[i].text);
		guest_connect(1, false);
		ck_assert(back_becomes(4));
		fake.headroom = 0;
		if (later) {
			guest_reconfigures(values[i].text);
			ck_assert(back_becomes(8));
		}
		want = halves ? values[i].with_halves : values[i].headroom;
		got = later ? fake.headroom : fake.last.headroom;
		ck_assert_msg(got == want, "%s: %u", values[i].text ? values[i].text : "none", got);
		json_says(want, false);
	}
}
END_TEST

START_TEST(again_and_again)
{
	connect_one();
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	for (int i = 0; i < 500; i++) {
		guest_write("state", i & 1 ? "7" : "4");
		sd_event_run(rig.event, 1000);
	}
	ck_assert_uint_eq(fake.headrooms, 1);
	ck_assert_uint_eq(back_state(), 8);
	ck_assert_uint_eq(fake.connected, 1);
}
END_TEST

static bool headroom_is(const void *arg)
{
	return fake.headroom == *(const unsigned int *)arg;
}

START_TEST(a_headroom_that_keeps_changing)
{
	const unsigned int last = 1499;
	char text[8];

	connect_one();
	for (unsigned int i = 1000; i <= last; i++) {
		snprintf(text, sizeof(text), "%u", i);
		guest_reconfigures(text);
		sd_event_run(rig.event, 1000);
	}
	/* Paced, and in the end what it asks for. */
	ck_assert(rig_turn_until(headroom_is, &last));
	ck_assert_uint_lt(fake.headrooms, 400);
}
END_TEST

/* The guest waits for 8, with a lock of its own held, whatever became of its vif. */
START_TEST(answered_though_the_vif_is_shut)
{
	connect_one();
	fake_break(NETIF_ERR_RING_OVERRUN);
	ck_assert(back_becomes(6));
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.headrooms, 0);
	guest_write("state", "4");
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.connects, 1);
	fake.broken = NETIF_OK;
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	guest_write("state", "4");
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.headroom, 256);
}
END_TEST

/* Before its script has succeeded there is nothing connected. */
START_TEST(answered_before_the_connection)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	guest_keys(1, false);
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.connects, 0);
	guest_write("state", "4");
	rig_settle();
	toolstack_plugged();
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.headroom, 256);
}
END_TEST

/* netfront_probe() to xennet_xdp_set() in one go: never a Connected, on which it would wait for ever. */
START_TEST(connection_that_is_made_in_7)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	ck_assert(xs_watch(rig.guest, "/local/domain/0/" BACK "/state", "seen"));
	guest_keys(1, false);
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.connected, 1);
	ck_assert_uint_eq(fake.last.headroom, 256);
	for (int i = 0; i < 2; i++) { /* the watch's own, and one state */
		char **event = xs_read_watch(rig.guest, &(unsigned int){ 0 });

		ck_assert_ptr_nonnull(event);
		free(event);
	}
	ck_assert_ptr_null(xs_check_watch(rig.guest));
	guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(fake.connects, 1);
}
END_TEST

START_TEST(closes_and_comes_back_from_8)
{
	connect_one();
	guest_reconfigured("256");
	guest_write("state", "5");
	ck_assert(back_becomes(5));
	ck_assert_uint_eq(fake.connected, 0);
	guest_write("state", "6");
	ck_assert(back_becomes(6));
	guest_write("xdp-headroom", "0");
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	guest_connect(2, true);
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.headroom, 0);
}
END_TEST

START_TEST(removal_from_8)
{
	connect_one();
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	if (_i == 1)
		guest_write("state", "4");
	rig_settle();
	toolstack_write(BACK "/online", "0");
	if (_i < 2)
		toolstack_write(BACK "/state", "5");
	ck_assert(back_becomes(5));
	ck_assert_uint_eq(fake.connected, 1);
	guest_write("state", "6");
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.alive, 0);
}
END_TEST

/* ---- a daemon after another; its TAP is the module's, or its script would run ---- */

START_TEST(daemon_that_ended_between_7_and_8)
{
	connect_one();
	fake.inherited = true;
	rig_daemon_stop();
	if (_i)
		guest_reconfigures("256");
	else
		guest_write("state", "7");
	ck_assert(xs_watch(rig.guest, "/local/domain/0/" BACK "/state", "seen"));
	rig_daemon_start();
	ck_assert(back_becomes(8));
	ck_assert_uint_eq(fake.connected, 1);
	for (int i = 0; i < 3; i++) { /* the watch's own, 2, and no 4 */
		char **event = xs_read_watch(rig.guest, &(unsigned int){ 0 });

		ck_assert_ptr_nonnull(event);
		free(event);
	}
	ck_assert_ptr_null(xs_check_watch(rig.guest));
	guest_write("xdp-headroom", "256");
	guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(_i ? fake.last.headroom : fake.headroom, 256);
	json_says(256, false);
	fake.inherited = false;
}
END_TEST

START_TEST(daemon_after_one_that_left_8)
{
	connect_one();
	guest_reconfigured("256");
	fake.inherited = true;
	rig_daemon_stop();
	if (_i)
		guest_write("xdp-headroom", "0");
	rig_daemon_start();
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connects, 2);
	ck_assert_uint_eq(fake.last.headroom, _i ? 0 : 256);
	fake.inherited = false;
}
END_TEST

/* ---- the multicast filter ---- */

START_TEST(filter_at_any_time)
{
	connect_one();
	ck_assert(!fake.last.multicast_control);
	guest_write("request-multicast-control", "1");
	rig_settle();
	ck_assert_uint_eq(fake.multicasts, 1);
	ck_assert(fake.multicast_control);
	json_says(0, true);
	guest_write("state", "4");
	guest_write("request-multicast-control", "7");
	rig_settle();
	ck_assert_uint_eq(fake.multicasts, 1);
	guest_write("request-multicast-control", _i == 0 ? "0" : _i == 1 ? "off" : NULL);
	rig_settle();
	ck_assert_uint_eq(fake.multicasts, 2);
	ck_assert(!fake.multicast_control);
	ck_assert_uint_eq(back_state(), 4);
}
END_TEST

START_TEST(filter_that_is_not_offered)
{
	rig.config.data.multicast_control = false;
	connect_one();
	guest_write("request-multicast-control", "1");
	rig_settle();
	ck_assert_uint_eq(fake.multicasts, 0);
	json_says(0, false);
}
END_TEST

/* Its list has gone with the old daemon, so nothing is filtered until the guest begins anew. */
START_TEST(filter_after_a_restart)
{
	connect_one();
	guest_write("request-multicast-control", "1");
	rig_settle();
	fake.inherited = true;
	rig_daemon_stop();
	rig_daemon_start();
	ck_assert(back_becomes(4));
	ck_assert(!fake.last.multicast_control);
	ck_assert_uint_eq(fake.multicasts, 1);
	guest_write("request-multicast-control", "0");
	rig_settle();
	guest_write("request-multicast-control", "1");
	rig_settle();
	ck_assert(fake.multicast_control);
	json_says(0, true);
	fake.inherited = false;
}
END_TEST

/* A data plane that refuses (an old module): said, and the guest is answered. */
START_TEST(data_plane_that_refuses)
{
	connect_one();
	fake.request_rc = -EOPNOTSUPP;
	guest_reconfigures("256");
	ck_assert(back_becomes(8));
	guest_write("request-multicast-control", "1");
	rig_settle();
	ck_assert_uint_eq(fake.connected, 1);
	ck_assert_uint_eq(back_state(), 8);
}
END_TEST

/* Both may change while we connect: that is no other connection. */
START_TEST(requests_while_connecting)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	guest_write("xdp-headroom", "256");
	guest_write("request-multicast-control", "1");
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connects, 1);
}
END_TEST

void add_requests_tests(TCase *c)
{
	tcase_add_test(c, reconfigures_as_netfront_does);
	tcase_add_loop_test(c, key_that_comes_after_the_answer, 0, 2);
	tcase_add_test(c, reconfiguration_that_is_over_unseen);
	tcase_add_test(c, key_without_a_reconfiguration);
	tcase_add_loop_test(c, values_of_a_headroom, 0, 4);
	tcase_add_test(c, again_and_again);
	tcase_add_test(c, a_headroom_that_keeps_changing);
	tcase_add_test(c, answered_though_the_vif_is_shut);
	tcase_add_test(c, answered_before_the_connection);
	tcase_add_test(c, connection_that_is_made_in_7);
	tcase_add_test(c, closes_and_comes_back_from_8);
	tcase_add_loop_test(c, removal_from_8, 0, 3);
	tcase_add_loop_test(c, daemon_that_ended_between_7_and_8, 0, 2);
	tcase_add_loop_test(c, daemon_after_one_that_left_8, 0, 2);
	tcase_add_loop_test(c, filter_at_any_time, 0, 3);
	tcase_add_test(c, filter_that_is_not_offered);
	tcase_add_test(c, filter_after_a_restart);
	tcase_add_test(c, data_plane_that_refuses);
	tcase_add_test(c, requests_while_connecting);
}
