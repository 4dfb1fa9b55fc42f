/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/net.h"

#include <dirent.h>
#include <errno.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_BYTES 1500
#define VF_ID 0x10000u /* ids of VFs are above those of vifs */

struct nl {
	struct nl_sock *sock;
	struct nl_cache *links;
};

uint64_t net_frames(uint64_t packets, uint64_t bytes)
{
	return packets > bytes / FRAME_BYTES ? packets : bytes / FRAME_BYTES;
}

/* libnl's codes are its own. */
static int nl_errno(int rc)
{
	return rc == -NLE_NOMEM ? -ENOMEM : rc == -NLE_PERM ? -EPERM : rc < 0 ? -EIO : 0;
}

int net_open(struct net *net)
{
	struct nl *nl = calloc(1, sizeof(*nl));
	int rc;

	memset(net, 0, sizeof(*net));
	if (!nl)
		return -ENOMEM;
	net->nl = nl;
	nl->sock = nl_socket_alloc();
	rc = nl->sock ? nl_errno(nl_connect(nl->sock, NETLINK_ROUTE)) : -ENOMEM;
	/* A dump of a thousand links with their VFs is larger than the default. */
	if (!rc)
		rc = nl_errno(nl_socket_set_buffer_size(nl->sock, 1 << 20, 0));
	if (!rc)
		rc = nl_errno(rtnl_link_alloc_cache(nl->sock, AF_UNSPEC, &nl->links));
	if (rc)
		net_close(net);
	return rc;
}

void net_close(struct net *net)
{
	struct nl *nl = net->nl;

	if (!nl)
		return;
	nl_cache_free(nl->links);
	nl_socket_free(nl->sock);
	free(nl);
	net->nl = NULL;
}

struct visit {
	struct net *net;
	net_found found;
	void *arg;
};

static uint64_t link_frames(struct rtnl_link *link)
{
	return net_frames(rtnl_link_get_stat(link, RTNL_LINK_RX_PACKETS) + rtnl_link_get_stat(link, RTNL_LINK_TX_PACKETS),
			  rtnl_link_get_stat(link, RTNL_LINK_RX_BYTES) + rtnl_link_get_stat(link, RTNL_LINK_TX_BYTES));
}

static bool vf_frames(struct rtnl_link *link, uint32_t index, uint64_t *frames)
{
	uint64_t v[4] = { 0 };
	struct rtnl_link_vf *vf = rtnl_link_vf_get(link, index);
	bool ok;

	if (!vf)
		return false;
	ok = !rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_RX_PACKETS, &v[0]) &&
	     !rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_TX_PACKETS, &v[1]) &&
	     !rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_RX_BYTES, &v[2]) &&
	     !rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_TX_BYTES, &v[3]);
	rtnl_link_vf_put(vf);
	*frames = net_frames(v[0] + v[1], v[2] + v[3]);
	/* Drivers without counters answer with zeroes (rtnl_fill_vf) or not at all. */
	return ok && *frames;
}

static void visit_vfs(struct visit *v, struct rtnl_link *link, const char *name)
{
	for (uint32_t i = 0; i < v->net->vfs; i++) {
		struct net_vf *vf = &v->net->vf[i];
		uint64_t frames;

		if (strcmp(vf->pf, name) || !vf_frames(link, vf->index, &frames))
			continue;
		vf->counted = true;
		v->found(v->arg, vf->domid, true, VF_ID + i, frames);
	}
}

/* "vifD.N" and nothing after it: "vifD.N-emu" is QEMU's, and counts what the vif counts. */
static bool is_vif(const char *name, unsigned int *domid, unsigned int *devid)
{
	int end = 0;

	return sscanf(name, "vif%u.%u%n", domid, devid, &end) == 2 && !name[end] && *devid < VF_ID;
}

static void visit_link(struct nl_object *o, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)o;
	const char *name = rtnl_link_get_name(link);
	struct visit *v = arg;
	unsigned int domid, devid;

	if (!name)
		return;
	if (is_vif(name, &domid, &devid))
		v->found(v->arg, domid, false, devid, link_frames(link));
	else if (v->net->vfs)
		visit_vfs(v, link, name);
}

int net_refresh(struct net *net, net_found found, void *arg)
{
	struct visit v = { net, found, arg };
	struct nl *nl = net->nl;
	int rc = nl_errno(nl_cache_refill(nl->sock, nl->links));

	if (rc)
		return rc;
	for (uint32_t i = 0; i < net->vfs; i++)
		net->vf[i].counted = false;
	nl_cache_foreach(nl->links, visit_link, &v);
	return 0;
}

bool net_is_blind(const struct net *net, uint32_t domid)
{
	for (uint32_t i = 0; i < net->vfs; i++)
		if (net->vf[i].domid == domid && !net->vf[i].counted)
			return true;
	return false;
}

/* The one interface of the PF. */
static bool pf_name(const char *bdf, char *name, size_t size)
{
	char path[128];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn/net", bdf);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (e = readdir(dir))) {
		found = e->d_name[0] != '.' && strlen(e->d_name) < size;
		if (found)
			strcpy(name, e->d_name);
	}
	closedir(dir);
	return found;
}

/* virtfnN of the PF is a link to the VF. */
static bool vf_index(const char *bdf, uint32_t *index)
{
	char path[128], target[256];

	for (uint32_t i = 0; i < 256; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn/virtfn%u", bdf, i);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			return false;
		target[n] = '\0';
		if (strstr(target, bdf)) {
			*index = i;
			return true;
		}
	}
	return false;
}

static bool is_network_vf(const char *bdf)
{
	char path[128], class[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/physfn", bdf);
	if (access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/class", bdf);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(class, sizeof(class), f))
		class[0] = '\0';
	fclose(f);
	return !strncmp(class, "0x02", 4); /* PCI class 02: network controllers */
}

static void vf_add(struct net *net, uint32_t domid, const char *bdf)
{
	struct net_vf *vf = &net->vf[net->vfs];

	if (net->vfs == NET_VFS_MAX || strlen(bdf) > 16 || !is_network_vf(bdf))
		return;
	*vf = (struct net_vf){ .domid = domid };
	if (!pf_name(bdf, vf->pf, sizeof(vf->pf)) || !vf_index(bdf, &vf->index))
		vf->pf[0] = '\0';
	net->vfs++;
}

/* xen-pciback's nodes: backend/pci/DOMID/0/dev-N = "DDDD:BB:DD.F" (libxl writes them). */
static void domain_vfs(struct net *net, struct xs_handle *xs, const char *domid)
{
	char path[96];

	for (unsigned int n = 0; n < 32; n++) {
		char *bdf;

		snprintf(path, sizeof(path), "backend/pci/%.16s/0/dev-%u", domid, n);
		bdf = xs_read(xs, XBT_NULL, path, NULL);
		if (!bdf)
			continue; /* detached ones leave gaps */
		vf_add(net, (uint32_t)strtoul(domid, NULL, 10), bdf);
		free(bdf);
	}
}

void net_assign_vfs(struct net *net, struct xs_handle *xs)
{
	unsigned int n = 0;
	char **domains = xs ? xs_directory(xs, XBT_NULL, "backend/pci", &n) : NULL;

	net->vfs = 0;
	for (unsigned int i = 0; domains && i < n; i++)
		domain_vfs(net, xs, domains[i]);
	free(domains);
}
