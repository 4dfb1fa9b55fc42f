// SPDX-License-Identifier: GPL-2.0
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>

#include "ng.h"

#define TAKEOVER_DELAY (HZ / 10) /* udev gets a chance to rename the VF */
#define ANNOUNCE_TIMES 3
#define ANNOUNCE_INTERVAL (HZ / 5)

static struct net_device *team_vf(const struct ng_device *dev)
{
	return rtnl_dereference(dev->team.vf);
}

/* ---- traffic ---- */

static void count_rx(struct ng_device *dev, unsigned int len)
{
	struct ng_team_stats *s = this_cpu_ptr(dev->team.stats);

	u64_stats_update_begin(&s->syncp);
	u64_stats_inc(&s->rx_packets);
	u64_stats_add(&s->rx_bytes, len);
	u64_stats_update_end(&s->syncp);
}

static void count_tx(struct ng_device *dev, unsigned int len, bool sent)
{
	struct ng_team_stats *s = this_cpu_ptr(dev->team.stats);

	u64_stats_update_begin(&s->syncp);
	if (sent) {
		u64_stats_inc(&s->tx_packets);
		u64_stats_add(&s->tx_bytes, len);
	} else {
		u64_stats_inc(&s->tx_dropped);
	}
	u64_stats_update_end(&s->syncp);
}

bool ng_team_xmit(struct ng_device *dev, struct sk_buff *skb)
{
	unsigned int len = skb->len;
	struct net_device *vf;
	int rc;

	if (likely(!READ_ONCE(dev->team.active)))
		return false;
	if (READ_ONCE(ng_params.hybrid) &&
	    ng_peers_know(&dev->team.peers, ((const struct ethhdr *)skb->data)->h_dest))
		return false;
	vf = rcu_dereference_bh(dev->team.vf);
	/* It may have lost its link a moment ago. */
	if (!vf || !netif_running(vf) || !netif_carrier_ok(vf))
		return false;
	/* Whose sender keeps it (pktgen's clones) cannot wait in a queue of the VF's. */
	skb = skb_share_check(skb, GFP_ATOMIC);
	if (unlikely(!skb)) {
		count_tx(dev, len, false);
		return true;
	}
	skb->dev = vf;
	rc = dev_queue_xmit(skb);
	count_tx(dev, len, rc == NET_XMIT_SUCCESS || rc == NET_XMIT_CN);
	return true;
}

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

static rx_handler_result_t team_receive(struct sk_buff **pskb)
{
	struct sk_buff *skb = skb_share_check(*pskb, GFP_ATOMIC);
	struct ng_device *dev;

	*pskb = skb;
	if (unlikely(!skb))
		return RX_HANDLER_CONSUMED;
	dev = rcu_dereference(skb->dev->rx_handler_data);
	if (ng_team_echo(dev, skb)) {
		kfree_skb(skb);
		return RX_HANDLER_CONSUMED;
	}
	count_rx(dev, skb->len + ETH_HLEN);
	skb->dev = dev->netdev;
	return RX_HANDLER_ANOTHER;
}

/* ---- which path ---- */

static void announce(struct ng_device *dev)
{
	if (netif_running(dev->netdev))
		__netdev_notify_peers(dev->netdev);
	if (--dev->team.announce)
		schedule_delayed_work(&dev->team.announcer, ANNOUNCE_INTERVAL);
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

static void move(struct ng_device *dev, bool to_vf)
{
	struct ng_team *t = &dev->team;

	WRITE_ONCE(t->active, to_vf);
	t->switches++;
	netdev_info(dev->netdev, "sends through %s now\n",
		    to_vf ? netdev_name(team_vf(dev)) : "the vif");
	ng_device_carrier(dev);
	/* Frames that wait for the other path's ring go by this one. */
	if (netif_running(dev->netdev) && (to_vf || dev->connected))
		netif_tx_wake_all_queues(dev->netdev);
	/* The switches on the way learn where we are from what we send. */
	t->announce = ANNOUNCE_TIMES;
	announce(dev);
}

/* going: the VF is about to go down, although it still runs. */
static void choose(struct ng_device *dev, bool going)
{
	struct net_device *vf = team_vf(dev);
	bool to_vf = vf && !going && dev->team.ready && dev->team.wants_vf &&
		     netif_running(dev->netdev) && netif_running(vf) && netif_carrier_ok(vf);

	if (to_vf != dev->team.active)
		move(dev, to_vf);
	schedule_work(&dev->team.report);
}

/* ---- joining and leaving ---- */

static void hide(struct net_device *vf, bool on)
{
	if (on)
		vf->flags |= IFF_SLAVE;
	else
		vf->flags &= ~IFF_SLAVE;
	ng_set_no_addrconf(vf, on);
}

static void adjust_rx_flags(struct net_device *vf, unsigned int flags, int inc)
{
	if (flags & IFF_PROMISC)
		dev_set_promiscuity(vf, inc);
	if (flags & IFF_ALLMULTI)
		dev_set_allmulti(vf, inc);
}

/* The VF becomes as the interface is; where it cannot, the vif goes on alone. */
static int take_over(struct ng_device *dev, struct net_device *vf)
{
	struct net_device *netdev = dev->netdev;
	int rc = dev_set_mtu(vf, netdev->mtu);

	if (!rc)
		rc = vlan_vids_add_by_dev(vf, netdev);
	if (rc) {
		netdev_warn(netdev, "%s cannot have its MTU of %u, or its VLANs (%d): it is not used\n",
			    netdev_name(vf), netdev->mtu, rc);
		return rc;
	}
	adjust_rx_flags(vf, netdev->flags, 1);
	netif_addr_lock_bh(netdev);
	dev_uc_sync_multiple(vf, netdev);
	dev_mc_sync_multiple(vf, netdev);
	netif_addr_unlock_bh(netdev);
	dev->team.ready = true;
	return 0;
}

static void give_back(struct ng_device *dev, struct net_device *vf)
{
	if (!dev->team.ready)
		return;
	dev->team.ready = false;
	dev_uc_unsync(vf, dev->netdev);
	dev_mc_unsync(vf, dev->netdev);
	adjust_rx_flags(vf, dev->netdev->flags, -1);
	vlan_vids_del_by_dev(vf, dev->netdev);
}

static void open_vf(struct ng_device *dev, struct net_device *vf)
{
	int rc = netif_running(dev->netdev) ? dev_open(vf, NULL) : 0;

	if (rc)
		netdev_warn(dev->netdev, "%s cannot be opened (%d): it is not used\n",
			    netdev_name(vf), rc);
}

static void takeover_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(to_delayed_work(work), struct ng_device, team.takeover);
	struct net_device *vf;

	rtnl_lock();
	vf = team_vf(dev);
	if (vf && (dev->team.ready || !take_over(dev, vf))) {
		open_vf(dev, vf);
		choose(dev, false);
	}
	rtnl_unlock();
}

