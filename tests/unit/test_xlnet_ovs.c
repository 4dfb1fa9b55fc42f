/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ovs.c against Open vSwitch's own daemons, which run in a network namespace and a directory of the
 * test's, with the datapath that needs no kernel module. Skipped where they are not installed, or
 * without the right to make namespaces.
 */
#include "tests/unit/runner.h"
#include "xl-plugins/ovs.h"

#include <check.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct mac mac = { { 0x02, 0, 0, 0, 0, 1 } };
static char dir[] = "/tmp/xlnet-ovs-XXXXXX";
static struct xlnet x = { .ovs = dir };

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

static void vsctl(const char *arguments)
{
	ck_assert_int_eq(sh("ovs-vsctl --timeout=60 --db=unix:%s/db.sock %s", dir, arguments), 0);
}

static void world_make(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(sh("for i in 0 1 2; do ip link add p$i type veth peer name q$i && "
			    "ip link set p$i up && ip link set q$i up || exit 1; done"), 0);
	ck_assert_int_eq(sh("cd %s && rm -f conf.db && "
			    "ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema && "
			    "export OVS_RUNDIR=$PWD && "
			    "ovsdb-server $PWD/conf.db --remote=punix:$PWD/db.sock --detach --no-chdir "
			    "--pidfile=$PWD/ovsdb-server.pid --unixctl=$PWD/ovsdb-server.ctl "
			    "--log-file=$PWD/log >/dev/null 2>&1 && "
			    "ovs-vsctl --db=unix:$PWD/db.sock --no-wait init && "
			    "ovs-vswitchd unix:$PWD/db.sock --detach --no-chdir "
			    "--pidfile=$PWD/ovs-vswitchd.pid --log-file=$PWD/log >/dev/null 2>&1", dir), 0);
	vsctl("add-br ovs0 -- set bridge ovs0 datapath_type=netdev -- add-port ovs0 p0 "
	      "-- add-port ovs0 p1 tag=10 -- add-br ovs1 -- set bridge ovs1 datapath_type=netdev "
	      "-- add-port ovs1 p2");
}

/* Before its directory, which it may still write to. */
static void daemons_stop(void)
{
	sh("cd %s && for d in ovs-vswitchd ovsdb-server; do [ ! -s $d.pid ] || kill -9 $(cat $d.pid); "
	   "done 2>/dev/null", dir);
}

/* A broadcast from mac comes out of interface, which is a port's other end. */
static void frame_send(const char *interface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(interface) };
	unsigned char frame[60];
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	ck_assert_int_ge(fd, 0);
	memset(frame, 0, sizeof(frame));
	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + ETH_ALEN, mac.b, ETH_ALEN);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	ck_assert_int_eq(sendto(fd, frame, sizeof(frame), 0, (struct sockaddr *)&to, sizeof(to)),
			 (ssize_t)sizeof(frame));
	close(fd);
}

/* Sends until the bridge has learnt the port (-ENOENT at the deadline). */
static int learn(const char *interface, const char *bridge, unsigned int vlan, const char *port)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	char at[IFNAMSIZ];
	bool sticks;

	while (now_ms() < end) {
		frame_send(interface);
		if (!ovs_place_get(&x, bridge, vlan, &mac, at, &sticks) && !strcmp(at, port) && !sticks)
			return 0;
		sleep_ms(10);
	}
	return -ENOENT;
}

static void count(const char *name, void *arg)
{
	++*(int *)arg;
}

START_TEST(bridges_and_their_ports)
{
	char bridge[IFNAMSIZ];
	int n = 0;

	world_make();
	ck_assert(ovs_has_bridge(&x, "ovs0") && ovs_has_bridge(&x, "ovs1"));
	ck_assert(!ovs_has_bridge(&x, "ovs2") && !ovs_has_bridge(&x, "p0") && !ovs_has_bridge(&x, ""));
	ovs_bridges(&x, count, &n);
	ck_assert_int_eq(n, 2);
	n = 0;
	ovs_interfaces(&x, "ovs0", count, &n);
	ck_assert_int_eq(n, 1);
	vsctl("add-port ovs0 own0 -- set interface own0 type=internal");
	n = 0;
	ovs_interfaces(&x, "ovs0", count, &n);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(ovs_bridge_of(&x, "p0", bridge), 0);
	ck_assert_str_eq(bridge, "ovs0");
	ck_assert_int_eq(ovs_bridge_of(&x, "p2", bridge), 0);
	ck_assert_str_eq(bridge, "ovs1");
	ck_assert_int_eq(ovs_bridge_of(&x, "q0", bridge), -ENOENT);
	ck_assert_str_eq(bridge, "");
}
END_TEST

