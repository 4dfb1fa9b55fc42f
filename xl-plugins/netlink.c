/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/netlink.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

/* libnl has error numbers of its own; those a driver or the bridge answers with. */
static int errno_of(int nle)
{
	switch (-nle) {
	case NLE_SUCCESS:
		return 0;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static struct nl_sock *socket_open(int *rc)
{
	struct nl_sock *sk = nl_socket_alloc();

	*rc = sk ? errno_of(nl_connect(sk, NETLINK_ROUTE)) : -ENOMEM;
	if (!*rc)
		return sk;
	nl_socket_free(sk);
	return NULL;
}

/* Sends and waits for the kernel's verdict; msg is freed. */
static int request(struct nl_msg *msg)
{
	struct nl_sock *sk;
	int rc;

	sk = socket_open(&rc);
	if (!sk) {
		nlmsg_free(msg);
		return rc;
	}
	rc = errno_of(nl_send_sync(sk, msg));
	nl_socket_free(sk);
	return rc;
}

/* Sends and calls fn for each message of the answer; msg is freed. */
static int query(struct nl_msg *msg, nl_recvmsg_msg_cb_t fn, void *arg)
{
	struct nl_sock *sk;
	int rc;

	sk = socket_open(&rc);
	if (!sk)
		goto out;
	nl_socket_disable_auto_ack(sk);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, fn, arg);
	rc = nl_send_auto(sk, msg);
	rc = errno_of(rc < 0 ? rc : nl_recvmsgs_default(sk));
	nl_socket_free(sk);
out:
	nlmsg_free(msg);
	return rc;
}

static struct nl_msg *link_message(int type, const char *name, int *rc)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)if_nametoindex(name) };
	struct nl_msg *msg;

	*rc = -ENODEV;
	if (!info.ifi_index)
		return NULL;
	*rc = -ENOMEM;
	msg = nlmsg_alloc_simple(type, NLM_F_REQUEST);
	if (msg && !nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* One property of one VF: SETLINK { VFINFO_LIST { VF_INFO { type: value } } }. */
static int vf_set(const char *pf, int type, const void *value, int size)
{
	struct nlattr *list, *info;
	struct nl_msg *msg;
	int rc;

	msg = link_message(RTM_SETLINK, pf, &rc);
	if (!msg)
		return rc;
	list = nla_nest_start(msg, IFLA_VFINFO_LIST);
	info = list ? nla_nest_start(msg, IFLA_VF_INFO) : NULL;
	if (!info || nla_put(msg, type, size, value)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, info);
	nla_nest_end(msg, list);
	return request(msg);
}

int netlink_vf_set_mac(const char *pf, unsigned int vf, const struct mac *mac)
{
	struct ifla_vf_mac value = { .vf = vf };

	memcpy(value.mac, mac->b, sizeof(mac->b));
	return vf_set(pf, IFLA_VF_MAC, &value, sizeof(value));
}

int netlink_vf_set_vlan(const char *pf, unsigned int vf, unsigned int vlan)
{
	struct ifla_vf_vlan value = { .vf = vf, .vlan = vlan };

	return vf_set(pf, IFLA_VF_VLAN, &value, sizeof(value));
}

int netlink_vf_set_spoofchk(const char *pf, unsigned int vf, bool on)
{
	struct ifla_vf_spoofchk value = { .vf = vf, .setting = on };

	return vf_set(pf, IFLA_VF_SPOOFCHK, &value, sizeof(value));
}

int netlink_vf_set_link(const char *pf, unsigned int vf, enum vf_link link)
{
	struct ifla_vf_link_state value = { .vf = vf, .link_state = link };

	return vf_set(pf, IFLA_VF_LINK_STATE, &value, sizeof(value));
}

struct vf_search {
	unsigned int vf;
	bool found;
	struct vf_state *state;
};

/* The attribute's payload, or NULL where it is absent or too short. */
static const void *payload(struct nlattr *attr, size_t size)
{
	return attr && (size_t)nla_len(attr) >= size ? nla_data(attr) : NULL;
}

static void vf_counters(struct nlattr *stats, struct vf_state *state)
{
	struct nlattr *tb[IFLA_VF_STATS_MAX + 1];

	if (!stats || nla_parse_nested(tb, IFLA_VF_STATS_MAX, stats, NULL))
		return;
	state->counted = tb[IFLA_VF_STATS_TX_PACKETS];
	if (!state->counted)
		return;
	state->tx_packets = nla_get_u64(tb[IFLA_VF_STATS_TX_PACKETS]);
	if (tb[IFLA_VF_STATS_RX_BYTES])
		state->rx_bytes = nla_get_u64(tb[IFLA_VF_STATS_RX_BYTES]);
	if (tb[IFLA_VF_STATS_TX_BYTES])
		state->tx_bytes = nla_get_u64(tb[IFLA_VF_STATS_TX_BYTES]);
}

static void vf_parse(struct nlattr *info, struct vf_search *search)
{
	struct nlattr *tb[IFLA_VF_MAX + 1];
	const struct ifla_vf_link_state *link;
	const struct ifla_vf_spoofchk *spoofchk;
	const struct ifla_vf_vlan *vlan;
	const struct ifla_vf_mac *mac;

	if (nla_parse_nested(tb, IFLA_VF_MAX, info, NULL))
		return;
	mac = payload(tb[IFLA_VF_MAC], sizeof(*mac));
	if (!mac || mac->vf != search->vf)
		return;
	search->found = true;
	memcpy(search->state->mac.b, mac->mac, sizeof(search->state->mac.b));
	vlan = payload(tb[IFLA_VF_VLAN], sizeof(*vlan));
	search->state->vlan = vlan ? vlan->vlan : 0;
	spoofchk = payload(tb[IFLA_VF_SPOOFCHK], sizeof(*spoofchk));
	search->state->spoofchk = spoofchk && spoofchk->setting == 1;
	link = payload(tb[IFLA_VF_LINK_STATE], sizeof(*link));
	search->state->link = link ? (enum vf_link)link->link_state : VF_LINK_AUTO;
	vf_counters(tb[IFLA_VF_STATS], search->state);
}

static int vf_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *list, *info;
	int left;

	list = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct ifinfomsg), IFLA_VFINFO_LIST);
	if (list)
		nla_for_each_nested(info, list, left)
			vf_parse(info, arg);
	return NL_OK;
}

