/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual function with the vif's permanent MAC is the vif's slave: one interface for
 * the user, two paths.  It joins and leaves by itself.  Frames are sent through
 * the VF while it is usable and the toolstack does not ask for the vif; they are accepted
 * on both.  All but transmit and receive happens under rtnl.
 */
#ifndef NG_TEAM_H
#define NG_TEAM_H

#include <linux/netdevice.h>
#include <linux/u64_stats_sync.h>
#include <xen/xenbus.h>

#include "peers.h"

struct ng_device;

/* The VF's share of the traffic, of one CPU. */
struct ng_team_stats {
	u64_stats_t rx_packets, rx_bytes, tx_packets, tx_bytes, tx_dropped, echoes;
	struct u64_stats_sync syncp;
};

struct ng_team_sum {
	u64 rx_packets, rx_bytes, tx_packets, tx_bytes, tx_dropped, echoes, switches, active;
};

struct ng_team {
	struct net_device __rcu *vf;
	bool active;   /* frames are sent through the VF */
	bool wants_vf; /* no "request-datapath" of "pv" */
	bool ready;    /* the VF has our MTU, addresses and VLANs */
	struct ng_peers peers; /* in hybrid mode */
	u64 switches;
	unsigned int announce; /* times that the move is still to be announced */
	struct ng_team_stats __percpu *stats;
	struct delayed_work takeover, announcer;
	struct work_struct report;
	struct xenbus_watch watch;
};

/* The notifier that finds VFs; for all devices of the module. */
int ng_team_register(void);
void ng_team_unregister(void);

int ng_team_init(struct ng_device *dev);
/* Before the interface goes: no VF joins any more. */
void ng_team_detach(struct ng_device *dev);
void ng_team_free(struct ng_device *dev);
/* The toolstack's wishes, in the back end's directory; not under rtnl. */
void ng_team_watch(struct ng_device *dev);

/* The interface goes up or down, or changes; rtnl is held. */
void ng_team_open(struct ng_device *dev);
void ng_team_stop(struct ng_device *dev);
int ng_team_set_mtu(struct ng_device *dev, int mtu);
int ng_team_set_mac(struct ng_device *dev, void *addr);
void ng_team_rx_mode(struct ng_device *dev);
void ng_team_rx_flags(struct ng_device *dev, int change);
int ng_team_vid(struct ng_device *dev, __be16 proto, u16 vid, bool add);

/* True where the VF took the frame. */
bool ng_team_xmit(struct ng_device *dev, struct sk_buff *skb);
/* A unicast frame came by the vif. */
void ng_team_learn(struct ng_device *dev, const struct sk_buff *skb);
/* True for a broadcast of our own that came back by the other path; to be dropped. */
bool ng_team_echo(struct ng_device *dev, const struct sk_buff *skb);
void ng_team_sum(const struct ng_device *dev, struct ng_team_sum *sum);

#endif
