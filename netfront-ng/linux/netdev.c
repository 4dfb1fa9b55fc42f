// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <net/sch_generic.h>

#include "ng.h"

static int netdev_open(struct net_device *netdev)
{
	struct ng_device *dev = netdev_priv(netdev);
	unsigned int i;

	ng_device_revive(dev);
	for (i = 0; i < dev->nqueues; i++)
		ng_queue_start(dev->queue[i]);
	netif_tx_start_all_queues(netdev);
	ng_vf_open(dev);
	return 0;
}

static int netdev_stop(struct net_device *netdev)
{
	struct ng_device *dev = netdev_priv(netdev);
	unsigned int i;

	ng_vf_stop(dev);
	netif_tx_disable(netdev);
	for (i = 0; i < dev->nqueues; i++)
		ng_queue_stop(dev->queue[i]);
	return 0;
}

static netdev_tx_t netdev_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct ng_device *dev = netdev_priv(netdev);
	unsigned int queue = skb_get_queue_mapping(skb), rings = READ_ONCE(dev->nqueues);

	if (ng_team_xmit(dev, skb))
		return NETDEV_TX_OK;
	if (likely(queue < rings))
		return ng_tx_send(dev->queue[queue], skb);
	if (rings)
		return ng_tx_send_stray(dev->queue[queue % rings], skb);
	ng_team_drop(dev, skb);
	return NETDEV_TX_OK;
}

static u16 netdev_select_queue(struct net_device *netdev, struct sk_buff *skb,
			       struct net_device *sb_dev)
{
	struct ng_device *dev = netdev_priv(netdev);
	unsigned int rings = READ_ONCE(dev->nqueues);
	unsigned int others = netdev->num_tx_queues - dev->max_queues;
	u16 queue;

	if (ng_team_pick(dev, skb, &queue)) {
		qdisc_skb_cb(skb)->slave_dev_queue_mapping = queue;
		return dev->max_queues + queue % others;
	}
	queue = rings > 1 ? netdev_pick_tx(netdev, skb, sb_dev) % rings : 0;
	qdisc_skb_cb(skb)->slave_dev_queue_mapping = queue;
	return queue;
}

static int netdev_set_features(struct net_device *netdev, netdev_features_t features)
{
	ng_vf_set_features(netdev_priv(netdev));
	return 0;
}

static netdev_features_t netdev_fix_features(struct net_device *netdev, netdev_features_t wanted)
{
	const struct ng_features *f = &((struct ng_device *)netdev_priv(netdev))->features;

	if (!f->sg)
		wanted &= ~NETIF_F_SG;
	if (!f->csum4)
		wanted &= ~NETIF_F_IP_CSUM;
	if (!f->csum6)
		wanted &= ~NETIF_F_IPV6_CSUM;
	if (!f->gso4)
		wanted &= ~NETIF_F_TSO;
	if (!f->gso6)
		wanted &= ~NETIF_F_TSO6;
	return wanted;
}

static int netdev_change_mtu(struct net_device *netdev, int mtu)
{
	struct ng_device *dev = netdev_priv(netdev);
	int rc;

	if (!dev->features.sg && mtu > ETH_DATA_LEN) {
		netdev_err(netdev, "its back end takes frames of one page only (no feature-sg): MTU %u at most\n",
			   ETH_DATA_LEN);
		return -EINVAL;
	}
	if (rcu_access_pointer(dev->xdp) && mtu > NG_XDP_MTU) {
		netdev_err(netdev, "it has an XDP program: MTU %u at most\n", NG_XDP_MTU);
		return -EINVAL;
	}
	rc = ng_vf_set_mtu(dev, mtu);
	if (!rc)
		WRITE_ONCE(netdev->mtu, mtu);
	return rc;
}

static int netdev_set_mac(struct net_device *netdev, void *addr)
{
	int rc = eth_prepare_mac_addr_change(netdev, addr);

	if (!rc)
		rc = ng_vf_set_mac(netdev_priv(netdev), addr);
	if (!rc)
		eth_commit_mac_addr_change(netdev, addr);
	return rc;
}

/* The vif itself gets what the bridge sends it; the lists are for the VF. */
static void netdev_rx_mode(struct net_device *netdev)
{
	ng_vf_rx_mode(netdev_priv(netdev));
}

static void netdev_rx_flags(struct net_device *netdev, int change)
{
	ng_vf_rx_flags(netdev_priv(netdev), change);
}

static int netdev_add_vid(struct net_device *netdev, __be16 proto, u16 vid)
{
	return ng_vf_vid(netdev_priv(netdev), proto, vid, true);
}