int netlink_vf_get(const char *pf, unsigned int vf, struct vf_state *state)
{
	struct vf_search search = { .vf = vf, .state = state };
	struct nl_msg *msg;
	int rc;

	memset(state, 0, sizeof(*state));
	msg = link_message(RTM_GETLINK, pf, &rc);
	if (!msg)
		return rc;
	if (nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_VF)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	rc = query(msg, vf_message, &search);
	return rc || search.found ? rc : -ENOENT;
}

struct fdb_search {
	int master; /* ifindex of the bridge, 0: a port's own ("self") entry is looked for */
	int port;   /* ifindex; out, or in for a "self" entry */
	struct mac mac;
	bool found;
	uint32_t age; /* of the entry that was found */
};

/* How long ago the bridge last saw the address there (or was told so), in clock ticks. */
static uint32_t fdb_age(struct nlattr *attr)
{
	const struct nda_cacheinfo *info = payload(attr, sizeof(*info));

	return info ? info->ndm_updated : 0;
}

static int fdb_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct fdb_search *search = arg;
	struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *nd;

	if (nlmsg_parse(header, sizeof(*nd), tb, NDA_MAX, NULL) || !tb[NDA_LLADDR] ||
	    nla_len(tb[NDA_LLADDR]) != ETH_ALEN)
		return NL_OK;
	nd = nlmsg_data(header);
	if (memcmp(nla_data(tb[NDA_LLADDR]), search->mac.b, ETH_ALEN))
		return NL_OK;
	if (search->master) {
		/* A permanent entry is a port's own address. */
		if (!tb[NDA_MASTER] || (int)nla_get_u32(tb[NDA_MASTER]) != search->master ||
		    nd->ndm_flags & NTF_SELF || nd->ndm_state & NUD_PERMANENT)
			return NL_OK;
		/* One entry a VLAN: with and without filtering, the one that lives is the youngest.
		 */
		if (search->found && fdb_age(tb[NDA_CACHEINFO]) >= search->age)
			return NL_OK;
		search->age = fdb_age(tb[NDA_CACHEINFO]);
		search->port = nd->ndm_ifindex;
	} else if (!(nd->ndm_flags & NTF_SELF) || nd->ndm_ifindex != search->port) {
		return NL_OK;
	}
	search->found = true;
	return NL_OK;
}

