/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Devices stacked on a PF: bond, VLAN, bond on VLAN; more is a loop. */
#define STACK_MAX 4

static int read_word(const struct xlnet *x, const char *path, char word[32])
{
	char file[PATH_MAX];
	FILE *f;
	int n;

	if (text_format(file, sizeof(file), "%s/%s", x->sysfs, path))
		return -ENAMETOOLONG;
	f = fopen(file, "re");
	if (!f)
		return -errno;
	n = fscanf(f, "%31s", word);
	fclose(f);
	return n == 1 ? 0 : -EINVAL;
}

static int read_number(const struct xlnet *x, const char *path, unsigned long long *value)
{
	char word[32];
	int rc = read_word(x, path, word);

	return !rc && sscanf(word, "%llu", value) != 1 ? -EINVAL : rc;
}

/* The last component of where a link points to. */
static int read_link(const struct xlnet *x, const char *path, char *name, size_t size)
{
	char file[PATH_MAX], to[PATH_MAX];
	ssize_t n;

	name[0] = '\0';
	if (text_format(file, sizeof(file), "%s/%s", x->sysfs, path))
		return -ENAMETOOLONG;
	n = readlink(file, to, sizeof(to) - 1);
	if (n < 0)
		return -errno;
	to[n] = '\0';
	text_copy(name, size, strrchr(to, '/') ? strrchr(to, '/') + 1 : to);
	return 0;
}

static int read_link_bdf(const struct xlnet *x, const char *path, struct bdf *bdf)
{
	char name[32];
	int rc = read_link(x, path, name, sizeof(name));

	return rc ? rc : bdf_parse(name, bdf);
}

static DIR *open_dir(const struct xlnet *x, const char *path)
{
	char file[PATH_MAX];

	return text_format(file, sizeof(file), "%s/%s", x->sysfs, path) ? NULL : opendir(file);
}

bool sysfs_exists(const struct xlnet *x, const char *path)
{
	char file[PATH_MAX];

	return !text_format(file, sizeof(file), "%s/%s", x->sysfs, path) && !access(file, F_OK);
}

bool sysfs_netdev_exists(const struct xlnet *x, const char *name)
{
	char path[PATH_MAX];

	return *name && !text_format(path, sizeof(path), "class/net/%s", name) &&
	       sysfs_exists(x, path);
}

int sysfs_mac(const struct xlnet *x, const char *name, struct mac *mac)
{
	char path[PATH_MAX], word[32];
	int rc;

	snprintf(path, sizeof(path), "class/net/%s/address", name);
	rc = read_word(x, path, word);
	return rc ? rc : mac_parse(word, mac);
}

bool sysfs_is_bridge(const struct xlnet *x, const char *name)
{
	char path[PATH_MAX];

	return *name && !text_format(path, sizeof(path), "class/net/%s/bridge", name) &&
	       sysfs_exists(x, path);
}

void sysfs_bridges(const struct xlnet *x, void (*fn)(const char *name, void *arg), void *arg)
{
	DIR *dir = open_dir(x, "class/net");
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && sysfs_is_bridge(x, e->d_name))
			fn(e->d_name, arg);
	if (dir)
		closedir(dir);
}

int sysfs_flag(const struct xlnet *x, const char *path, bool *value)
{
	unsigned long long n = 0;
	int rc = read_number(x, path, &n);

	*value = n;
	return rc;
}

static int pf_read(const struct xlnet *x, const char *name, struct sysfs_pf *pf)
{
	unsigned long long n;
	char path[PATH_MAX];
	int rc;

	memset(pf, 0, sizeof(*pf));
	text_copy(pf->name, sizeof(pf->name), name);
	snprintf(path, sizeof(path), "class/net/%s/device/sriov_totalvfs", name);
	rc = read_number(x, path, &n);
	if (rc)
		return rc;
	pf->total = (unsigned int)n;
	snprintf(path, sizeof(path), "class/net/%s/device/sriov_numvfs", name);
	pf->vfs = read_number(x, path, &n) ? 0 : (unsigned int)n;
	snprintf(path, sizeof(path), "class/net/%s/device", name);
	rc = read_link_bdf(x, path, &pf->bdf);
	if (!rc)
		sysfs_pci_driver(x, &pf->bdf, pf->driver, sizeof(pf->driver));
	return rc;
}

