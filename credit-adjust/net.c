/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/net.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAME_BYTES 1500
#define VF_ID 0x10000u /* ids of VFs are above those of vifs */
/* The kernel fills up to 32 KiB of it at once; a PF's list of VFs, one attribute, can be 64 KiB. */
#define MESSAGE_MAX (96 << 10)

struct nl {
	struct nl_sock *sock;
	struct visit *visit; /* of the dump that is being read */
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

struct visit {
	struct net *net;
	net_found found;
	void *arg;
};

static bool vf_frames(struct rtnl_link *link, uint32_t index, uint64_t *frames)
{
	uint64_t v[4] = { 0 };
	/* libnl 3.7 looks for it in a list that a PF without VFs, as one that just lost them, does not have. */
	struct rtnl_link_vf *vf = rtnl_link_has_vf_list(link) ? rtnl_link_vf_get(link, index) : NULL;
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
static bool is_vif(const struct net *net, const char *name, unsigned int *domid, unsigned int *devid)
{
	const struct vifname *named;
	int end = 0;

	if (sscanf(name, "vif%u.%u%n", domid, devid, &end) == 2 && !name[end])
		return *devid < VF_ID;
	named = vifnames_find(&net->vifnames, name);
	if (!named)
		return false;
	*domid = named->domid;
	*devid = named->devid;
	return *devid < VF_ID;
}

/* Of a link that may be a PF, as libnl-route understands it: its VFs have counters of their own. */
static void visit_pf(struct nl_object *o, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)o;

	visit_vfs(arg, link, rtnl_link_get_name(link));
}

static bool is_pf(const struct net *net, const char *name)
{
	for (uint32_t i = 0; i < net->vfs; i++)
		if (!strcmp(net->vf[i].pf, name))
			return true;
	return false;
}

/* Aligned to 4 in the message. */
static uint64_t stats_frames(const struct nlattr *attr)
{
	struct rtnl_link_stats64 s = { 0 };

	nla_memcpy(&s, attr, sizeof(s));
	return net_frames(s.rx_packets + s.tx_packets, s.rx_bytes + s.tx_bytes);
}

/* Two attributes of a vif are all that matters: libnl-route's objects would be most of our cost. */
static int on_link(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct nl *nl = arg;
	const struct nlattr *name = head->nlmsg_type == RTM_NEWLINK ?
		nlmsg_find_attr(head, sizeof(struct ifinfomsg), IFLA_IFNAME) : NULL;
	const struct nlattr *stats;
	unsigned int domid, devid;

	if (!name)
		return NL_OK;
	if (is_vif(nl->visit->net, nla_data(name), &domid, &devid)) {
		stats = nlmsg_find_attr(head, sizeof(struct ifinfomsg), IFLA_STATS64);
		nl->visit->found(nl->visit->arg, domid, false, devid, stats ? stats_frames(stats) : 0);
	} else if (is_pf(nl->visit->net, nla_data(name))) {
		nl_msg_parse(msg, visit_pf, nl->visit);
	}
	return NL_OK;
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
		rc = nl_errno(nl_socket_set_msg_buf_size(nl->sock, MESSAGE_MAX));
	if (!rc)
		rc = nl_errno(nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_link, nl));
	if (rc)
		net_close(net);
	else
		nl_socket_disable_msg_peek(nl->sock);
	return rc;
}

void net_close(struct net *net)
{
	struct nl *nl = net->nl;

	vifnames_free(&net->vifnames);
	if (!nl)
		return;
	nl_socket_free(nl->sock);
	free(nl);
	net->nl = NULL;
}

static int dump_ask(struct nl *nl, bool vfs)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);
	int rc = msg ? nlmsg_append(msg, (void *)&info, sizeof(info), NLMSG_ALIGNTO) : -NLE_NOMEM;

	if (!rc && vfs)
		rc = nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_VF);
	if (!rc)
		rc = nl_send_auto(nl->sock, msg);
	nlmsg_free(msg);
	return nl_errno(rc);
}

int net_refresh(struct net *net, net_found found, void *arg)
{
	struct visit v = { net, found, arg };
	struct nl *nl = net->nl;
	int rc;

	for (uint32_t i = 0; i < net->vfs; i++)
		net->vf[i].counted = false;
	nl->visit = &v;
	rc = dump_ask(nl, net->vfs);
	if (rc)
		return rc;
	rc = nl_recvmsgs_default(nl->sock);
	/* Interfaces came or went meanwhile: what was passed over is counted in the next round. */
	return rc == -NLE_DUMP_INTR ? 0 : nl_errno(rc);
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

void net_assign(struct net *net, struct xs_handle *xs)
{
	unsigned int n = 0;
	char **domains = xs ? xs_directory(xs, XBT_NULL, "backend/pci", &n) : NULL;

	net->vfs = 0;
	for (unsigned int i = 0; domains && i < n; i++)
		domain_vfs(net, xs, domains[i]);
	free(domains);
	vifnames_read(&net->vifnames, xs);
}
