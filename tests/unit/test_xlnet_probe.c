/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe.c against the kernel, in a network namespace of its own: a bridge, and behind its port a
 * "guest" whose kernel answers ARP, or does not. Skipped without the right to make namespaces.
 */
#include "tests/unit/runner.h"
#include "xl-plugins/netlink.h"
#include "xl-plugins/probe.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const struct mac guest = { { 0x02, 0, 0, 0, 0, 9 } };

static void shell(const char *command)
{
	ck_assert_int_eq(system(command), 0);
}

/* A port forwards once the bridge has heard of its carrier. */
static void forwards(const char *port)
{
	char command[128];

	snprintf(command, sizeof(command), "until bridge link show dev %s | grep -q 'state forwarding'; do sleep 0.02; done",
		 port);
	shell(command);
}

static void world_make(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	/* Little but probes arrives. */
	shell("for f in all default; do f=/proc/sys/net/ipv6/conf/$f/disable_ipv6; [ ! -e $f ] || echo 1 >$f; done");
	shell("ip link add br0 type bridge forward_delay 0 && ip link set br0 up && "
	      "ip link add p0 type veth peer name q0 address 02:00:00:00:00:09 && "
	      "ip link set p0 master br0 up && ip link set q0 up && ip address add 10.9.9.2/24 dev q0");
	forwards("p0");
}

/* What has arrived at the guest's end. */
static long frames(void)
{
	FILE *f = fopen("/proc/self/net/dev", "re");
	char line[256];
	long n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, " q0: %*d %ld", &n);
	fclose(f);
	return n;
}

static void frames_wait(long more)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	long target = frames() + more;

	while (frames() < target && now_ms() < end)
		sched_yield();
	ck_assert_int_ge(frames(), target);
}

static struct in_addr address(const char *text)
{
	struct in_addr a;

	ck_assert_int_eq(inet_pton(AF_INET, text, &a), 1);
	return a;
}

START_TEST(losses_by_phase)
{
	struct probe_loss loss[PROBE_PHASES];
	struct probe *p;

	world_make();
	ck_assert_int_eq(probe_begin("br0", &guest, address("10.9.9.2"), &p), 0);
	frames_wait(20);
	shell("ip link set q0 arp off");
	probe_next(p);
	frames_wait(20);
	probe_next(p);
	shell("ip link set q0 arp on");
	frames_wait(20);
	probe_end(p, loss);
	ck_assert_uint_ge(loss[0].sent, 15);
	ck_assert_uint_le(loss[0].lost, 5);
	ck_assert_uint_ge(loss[1].lost, 15);
	ck_assert_uint_le(loss[1].lost, loss[1].sent);
	ck_assert_uint_ge(loss[0].gap_ms + loss[1].gap_ms, 300);
	ck_assert_uint_ge(loss[2].sent, 15);
	ck_assert_uint_le(loss[2].lost, 5);
}
END_TEST

/* It comes back as soon as the guest does, or after its time. */
START_TEST(waiting_for_the_guest)
{
	struct probe_loss loss[PROBE_PHASES];
	struct probe *p;
	uint64_t began;

	world_make();
	ck_assert_int_eq(probe_begin("br0", &guest, address("10.9.9.2"), &p), 0);
	began = now_ms();
	probe_wait(p, 60);
	ck_assert_uint_lt(now_ms() - began, 30000);
	shell("ip link set q0 arp off");
	frames_wait(2);
	began = now_ms();
	probe_wait(p, 1);
	ck_assert_uint_ge(now_ms() - began, 1000);
	probe_end(p, loss);
	probe_wait(NULL, 60);
}
END_TEST

/* The bridge sends to the guest's old place until it hears of the new one: who is silent is asked by broadcast. */
START_TEST(a_bridge_that_sends_elsewhere)
{
	struct probe_loss loss[PROBE_PHASES];
	struct probe *p;
	uint64_t began;

	world_make();
	shell("ip link add p1 type veth peer name q1 && ip link set p1 master br0 up && ip link set q1 up");
	forwards("p1");
	shell("bridge fdb replace 02:00:00:00:00:09 dev p1 master dynamic");
	ck_assert_int_eq(probe_begin("br0", &guest, address("10.9.9.2"), &p), 0);
	began = now_ms();
	probe_wait(p, 60);
	ck_assert_uint_lt(now_ms() - began, 30000);
	probe_end(p, loss);
	ck_assert_uint_ge(loss[0].sent, 1);
}
END_TEST

/* Another's answer is not the guest's. */
START_TEST(nobody_has_that_address)
{
	struct probe_loss loss[PROBE_PHASES];
	struct probe *p;

	world_make();
	ck_assert_int_eq(probe_begin("br0", &guest, address("10.9.9.3"), &p), 0);
	frames_wait(10);
	probe_end(p, loss);
	ck_assert_uint_ge(loss[0].sent, 5);
	ck_assert_uint_eq(loss[0].lost, loss[0].sent);
	ck_assert_uint_eq(loss[1].sent + loss[2].sent, 0);
}
END_TEST

START_TEST(more_phases_than_there_are)
{
	struct probe_loss loss[PROBE_PHASES];
	struct probe *p;

	world_make();
	ck_assert_int_eq(probe_begin("br0", &guest, address("10.9.9.2"), &p), 0);
	for (int i = 0; i < 10; i++)
		probe_next(p);
	frames_wait(2);
	probe_end(p, loss);
	ck_assert_uint_ge(loss[PROBE_PHASES - 1].sent, 1);
}
END_TEST

START_TEST(no_such_bridge)
{
	struct probe_loss loss[PROBE_PHASES] = { { 1, 1, 1 } };
	struct probe *p;

	world_make();
	ck_assert_int_eq(probe_begin("br9", &guest, address("10.9.9.2"), &p), -ENODEV);
	ck_assert_ptr_null(p);
	probe_next(p);
	probe_end(p, loss);
	ck_assert_uint_eq(loss[0].sent, 0);
}
END_TEST

START_TEST(a_neighbour_of_this_host)
{
	static const struct mac other = { { 0x02, 0, 0, 0, 0, 8 } };
	struct in_addr found;

	world_make();
	shell("ip neigh add 10.9.9.7 lladdr 02:00:00:00:00:09 dev br0");
	ck_assert_int_eq(netlink_neighbour_find(&guest, &found), 0);
	ck_assert_uint_eq(found.s_addr, address("10.9.9.7").s_addr);
	ck_assert_int_eq(netlink_neighbour_find(&other, &found), -ENOENT);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("xlnet probe");
	TCase *t = tcase_create("probe");

	tcase_add_test(t, losses_by_phase);
	tcase_add_test(t, waiting_for_the_guest);
	tcase_add_test(t, a_bridge_that_sends_elsewhere);
	tcase_add_test(t, nobody_has_that_address);
	tcase_add_test(t, more_phases_than_there_are);
	tcase_add_test(t, no_such_bridge);
	tcase_add_test(t, a_neighbour_of_this_host);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return runner_run_in_netns(suite());
}
