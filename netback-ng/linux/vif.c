// SPDX-License-Identifier: GPL-2.0
/*
 * A vif: its network interface in the host, and up to 8 queues that it shares with a guest.
 * It is there before a guest connects and after it has gone.
 */
#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "nb.h"
#include "netif/header.h"

/* Frames that wait for a guest; behind that the netdev queue drops, and counts. */
#define TX_QUEUE_LEN 256

DEFINE_MUTEX(nb_lock);
LIST_HEAD(nb_vifs);

/* ---- what the stack calls ---- */

static int vif_open(struct net_device *netdev)
{
	struct nb_vif *vif = netdev_priv(netdev);
	unsigned int i;

	for (i = 0; i < vif->nqueues; i++)
		nb_queue_start(vif->queue[i]);
	netif_tx_start_all_queues(netdev);
	return 0;
}

static int vif_stop(struct net_device *netdev)
{
	struct nb_vif *vif = netdev_priv(netdev);
	unsigned int i;

	netif_tx_disable(netdev);
	for (i = 0; i < vif->nqueues; i++)
		nb_queue_stop(vif->queue[i]);
	return 0;
}

static netdev_tx_t vif_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct nb_vif *vif = netdev_priv(netdev);
	unsigned int i = skb_get_queue_mapping(skb);

	if (unlikely(i >= READ_ONCE(vif->nqueues))) {
		nb_count(&vif->stats[0].rx_drop_stopped, 1);
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	return nb_rx_send(vif->queue[i], skb, netdev_xmit_more());
}

/* The queue that the guest's own table names; its hash goes along to it. */
static u16 vif_select_queue(struct net_device *netdev, struct sk_buff *skb,
			    struct net_device *sb_dev)
{
	struct nb_vif *vif = netdev_priv(netdev);
	const struct netif_hash *hash = rcu_dereference_bh(vif->hash);
	u8 copy[NETIF_HEADER_MAX];
	u32 len = min_t(u32, skb->len, sizeof(copy)), queue;
	struct netif_header hdr;
	struct netif_meta m;
	const u8 *head;