int sysfs_pfs(const struct xlnet *x, struct sysfs_pf **pfs, size_t *n)
{
	DIR *dir = open_dir(x, "class/net");
	struct dirent *e;
	struct sysfs_pf pf, *more;

	*pfs = NULL;
	*n = 0;
	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' || pf_read(x, e->d_name, &pf))
			continue;
		more = realloc(*pfs, (*n + 1) * sizeof(pf));
		if (!more)
			break;
		*pfs = more;
		(*pfs)[(*n)++] = pf;
	}
	closedir(dir);
	return 0;
}

int sysfs_vf_bdf(const struct xlnet *x, const char *pf, unsigned int vf, struct bdf *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "class/net/%s/device/virtfn%u", pf, vf);
	return read_link_bdf(x, path, bdf);
}

void sysfs_pci_driver(const struct xlnet *x, const struct bdf *bdf, char *driver, size_t size)
{
	char path[PATH_MAX], text[BDF_TEXT];

	snprintf(path, sizeof(path), "bus/pci/devices/%s/driver", bdf_text(bdf, text));
	read_link(x, path, driver, size);
}

void sysfs_backend_driver(const struct xlnet *x, const char *device, char *driver, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "bus/xen-backend/devices/%s/driver", device);
	read_link(x, path, driver, size);
}

void sysfs_pci_netdev(const struct xlnet *x, const struct bdf *bdf, char name[IFNAMSIZ])
{
	char path[PATH_MAX], text[BDF_TEXT];
	struct dirent *e;
	DIR *dir;

	name[0] = '\0';
	snprintf(path, sizeof(path), "bus/pci/devices/%s/net", bdf_text(bdf, text));
	dir = open_dir(x, path);
	if (!dir)
		return;
	while (!name[0] && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			text_copy(name, IFNAMSIZ, e->d_name);
	closedir(dir);
}

unsigned int sysfs_iommu_group(const struct xlnet *x, const struct bdf *bdf, int *group)
{
	char path[PATH_MAX], text[BDF_TEXT], name[16];
	unsigned int n = 0;
	struct dirent *e;
	DIR *dir;

	*group = -1;
	snprintf(path, sizeof(path), "bus/pci/devices/%s/iommu_group", bdf_text(bdf, text));
	if (read_link(x, path, name, sizeof(name)))
		return 0;
	*group = atoi(name);
	strcat(path, "/devices");
	dir = open_dir(x, path);
	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

void sysfs_master(const struct xlnet *x, const char *name, char master[IFNAMSIZ])
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "class/net/%s/master", name);
	read_link(x, path, master, IFNAMSIZ);
}

struct stack {
	const struct xlnet *x;
	bool (*is)(const char *name, const char *master, void *arg);
	void *arg;
};

static int stack_find(const struct stack *s, const char *name, unsigned int depth,
		      char found[IFNAMSIZ]);

/* The interfaces on top of name, as "upper_eth0.5". */
static int stack_find_above(const struct stack *s, const char *name, unsigned int depth,
			    char found[IFNAMSIZ])
{
	char path[PATH_MAX];
	struct dirent *e;
	int rc = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "class/net/%s", name);
	dir = open_dir(s->x, path);
	while (rc && dir && (e = readdir(dir)))
		if (!strncmp(e->d_name, "upper_", 6))
			rc = stack_find(s, e->d_name + 6, depth + 1, found);
	if (dir)
		closedir(dir);
	return rc;
}

static int stack_find(const struct stack *s, const char *name, unsigned int depth,
		      char found[IFNAMSIZ])
{
	char master[IFNAMSIZ];

	if (depth > STACK_MAX)
		return -ENOENT;
	sysfs_master(s->x, name, master);
	if (!s->is(name, master, s->arg))
		return stack_find_above(s, name, depth, found);
	text_copy(found, IFNAMSIZ, name);
	return 0;
}

int sysfs_stack_find(const struct xlnet *x, const char *name,
		     bool (*is)(const char *name, const char *master, void *arg), void *arg,
		     char found[IFNAMSIZ])
{
	const struct stack s = { x, is, arg };

	return stack_find(&s, name, 0, found);
}

uint64_t sysfs_counter(const struct xlnet *x, const char *name, const char *counter)
{
	unsigned long long n = 0;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "class/net/%s/statistics/%s", name, counter);
	return read_number(x, path, &n) ? 0 : n;
}
