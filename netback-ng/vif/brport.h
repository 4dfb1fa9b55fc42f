/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a vif's TAP and of its bridge, and whether that bridge would pass each
 * unicast frame of the vif to each other port: only then the built-in switch may do so in its
 * place.  Filled from rtnetlink messages (links.c); no sockets here.  May depend on libnl.
 */
#ifndef NETBACK_BRPORT_H
#define NETBACK_BRPORT_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

/* Why frames of a vif do not take the switch: the word in the statistics, and the text of the log. */
#define BRPORT_WHYS(X)                                                              \
	X(DIRECT, "direct", "")                                                     \
	X(OFF, "off", "its bridge is not in switch_bridges")                        \
	X(UNHEARD, "unheard", "the kernel has not said yet what its bridge passes") \
	X(DOWN, "down", "its link is down")                                         \
	X(NO_BRIDGE, "no-bridge", "it is in no bridge")                             \
	X(OTHER_BRIDGE, "other-bridge", "its master is not the bridge of its configuration") \
	X(BRIDGE_DOWN, "bridge-down", "its bridge is down")                         \
	X(STP, "stp", "its port is not forwarding")                                 \
	X(ISOLATED, "isolated", "its port is isolated")                             \
	X(LOCKED, "locked", "its port is locked")                                   \
	X(LEARNING, "learning", "its port does not learn")                          \
	X(FLOOD, "flood", "its port does not flood")                                \
	X(ARP, "arp", "its port answers or suppresses ARP")                         \
	X(VLANS, "vlans", "its bridge filters VLANs")                               \
	X(NETFILTER, "netfilter", "its bridge calls netfilter")                     \
	X(TC, "tc", "it has a queueing discipline or a filter of tc's")             \
	X(XDP, "xdp", "it has an XDP program")                                      \
	X(CAPTURE, "capture", "it or its bridge is promiscuous, as for a capture")

enum brport_why {
#define X(name, word, text) BRPORT_##name,
	BRPORT_WHYS(X)
#undef X
};

struct brport {
	bool heard;
	uint32_t flags; /* IFF_... */
	uint32_t mtu;
	uint32_t promiscuity; /* how many want all frames; the bridge is one of them */
	uint32_t master;      /* its ifindex; 0: none */
	bool xdp, tc_root, tc_ingress;
	/* In a bridge; what this kernel does not know is as it was without it. */
	bool bridged;
	uint8_t state; /* of spanning tree */
	bool isolated, locked, no_learning, no_flood, arp;
};

struct brdev {
	uint32_t ifindex; /* 0: there is none of that name */
	uint32_t flags;
	bool vlan_filtering, netfilter;
};

static inline bool brdev_same(const struct brdev *a, const struct brdev *b)
{
	return a->ifindex == b->ifindex && a->flags == b->flags &&
	       a->vlan_filtering == b->vlan_filtering && a->netfilter == b->netfilter;
}

/* A link message: NEWLINK or DELLINK, the interface's own or (PF_BRIDGE) the port's. */
void brport_link(struct brport *p, struct nlmsghdr *msg);
/* NEWQDISC or DELQDISC. */
void brport_qdisc(struct brport *p, struct nlmsghdr *msg);
/* A link message of the interface whose name is that of the bridge, or was. */
void brdev_link(struct brdev *b, const char *name, struct nlmsghdr *msg);

/* DIRECT, UNHEARD, or the first reason against it. */
enum brport_why brport_judge(const struct brport *p, const struct brdev *b);
const char *brport_word(enum brport_why why);
const char *brport_text(enum brport_why why);

#endif
