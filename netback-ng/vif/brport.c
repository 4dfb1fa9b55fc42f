/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/brport.h"

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#define IFF_PASSES (IFF_UP | IFF_RUNNING)

static const struct {
	const char *word, *text;
} whys[] = {
#define X(name, word, text) { word, text },
	BRPORT_WHYS(X)
#undef X
};

const char *brport_word(enum brport_why why)
{
	return whys[why].word;
}

const char *brport_text(enum brport_why why)
{
	return whys[why].text;
}

/* The attribute's number of so many bytes, 'absent' without it. */
static uint8_t get_u8(const struct nlattr *attr, uint8_t absent)
{
	return attr && nla_len(attr) >= 1 ? nla_get_u8(attr) : absent;
}

static uint32_t get_u32(const struct nlattr *attr, uint32_t absent)
{
	return attr && nla_len(attr) >= 4 ? nla_get_u32(attr) : absent;
}

static bool is_text(const struct nlattr *attr, const char *text)
{
	size_t len = strlen(text);

	return attr && (size_t)nla_len(attr) >= len && !memcmp(nla_data(attr), text, len) &&
	       ((size_t)nla_len(attr) == len || !((const char *)nla_data(attr))[len]);
}

/*
 * The flood settings for multicast and broadcast do not matter, since these frames always go to
 * the bridge; nor does hairpin mode, since a vif's frames to itself do.
 */
static void take_port(struct brport *p, struct nlattr *data)
{
	struct nlattr *tb[IFLA_BRPORT_MAX + 1];

	if (nla_parse_nested(tb, IFLA_BRPORT_MAX, data, NULL))
		return;
	p->bridged = true;
	p->state = get_u8(tb[IFLA_BRPORT_STATE], BR_STATE_DISABLED);
	p->isolated = get_u8(tb[IFLA_BRPORT_ISOLATED], 0);
	p->locked = get_u8(tb[IFLA_BRPORT_LOCKED], 0);
	p->no_learning = !get_u8(tb[IFLA_BRPORT_LEARNING], 1);
	p->no_flood = !get_u8(tb[IFLA_BRPORT_UNICAST_FLOOD], 1);
	p->arp = get_u8(tb[IFLA_BRPORT_PROXYARP], 0) || get_u8(tb[IFLA_BRPORT_PROXYARP_WIFI], 0) ||
		 get_u8(tb[IFLA_BRPORT_NEIGH_SUPPRESS], 0);
}

static void take_master(struct brport *p, struct nlattr *linkinfo)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1];

	if (!linkinfo || nla_parse_nested(tb, IFLA_INFO_MAX, linkinfo, NULL) ||
	    !tb[IFLA_INFO_SLAVE_DATA] || !is_text(tb[IFLA_INFO_SLAVE_KIND], "bridge"))
		return;
	take_port(p, tb[IFLA_INFO_SLAVE_DATA]);
}

static bool has_xdp(struct nlattr *xdp)
{
	struct nlattr *tb[IFLA_XDP_MAX + 1];

	return xdp && !nla_parse_nested(tb, IFLA_XDP_MAX, xdp, NULL) &&
	       get_u8(tb[IFLA_XDP_ATTACHED], XDP_ATTACHED_NONE) != XDP_ATTACHED_NONE;
}

void brport_link(struct brport *p, struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = nlmsg_data(msg);
	struct nlattr *tb[IFLA_MAX + 1];

	if (nlmsg_parse(msg, sizeof(*info), tb, IFLA_MAX, NULL))
		return;
	if (msg->nlmsg_type == RTM_DELLINK) {
		/* PF_BRIDGE: only the port is gone. */
		p->heard = p->heard && info->ifi_family == PF_BRIDGE;
		p->bridged = false;
		p->master = 0;
		return;
	}
	if (info->ifi_family == PF_BRIDGE) {
		if (tb[IFLA_PROTINFO])
			take_port(p, tb[IFLA_PROTINFO]);
		p->master = get_u32(tb[IFLA_MASTER], p->master);
		return;
	}
	p->heard = true;
	p->flags = info->ifi_flags;
	p->mtu = get_u32(tb[IFLA_MTU], p->mtu);
	p->promiscuity = get_u32(tb[IFLA_PROMISCUITY], 0);
	p->xdp = has_xdp(tb[IFLA_XDP]);
	p->master = get_u32(tb[IFLA_MASTER], 0);
	p->bridged = false;
	take_master(p, tb[IFLA_LINKINFO]);
}