static void join(struct ng_device *dev, struct net_device *vf)
{
	int rc;

	if (team_vf(dev))
		return;
	if (netdev_master_upper_dev_get(vf)) {
		netdev_warn(dev->netdev, "%s has its MAC, but another master: it is not used\n",
			    netdev_name(vf));
		return;
	}
	hide(vf, true);
	rc = netdev_rx_handler_register(vf, team_receive, dev);
	if (!rc) {
		rc = netdev_master_upper_dev_link(vf, dev->netdev, NULL, NULL, NULL);
		if (rc)
			netdev_rx_handler_unregister(vf);
	}
	if (rc) {
		hide(vf, false);
		netdev_warn(dev->netdev, "%s has its MAC, but cannot become its slave (%d)\n",
			    netdev_name(vf), rc);
		return;
	}
	rcu_assign_pointer(dev->team.vf, vf);
	netdev_info(dev->netdev, "%s joins\n", netdev_name(vf));
	schedule_delayed_work(&dev->team.takeover, TAKEOVER_DELAY);
}

static void leave(struct ng_device *dev)
{
	struct net_device *vf = team_vf(dev);

	if (!vf)
		return;
	choose(dev, true);
	give_back(dev, vf);
	RCU_INIT_POINTER(dev->team.vf, NULL);
	/* Waits for all who saw the pointer, too. */
	netdev_rx_handler_unregister(vf);
	netdev_upper_dev_unlink(vf, dev->netdev);
	hide(vf, false);
	/* Where the interface goes, not the VF: as it was found. */
	if (vf->reg_state == NETREG_REGISTERED)
		dev_close(vf);
	netdev_info(dev->netdev, "%s leaves\n", netdev_name(vf));
}

/* ---- finding VFs ---- */

static bool is_ours(const struct net_device *netdev)
{
	return netdev->netdev_ops == &ng_netdev_ops;
}

static bool is_vf_of(const struct net_device *vf, const struct net_device *netdev)
{
	return vf->type == ARPHRD_ETHER && vf->dev.parent && dev_is_pci(vf->dev.parent) &&
	       ether_addr_equal(vf->perm_addr, netdev->perm_addr);
}

static struct ng_device *device_of(struct net_device *vf)
{
	struct net_device *other;

	for_each_netdev(dev_net(vf), other)
		if (is_ours(other) && is_vf_of(vf, other))
			return netdev_priv(other);
	return NULL;
}

static void look_for_vf(struct ng_device *dev)
{
	struct net_device *other;

	for_each_netdev(dev_net(dev->netdev), other)
		if (is_vf_of(other, dev->netdev))
			return join(dev, other);
}

static struct ng_device *master_of(struct net_device *vf)
{
	struct net_device *upper = netdev_master_upper_dev_get(vf);

	return upper && is_ours(upper) ? netdev_priv(upper) : NULL;
}

static void on_vf(struct net_device *vf, unsigned long event)
{
	struct ng_device *dev = event == NETDEV_REGISTER ? device_of(vf) : master_of(vf);

	if (!dev)
		return;
	switch (event) {
	case NETDEV_REGISTER:
		return join(dev, vf);
	case NETDEV_UNREGISTER:
		return leave(dev);
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		return choose(dev, false);
	case NETDEV_GOING_DOWN:
		return choose(dev, true);
	}
}

