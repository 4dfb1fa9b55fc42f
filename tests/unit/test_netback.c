/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_netback.h"
#include "tests/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig rig;

bool rig_turn_until(bool (*cond)(const void *arg), const void *arg)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (!cond(arg)) {
		if (now_ms() > end)
			return false;
		ck_assert_int_ge(sd_event_run(rig.event, 10000), 0);
	}
	return true;
}

void rig_settle(void)
{
	while (sd_event_run(rig.event, 0) > 0)
		;
}

void rig_daemon_start(void)
{
	ck_assert_int_eq(backend_start(&rig.backend, rig.event, &rig.config), 0);
	rig.running = true;
	rig_settle();
}

void rig_daemon_stop(void)
{
	if (rig.running)
		backend_stop(&rig.backend);
	rig.running = false;
}

void rig_start(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fake_reset();
	log_set_level(-1);
	ck_assert_int_ge(sd_event_new(&rig.event), 0);
	ck_assert_int_eq(config_load(&rig.config, "/nonexistent"), 0);
	as_domain(7);
	rig.guest = xs_open(0);
	as_domain(0);
	rig.dom0 = xs_open(0);
	ck_assert(rig.guest && rig.dom0);
	rig_daemon_start();
}

void rig_stop(void)
{
	rig_daemon_stop();
	ck_assert_uint_eq(fake.alive, 0);
	ck_assert_uint_eq(fake.connected, 0);
	xs_rm(rig.dom0, XBT_NULL, "backend/vif");
	xs_rm(rig.dom0, XBT_NULL, "error");
	xs_close(rig.guest);
	xs_close(rig.dom0);
	config_free(&rig.config);
	sd_event_unref(rig.event);
	memset(&rig, 0, sizeof(rig));
}

static void put(struct xs_handle *xs, xs_transaction_t t, const char *path, const char *value)
{
	if (value)
		ck_assert(xs_write(xs, t, path, value, (unsigned int)strlen(value)));
	else
		xs_rm(xs, t, path);
}

void toolstack_write(const char *path, const char *value)
{
	put(rig.dom0, XBT_NULL, path, value);
}

void guest_write(const char *node, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FRONT "/%s", node);
	put(rig.guest, XBT_NULL, path, value);
}

static void make_dir(xs_transaction_t t, const char *dir, unsigned int owner, unsigned int reader)
{
	struct xs_permissions p[2] = { { owner, XS_PERM_NONE }, { reader, XS_PERM_READ } };

	xs_rm(rig.dom0, t, dir);
	ck_assert(xs_mkdir(rig.dom0, t, dir));
	ck_assert(xs_set_permissions(rig.dom0, t, dir, p, 2));
}

void toolstack_attach(const char *script)
{
	xs_transaction_t t;

	do {
		t = xs_transaction_start(rig.dom0);
		make_dir(t, FRONT, 7, 0);
		put(rig.dom0, t, FRONT "/state", "1");
		make_dir(t, "/local/domain/0/" BACK, 0, 7);
		put(rig.dom0, t, BACK "/frontend", FRONT);
		put(rig.dom0, t, BACK "/frontend-id", "7");
		put(rig.dom0, t, BACK "/online", "1");
		put(rig.dom0, t, BACK "/state", "1");
		put(rig.dom0, t, BACK "/script", script);
		put(rig.dom0, t, BACK "/bridge", "xenbr0");
		put(rig.dom0, t, BACK "/mac", "00:16:3e:01:02:03");
		put(rig.dom0, t, BACK "/mtu", "9000");
		put(rig.dom0, t, BACK "/hotplug-status", "");
	} while (!xs_transaction_end(rig.dom0, t, false) && errno == EAGAIN);
}

void toolstack_plugged(void)
{
	toolstack_write(BACK "/hotplug-status", "connected");
}

static void guest_number(const char *prefix, const char *node, unsigned int n)
{
	char path[64], value[16];

	snprintf(path, sizeof(path), "%s%s", prefix, node);
	snprintf(value, sizeof(value), "%u", n);
	guest_write(path, value);
}

void guest_keys(unsigned int nqueues, bool split)
{
	char prefix[20] = "";

	if (nqueues > 1)
		guest_number("", "multi-queue-num-queues", nqueues);
	for (unsigned int i = 0; i < nqueues; i++) {
		if (nqueues > 1)
			snprintf(prefix, sizeof(prefix), "queue-%u/", i);
		guest_number(prefix, "tx-ring-ref", 100 + i);
		guest_number(prefix, "rx-ring-ref", 200 + i);
		guest_number(prefix, split ? "event-channel-tx" : "event-channel", 10 + i);
		if (split)
			guest_number(prefix, "event-channel-rx", 20 + i);
	}
	guest_write("request-rx-copy", "1");
	guest_write("feature-rx-notify", "1");
	guest_write("feature-sg", "1");
	guest_write("feature-gso-tcpv4", "1");
}

void guest_connect(unsigned int nqueues, bool split)
{
	guest_keys(nqueues, split);
	guest_write("state", "4");
}

unsigned int back_state(void)
{
	return store_read_state(rig.dom0, XBT_NULL, BACK);
}

static bool state_is(const void *arg)
{
	return back_state() == *(const unsigned int *)arg;
}

bool back_becomes(unsigned int state)
{
	bool ok = rig_turn_until(state_is, &state);

	rig_settle();
	return ok && back_state() == state;
}

const char *store_text(const char *path)
{
	static char text[256];
	char *value = xs_read(rig.dom0, XBT_NULL, path, NULL);

	snprintf(text, sizeof(text), "%s", value ? value : "");
	free(value);
	return text;
}

void connect_one(void)
{
	toolstack_attach("vif-ng");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	ck_assert_uint_eq(fake.connected, 1);
}
