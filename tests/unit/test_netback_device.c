/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/runner.h"
#include "tests/unit/test_netback.h"

static void connect_one(void)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connected, 1);
}

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

START_TEST(switched_off_features_are_not_offered)
{
	rig.config.data.sg = rig.config.data.ctrl_ring = rig.config.data.csum = false;
	rig.config.data.rx_half_pages = false;
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	ck_assert_str_eq(store_text(BACK "/feature-sg"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-gso-tcpv4"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-no-csum-offload"), "1");
	ck_assert_str_eq(store_text(BACK "/feature-ctrl-ring"), "0");
	ck_assert_str_eq(store_text(BACK "/feature-rx-half-pages"), "0");
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

/* ---- what a guest may write ---- */

static char long_value[1024];
static const struct bad {
	const char *node, *value;
} bad[] = {
	{ "tx-ring-ref", NULL }, { "rx-ring-ref", NULL }, { "event-channel", NULL },
	{ "tx-ring-ref", "" }, { "tx-ring-ref", "-1" }, { "tx-ring-ref", "4294967296" },
	{ "tx-ring-ref", "+8" }, { "tx-ring-ref", "ref 8" }, { "tx-ring-ref", long_value },
	{ "rx-ring-ref", " " }, { "rx-ring-ref", "99999999999999999999999999" },
	{ "event-channel", "0" }, { "event-channel", "131072" }, { "event-channel", "ten" },
	{ "request-rx-copy", NULL }, { "request-rx-copy", "0" }, { "request-rx-copy", "yes" },
	{ "request-rx-copy", long_value }, { "feature-sg", long_value },
	{ "multi-queue-num-queues", "0" }, { "multi-queue-num-queues", "9" },
	{ "multi-queue-num-queues", "5" }, { "multi-queue-num-queues", "2" },
	{ "multi-queue-num-queues", "4294967297" }, { "multi-queue-num-queues", long_value },
	{ "ctrl-ring-ref", "7" }, { "ctrl-ring-ref", "4294967296" }, { "ctrl-ring-ref", long_value },
};

START_TEST(bad_keys_shut_the_vif_until_it_starts_anew)
{
	const struct bad *b = &bad[_i];

	memset(long_value, '9', sizeof(long_value) - 1);
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	guest_write(b->node, b->value);
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.connects, 0);
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), FRONT));

	guest_write("state", "6");
	guest_write(b->node, NULL);
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	ck_assert_str_eq(store_text(ERROR_NODE), "");
	guest_connect(1, false);
	ck_assert(back_becomes(4));
}
END_TEST

/* What Linux' xen-netback serves as well; a value that is no number stands for its key's default. */
START_TEST(keys_as_other_front_ends_write_them)
{
	static const struct {
		const char *node, *value;
		unsigned int len; /* 0: up to the end of the string */
		bool sg, gso4, csum4, rx_notify;
	} keys[] = {
		{ "feature-rx-notify", NULL, 0, true, true, true, false },	/* mini-os */
		{ "feature-rx-notify", "0", 0, true, true, true, false },
		{ "feature-rx-notify", "no", 0, true, true, true, false },
		{ "feature-gso-tcpv4", "61440", 0, true, true, true, true },	/* GPLPV: the largest size */
		{ "feature-sg", "2", 0, true, true, true, true },
		{ "feature-sg", "4294967297", 0, true, true, true, true },
		{ "feature-sg", "1\0", 2, true, true, true, true },
		{ "feature-sg", "\0001", 2, false, false, true, true },
		{ "feature-sg", " 01\n", 0, true, true, true, true },
		{ "feature-sg", "yes", 0, false, false, true, true },
		{ "feature-sg", "-1", 0, false, false, true, true },
		{ "feature-sg", "", 0, false, false, true, true },
		{ "feature-no-csum-offload", "7", 0, true, false, false, true },
		{ "feature-no-csum-offload", "", 0, true, true, true, true },
		{ "request-rx-copy", "2", 0, true, true, true, true },
		{ "request-rx-copy", "1\0", 2, true, true, true, true },
		{ "tx-ring-ref", "100\0", 4, true, true, true, true },
		{ "tx-ring-ref", "100\0junk", 8, true, true, true, true },
		{ "tx-ring-ref", "100 ", 0, true, true, true, true },
		{ "tx-ring-ref", "\t000100x", 0, true, true, true, true },
		{ "event-channel", "10,", 0, true, true, true, true },
		{ "event-channel-tx", "5", 0, true, true, true, true },		/* half a pair */
		{ "event-channel-rx", "5", 0, true, true, true, true },
		{ "event-channel-tx", "x", 0, true, true, true, true },
		{ "multi-queue-num-queues", "abc", 0, true, true, true, true },
		{ "multi-queue-num-queues", "1\0", 2, true, true, true, true },
		{ "ctrl-ring-ref", "none", 0, true, true, true, true },
		{ "request-multicast-control", "9", 0, true, true, true, true },
	};
	char path[80];

	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_keys(1, false);
	guest_write(keys[_i].node, NULL);
	snprintf(path, sizeof(path), FRONT "/%s", keys[_i].node);
	if (keys[_i].value)
		ck_assert(xs_write(rig.guest, XBT_NULL, path, keys[_i].value,
				   keys[_i].len ? keys[_i].len : (unsigned int)strlen(keys[_i].value)));
	guest_write("state", "4");
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.last.nqueues, 1);
	ck_assert_uint_eq(fake.last.queue[0].tx_ref, 100);
	ck_assert_uint_eq(fake.last.queue[0].tx_evtchn, 10);
	ck_assert_uint_eq(fake.last.queue[0].rx_evtchn, 10);
	ck_assert(!fake.last.has_ctrl);
	ck_assert_int_eq(fake.last.sg, keys[_i].sg);
	ck_assert_int_eq(fake.last.gso4, keys[_i].gso4);
	ck_assert_int_eq(fake.last.csum4, keys[_i].csum4);
	ck_assert_int_eq(fake.last.rx_notify, keys[_i].rx_notify);
}
END_TEST

