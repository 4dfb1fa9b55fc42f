// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>

#include "ng.h"

#define ANNOUNCE_TIMES 3
#define ANNOUNCE_INTERVAL (HZ / 5)
#define ASKED_INTERVAL (10 * HZ) /* more requests than ASKED_BURST in it wait for a second each */
#define ASKED_BURST 10

static struct net_device *team_vf(const struct ng_device *dev)
{
	return rtnl_dereference(dev->team.vf);
}

/* ---- counters ---- */

static void count_rx(struct ng_device *dev, unsigned int len, bool dropped)
{
	struct ng_team_stats *s = this_cpu_ptr(dev->team.stats);

	u64_stats_update_begin(&s->syncp);
	if (dropped) {
		u64_stats_inc(&s->rx_dropped);
	} else {
		u64_stats_inc(&s->rx_packets);
		u64_stats_add(&s->rx_bytes, len);
	}
	u64_stats_update_end(&s->syncp);
}

static void count_tx(struct ng_device *dev, unsigned int packets, unsigned int bytes,
		     unsigned int dropped)
{
	struct ng_team_stats *s = this_cpu_ptr(dev->team.stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_add(&s->tx_packets, packets);
	u64_stats_add(&s->tx_bytes, bytes);
	u64_stats_add(&s->tx_dropped, dropped);
	u64_stats_update_end(&s->syncp);
}

static void sum_cpu(const struct ng_team_stats *s, struct ng_team_sum *sum)
{
	struct ng_team_sum c;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
#define X(name) c.name = u64_stats_read(&s->name);
		NG_TEAM_COUNTERS(X)
#undef X
	} while (u64_stats_fetch_retry(&s->syncp, start));
#define X(name) sum->name += c.name;
	NG_TEAM_COUNTERS(X)
#undef X
}

void ng_team_sum(const struct ng_device *dev, struct ng_team_sum *sum)
{
	int cpu;

	*sum = (struct ng_team_sum){
		.switches = dev->team.switches,
		.active = READ_ONCE(dev->team.active),
	};
	for_each_possible_cpu(cpu)
		sum_cpu(per_cpu_ptr(dev->team.stats, cpu), sum);
}

/* ---- sending ---- */

/* The VF, where frames can be sent through it; it may have lost its link a moment ago. */
static struct net_device *usable_vf(const struct ng_device *dev)
{
	struct net_device *vf;

	if (likely(!READ_ONCE(dev->team.active)))
		return NULL;
	vf = rcu_dereference(dev->team.vf);
	return vf && netif_running(vf) && netif_carrier_ok(vf) ? vf : NULL;
}

/* The VF for this frame; NULL: the vif. */
static struct net_device *vf_for(const struct ng_device *dev, const struct sk_buff *skb)
{
	struct net_device *vf = usable_vf(dev);

	if (vf && READ_ONCE(ng_params.hybrid) && READ_ONCE(dev->connected) &&
	    ng_peers_know(&dev->team.peers, ((const struct ethhdr *)skb->data)->h_dest))
		return NULL;
	return vf;
}

bool ng_team_pick(struct ng_device *dev, struct sk_buff *skb, u16 *queue)
{
	struct net_device *vf;

	rcu_read_lock();
	vf = vf_for(dev, skb);
	if (vf)
		*queue = vf->netdev_ops->ndo_select_queue ?
				 vf->netdev_ops->ndo_select_queue(vf, skb, NULL) :
				 netdev_pick_tx(vf, skb, NULL);
	rcu_read_unlock();
	return vf;
}

static void send(struct ng_device *dev, struct net_device *vf, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	int rc;

	/* Whose sender keeps it (pktgen's clones) cannot wait in a queue of the VF's. */
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb))
		return count_tx(dev, 0, 0, 1);
	skb->dev = vf;
	/* What ng_team_pick() found; the VF takes a frame without a socket by that. */
	skb_record_rx_queue(skb, qdisc_skb_cb(skb)->slave_dev_queue_mapping);
	rc = dev_queue_xmit(skb);
	if (rc == NET_XMIT_SUCCESS || rc == NET_XMIT_CN)
		count_tx(dev, 1, len, 0);
	else
		count_tx(dev, 0, 0, 1);
}

bool ng_team_xmit(struct ng_device *dev, struct sk_buff *skb)
{
	struct net_device *vf;

	if (likely(!READ_ONCE(dev->team.active)))
		return false;
	rcu_read_lock();
	vf = vf_for(dev, skb);
	if (vf)
		send(dev, vf, skb);
	rcu_read_unlock();
	return vf;
}

