/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The made-up /sys. */
#include "tests/unit/fake_part.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_dir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void make_dir(const char *fmt, ...)
{
	char path[512], *p;
	va_list ap;
	int n = snprintf(path, sizeof(path), "%s/", fake->sysfs);

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	va_end(ap);
	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
}

static void make_file(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fake->sysfs, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

void fake_sysfs_frames(int frames)
{
	char text[16];

	snprintf(text, sizeof(text), "%d\n", frames);
	make_file("class/net/vif1.0/statistics/rx_packets", text);
}

void fake_link_make(const char *name, const char *to)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", fake->sysfs, name);
	unlink(path);
	if (symlink(to, path))
		abort();
}

void fake_host_mac(void)
{
	make_file("class/net/xenbr0/address", "02:00:00:00:00:99\n");
}

void fake_ovs_make(void)
{
	char path[512];

	fake->ovs = true;
	snprintf(path, sizeof(path), "%s/class/net/xenbr0/bridge", fake->sysfs);
	if (rmdir(path))
		abort();
	fake_link_make("class/net/eth0/master", "../ovs-system");
	fake_link_make("class/net/vif1.0/master", "../ovs-system");
}

void fake_sysfs_make(void)
{
	make_dir("bus/pci/drivers/pciback");
	make_dir("bus/pci/drivers/igb");
	make_dir("bus/pci/devices/0000:01:00.0");
	make_dir("bus/pci/devices/0000:01:10.0");
	make_dir("bus/pci/devices/0000:01:10.2");
	make_dir("bus/xen-backend/drivers/vif");
	make_dir("bus/xen-backend/devices/vif-1-0");
	make_dir("class/net/eth0/statistics");
	make_dir("class/net/xenbr0/bridge");
	make_dir("class/net/vif1.0/statistics");
	make_file("bus/pci/devices/0000:01:00.0/sriov_totalvfs", "7\n");
	make_file("bus/pci/devices/0000:01:00.0/sriov_numvfs", "2\n");
	make_file("class/net/vif1.0/statistics/rx_bytes", "1000\n");
	make_file("class/net/eth0/address", "02:00:00:00:00:01\n");
	make_file("class/net/xenbr0/address", "02:00:00:00:00:01\n");
	fake_link_make("bus/pci/devices/0000:01:00.0/virtfn0", "../0000:01:10.0");
	fake_link_make("bus/pci/devices/0000:01:00.0/virtfn1", "../0000:01:10.2");
	fake_link_make("bus/pci/devices/0000:01:00.0/driver", "../../drivers/igb");
	fake_link_make("bus/xen-backend/devices/vif-1-0/driver", "../../drivers/vif");
	fake_link_make("class/net/eth0/device", "../../../bus/pci/devices/0000:01:00.0");
	fake_link_make("class/net/eth0/master", "../xenbr0");
	fake_link_make("class/net/vif1.0/master", "../xenbr0");
}
