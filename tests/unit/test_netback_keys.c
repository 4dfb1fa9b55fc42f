/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest may write, and what is made of it; whose fault a failure is. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/runner.h"
#include "tests/unit/test_netback.h"

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

/* The connection is compared by what was read, not by what lies between its members. */
START_TEST(a_connection_that_changed)
{
	static const struct { const char *node, *value; int rc; } change[] = {
		{ "state", "4", 0 }, { "state", "7", 0 }, { "state", "5", -ECANCELED },
		{ "tx-ring-ref", "101", -ECANCELED }, { "rx-ring-ref", "201", -ECANCELED },
		{ "rx-ring-ref", "no", -ECANCELED },
		{ "event-channel", "11", -ECANCELED }, { "ctrl-ring-ref", "8", -ECANCELED },
		{ "event-channel-ctrl", "9", -ECANCELED }, { "feature-sg", "0", -ECANCELED },
		{ "feature-gso-tcpv4", "0", -ECANCELED }, { "feature-gso-tcpv6", "1", -ECANCELED },
		{ "feature-no-csum-offload", "1", -ECANCELED },
		{ "feature-ipv6-csum-offload", "0", -ECANCELED }, { "feature-rx-notify", "0", -ECANCELED },
		{ "request-multicast-control", "1", 0 }, { "request-rx-half-pages", "1", -ECANCELED },
		{ "multi-queue-num-queues", "0", -ECANCELED }, { "xdp-headroom", "256", 0 },
	};
	const struct frontend_offer offer = { .max_queues = 4, .sg = true, .gso = true, .csum = true,
					      .ctrl_ring = true, .multicast_control = true };
	const size_t gap = offsetof(struct vif_connection, has_ctrl) + 1;
	struct frontend_requests asked;
	enum store_state state;
	struct vif_connection c;
	char why[FRONTEND_WHY_MAX];

	toolstack_attach("vif-ng");
	guest_connect(1, false);
	guest_write("ctrl-ring-ref", "7");
	guest_write("event-channel-ctrl", "8");
	guest_write("feature-ipv6-csum-offload", "1");
	ck_assert_int_eq(frontend_read(rig.dom0, FRONT, &offer, &c, &asked, why), 0);
	ck_assert(c.gso4 && !c.gso6 && c.csum4 && c.csum6 && c.rx_notify && c.has_ctrl);
	memset((char *)&c + gap, 0xa5, offsetof(struct vif_connection, ctrl_ref) - gap);
	memset(&c.queue[1], 0xa5, sizeof(c.queue[1]));
	c.rate_bytes = 1;
	ck_assert_int_eq(frontend_unchanged(rig.dom0, XBT_NULL, FRONT, &offer, &c, &state), 0);
	guest_write(change[_i].node, change[_i].value);
	ck_assert_int_eq(frontend_unchanged(rig.dom0, XBT_NULL, FRONT, &offer, &c, &state), change[_i].rc);
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

void add_keys_tests(TCase *c)
{
	tcase_add_loop_test(c, bad_keys_shut_the_vif_until_it_starts_anew, 0, COUNT(bad));
	tcase_add_loop_test(c, keys_as_other_front_ends_write_them, 0, 28);
	tcase_add_loop_test(c, a_connection_that_changed, 0, 19);
	tcase_add_test(c, state_with_a_nul);
	tcase_add_test(c, offer_holds_through_a_reload);
	tcase_add_loop_test(c, front_end_of_another_domain_is_refused, 0, 5);
	tcase_add_loop_test(c, failing_connect_shuts_the_vif, 0, 2);
	tcase_add_loop_test(c, shortage_of_the_host_shuts_no_vif, 0, 6);
	tcase_add_test(c, shortage_is_forgotten_with_the_vif);
	tcase_add_test(c, broken_guest_is_shut_and_stays_shut);
	tcase_add_test(c, state_storm_is_paced);
}
