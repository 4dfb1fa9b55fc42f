/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.c against the kernel, in a network namespace of its own: a bridge with two ports. VFs
 * need hardware, or netdevsim where the kernel has it. Skipped without the right to make
 * namespaces.
 */
#include "tests/unit/runner.h"
#include "xl-plugins/netlink.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static const struct mac mac = { { 0x02, 0, 0, 0, 0, 1 } };
static const struct mac other = { { 0x02, 0, 0, 0, 0, 2 } };

static void world_make(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	/* veths: a port without carrier learns nothing. The bridge hears of the carrier when the kernel gets to it. */
	ck_assert_int_eq(system("ip link add br0 type bridge forward_delay 0 && ip link set br0 up && "
				"for i in 0 1; do ip link add p$i type veth peer name q$i && "
				"ip link set q$i up && ip link set p$i master br0 up || exit 1; done; "
				"for i in 0 1; do until bridge link show dev p$i | grep -q 'state forwarding'; do "
				"sleep 0.02; done; done"),
			 0);
}

START_TEST(forwarding_entries)
{
	char port[IFNAMSIZ];

	world_make();
	ck_assert_int_eq(netlink_fdb_get("br0", &mac, port), -ENOENT);
	ck_assert_int_eq(netlink_fdb_set("p0", &mac, FDB_AGES), 0);
	ck_assert_int_eq(netlink_fdb_get("br0", &mac, port), 0);
	ck_assert_str_eq(port, "p0");
	ck_assert_int_eq(netlink_fdb_set("p1", &mac, FDB_STAYS), 0);
	ck_assert_int_eq(netlink_fdb_get("br0", &mac, port), 0);
	ck_assert_str_eq(port, "p1");
	ck_assert_int_eq(netlink_fdb_get("br0", &other, port), -ENOENT);
	ck_assert_int_eq(system("bridge fdb show br br0 | grep -q '02:00:00:00:00:01 dev p1.* static'"), 0);
	ck_assert_int_eq(netlink_fdb_set("p0", &mac, FDB_STICKS), 0);
	ck_assert_int_eq(system("bridge fdb show br br0 | grep -q 'dev p0.*sticky'"), 0);
	ck_assert_int_eq(netlink_fdb_set("p1", &mac, FDB_STAYS), 0);
	ck_assert_int_ne(system("bridge fdb show br br0 | grep -q sticky"), 0);
	/* Not at that port: it stays. */
	ck_assert_int_eq(netlink_fdb_del("p0", &mac), 0);
	ck_assert_int_eq(netlink_fdb_get("br0", &mac, port), 0);
	ck_assert_int_eq(netlink_fdb_del("p1", &mac), 0);
	ck_assert_int_eq(netlink_fdb_get("br0", &mac, port), -ENOENT);
	ck_assert_int_eq(netlink_fdb_set("p9", &mac, FDB_AGES), -ENODEV);
	ck_assert_int_eq(netlink_fdb_get("br9", &mac, port), -ENODEV);
}
END_TEST

START_TEST(filters_of_a_nic)
{
	char port[IFNAMSIZ];

	world_make();
	ck_assert_int_eq(netlink_filter_get("p0", &mac), -ENOENT);
	ck_assert_int_eq(netlink_filter_add("p0", &mac), 0);
	ck_assert_int_eq(netlink_filter_add("p0", &mac), 0);
	ck_assert_int_eq(netlink_filter_get("p0", &mac), 0);
	ck_assert_int_eq(netlink_filter_get("p1", &mac), -ENOENT);
	/* It is no forwarding entry. */
	ck_assert_int_eq(netlink_fdb_get("br0", &mac, port), -ENOENT);
	ck_assert_int_eq(netlink_filter_del("p0", &mac), 0);
	ck_assert_int_eq(netlink_filter_del("p0", &mac), 0);
	ck_assert_int_eq(netlink_filter_get("p0", &mac), -ENOENT);
}
END_TEST

START_TEST(interfaces_without_vfs)
{
	struct vf_state state;

	world_make();
	ck_assert_int_eq(netlink_vf_get("p0", 0, &state), -ENOENT);
	ck_assert_int_eq(netlink_vf_get("p9", 0, &state), -ENODEV);
	ck_assert_int_lt(netlink_vf_set_mac("p0", 0, &mac), 0);
	ck_assert_int_eq(netlink_vf_set_vlan("p9", 0, 5), -ENODEV);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("xlnet netlink");
	TCase *t = tcase_create("netlink");

	tcase_add_test(t, forwarding_entries);
	tcase_add_test(t, filters_of_a_nic);
	tcase_add_test(t, interfaces_without_vfs);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return runner_run_in_netns(suite());
}