	if (!hash)
		return netdev_pick_tx(netdev, skb, sb_dev);
	head = skb_header_pointer(skb, 0, len, copy);
	if (!head)
		return 0;
	netif_header_parse(head, len, &hdr);
	queue = netif_hash_queue(hash, head, &hdr, skb->len, netdev->real_num_tx_queues, 0, &m);
	if (m.hash_type)
		skb_set_hash(skb, m.hash, m.hash_type & (NETIF_HASH_TYPE_IPV4_TCP | NETIF_HASH_TYPE_IPV6_TCP) ?
						  PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
	return queue;
}

static netdev_features_t vif_fix_features(struct net_device *netdev, netdev_features_t wanted)
{
	u32 flags = ((struct nb_vif *)netdev_priv(netdev))->flags;

	if (!(flags & NB_F_SG))
		wanted &= ~(NETIF_F_SG | NETIF_F_FRAGLIST);
	if (!(flags & NB_F_CSUM4))
		wanted &= ~NETIF_F_IP_CSUM;
	if (!(flags & NB_F_CSUM6))
		wanted &= ~NETIF_F_IPV6_CSUM;
	if (!(flags & NB_F_GSO4))
		wanted &= ~NETIF_F_TSO;
	if (!(flags & NB_F_GSO6))
		wanted &= ~NETIF_F_TSO6;
	return wanted;
}

static int vif_change_mtu(struct net_device *netdev, int mtu)
{
	struct nb_vif *vif = netdev_priv(netdev);

	if (vif->connected && !(vif->flags & NB_F_SG) && mtu > ETH_DATA_LEN) {
		netdev_err(netdev, "its guest takes frames of one page only (no feature-sg): MTU %u at most\n",
			   ETH_DATA_LEN);
		return -EINVAL;
	}
	WRITE_ONCE(netdev->mtu, mtu);
	return 0;
}

static void vif_stats(struct net_device *netdev, struct rtnl_link_stats64 *s)
{
	const struct nb_vif *vif = netdev_priv(netdev);
	unsigned int i;

	for (i = 0; i < NB_QUEUES_MAX; i++) {
		const struct nb_stats *q = &vif->stats[i];

		s->rx_packets += READ_ONCE(q->tx_frames);
		s->rx_bytes += READ_ONCE(q->tx_bytes);
		s->rx_errors += READ_ONCE(q->tx_drop_malformed) + READ_ONCE(q->tx_drop_grant) +
				READ_ONCE(q->tx_drop_headers);
		s->rx_dropped += READ_ONCE(q->tx_drop_memory) + READ_ONCE(q->tx_drop_source_mac);
		s->tx_packets += READ_ONCE(q->rx_frames);
		s->tx_bytes += READ_ONCE(q->rx_bytes);
		s->tx_errors += READ_ONCE(q->rx_drop_grant) + READ_ONCE(q->rx_drop_too_big);
		s->tx_dropped += READ_ONCE(q->rx_drop_no_slots) + READ_ONCE(q->rx_drop_stopped);
	}
}

static const struct net_device_ops vif_ops = {
	.ndo_open = vif_open,
	.ndo_stop = vif_stop,
	.ndo_start_xmit = vif_xmit,
	.ndo_select_queue = vif_select_queue,
	.ndo_fix_features = vif_fix_features,
	.ndo_change_mtu = vif_change_mtu,
	.ndo_get_stats64 = vif_stats,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

bool nb_vif_is(const struct net_device *netdev)
{
	return netdev->netdev_ops == &vif_ops;
}

/* ---- trouble ---- */

/* The guest broke the protocol: what comes for it is dropped from now on, and told so. */
static void vif_broke(struct work_struct *work)
{
	struct nb_vif *vif = container_of(work, struct nb_vif, broke);

	netif_carrier_off(vif->netdev);
	netdev_err(vif->netdev, "shut, its guest broke the protocol (%s): %s\n",
		   netif_error_name(vif->broken), netif_error_text(vif->broken));
	nb_genl_event(vif, NB_EVENT_BROKEN);
}

void nb_vif_break(struct nb_vif *vif, enum netif_error err)
{
	if (cmpxchg(&vif->broken, NETIF_OK, err) == NETIF_OK)
		schedule_work(&vif->broke);
}

/* While some netdev queue waits for buffers: has it waited for too long? */
static void vif_look_for_stalls(struct work_struct *work)
{
	struct nb_vif *vif = container_of(work, struct nb_vif, stall.work);
	bool again = false;
	unsigned int i;

	for (i = 0; i < vif->nqueues; i++) {
		struct netdev_queue *txq = netdev_get_tx_queue(vif->netdev, i);

		__netif_tx_lock_bh(txq);
		nb_rx_stall(vif->queue[i]);
		again |= vif->queue[i]->rx_need && !vif->queue[i]->rx_stalled;
		__netif_tx_unlock_bh(txq);
	}
	if (again)
		schedule_delayed_work(&vif->stall, msecs_to_jiffies(nb_params.stall_msecs) / 4 + 1);
}

/* ---- life ---- */

static void vif_setup(struct net_device *netdev)
{
	/* As xen-netback: no bridge takes this address for its own. */
	static const u8 mac[ETH_ALEN] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };

	ether_setup(netdev);
	netdev->netdev_ops = &vif_ops;
	netdev->ethtool_ops = &nb_ethtool_ops;
	netdev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM |
			      NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_RXCSUM;
	netdev->features = netdev->hw_features;
	netdev->vlan_features = netdev->hw_features;
	netdev->tx_queue_len = TX_QUEUE_LEN;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN;
	netif_set_tso_max_size(netdev, NETIF_MAX_TX_SIZE);
	eth_hw_addr_set(netdev, mac);
	netif_carrier_off(netdev);
}

struct nb_vif *nb_vif_find(domid_t domid, u32 devid)
{
	struct nb_vif *vif;