static int neighbours_dump(uint8_t family, nl_recvmsg_msg_cb_t fn, void *arg)
{
	struct ndmsg nd = { .ndm_family = family };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);

	if (!msg || nlmsg_append(msg, &nd, sizeof(nd), NLMSG_ALIGNTO)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return query(msg, fn, arg);
}

static int fdb_find(struct fdb_search *search)
{
	int rc = neighbours_dump(PF_BRIDGE, fdb_message, search);

	return rc || search->found ? rc : -ENOENT;
}

int netlink_fdb_get(const char *bridge, const struct mac *mac, char port[IFNAMSIZ])
{
	struct fdb_search search = { .master = (int)if_nametoindex(bridge), .mac = *mac };
	int rc;

	port[0] = '\0';
	if (!search.master)
		return -ENODEV;
	rc = fdb_find(&search);
	if (!rc && !if_indextoname((unsigned int)search.port, port))
		rc = -ENOENT;
	return rc;
}

int netlink_filter_get(const char *port, const struct mac *mac)
{
	struct fdb_search search = { .port = (int)if_nametoindex(port), .mac = *mac };

	return search.port ? fdb_find(&search) : -ENODEV;
}

static int fdb_change(int type, int flags, const char *port, const struct mac *mac, uint8_t ntf,
		      uint16_t state)
{
	struct ndmsg nd = { .ndm_family = PF_BRIDGE,
			    .ndm_ifindex = (int)if_nametoindex(port),
			    .ndm_flags = ntf,
			    .ndm_state = state };
	struct nl_msg *msg;

	if (!nd.ndm_ifindex)
		return -ENODEV;
	msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);
	if (!msg || nlmsg_append(msg, &nd, sizeof(nd), NLMSG_ALIGNTO) ||
	    nla_put(msg, NDA_LLADDR, ETH_ALEN, mac->b)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return request(msg);
}

int netlink_fdb_set(const char *port, const struct mac *mac, enum fdb_stay stay)
{
	return fdb_change(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, port, mac,
			  NTF_MASTER | (stay == FDB_STICKS ? NTF_STICKY : 0),
			  stay == FDB_AGES ? NUD_REACHABLE : NUD_NOARP);
}

int netlink_fdb_del(const char *port, const struct mac *mac)
{
	int rc = fdb_change(RTM_DELNEIGH, 0, port, mac, NTF_MASTER, NUD_REACHABLE);

	return rc == -ENOENT ? 0 : rc;
}

/* The kernel takes "self" entries only as permanent ones (ndo_dflt_fdb_add). */
int netlink_filter_add(const char *port, const struct mac *mac)
{
	int rc = fdb_change(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, port, mac, NTF_SELF,
			    NUD_PERMANENT);

	return rc == -EEXIST ? 0 : rc;
}

int netlink_filter_del(const char *port, const struct mac *mac)
{
	int rc = fdb_change(RTM_DELNEIGH, 0, port, mac, NTF_SELF, NUD_PERMANENT);

	return rc == -ENOENT ? 0 : rc;
}

struct neighbour_search {
	struct mac mac;
	struct in_addr address;
	bool found;
};

static int neighbour_message(struct nl_msg *msg, void *arg)
{
	struct neighbour_search *search = arg;
	struct nlattr *tb[NDA_MAX + 1];

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ndmsg), tb, NDA_MAX, NULL))
		return NL_OK;
	if (!tb[NDA_LLADDR] || nla_len(tb[NDA_LLADDR]) != ETH_ALEN || !tb[NDA_DST] ||
	    nla_len(tb[NDA_DST]) != sizeof(search->address) ||
	    memcmp(nla_data(tb[NDA_LLADDR]), search->mac.b, ETH_ALEN))
		return NL_OK;
	memcpy(&search->address, nla_data(tb[NDA_DST]), sizeof(search->address));
	search->found = true;
	return NL_OK;
}

int netlink_neighbour_find(const struct mac *mac, struct in_addr *address)
{
	struct neighbour_search search = { .mac = *mac };
	int rc = neighbours_dump(AF_INET, neighbour_message, &search);

	*address = search.address;
	return rc || search.found ? rc : -ENOENT;
}
