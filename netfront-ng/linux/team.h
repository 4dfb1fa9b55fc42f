/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual function with the vif's permanent MAC is the vif's slave: one interface for
 * the user, two paths.  It joins and leaves by itself.  Frames are sent through
 * the VF while it is usable and the toolstack does not ask for the vif; they are accepted
 * on both.  All but transmit and receive happens under rtnl.
 * team.c: traffic, and which path it takes.  vf.c: finding VFs, and making them as the
 * interface is.
 */
#ifndef NG_TEAM_H
#define NG_TEAM_H

#include <linux/netdevice.h>
#include <linux/ratelimit.h>
#include <linux/u64_stats_sync.h>
#include <xen/xenbus.h>

#include "peers.h"

struct ng_device;

/* X(name): the VF's share of the traffic; rx_dropped came by a VF that is not used. */
#define NG_TEAM_COUNTERS(X)                                                                        \
	X(rx_packets) X(rx_bytes) X(rx_dropped) X(tx_packets) X(tx_bytes) X(tx_dropped) X(echoes)

/* Of one CPU. */
struct ng_team_stats {
#define X(name) u64_stats_t name;
	NG_TEAM_COUNTERS(X)
#undef X
	struct u64_stats_sync syncp;
};

struct ng_team_sum {
#define X(name) u64 name;
	NG_TEAM_COUNTERS(X)
#undef X
	u64 switches, active;
};

struct ng_team {
	struct net_device __rcu *vf;
	bool active;   /* frames are sent through the VF */
	bool wants_vf; /* no "request-datapath" of "pv" */
	bool ready;    /* the VF is as the interface is; before, nothing is accepted from it */
	bool has_xdp;  /* the VF has our XDP program */
	bool leaving;  /* the driver goes: no VF joins any more */
	struct ng_peers peers; /* in hybrid mode */
	u64 switches;
	unsigned int announce; /* times that the move is still to be announced */
	struct ng_team_stats __percpu *stats;
	struct net *left_in; /* the namespace that the interface left, and its VF is still in */
	struct delayed_work takeover, announcer, ask;
	struct work_struct report, follow;
	struct xenbus_watch watch;
	struct ratelimit_state asked;
};

int ng_team_init(struct ng_device *dev);
/* Before the interface goes: no VF joins any more. */
void ng_team_detach(struct ng_device *dev);
void ng_team_free(struct ng_device *dev);
/* The toolstack's wishes, in the back end's directory; from xenbus' thread only. */
void ng_team_watch(struct ng_device *dev);
/* The domain was restored: what was to be told or asked is of the past. */
void ng_team_resume(struct ng_device *dev);

/* True where the VF took the frame. */
bool ng_team_xmit(struct ng_device *dev, struct sk_buff *skb);
/* True where the VF would take it; *queue: the VF's own choice. */
bool ng_team_pick(struct ng_device *dev, struct sk_buff *skb, u16 *queue);
/* Frames that others redirect here: what the VF took, or -EAGAIN where they take the vif. */
int ng_team_xdp_xmit(struct ng_device *dev, int n, struct xdp_frame **frames, u32 flags);
/* Neither path can have the frame. */
void ng_team_drop(struct ng_device *dev, struct sk_buff *skb);
rx_handler_result_t ng_team_receive(struct sk_buff **pskb);
/* A unicast frame came by the vif. */
void ng_team_learn(struct ng_device *dev, const struct sk_buff *skb);
/* True for a broadcast of our own that came back by the other path; to be dropped. */
bool ng_team_echo(struct ng_device *dev, const struct sk_buff *skb);
void ng_team_sum(const struct ng_device *dev, struct ng_team_sum *sum);
/* Take the path that is the right one now.  going: the VF is about to go down, yet it runs. */
void ng_team_choose(struct ng_device *dev, bool going);

/* The interface goes up or down, or changes; rtnl is held. */
void ng_vf_open(struct ng_device *dev);
void ng_vf_stop(struct ng_device *dev);
int ng_vf_set_mtu(struct ng_device *dev, int mtu);
int ng_vf_set_mac(struct ng_device *dev, void *addr);
/* A VF that cannot have the program is not used as long as there is one. */
void ng_vf_set_xdp(struct ng_device *dev, struct bpf_prog *prog);
void ng_vf_set_features(struct ng_device *dev);
void ng_vf_rx_mode(struct ng_device *dev);
void ng_vf_rx_flags(struct ng_device *dev, int change);
int ng_vf_vid(struct ng_device *dev, __be16 proto, u16 vid, bool add);
/* Under rtnl. */
void ng_vf_leave(struct ng_device *dev);
void ng_vf_takeover_work(struct work_struct *work);
void ng_vf_follow_work(struct work_struct *work);

/* The notifier that finds VFs; for all devices of the module. */
int ng_vf_register(void);
void ng_vf_unregister(void);

#endif