static int on_netdev(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(ptr);

	if (!is_ours(netdev))
		on_vf(netdev, event);
	else if (event == NETDEV_REGISTER)
		look_for_vf(netdev_priv(netdev));
	else if (event == NETDEV_UNREGISTER)
		leave(netdev_priv(netdev));
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = on_netdev };

int ng_team_register(void)
{
	return register_netdevice_notifier(&notifier);
}

void ng_team_unregister(void)
{
	unregister_netdevice_notifier(&notifier);
}

/* ---- the toolstack ---- */

static void on_request(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct ng_device *dev = container_of(watch, struct ng_device, team.watch);
	char *text = xenbus_read(XBT_NIL, path, "", NULL);

	rtnl_lock();
	dev->team.wants_vf = IS_ERR(text) || strcmp(text, "pv");
	choose(dev, false);
	rtnl_unlock();
	if (!IS_ERR(text))
		kfree(text);
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
	/* After a migration the back end's directory is another one. */
	unwatch(dev);
	xenbus_watch_pathfmt(dev->xbdev, &dev->team.watch, NULL, on_request, "%s/request-datapath",
			     dev->xbdev->otherend);
}

/* ---- the interface ---- */

int ng_team_init(struct ng_device *dev)
{
	struct ng_team *t = &dev->team;

	t->wants_vf = true;
	INIT_DELAYED_WORK(&t->takeover, takeover_work);
	INIT_DELAYED_WORK(&t->announcer, announcer_work);
	INIT_WORK(&t->report, report_work);
	t->stats = netdev_alloc_pcpu_stats(struct ng_team_stats);
	return t->stats ? 0 : -ENOMEM;
}

void ng_team_detach(struct ng_device *dev)
{
	unwatch(dev);
	rtnl_lock();
	leave(dev);
	rtnl_unlock();
}

void ng_team_free(struct ng_device *dev)
{
	cancel_delayed_work_sync(&dev->team.takeover);
	cancel_delayed_work_sync(&dev->team.announcer);
	cancel_work_sync(&dev->team.report);
	free_percpu(dev->team.stats);
}

void ng_team_open(struct ng_device *dev)
{
	struct net_device *vf = team_vf(dev);

	if (vf && dev->team.ready)
		open_vf(dev, vf);
	choose(dev, false);
}

void ng_team_stop(struct ng_device *dev)
{
	struct net_device *vf = team_vf(dev);

	WRITE_ONCE(dev->team.active, false);
	if (vf)
		dev_close(vf);
}

int ng_team_set_mtu(struct ng_device *dev, int mtu)
{
	struct net_device *vf = team_vf(dev);

	return vf && dev->team.ready ? dev_set_mtu(vf, mtu) : 0;
}

int ng_team_set_mac(struct ng_device *dev, void *addr)
{
	struct net_device *vf = team_vf(dev);

	return vf ? dev_set_mac_address(vf, addr, NULL) : 0;
}

void ng_team_rx_mode(struct ng_device *dev)
{
	struct net_device *vf;

	rcu_read_lock();
	vf = rcu_dereference(dev->team.vf);
	if (vf && dev->team.ready) {
		dev_uc_sync_multiple(vf, dev->netdev);
		dev_mc_sync_multiple(vf, dev->netdev);
	}
	rcu_read_unlock();
}

void ng_team_rx_flags(struct ng_device *dev, int change)
{
	struct net_device *vf = team_vf(dev);
	unsigned int flags = dev->netdev->flags;

	if (!vf || !dev->team.ready)
		return;
	if (change & IFF_PROMISC)
		dev_set_promiscuity(vf, flags & IFF_PROMISC ? 1 : -1);
	if (change & IFF_ALLMULTI)
		dev_set_allmulti(vf, flags & IFF_ALLMULTI ? 1 : -1);
}

int ng_team_vid(struct ng_device *dev, __be16 proto, u16 vid, bool add)
{
	struct net_device *vf = team_vf(dev);

	if (!vf || !dev->team.ready)
		return 0;
	if (add)
		return vlan_vid_add(vf, proto, vid);
	vlan_vid_del(vf, proto, vid);
	return 0;
}

static void sum_cpu(const struct ng_team_stats *s, struct ng_team_sum *sum)
{
	struct ng_team_sum c;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&s->syncp);
		c.rx_packets = u64_stats_read(&s->rx_packets);
		c.rx_bytes = u64_stats_read(&s->rx_bytes);
		c.tx_packets = u64_stats_read(&s->tx_packets);
		c.tx_bytes = u64_stats_read(&s->tx_bytes);
		c.tx_dropped = u64_stats_read(&s->tx_dropped);
		c.echoes = u64_stats_read(&s->echoes);
	} while (u64_stats_fetch_retry(&s->syncp, start));
	sum->rx_packets += c.rx_packets;
	sum->rx_bytes += c.rx_bytes;
	sum->tx_packets += c.tx_packets;
	sum->tx_bytes += c.tx_bytes;
	sum->tx_dropped += c.tx_dropped;
	sum->echoes += c.echoes;
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