int ng_team_xdp_xmit(struct ng_device *dev, int n, struct xdp_frame **frames, u32 flags)
{
	struct net_device *vf;
	int i, bytes = 0, rc = -EAGAIN;

	rcu_read_lock();
	vf = usable_vf(dev);
	/* A driver without it: by the vif, which the other side takes frames from, too. */
	if (vf && vf->netdev_ops->ndo_xdp_xmit) {
		for (i = 0; i < n; i++)
			bytes += frames[i]->len;
		rc = vf->netdev_ops->ndo_xdp_xmit(vf, n, frames, flags);
		if (rc > 0)
			count_tx(dev, rc, bytes * rc / n, 0); /* the others are the caller's */
	}
	rcu_read_unlock();
	return rc;
}

void ng_team_drop(struct ng_device *dev, struct sk_buff *skb)
{
	count_tx(dev, 0, 0, 1);
	dev_kfree_skb_any(skb);
}

/* ---- receiving ---- */

void ng_team_learn(struct ng_device *dev, const struct sk_buff *skb)
{
	if (READ_ONCE(dev->team.active) && READ_ONCE(ng_params.hybrid) &&
	    skb->pkt_type == PACKET_HOST)
		ng_peers_learn(&dev->team.peers, eth_hdr(skb)->h_source);
}

bool ng_team_echo(struct ng_device *dev, const struct sk_buff *skb)
{
	const struct ethhdr *eth = eth_hdr(skb);
	struct ng_team_stats *s;

	if (!rcu_access_pointer(dev->team.vf) || likely(!is_multicast_ether_addr(eth->h_dest)) ||
	    !ether_addr_equal(eth->h_source, dev->netdev->dev_addr))
		return false;
	s = this_cpu_ptr(dev->team.stats);
	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->echoes);
	u64_stats_update_end(&s->syncp);
	return true;
}

rx_handler_result_t ng_team_receive(struct sk_buff **pskb)
{
	struct sk_buff *skb = skb_share_check(*pskb, GFP_ATOMIC);
	struct ng_device *dev;

	*pskb = skb;
	if (unlikely(!skb))
		return RX_HANDLER_CONSUMED;
	dev = rcu_dereference(skb->dev->rx_handler_data);
	/* Perhaps an XDP program has not seen it, which the VF could not have. */
	if (unlikely(!READ_ONCE(dev->team.ready))) {
		count_rx(dev, 0, true);
		kfree_skb(skb);
		return RX_HANDLER_CONSUMED;
	}
	if (ng_team_echo(dev, skb)) {
		kfree_skb(skb);
		return RX_HANDLER_CONSUMED;
	}
	/* Who sends to us from outside is no guest of this host, whatever the bridge flooded. */
	if (READ_ONCE(ng_params.hybrid) && skb->pkt_type == PACKET_HOST)
		ng_peers_forget(&dev->team.peers, eth_hdr(skb)->h_source);
	count_rx(dev, skb->len + ETH_HLEN, false);
	skb->dev = dev->netdev;
	return RX_HANDLER_ANOTHER;
}

/* ---- which path ---- */

static void announce(struct ng_device *dev)
{
	if (netif_running(dev->netdev))
		__netdev_notify_peers(dev->netdev);
	if (--dev->team.announce)
		queue_delayed_work(ng_wq, &dev->team.announcer, ANNOUNCE_INTERVAL);
}

static void announcer_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(to_delayed_work(work), struct ng_device, team.announcer);

	rtnl_lock();
	if (dev->team.announce)
		announce(dev);
	rtnl_unlock();
}

static void report_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(work, struct ng_device, team.report);

	ng_keys_write_datapath(dev, XBT_NIL);
}

/* Frames larger than the vif takes, where nothing goes by the vif. */
static void set_limits(struct ng_device *dev, const struct net_device *vf)
{
	unsigned int size = NETIF_MAX_TX_SIZE;

	if (vf && !READ_ONCE(ng_params.hybrid))
		size = max(size, vf->tso_max_size);
	if (size != dev->netdev->tso_max_size)
		netif_set_tso_max_size(dev->netdev, size);
}