START_TEST(state_with_a_nul)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_keys(1, false);
	ck_assert(xs_write(rig.guest, XBT_NULL, FRONT "/state", "4", 2));
	ck_assert(back_becomes(4));
}
END_TEST

/* Between the offer and the guest's answer the operator turned something off: the guest cannot know. */
START_TEST(offer_holds_through_a_reload)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	fake.max_queues = 1;
	rig.config.data.sg = rig.config.data.gso = rig.config.data.ctrl_ring = false;
	backend_reload(&rig.backend, &rig.config);
	guest_write("ctrl-ring-ref", "7");
	guest_write("event-channel-ctrl", "8");
	guest_keys(4, false);
	guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(fake.last.nqueues, 4);
	ck_assert(fake.last.sg && fake.last.gso4 && fake.last.has_ctrl);
	/* A new start is made by what is offered then. */
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	ck_assert_str_eq(store_text(BACK "/multi-queue-max-queues"), "1");
	guest_write("state", "4");
	ck_assert(back_becomes(6));
}
END_TEST

START_TEST(front_end_of_another_domain_is_refused)
{
	static const struct bad wrong[] = {
		{ BACK "/frontend", "/local/domain/8/device/vif/0" },
		{ BACK "/frontend", "/local/domain/7/device/vif/1" },
		{ BACK "/frontend", NULL },
		{ BACK "/frontend-id", "8" },
		{ BACK "/frontend-id", "junk" },
	};

	rig_daemon_stop();
	toolstack_attach("vif-ng");
	toolstack_write(wrong[_i].node, wrong[_i].value);
	rig_daemon_start();
	ck_assert_uint_eq(back_state(), 1);
	ck_assert_uint_eq(fake.creates, 0);
	ck_assert_str_ne(store_text(ERROR_NODE), "");
}
END_TEST

START_TEST(failing_connect_shuts_the_vif)
{
	fake.connect_rc = _i ? -ENXIO : -ESRCH;
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(6));
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), "a fake step"));
	rig_settle();
	ck_assert_uint_eq(fake.connects, 1);
}
END_TEST

/* What the host is short of is no reason to shut a guest's vif: it waits until there is enough. */
START_TEST(shortage_of_the_host_shuts_no_vif)
{
	static const int rcs[] = { -EMFILE, -ENOMEM, -EINVAL, -ENOSPC, -ENODEV, -EIO };

	fake.connect_rc = rcs[_i];
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	rig_settle();
	ck_assert_uint_eq(back_state(), 2);
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), "a fake step"));
	/* The guest cannot hurry it. */
	for (unsigned int i = 0, before = fake.connects; i < 5; i++) {
		guest_write("state", "4");
		sd_event_run(rig.event, 0);
		ck_assert_uint_le(fake.connects, before + 2);
	}
	fake.connect_rc = 0;
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connected, 1);
	ck_assert_str_eq(store_text(ERROR_NODE), "");
}
END_TEST