/* The kernel's own default has handle 0; who sets one up by tc gives it another. */
void brport_qdisc(struct brport *p, struct nlmsghdr *msg)
{
	const struct tcmsg *tc = nlmsg_data(msg);
	bool there = msg->nlmsg_type == RTM_NEWQDISC && tc->tcm_handle;

	if (!nlmsg_valid_hdr(msg, sizeof(*tc)))
		return;
	if (tc->tcm_parent == TC_H_ROOT)
		p->tc_root = there;
	else if (tc->tcm_parent == TC_H_INGRESS) /* clsact's, too */
		p->tc_ingress = there;
}

static void take_bridge(struct brdev *b, struct nlattr *linkinfo)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1], *br[IFLA_BR_MAX + 1];

	if (!linkinfo || nla_parse_nested(tb, IFLA_INFO_MAX, linkinfo, NULL) ||
	    !tb[IFLA_INFO_DATA] || !is_text(tb[IFLA_INFO_KIND], "bridge") ||
	    nla_parse_nested(br, IFLA_BR_MAX, tb[IFLA_INFO_DATA], NULL))
		return;
	b->vlan_filtering = get_u8(br[IFLA_BR_VLAN_FILTERING], 0);
	b->netfilter = get_u8(br[IFLA_BR_NF_CALL_IPTABLES], 0) ||
		       get_u8(br[IFLA_BR_NF_CALL_IP6TABLES], 0) ||
		       get_u8(br[IFLA_BR_NF_CALL_ARPTABLES], 0);
}

void brdev_link(struct brdev *b, const char *name, struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = nlmsg_data(msg);
	struct nlattr *tb[IFLA_MAX + 1];
	bool named;

	if (nlmsg_parse(msg, sizeof(*info), tb, IFLA_MAX, NULL) || info->ifi_family == PF_BRIDGE)
		return;
	named = msg->nlmsg_type == RTM_NEWLINK && is_text(tb[IFLA_IFNAME], name);
	if (!named && b->ifindex == (uint32_t)info->ifi_index)
		*b = (struct brdev){ 0 };
	if (!named)
		return;
	b->ifindex = (uint32_t)info->ifi_index;
	b->flags = info->ifi_flags;
	take_bridge(b, tb[IFLA_LINKINFO]);
}

static enum brport_why judge_port(const struct brport *p)
{
	if (p->state != BR_STATE_FORWARDING)
		return BRPORT_STP;
	if (p->isolated)
		return BRPORT_ISOLATED;
	if (p->locked)
		return BRPORT_LOCKED;
	if (p->no_learning)
		return BRPORT_LEARNING;
	if (p->no_flood)
		return BRPORT_FLOOD;
	return p->arp ? BRPORT_ARP : BRPORT_DIRECT;
}

static enum brport_why judge_bridge(const struct brdev *b)
{
	if (!(b->flags & IFF_UP))
		return BRPORT_BRIDGE_DOWN;
	if (b->vlan_filtering)
		return BRPORT_VLANS;
	if (b->netfilter)
		return BRPORT_NETFILTER;
	return b->flags & IFF_PROMISC ? BRPORT_CAPTURE : BRPORT_DIRECT;
}

static enum brport_why judge_link(const struct brport *p)
{
	if (p->tc_root || p->tc_ingress)
		return BRPORT_TC;
	if (p->xdp)
		return BRPORT_XDP;
	/* A bridge makes its ports promiscuous; a second time is somebody else's. */
	return p->promiscuity > 1 ? BRPORT_CAPTURE : BRPORT_DIRECT;
}

enum brport_why brport_judge(const struct brport *p, const struct brdev *b)
{
	enum brport_why why;

	if (!p->heard)
		return BRPORT_UNHEARD;
	if ((p->flags & IFF_PASSES) != IFF_PASSES)
		return BRPORT_DOWN;
	if (!p->master)
		return BRPORT_NO_BRIDGE;
	if (!p->bridged || p->master != b->ifindex)
		return BRPORT_OTHER_BRIDGE;
	why = judge_bridge(b);
	if (!why)
		why = judge_port(p);
	return why ? why : judge_link(p);
}