static void move(struct ng_device *dev, bool to_vf)
{
	struct ng_team *t = &dev->team;
	unsigned int i;

	WRITE_ONCE(t->active, to_vf);
	t->switches++;
	netdev_info(dev->netdev, "sends through %s now\n",
		    to_vf ? netdev_name(team_vf(dev)) : "the vif");
	ng_device_carrier(dev);
	set_limits(dev, to_vf ? team_vf(dev) : NULL);
	/* Frames that wait for the vif's rings go by the VF, also where the back end is dead. */
	for (i = 0; to_vf && i < dev->nqueues; i++)
		ng_tx_forget(dev->queue[i]);
	if (netif_running(dev->netdev) && (to_vf || dev->connected))
		netif_tx_wake_all_queues(dev->netdev);
	/* The switches on the way learn where we are from what we send. */
	t->announce = ANNOUNCE_TIMES;
	announce(dev);
}

void ng_team_choose(struct ng_device *dev, bool going)
{
	struct net_device *vf = team_vf(dev);
	bool to_vf = vf && !going && dev->team.ready && dev->team.wants_vf &&
		     netif_running(dev->netdev) && netif_running(vf) && netif_carrier_ok(vf);

	if (to_vf != dev->team.active)
		move(dev, to_vf);
	if (!dev->team.leaving)
		queue_work(ng_wq, &dev->team.report);
}

/* ---- the toolstack ---- */

static void ask_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(to_delayed_work(work), struct ng_device, team.ask);
	char *text = xenbus_read(XBT_NIL, dev->xbdev->otherend, "request-datapath", NULL);

	rtnl_lock();
	dev->team.wants_vf = IS_ERR(text) || strcmp(text, "pv");
	ng_team_choose(dev, false);
	rtnl_unlock();
	if (!IS_ERR(text))
		kfree(text);
}

/* In xenbus' thread, which all devices share: neither rtnl nor xenstore is waited for. */
static void on_request(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct ng_device *dev = container_of(watch, struct ng_device, team.watch);

	queue_delayed_work(ng_wq, &dev->team.ask, __ratelimit(&dev->team.asked) ? 0 : HZ);
}

static void unwatch(struct ng_device *dev)
{
	struct xenbus_watch *w = &dev->team.watch;

	if (!w->node)
		return;
	unregister_xenbus_watch(w);
	kfree(w->node);
	w->node = NULL;
}

void ng_team_watch(struct ng_device *dev)
{
	const struct xenbus_watch *w = &dev->team.watch;
	size_t n = strlen(dev->xbdev->otherend);

	/* After a migration the back end's directory is another one. */
	if (w->node && !strncmp(w->node, dev->xbdev->otherend, n) && w->node[n] == '/')
		return;
	unwatch(dev);
	xenbus_watch_pathfmt(dev->xbdev, &dev->team.watch, NULL, on_request, "%s/request-datapath",
			     dev->xbdev->otherend);
}

/* ---- life ---- */

int ng_team_init(struct ng_device *dev)
{
	struct ng_team *t = &dev->team;

	t->wants_vf = true;
	INIT_DELAYED_WORK(&t->takeover, ng_vf_takeover_work);
	INIT_DELAYED_WORK(&t->announcer, announcer_work);
	INIT_DELAYED_WORK(&t->ask, ask_work);
	INIT_WORK(&t->report, report_work);
	INIT_WORK(&t->follow, ng_vf_follow_work);
	ratelimit_state_init(&t->asked, ASKED_INTERVAL, ASKED_BURST);
	ratelimit_set_flags(&t->asked, RATELIMIT_MSG_ON_RELEASE);
	t->stats = netdev_alloc_pcpu_stats(struct ng_team_stats);
	return t->stats ? 0 : -ENOMEM;
}

static void cancel_works(struct ng_team *t)
{
	cancel_delayed_work_sync(&t->takeover);
	cancel_delayed_work_sync(&t->announcer);
	cancel_delayed_work_sync(&t->ask);
	cancel_work_sync(&t->report);
	cancel_work_sync(&t->follow);
}

void ng_team_resume(struct ng_device *dev)
{
	cancel_delayed_work_sync(&dev->team.ask);
	cancel_work_sync(&dev->team.report);
}

void ng_team_detach(struct ng_device *dev)
{
	unwatch(dev);
	rtnl_lock();
	dev->team.leaving = true;
	ng_vf_leave(dev);
	rtnl_unlock();
	/* The keys that it writes are withdrawn next. */
	cancel_works(&dev->team);
}

void ng_team_free(struct ng_device *dev)
{
	cancel_works(&dev->team);
	if (dev->team.left_in)
		put_net(dev->team.left_in);
	free_percpu(dev->team.stats);
}
