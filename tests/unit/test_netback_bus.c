/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sharing the xen-backend bus with the kernel: a mount namespace in which /sys/bus is a tmpfs of ours. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netback-ng/control/bus.h"
#include "lib/daemon/log.h"
#include "tests/unit/runner.h"

static sd_event *event;
static struct bus *bus;

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), BUS_SYSFS "/%s", name);
	f = fopen(path, "w");
	ck_assert_msg(f != NULL, "%s", path);
	fputs(text, f);
	fclose(f);
}

static const char *read_file(const char *name)
{
	static char text[128];
	char path[128];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), BUS_SYSFS "/%s", name);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static void make_dir(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), BUS_SYSFS "/%s", name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static int doubts; /* how often it is not known whose vif-5-0 is */

static int owns(void *arg, uint16_t domid, uint32_t devid)
{
	if (domid == 5 && doubts)
		return doubts--, -ENOMEM;
	return domid == 5;
}

static void setup(void)
{
	log_set_level(-1);
	ck_assert_int_eq(mount("tmpfs", "/sys/bus", "tmpfs", 0, NULL), 0);
	make_dir("");
	make_dir("devices");
	make_dir("drivers");
	make_dir("drivers/vif");
	write_file("drivers_autoprobe", "1");
	write_file("drivers_probe", "");
	write_file("drivers/vif/bind", "");
	ck_assert_int_ge(sd_event_new(&event), 0);
}

static void teardown(void)
{
	bus_stop(bus);
	bus = NULL;
	sd_event_unref(event);
	umount2("/sys/bus", MNT_DETACH);
}

START_TEST(autoprobe_is_off_only_while_we_run)
{
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	ck_assert_str_eq(read_file("drivers_autoprobe"), "0");
	bus_stop(bus);
	bus = NULL;
	ck_assert_str_eq(read_file("drivers_autoprobe"), "1");
}
END_TEST

START_TEST(foreign_vif_goes_to_the_kernel)
{
	make_dir("devices/vif-6-0");
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	ck_assert_str_eq(read_file("drivers/vif/bind"), "vif-6-0");
	ck_assert_str_eq(read_file("drivers_probe"), "");
}
END_TEST

START_TEST(other_types_are_probed)
{
	make_dir("devices/vbd-5-51712");
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	ck_assert_str_eq(read_file("drivers_probe"), "vbd-5-51712");
}
END_TEST

START_TEST(ours_and_bound_ones_are_left_alone)
{
	make_dir("devices/vif-5-0");
	make_dir("devices/vif-6-1");
	make_dir("devices/vif-6-1/driver");
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	bus_stop(bus);
	bus = NULL;
	ck_assert_str_eq(read_file("drivers/vif/bind"), "");
	ck_assert_str_eq(read_file("drivers_probe"), "");
	ck_assert(bus_kernel_holds(6, 1));
	ck_assert(!bus_kernel_holds(5, 0));
}
END_TEST

/* The driver's module comes later than the device: it is tried again. */
START_TEST(unbound_device_is_tried_again)
{
	make_dir("devices/vif-6-0");
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	write_file("drivers/vif/bind", "");
	ck_assert_int_gt(sd_event_run(event, PATIENCE_MS * 1000ull), 0);
	ck_assert_str_eq(read_file("drivers/vif/bind"), "vif-6-0");
}
END_TEST

/* xenstore did not say whose it is: it is not given away, but asked about again. */
START_TEST(doubtful_vif_is_not_given_away)
{
	doubts = 2;
	make_dir("devices/vif-5-0");
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	ck_assert_int_gt(sd_event_run(event, PATIENCE_MS * 1000ull), 0);
	ck_assert_int_gt(sd_event_run(event, PATIENCE_MS * 1000ull), 0);
	ck_assert_int_eq(doubts, 0);
	ck_assert_str_eq(read_file("drivers/vif/bind"), "");
}
END_TEST

START_TEST(no_bus_nothing_to_share)
{
	ck_assert_int_eq(unlink(BUS_SYSFS "/drivers_autoprobe"), 0);
	ck_assert_int_eq(bus_start(&bus, event, owns, NULL), 0);
	ck_assert_ptr_null(bus);
	write_file("drivers_autoprobe", "1");
}
END_TEST

/* What the systemd unit runs after a crash; the marks are in xenstore, which is out of reach here. */
START_TEST(clean_up_after_a_crash)
{
	const char *srcdir = getenv("srcdir");
	char command[512];

	write_file("drivers_autoprobe", "0");
	make_dir("devices/vif-6-0");
	make_dir("devices/vbd-5-1");
	make_dir("devices/vbd-5-1/driver");
	snprintf(command, sizeof(command), "%s/hotplug/netback-ng-autoprobe restore", srcdir ? srcdir : "..");
	ck_assert_int_eq(system(command), 0);
	ck_assert_str_eq(read_file("drivers_autoprobe"), "1\n");
	ck_assert_str_eq(read_file("drivers_probe"), "vif-6-0\n");
}
END_TEST

/* Mounts of our own, which the system does not see. In a container or a chroot that may be refused: says by what. */
static bool own_mounts(void)
{
	const char *what = "a mount namespace";
	int rc = unshare(CLONE_NEWNS);

	if (!rc) {
		what = "to make / private (in a chroot, / must be a mount point: mount --bind it to itself)";
		rc = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	}
	if (!rc && access("/sys/bus", F_OK)) {
		what = "a tmpfs on /sys";
		rc = mount("tmpfs", "/sys", "tmpfs", 0, NULL) || mkdir("/sys/bus", 0755);
	}
	if (!rc) {
		what = "a tmpfs on /sys/bus";
		rc = mount("tmpfs", "/sys/bus", "tmpfs", 0, NULL) || umount2("/sys/bus", MNT_DETACH);
	}
	if (rc)
		fprintf(stderr, "skipped: the system refuses %s: %s\n", what, strerror(errno));
	return !rc;
}

int main(void)
{
	Suite *s = suite_create("netback bus");
	TCase *c = tcase_create("bus");

	if (!own_mounts()) {
		srunner_free(srunner_create(s));
		return RUNNER_SKIP;
	}
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, autoprobe_is_off_only_while_we_run);
	tcase_add_test(c, foreign_vif_goes_to_the_kernel);
	tcase_add_test(c, other_types_are_probed);
	tcase_add_test(c, ours_and_bound_ones_are_left_alone);
	tcase_add_test(c, unbound_device_is_tried_again);
	tcase_add_test(c, doubtful_vif_is_not_given_away);
	tcase_add_test(c, no_bus_nothing_to_share);
	tcase_add_test(c, clean_up_after_a_crash);
	suite_add_tcase(s, c);
	return runner_run(s);
}
