/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/runner.h"
#include "tests/unit/test_netback.h"

/* ---- coming up ---- */

START_TEST(offer_is_complete_before_initwait)
{
	toolstack_attach("/etc/xen/scripts/vif-ng");
	ck_assert(back_becomes(2));
	ck_assert_uint_eq(fake.creates, 1);
	ck_assert_str_eq(fake.id.name, "vif7.0");
	ck_assert_str_eq(fake.id.bridge, "xenbr0");
	ck_assert_int_eq(fake.id.mac[5], 3);
	ck_assert_uint_eq(fake.id.mtu, 9000);
	ck_assert_str_eq(store_text(BACK "/feature-rx-copy"), "1");
	ck_assert_str_eq(store_text(BACK "/feature-sg"), "1");
	ck_assert_str_eq(store_text(BACK "/feature-ctrl-ring"), "1");
	ck_assert_str_eq(store_text(BACK "/feature-rx-half-pages"), "1");
	ck_assert_str_eq(store_text(BACK "/multi-queue-max-queues"), "4");
}
END_TEST

/*
 * What Linux' xen-netback writes for a front end to read (drivers/net/xen-netback/xenbus.c), key by
 * key.  theirs NULL: it depends on the host.
 */
static const struct {
	const char *key, *theirs, *ours;
} offered_keys[] = {
	{ "feature-sg", "1", "1" },
	{ "feature-gso-tcpv4", "1", "1" },
	{ "feature-gso-tcpv6", "1", "1" },
	{ "feature-ipv6-csum-offload", "1", "1" },
	{ "feature-rx-copy", "1", "1" },
	{ "feature-rx-flip", "0", "0" },
	{ "feature-multicast-control", "1", "1" },
	{ "feature-dynamic-multicast-control", "1", "1" },
	{ "feature-split-event-channels", "1", "1" },
	{ "multi-queue-max-queues", NULL, "4" }, /* the host's CPUs, for both */
	{ "feature-ctrl-ring", "1", "1" },
	{ "feature-xdp-headroom", "1", "1" },
};

START_TEST(keys_are_those_of_the_kernel)
{
	char path[96];
	unsigned int i;

	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	for (i = 0; i < COUNT(offered_keys); i++) {
		const char *ours = offered_keys[i].ours, *theirs = offered_keys[i].theirs;

		snprintf(path, sizeof(path), "%s/%s", BACK, offered_keys[i].key);
		ck_assert_msg(!strcmp(store_text(path), ours), "%s: %s", path, store_text(path));
		ck_assert(!theirs || !strcmp(ours, theirs));
	}
}
END_TEST

START_TEST(switched_off_features_are_not_offered)
{
	rig.config.data.sg = rig.config.data.ctrl_ring = rig.config.data.csum = false;
	rig.config.data.rx_half_pages = rig.config.data.multicast_control = false;
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	ck_assert_str_eq(store_text(BACK "/feature-sg"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-gso-tcpv4"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-no-csum-offload"), "1");
	ck_assert_str_eq(store_text(BACK "/feature-ctrl-ring"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-rx-half-pages"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-multicast-control"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-dynamic-multicast-control"), "0");
}
END_TEST

START_TEST(no_tap_no_initwait_until_there_is_one)
{
	static const int rcs[] = { -EBUSY, -EMFILE, -ENOENT, -EPERM, -ENOMEM, -ENFILE };

	fake.create_rc = rcs[_i];
	toolstack_attach("vif-ng");
	rig_settle();
	ck_assert_uint_eq(back_state(), 1);
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), "TAP"));
	fake.create_rc = 0;
	ck_assert(back_becomes(2));
	ck_assert_str_eq(store_text(ERROR_NODE), "");
}
END_TEST

START_TEST(waits_for_the_hotplug_script)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	guest_connect(1, false);
	rig_settle();
	ck_assert_uint_eq(back_state(), 2);
	toolstack_write(BACK "/hotplug-status", "error");
	rig_settle();
	ck_assert_uint_eq(back_state(), 2);
	ck_assert_uint_eq(fake.connects, 0);
	toolstack_plugged();
	ck_assert(back_becomes(4));
}
END_TEST