	list_for_each_entry(vif, &nb_vifs, list)
		if (vif->domid == domid && vif->devid == devid)
			return vif;
	return NULL;
}

int nb_vif_add(struct net *net, domid_t domid, u32 devid, const char *name, const u8 *mac, u32 mtu,
	       u32 owner, struct nb_vif **out)
{
	struct net_device *netdev;
	struct nb_vif *vif;
	int rc;

	netdev = alloc_netdev_mqs(sizeof(*vif), name, NET_NAME_USER, vif_setup, NB_QUEUES_MAX,
				  NB_QUEUES_MAX);
	if (!netdev)
		return -ENOMEM;
	dev_net_set(netdev, net);
	if (mtu)
		netdev->mtu = mtu;
	vif = netdev_priv(netdev);
	vif->netdev = netdev;
	vif->domid = domid;
	vif->devid = devid;
	vif->owner = owner;
	ether_addr_copy(vif->mac, mac);
	INIT_WORK(&vif->broke, vif_broke);
	INIT_DELAYED_WORK(&vif->stall, vif_look_for_stalls);
	spin_lock_init(&vif->credit_lock);
	spin_lock_init(&vif->mcast_lock);
	rtnl_lock();
	rc = netif_set_real_num_queues(netdev, 1, 1);
	if (!rc)
		rc = register_netdevice(netdev);
	rtnl_unlock();
	if (rc) {
		free_netdev(netdev);
		return rc;
	}
	/* Its daemon may be dead: only taking vifs away lets the module go. */
	__module_get(THIS_MODULE);
	list_add_tail(&vif->list, &nb_vifs);
	*out = vif;
	return 0;
}

void nb_vif_del(struct nb_vif *vif)
{
	nb_vif_disconnect(vif);
	list_del(&vif->list);
	unregister_netdev(vif->netdev);
	nb_direct_forget(vif);
	synchronize_net();
	free_netdev(vif->netdev);
	module_put(THIS_MODULE);
}

static int open_queues(struct nb_vif *vif, const struct nb_connection *c, const char **what)
{
	unsigned int i;
	int rc;

	for (i = 0; i < c->nqueues; i++) {
		rc = nb_queue_open(vif, i, &c->queue[i], what);
		if (rc)
			return rc;
	}
	return 0;
}

static void close_queues(struct nb_vif *vif)
{
	unsigned int i;

	for (i = 0; i < NB_QUEUES_MAX; i++) {
		if (vif->queue[i])
			nb_queue_close(vif->queue[i]);
		vif->queue[i] = NULL;
	}
}

/* From here on the stack sees the queues. */
static int publish(struct nb_vif *vif, const struct nb_connection *c)
{
	struct net_device *netdev = vif->netdev;
	unsigned int i;
	int rc;

	rtnl_lock();
	rc = netif_set_real_num_queues(netdev, c->nqueues, c->nqueues);
	if (!rc) {
		vif->connected = true;
		WRITE_ONCE(vif->nqueues, c->nqueues);
		netdev_update_features(netdev);
		for (i = 0; netif_running(netdev) && i < c->nqueues; i++)
			nb_queue_start(vif->queue[i]);
		if (netif_running(netdev))
			netif_tx_wake_all_queues(netdev);
		netif_carrier_on(netdev);
	}
	rtnl_unlock();
	return rc;
}

/* What an earlier daemon connected: the guest need not notice that there is another one. */
static bool same_connection(const struct nb_vif *vif, const struct nb_connection *c)
{
	unsigned int i;

	if (!vif->connected || nb_vif_broken(vif) || vif->nqueues != c->nqueues)
		return false;
	for (i = 0; i < c->nqueues; i++)
		if (memcmp(&vif->queue[i]->params, &c->queue[i], sizeof(c->queue[i])) ||
		    !nb_queue_alive(vif->queue[i]))
			return false;
	return true;
}

int nb_vif_connect(struct nb_vif *vif, const struct nb_connection *c, const char **what)
{
	int rc;

	if (same_connection(vif, c)) {
		nb_filter_set_rate(vif, c->rate_bytes, c->rate_usecs);
		nb_vif_set_headroom(vif, c->headroom);
		nb_vif_set_flags(vif, NB_F_ALL & ~NB_F_DIRECT, c->flags);
		return 0;
	}
	nb_vif_disconnect(vif);
	vif->flags = c->flags | (vif->flags & NB_F_DIRECT);
	vif->headroom = c->headroom;
	vif->broken = NETIF_OK;
	nb_filter_set_rate(vif, c->rate_bytes, c->rate_usecs);
	rc = open_queues(vif, c, what);
	if (!rc) {
		*what = "setting the number of queues";
		rc = publish(vif, c);
	}
	if (rc)
		close_queues(vif);
	return rc;
}

void nb_vif_disconnect(struct nb_vif *vif)
{
	struct net_device *netdev = vif->netdev;
	unsigned int i;

	if (!vif->connected)
		return;
	rtnl_lock();
	netif_carrier_off(netdev);
	netif_tx_disable(netdev);
	for (i = 0; i < vif->nqueues; i++)
		nb_queue_stop(vif->queue[i]);
	WRITE_ONCE(vif->nqueues, 0);
	vif->connected = false;
	rtnl_unlock();
	cancel_delayed_work_sync(&vif->stall);
	cancel_work_sync(&vif->broke);
	/* Whoever is in vif_xmit() or in a poll has left. */
	synchronize_net();
	close_queues(vif);
	nb_vif_set_hash(vif, NULL);
	memset(vif->mcast, 0, sizeof(vif->mcast));
}

void nb_vif_set_flags(struct nb_vif *vif, u32 set, u32 flags)
{
	WRITE_ONCE(vif->flags, (vif->flags & ~set) | (flags & set));
	rtnl_lock();
	netdev_update_features(vif->netdev);
	rtnl_unlock();
}

void nb_vif_set_headroom(struct nb_vif *vif, u32 headroom)
{
	if (headroom == vif->headroom)
		return;
	WRITE_ONCE(vif->headroom, headroom);
	/* Whoever is in vif_xmit() with the former one has left; each frame has its own in its meta. */
	synchronize_net();
}

int nb_vif_set_hash(struct nb_vif *vif, const struct netif_hash *hash)
{
	struct netif_hash *fresh = NULL, *old;

	if (hash) {
		fresh = kvmalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		*fresh = *hash;
	}
	old = rcu_replace_pointer(vif->hash, fresh, lockdep_is_held(&nb_lock));
	if (old) {
		synchronize_net();
		kvfree(old);
	}
	return 0;
}
