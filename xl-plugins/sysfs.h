/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts from sysfs: PFs and their VFs, drivers, bridge ports, counters. Reads only.
 * Every path is below x->sysfs. Missing files are ordinary: -ENOENT, nothing is printed.
 */
#ifndef XLNET_SYSFS_H
#define XLNET_SYSFS_H

#include "xl-plugins/xlnet.h"

struct sysfs_pf {
	char name[IFNAMSIZ];
	struct bdf bdf;
	char driver[32];
	unsigned int total, vfs; /* supported, enabled */
};

/* The host's PFs: *pfs is malloc'd. */
int sysfs_pfs(const struct xlnet *x, struct sysfs_pf **pfs, size_t *n);
int sysfs_vf_bdf(const struct xlnet *x, const char *pf, unsigned int vf, struct bdf *bdf);
/* The driver's name; "" where none is bound. */
void sysfs_pci_driver(const struct xlnet *x, const struct bdf *bdf, char *driver, size_t size);
/* The first network interface of a PCI function in Dom0; "" where it has none. */
void sysfs_pci_netdev(const struct xlnet *x, const struct bdf *bdf, char name[IFNAMSIZ]);
/*
 * Functions in its IOMMU group (0: Linux knows none, as in a Xen Dom0) and the group's number, else
 * -1.
 */
unsigned int sysfs_iommu_group(const struct xlnet *x, const struct bdf *bdf, int *group);
/* Its address. -ENOENT... */
int sysfs_mac(const struct xlnet *x, const char *name, struct mac *mac);
bool sysfs_netdev_exists(const struct xlnet *x, const char *name);
/* "" where it is in no bridge or bond. */
void sysfs_master(const struct xlnet *x, const char *name, char master[IFNAMSIZ]);
/*
 * The first of name and the interfaces on top of it (its bond, its VLAN interface...) that is() says
 * yes to, given its name and master. -ENOENT: none of them.
 */
int sysfs_stack_find(const struct xlnet *x, const char *name,
		     bool (*is)(const char *name, const char *master, void *arg), void *arg,
		     char found[IFNAMSIZ]);
/* A counter of /sys/class/net/NAME/statistics, 0 where there is none. */
uint64_t sysfs_counter(const struct xlnet *x, const char *name, const char *counter);
bool sysfs_is_bridge(const struct xlnet *x, const char *name);
/* Calls fn for each Linux bridge. */
void sysfs_bridges(const struct xlnet *x, void (*fn)(const char *name, void *arg), void *arg);
/* A flag file that holds 0 or 1; -ENOENT... */
int sysfs_flag(const struct xlnet *x, const char *path, bool *value);
/* Is a module loaded or built in, or a PCI or xen-backend driver registered? */
bool sysfs_exists(const struct xlnet *x, const char *path);
/* The driver of a xen-backend device, as "vif-3-0"; "" where none is bound. */
void sysfs_backend_driver(const struct xlnet *x, const char *device, char *driver, size_t size);

#endif