START_TEST(single_channel_queue)
{
	connect_one();
	ck_assert_uint_eq(fake.last.nqueues, 1);
	ck_assert_uint_eq(fake.last.queue[0].tx_ref, 100);
	ck_assert_uint_eq(fake.last.queue[0].rx_ref, 200);
	ck_assert_uint_eq(fake.last.queue[0].tx_evtchn, 10);
	ck_assert_uint_eq(fake.last.queue[0].rx_evtchn, 10);
	ck_assert(fake.last.sg && fake.last.gso4 && !fake.last.gso6 && fake.last.csum4 && !fake.last.csum6);
	ck_assert(!fake.last.has_ctrl);
}
END_TEST

/* A guest that agreed on it before the key was turned off goes on posting halves. */
START_TEST(half_pages_as_the_guest_asks)
{
	rig.config.data.rx_half_pages = _i & 1;
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	if (_i & 2)
		guest_write("request-rx-half-pages", "1");
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	ck_assert_int_eq(fake.last.half_pages, !!(_i & 2));
}
END_TEST

START_TEST(four_split_queues)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(4, true);
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.nqueues, 4);
	ck_assert_uint_eq(fake.last.queue[3].tx_ref, 103);
	ck_assert_uint_eq(fake.last.queue[3].tx_evtchn, 13);
	ck_assert_uint_eq(fake.last.queue[3].rx_evtchn, 23);
}
END_TEST

START_TEST(survives_transaction_conflicts)
{
	ck_assert_int_eq(xensim("fault 0 store-eagain count=3"), 0);
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	ck_assert_int_eq(xensim("fault 0 store-eagain count=3"), 0);
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
}
END_TEST

/* ---- closing ---- */

START_TEST(front_end_closes_and_comes_back)
{
	connect_one();
	guest_write("state", "5");
	ck_assert(back_becomes(5));
	ck_assert_uint_eq(fake.connected, 0);
	guest_write("state", "6");
	ck_assert(back_becomes(6));
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	guest_connect(2, true);
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.nqueues, 2);
	ck_assert_uint_eq(fake.creates, 1);
}
END_TEST

START_TEST(front_end_restarts_without_closing)
{
	connect_one();
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	ck_assert_uint_eq(fake.connected, 0);
	guest_connect(1, true);
	ck_assert(back_becomes(4));
}
END_TEST

static void toolstack_removes(void)
{
	toolstack_write(BACK "/online", "0");
	toolstack_write(BACK "/state", "5");
}

START_TEST(removal_waits_for_a_live_front_end)
{
	connect_one();
	toolstack_removes();
	rig_settle();
	ck_assert_uint_eq(back_state(), 5);
	ck_assert_uint_eq(fake.connected, 1);
	guest_write("state", "6");
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.alive, 0);
	toolstack_write(BACK, NULL);
	rig_settle();
	ck_assert_uint_eq(rig.backend.count, 0);
}
END_TEST

START_TEST(removal_with_the_front_end_gone)
{
	connect_one();
	toolstack_write(FRONT, NULL);
	toolstack_removes();
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.alive, 0);
}
END_TEST

START_TEST(removal_before_the_guest_ever_answered)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_removes();
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.alive, 0);
	guest_connect(1, false);
	rig_settle();
	ck_assert_uint_eq(fake.connects, 0);
}
END_TEST

START_TEST(toolstack_closing_is_not_overwritten)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	toolstack_write(BACK "/state", "5"); /* online stays 1: not libxl, but somebody's will */
	guest_connect(1, false);
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.connects, 0);
	guest_write("state", "1");
	rig_settle();
	ck_assert_uint_eq(back_state(), 6);
}
END_TEST

START_TEST(directory_vanishes)
{
	connect_one();
	toolstack_write(BACK, NULL);
	rig_settle();
	ck_assert_uint_eq(rig.backend.count, 0);
	ck_assert_uint_eq(fake.alive, 0);
	ck_assert(!xs_read(rig.dom0, XBT_NULL, BACK "/state", NULL));
}
END_TEST

START_TEST(removed_and_made_again_at_once)
{
	connect_one();
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	ck_assert_uint_eq(fake.destroys, 1);
	ck_assert_uint_eq(fake.alive, 1);
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
}
END_TEST

/* ---- whose vif, and the rest ---- */

START_TEST(other_vifs_are_left_alone)
{
	toolstack_attach("/etc/xen/scripts/vif-bridge");
	rig_settle();
	ck_assert_uint_eq(back_state(), 1);
	ck_assert_uint_eq(rig.backend.count, 0);
	ck_assert(!backend_owns(&rig.backend, 7, 0));
	rig.config.whole_host = true;
	backend_reload(&rig.backend, &rig.config);
	ck_assert(back_becomes(2));
	ck_assert(backend_owns(&rig.backend, 7, 0));
}
END_TEST

