/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/bus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/daemon/log.h"
#include "lib/daemon/shortage.h"

/* The driver's module may still be loading (udev): look again so often, so many times, then say so and go on. */
#define RETRY_USEC 100000
#define RETRIES 300
#define RETRY_SLOW_USEC 10000000
#define UEVENT_KERNEL_GROUP 1

struct bus {
	sd_event *event;
	int (*owns)(void *arg, uint16_t domid, uint32_t devid);
	void *arg;
	int fd; /* NETLINK_KOBJECT_UEVENT */
	sd_event_source *io, *timer;
	unsigned int retries;
};

static int sysfs_write(const char *file, const char *value)
{
	char path[128];
	ssize_t n;
	int fd, rc = 0;

	if (snprintf(path, sizeof(path), BUS_SYSFS "/%s", file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, value, strlen(value));
	if (n < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static bool is_bound(const char *name)
{
	char path[320];

	snprintf(path, sizeof(path), BUS_SYSFS "/devices/%s/driver", name);
	return !access(path, F_OK);
}

bool bus_kernel_holds(uint16_t domid, uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif-%u-%u", domid, devid);
	return is_bound(name);
}

static bool is_vif(const char *name, unsigned int *domid, unsigned int *devid)
{
	int n = 0;

	return sscanf(name, "vif-%5u-%10u%n", domid, devid, &n) == 2 && !name[n] && *domid <= UINT16_MAX;
}

/*
 * Every backend node of the store is a device of this bus, also those of user-space back ends, which
 * no driver ever takes: each guest has a console-N-0, and may have qdisk, vfb, vkbd, 9pfs.  A driver is
 * to be waited for where Linux has one: xen-netback, xen-blkback, xen-pciback, xen-scsiback, pvcalls-back.
 */
static bool has_kernel_driver(const char *name)
{
	static const char *const types[] = { "vif-", "vbd-", "pci-", "vscsi-", "pvcalls-" };

	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strncmp(name, types[i], strlen(types[i])))
			return true;
	return false;
}

/* True where nothing is left to do: ours, bound already, bound now, or no driver to expect. */
static bool give_to_kernel(struct bus *bus, const char *name)
{
	unsigned int domid, devid;
	bool vif = is_vif(name, &domid, &devid);
	int rc;

	if (is_bound(name))
		return true;
	rc = vif ? bus->owns(bus->arg, (uint16_t)domid, devid) : 0;
	if (rc)
		return rc > 0;
	rc = vif ? sysfs_write("drivers/vif/bind", name) : sysfs_write("drivers_probe", name);
	if (is_bound(name)) {
		log_info("%s: handed to the kernel's driver", name);
		return true;
	}
	log_debug("%s: no kernel driver took it yet: %s", name, strerror(-rc));
	return !has_kernel_driver(name);
}

static void retry_later(struct bus *bus)
{
	sd_event_source_set_time_relative(bus->timer, bus->retries ? RETRY_USEC : RETRY_SLOW_USEC);
	sd_event_source_set_enabled(bus->timer, SD_EVENT_ONESHOT);
}

/* Every device of the bus; false where one is still without a driver, or no descriptor was free to look. */
static bool scan_devices(struct bus *bus)
{
	DIR *dir = opendir(BUS_SYSFS "/devices");
	struct dirent *e;
	bool done = true;

	if (!dir)
		return errno == ENOENT;
	while ((e = readdir(dir)))
		if (*e->d_name != '.')
			done &= give_to_kernel(bus, e->d_name);
	closedir(dir);
	return done;
}

static int on_retry(sd_event_source *s, uint64_t usec, void *arg)
{
	struct bus *bus = arg;

	if (scan_devices(bus))
		return 0;
	if (bus->retries && !--bus->retries)
		log_warning("a device in " BUS_SYSFS "/devices has no kernel driver; is its module "
			    "(xen-netback, xen-blkback) loaded?  Its guest waits; it is looked at every 10 s");
	retry_later(bus);
	return 0;
}

/* "add@/devices/vif-1-0" NUL "KEY=value" NUL ...; the name where it is one of ours to care for. */
static const char *uevent_device(const char *buf, size_t len)
{
	bool add = !strncmp(buf, "add@", 4), backend = false;
	const char *name = strrchr(buf, '/');

	for (const char *p = buf; p < buf + len; p += strlen(p) + 1)
		backend |= !strcmp(p, "SUBSYSTEM=xen-backend");
	return add && backend && name ? name + 1 : NULL;
}

/* A lost message (ENOBUFS) and an unbindable device both end in a scan of the whole bus. */
static int on_uevent(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct bus *bus = arg;
	char buf[4096];
	struct sockaddr_nl from = { 0 };
	socklen_t fromlen = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT, (struct sockaddr *)&from, &fromlen);
	const char *name;

	if (n > 0 && !from.nl_pid) { /* only the kernel sends as 0 */
		buf[n] = '\0';
		name = uevent_device(buf, (size_t)n);
		if (!name || give_to_kernel(bus, name))
			return 0;
	} else if (n >= 0 || errno != ENOBUFS) {
		return 0;
	}
	bus->retries = RETRIES;
	retry_later(bus);
	return 0;
}

static int open_uevents(struct bus *bus)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = UEVENT_KERNEL_GROUP };

	bus->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (bus->fd < 0 || bind(bus->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return 0;
}

static void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	sd_event_source_disable_unref(bus->io);
	sd_event_source_disable_unref(bus->timer);
	if (bus->fd >= 0)
		close(bus->fd);
	free(bus);
}

static int bus_watch(struct bus *bus)
{
	int rc = open_uevents(bus);

	if (!rc)
		rc = sd_event_add_io(bus->event, &bus->io, bus->fd, EPOLLIN, on_uevent, bus);
	if (rc >= 0)
		rc = sd_event_add_time_relative(bus->event, &bus->timer, CLOCK_MONOTONIC, RETRY_USEC, 0,
						on_retry, bus);
	return rc < 0 ? rc : 0;
}

int bus_start(struct bus **out, sd_event *event, int (*owns)(void *arg, uint16_t domid, uint32_t devid),
	      void *arg)
{
	struct bus *bus;
	int rc;

	*out = NULL;
	if (access(BUS_SYSFS "/drivers_autoprobe", F_OK)) {
		log_info("no " BUS_SYSFS ": no kernel back ends to share this host with");
		return 0;
	}
	bus = calloc(1, sizeof(*bus));
	rc = bus ? 0 : -ENOMEM;
	if (bus) {
		*bus = (struct bus){ .event = event, .owns = owns, .arg = arg, .fd = -1, .retries = RETRIES };
		rc = bus_watch(bus);
	}
	if (!rc)
		rc = sysfs_write("drivers_autoprobe", "0");
	if (rc) {
		log_error("cannot take over " BUS_SYSFS "/drivers_autoprobe: %s%s", strerror(-rc),
			  shortage_remedy(rc));
		bus_free(bus);
		return rc;
	}
	scan_devices(bus); /* the timer looks again */
	*out = bus;
	return 0;
}

void bus_stop(struct bus *bus)
{
	int rc;

	if (!bus)
		return;
	rc = sysfs_write("drivers_autoprobe", "1");
	if (rc)
		log_error("cannot set " BUS_SYSFS "/drivers_autoprobe back to 1: %s", strerror(-rc));
	scan_devices(bus);
	bus_free(bus);
}