static int netdev_kill_vid(struct net_device *netdev, __be16 proto, u16 vid)
{
	return ng_vf_vid(netdev_priv(netdev), proto, vid, false);
}

static void netdev_stats(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	ng_stats_read(netdev_priv(netdev), s);
}

const struct net_device_ops ng_netdev_ops = {
	.ndo_open = netdev_open,
	.ndo_stop = netdev_stop,
	.ndo_start_xmit = netdev_xmit,
	.ndo_select_queue = netdev_select_queue,
	.ndo_set_features = netdev_set_features,
	.ndo_fix_features = netdev_fix_features,
	.ndo_change_mtu = netdev_change_mtu,
	.ndo_bpf = ng_xdp_control,
	.ndo_xdp_xmit = ng_xdp_xmit,
	.ndo_get_stats64 = netdev_stats,
	.ndo_set_mac_address = netdev_set_mac,
	.ndo_set_rx_mode = netdev_rx_mode,
	.ndo_change_rx_flags = netdev_rx_flags,
	.ndo_vlan_rx_add_vid = netdev_add_vid,
	.ndo_vlan_rx_kill_vid = netdev_kill_vid,
	.ndo_validate_addr = eth_validate_addr,
};

/* ---- life ---- */

static int create_queues(struct ng_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->max_queues; i++) {
		dev->queue[i] = kvzalloc(sizeof(*dev->queue[i]), GFP_KERNEL);
		if (!dev->queue[i])
			return -ENOMEM;
		dev->queue[i]->dev = dev;
		dev->queue[i]->index = i;
	}
	return 0;
}

static void free_netdev_and_queues(struct ng_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->max_queues; i++)
		kvfree(dev->queue[i]);
	ng_team_free(dev);
	free_netdev(dev->netdev);
}

static void set_features(struct net_device *netdev)
{
	netdev->hw_features = NETIF_F_SG | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM | NETIF_F_TSO |
			      NETIF_F_TSO6 | NETIF_F_RXCSUM;
	/* What the back end lacks goes when it is known. */
	netdev->features = netdev->hw_features | NETIF_F_HW_VLAN_CTAG_FILTER |
			   NETIF_F_HW_VLAN_STAG_FILTER;
	netdev->priv_flags |= IFF_UNICAST_FLT | IFF_LIVE_ADDR_CHANGE;
	netdev->vlan_features = netdev->hw_features;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN;
	ng_set_xdp_features(netdev);
	netif_set_tso_max_size(netdev, NETIF_MAX_TX_SIZE);
}

static unsigned int queues_wanted(void)
{
	unsigned int n = ng_params.max_queues ?: min(num_online_cpus(), 8u);

	return min(n, NG_QUEUES_MAX);
}

struct ng_device *ng_netdev_create(struct xenbus_device *xbdev)
{
	unsigned int queues = queues_wanted();
	/* The VF has a queue for each CPU at best. */
	unsigned int others = min(num_online_cpus(), NG_VF_QUEUES_MAX);
	struct net_device *netdev =
		alloc_etherdev_mqs(sizeof(struct ng_device), queues + others, queues);
	struct ng_device *dev;
	u8 mac[ETH_ALEN];
	int rc;

	if (!netdev)
		return ERR_PTR(-ENOMEM);
	dev = netdev_priv(netdev);
	dev->netdev = netdev;
	dev->xbdev = xbdev;
	dev->max_queues = queues;
	dev->coalesce = (struct netif_coalesce_config){
		.max_packets = 32, .max_usecs = 100, .adaptive = true,
	};
	rc = ng_team_init(dev);
	if (!rc)
		rc = create_queues(dev);
	if (!rc)
		rc = ng_keys_read_mac(dev, mac);
	if (rc) {
		free_netdev_and_queues(dev);
		return ERR_PTR(rc);
	}
	eth_hw_addr_set(netdev, mac);
	memcpy(netdev->perm_addr, mac, ETH_ALEN);
	netdev->netdev_ops = &ng_netdev_ops;
	netdev->ethtool_ops = &ng_ethtool_ops;
	set_features(netdev);
	netdev->mtu = ng_keys_read_mtu(dev);
	SET_NETDEV_DEV(netdev, &xbdev->dev);
	netdev_lockdep_set_classes(netdev);
	netif_carrier_off(netdev);
	return dev;
}

void ng_netdev_destroy(struct ng_device *dev)
{
	free_netdev_and_queues(dev);
}