START_TEST(shortage_is_forgotten_with_the_vif)
{
	fake.connect_rc = -EMFILE;
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	rig_settle();
	fake.connect_rc = 0;
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	ck_assert_str_eq(store_text(ERROR_NODE), "");
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
}
END_TEST

START_TEST(broken_guest_is_shut_and_stays_shut)
{
	connect_one();
	fake_break(NETIF_ERR_RING_OVERRUN);
	ck_assert(back_becomes(6));
	ck_assert_uint_eq(fake.connected, 0);
	ck_assert_ptr_nonnull(strstr(store_text(ERROR_NODE), netif_error_text(NETIF_ERR_RING_OVERRUN)));
	fake.broken = NETIF_OK;
	guest_write("state", "3");
	guest_write("state", "4");
	rig_settle();
	ck_assert_uint_eq(back_state(), 6);
	ck_assert_uint_eq(fake.connects, 1);
	guest_write("state", "1");
	ck_assert(back_becomes(2));
	guest_write("state", "4");
	ck_assert(back_becomes(4));
}
END_TEST

START_TEST(state_storm_is_paced)
{
	const struct device *d = rig.backend.table[0];

	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	for (int i = 0; i < 300; i++) {
		guest_write("state", i & 1 ? "1" : "2");
		sd_event_run(rig.event, 1000);
	}
	for (int i = 0; i < BACKEND_BUCKETS && !d; i++)
		d = rig.backend.table[i];
	ck_assert_ptr_nonnull(d);
	ck_assert_uint_gt(d->count.deferred, 0);
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

/* ---- after a restart ---- */

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
	tcase_add_test(c, switched_off_features_are_not_offered);
	tcase_add_loop_test(c, no_tap_no_initwait_until_there_is_one, 0, 6);
	tcase_add_test(c, waits_for_the_hotplug_script);
	tcase_add_test(c, single_channel_queue);
	tcase_add_loop_test(c, half_pages_as_the_guest_asks, 0, 4);
	tcase_add_test(c, four_split_queues);
	tcase_add_test(c, survives_transaction_conflicts);
	tcase_add_loop_test(c, bad_keys_shut_the_vif_until_it_starts_anew, 0, COUNT(bad));
	tcase_add_loop_test(c, keys_as_other_front_ends_write_them, 0, 28);
	tcase_add_test(c, state_with_a_nul);
	tcase_add_test(c, offer_holds_through_a_reload);
	tcase_add_loop_test(c, front_end_of_another_domain_is_refused, 0, 5);
	tcase_add_loop_test(c, failing_connect_shuts_the_vif, 0, 2);
	tcase_add_loop_test(c, shortage_of_the_host_shuts_no_vif, 0, 6);
	tcase_add_test(c, shortage_is_forgotten_with_the_vif);
	tcase_add_test(c, broken_guest_is_shut_and_stays_shut);
	tcase_add_test(c, state_storm_is_paced);
	tcase_add_test(c, front_end_closes_and_comes_back);
	tcase_add_test(c, front_end_restarts_without_closing);
	tcase_add_test(c, removal_waits_for_a_live_front_end);
	tcase_add_test(c, removal_with_the_front_end_gone);
	tcase_add_test(c, removal_before_the_guest_ever_answered);
	tcase_add_test(c, toolstack_closing_is_not_overwritten);
	tcase_add_test(c, directory_vanishes);
	tcase_add_test(c, removed_and_made_again_at_once);
	tcase_add_test(c, connected_vif_is_resumed);
	tcase_add_loop_test(c, resumed_by_the_terms_of_before, 0, 2);
	tcase_add_test(c, resume_waits_for_the_script);
	tcase_add_loop_test(c, script_that_failed_once_strands_nobody, 0, 5);
	tcase_add_test(c, script_that_cannot_be_run_is_tried_again);
	tcase_add_loop_test(c, shortage_at_a_restart_costs_nobody_a_vif, 0, 2);
	tcase_add_loop_test(c, vif_shut_for_a_shortage_is_taken_up_again, 0, 11);
	tcase_add_test(c, resume_that_fails_shuts_the_vif);
	tcase_add_loop_test(c, adoption_in_every_state, 0, COUNT(left_behind));
	tcase_add_test(c, other_vifs_are_left_alone);
	tcase_add_test(c, rate_follows_the_store);
	tcase_add_loop_test(c, a_look_changes_nothing, 0, 2);
	tcase_add_test(c, json_tells_state_and_error);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
