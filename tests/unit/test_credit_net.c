/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interfaces credit-adjustd counts, against the kernel, in a network namespace. Skipped where there is none. */
#include <check.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credit-adjust/net.h"
#include "tests/unit/runner.h"

#define DOMAINS 2000

static struct net net;
static uint64_t frames[DOMAINS][4];
static unsigned int found[DOMAINS], vfs_found;

static void on_found(void *arg, uint32_t domid, bool vf, uint32_t id, uint64_t n)
{
	ck_assert_uint_lt(domid, DOMAINS);
	vfs_found += vf;
	found[domid]++;
	if (!vf)
		frames[domid][id & 3] = n;
}

static void refresh(void)
{
	memset(found, 0, sizeof(found));
	vfs_found = 0;
	ck_assert_int_eq(net_refresh(&net, on_found, NULL), 0);
}

static void sh(const char *command)
{
	ck_assert_msg(system(command) == 0, "%s", command);
}

static void setup(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(net_open(&net), 0);
}

static void teardown(void)
{
	net_close(&net);
	net_close(&net); /* may be repeated */
}

static uint64_t counter(const char *name, const char *which)
{
	unsigned long long n = 0;
	char command[128];
	FILE *f;

	snprintf(command, sizeof(command), "ip -s -j link show %s | sed 's/.*\"%s\":{[^}]*\"packets\":\\([0-9]*\\).*/\\1/'",
		 name, which);
	f = popen(command, "r");
	ck_assert(f && fscanf(f, "%llu", &n) == 1);
	pclose(f);
	return n;
}

START_TEST(the_frames_of_a_vif)
{
	uint64_t before;

	sh("ip link add vif7.0 type veth peer name p0 && ip link set p0 up && ip link set vif7.0 up");
	sh("ip link add vif7.1 type veth peer name p1 && ip link add vif8.0-emu type veth peer name vif9");
	refresh();
	ck_assert_uint_eq(found[7], 2);
	ck_assert_uint_eq(found[8] + found[9] + vfs_found, 0);
	before = frames[7][0];
	/* Before the kernel has seen to a carrier, an interface takes frames and counts none. */
	sh("until ip link show vif7.0 | grep -q 'state UP'; do sleep 0.02; done");
	sh("ip addr add 10.0.0.1/24 dev vif7.0 && ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev vif7.0 && "
	   "ping -q -c 5 -i 0.01 -W 1 10.0.0.2 >/dev/null; true");
	refresh();
	ck_assert_uint_ge(frames[7][0], before + 5);
	ck_assert_uint_le(frames[7][0], counter("vif7.0", "rx") + counter("vif7.0", "tx"));
	ck_assert_uint_eq(frames[7][1], 0);
}
END_TEST

/* They do not fit one message of the kernel's. */
START_TEST(a_thousand_vifs)
{
	sh("for i in $(seq 1000 2 1998); do echo link add vif$i.0 type veth peer name vif$((i + 1)).0; done | ip -batch -");
	refresh();
	for (int i = 1000; i < 2000; i++)
		ck_assert_uint_eq(found[i], 1);
	sh("ip link del vif1501.0");
	refresh();
	ck_assert_uint_eq(found[1500] + found[1501], 0);
	ck_assert_uint_eq(found[1999], 1);
}
END_TEST

START_TEST(a_vf_without_counters_is_blind)
{
	sh("ip link add pf0 type veth peer name vif7.0");
	ck_assert(!net_is_blind(&net, 7));
	net.vf[0] = (struct net_vf){ .domid = 7, .index = 0, .pf = "pf0" };
	net.vf[1] = (struct net_vf){ .domid = 8, .index = 1, .pf = "gone" };
	net.vfs = 2;
	refresh();
	ck_assert(net_is_blind(&net, 7) && net_is_blind(&net, 8) && !net_is_blind(&net, 9));
	ck_assert_uint_eq(vfs_found, 0);
	ck_assert_uint_eq(found[7], 1);
}
END_TEST

START_TEST(large_frames_count_as_several)
{
	ck_assert_uint_eq(net_frames(10, 1000), 10);
	ck_assert_uint_eq(net_frames(10, 60000), 40);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("credit-adjust net");
	TCase *c = tcase_create("net");

	if (unshare(CLONE_NEWNET) || system("ip link add d0 type bridge 2>/dev/null"))
		return RUNNER_SKIP;
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, the_frames_of_a_vif);
	tcase_add_test(c, a_thousand_vifs);
	tcase_add_test(c, a_vf_without_counters_is_blind);
	tcase_add_test(c, large_frames_count_as_several);
	suite_add_tcase(s, c);
	return runner_run(s);
}