START_TEST(places)
{
	char at[IFNAMSIZ];
	bool sticks;

	world_make();
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 0, &mac, at, &sticks), -ENOENT);
	ck_assert_int_eq(learn("q0", "ovs0", 0, "p0"), 0);
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 10, &mac, at, &sticks), -ENOENT);
	ck_assert_int_eq(ovs_place_get(&x, "ovs1", 0, &mac, at, &sticks), -ENOENT);
	ck_assert_int_eq(learn("q1", "ovs0", 10, "p1"), 0);
	/* What was learnt is forgotten, in its VLAN only. */
	ck_assert_int_eq(ovs_place_forget(&x, "ovs0", 10, &mac, "p1"), 0);
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 10, &mac, at, &sticks), -ENOENT);
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 0, &mac, at, &sticks), 0);
	ck_assert_str_eq(at, "p0");
	/* What sticks does not move, and is forgotten with its port. */
	ck_assert_int_eq(ovs_place_stick(&x, "ovs0", 0, &mac, "ovs0"), 0);
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 0, &mac, at, &sticks), 0);
	ck_assert_str_eq(at, "ovs0");
	ck_assert(sticks);
	ck_assert_int_eq(ovs_place_stick(&x, "ovs0", 10, &mac, "p1"), 0);
	frame_send("q0");
	ck_assert_int_eq(ovs_place_forget(&x, "ovs0", 0, &mac, "ovs0"), 0);
	ck_assert_int_eq(learn("q0", "ovs0", 0, "p0"), 0);
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 10, &mac, at, &sticks), 0);
	ck_assert(sticks);
	vsctl("del-port ovs0 p1");
	ck_assert_int_eq(ovs_place_get(&x, "ovs0", 10, &mac, at, &sticks), -ENOENT);
}
END_TEST

START_TEST(what_it_refuses)
{
	char at[IFNAMSIZ];
	bool sticks;

	world_make();
	ck_assert_int_eq(ovs_place_stick(&x, "ovs0", 0, &mac, "p9"), -EREMOTEIO);
	ck_assert_int_eq(ovs_place_forget(&x, "ovs0", 0, &mac, "p9"), -EREMOTEIO);
	ck_assert_int_eq(ovs_place_get(&x, "ovs9", 0, &mac, at, &sticks), -EREMOTEIO);
}
END_TEST

START_TEST(without_the_daemon)
{
	struct xlnet nowhere = { .ovs = "/nowhere" };
	char at[IFNAMSIZ];
	bool sticks;

	ck_assert_int_eq(ovs_bridge_of(&nowhere, "p0", at), -ENOENT);
	ck_assert_int_eq(ovs_place_get(&nowhere, "ovs0", 0, &mac, at, &sticks), -ENOENT);
	world_make();
	ck_assert_int_eq(ovs_bridge_of(&x, "p0", at), 0);
	/* Killed, it leaves its files. */
	daemons_stop();
	ck_assert_int_eq(ovs_bridge_of(&x, "p0", at), -ENOENT);
}
END_TEST

/* It takes the connection, and never answers. */
START_TEST(a_daemon_that_hangs)
{
	char at[IFNAMSIZ];
	uint64_t began;

	world_make();
	ck_assert_int_eq(sh("kill -STOP $(cat %s/ovs-vswitchd.pid)", dir), 0);
	began = now_ms();
	ck_assert_int_eq(ovs_bridge_of(&x, "p0", at), -ETIMEDOUT);
	ck_assert_uint_ge(now_ms() - began, 1000);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("xlnet ovs");
	TCase *t = tcase_create("ovs");

	tcase_add_checked_fixture(t, NULL, daemons_stop);
	tcase_add_test(t, bridges_and_their_ports);
	tcase_add_test(t, places);
	tcase_add_test(t, what_it_refuses);
	tcase_add_test(t, without_the_daemon);
	tcase_add_test(t, a_daemon_that_hangs);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	int status;

	if (system("command -v ovs-vswitchd ovsdb-server ovsdb-tool ovs-vsctl >/dev/null")) {
		puts("skipped: install openvswitch-switch");
		return RUNNER_SKIP;
	}
	if (!mkdtemp(dir))
		return 1;
	status = runner_run_in_netns(suite());
	daemons_stop(); /* those of a test that failed */
	sh("rm -rf %s", dir);
	return status;
}