START_TEST(rate_follows_the_store)
{
	toolstack_attach("vif-ng");
	toolstack_write(BACK "/rate", "12500,50000");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.rate_bytes, 12500);
	ck_assert_uint_eq(fake.last.rate_usecs, 50000);
	toolstack_write(BACK "/rate", "999,1000");
	rig_settle();
	ck_assert_uint_eq(fake.rate_bytes, 999);
	toolstack_write(BACK "/rate", "lots");
	rig_settle();
	ck_assert_uint_eq(fake.rate_bytes, 0);
}
END_TEST

/* Whatever makes us look at a vif again: nothing of a running connection is set anew. */
START_TEST(a_look_changes_nothing)
{
	struct fake before;

	toolstack_attach("vif-ng");
	toolstack_write(BACK "/rate", _i ? "12500,50000" : "lots");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	before = fake;
	guest_write("state", "4");
	rig_settle();
	toolstack_write(BACK "/hotplug-status", "connected");
	toolstack_write(BACK "/online", "1");
	toolstack_write(BACK "/rate", _i ? "12500,50000" : "lots");
	rig_settle();
	ck_assert_int_eq(xensim("domain create 99"), 0);
	ck_assert_int_eq(xensim("domain destroy 99"), 0);
	rig_settle();
	backend_reload(&rig.backend, &rig.config);
	rig_settle();
	ck_assert_mem_eq(&fake, &before, sizeof(fake));
	ck_assert_uint_eq(fake.rates, 0);
	ck_assert_uint_eq(back_state(), 4);
}
END_TEST

START_TEST(json_tells_state_and_error)
{
	json_t *list;

	connect_one();
	fake_break(NETIF_ERR_TX_CROSS_PAGE);
	ck_assert(back_becomes(6));
	list = backend_json(&rig.backend, "vif7.0");
	ck_assert_uint_eq(json_array_size(list), 1);
	ck_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "state")), "Closed");
	ck_assert_ptr_nonnull(json_object_get(json_array_get(list, 0), "data"));
	json_decref(list);
	list = backend_json(&rig.backend, "vif9.9");
	ck_assert_uint_eq(json_array_size(list), 0);
	json_decref(list);
	/* By the name that vifname= gave its interface, too. */
	list = backend_json(&rig.backend, "web0");
	ck_assert_uint_eq(json_array_size(list), 0);
	json_decref(list);
	fake.interface = "web0";
	list = backend_json(&rig.backend, "web0");
	ck_assert_uint_eq(json_array_size(list), 1);
	json_decref(list);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("netback device");
	TCase *c = test_xensim_case("device");

	tcase_add_checked_fixture(c, rig_start, rig_stop);
	tcase_add_test(c, offer_is_complete_before_initwait);
	tcase_add_test(c, keys_are_those_of_the_kernel);
	tcase_add_test(c, switched_off_features_are_not_offered);
	tcase_add_loop_test(c, no_tap_no_initwait_until_there_is_one, 0, 6);
	tcase_add_test(c, waits_for_the_hotplug_script);
	tcase_add_test(c, single_channel_queue);
	tcase_add_loop_test(c, half_pages_as_the_guest_asks, 0, 4);
	tcase_add_test(c, four_split_queues);
	tcase_add_test(c, survives_transaction_conflicts);
	tcase_add_test(c, front_end_closes_and_comes_back);
	tcase_add_test(c, front_end_restarts_without_closing);
	tcase_add_test(c, removal_waits_for_a_live_front_end);
	tcase_add_test(c, removal_with_the_front_end_gone);
	tcase_add_test(c, removal_before_the_guest_ever_answered);
	tcase_add_test(c, toolstack_closing_is_not_overwritten);
	tcase_add_test(c, directory_vanishes);
	tcase_add_test(c, removed_and_made_again_at_once);
	tcase_add_test(c, other_vifs_are_left_alone);
	tcase_add_test(c, rate_follows_the_store);
	tcase_add_loop_test(c, a_look_changes_nothing, 0, 2);
	tcase_add_test(c, json_tells_state_and_error);
	add_failing_tests(c);
	add_keys_tests(c);
	add_restart_tests(c);
	add_requests_tests(c);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
