// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>

#include "ng.h"

#define HASH_TIMEOUT (2 * HZ)

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct ng_device *dev = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->version, NG_VERSION, sizeof(info->version));
	strscpy(info->bus_info, dev_name(&dev->xbdev->dev), sizeof(info->bus_info));
}

static void get_ringparam(struct net_device *netdev, struct ethtool_ringparam *p,
			  struct kernel_ethtool_ringparam *kp, struct netlink_ext_ack *ack)
{
	p->rx_max_pending = p->rx_pending = NETIF_RX_RING_SIZE;
	p->tx_max_pending = p->tx_pending = NETIF_TX_RING_SIZE;
}

static void get_channels(struct net_device *netdev, struct ethtool_channels *c)
{
	struct ng_device *dev = netdev_priv(netdev);

	c->max_combined = clamp(dev->features.max_queues, 1u, dev->max_queues);
	c->combined_count = dev->nqueues;
}

static int set_channels(struct net_device *netdev, struct ethtool_channels *c)
{
	struct ng_device *dev = netdev_priv(netdev);

	if (!c->combined_count)
		return -EINVAL;
	dev->wanted_queues = c->combined_count;
	if (dev->nqueues && dev->nqueues != c->combined_count)
		ng_device_restart(dev);
	return 0;
}

static int get_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			struct kernel_ethtool_coalesce *kc, struct netlink_ext_ack *ack)
{
	const struct netif_coalesce_config *config =
		&((struct ng_device *)netdev_priv(netdev))->coalesce;

	c->rx_coalesce_usecs = config->max_usecs;
	c->rx_max_coalesced_frames = config->max_packets;
	c->use_adaptive_rx_coalesce = config->adaptive;
	return 0;
}

static int set_coalesce(struct net_device *netdev, struct ethtool_coalesce *c,
			struct kernel_ethtool_coalesce *kc, struct netlink_ext_ack *ack)
{
	struct ng_device *dev = netdev_priv(netdev);
	unsigned int i;

	if (c->rx_coalesce_usecs > NG_COALESCE_USECS_MAX ||
	    c->rx_max_coalesced_frames > NETIF_RX_RING_SIZE / 2) {
		NL_SET_ERR_MSG(ack, "rx-usecs may be up to 10000, rx-frames up to 128");
		return -EINVAL;
	}
	dev->coalesce.max_usecs = c->rx_coalesce_usecs;
	dev->coalesce.max_packets = c->rx_coalesce_usecs ? c->rx_max_coalesced_frames : 1;
	dev->coalesce.adaptive = c->use_adaptive_rx_coalesce;
	for (i = 0; i < dev->nqueues; i++)
		ng_queue_coalesce(dev->queue[i]);
	return 0;
}

/* ---- counters ---- */

static int get_sset_count(struct net_device *netdev, int set)
{
	return set == ETH_SS_STATS ? ng_stats_count(netdev_priv(netdev)) : -EOPNOTSUPP;
}

static void get_strings(struct net_device *netdev, u32 set, u8 *data)
{
	if (set == ETH_SS_STATS)
		ng_stats_names(netdev_priv(netdev), data);
}

static void get_stats(struct net_device *netdev, struct ethtool_stats *s, u64 *data)
{
	ng_stats_values(netdev_priv(netdev), data);
}

/* ---- hash ---- */

static u32 get_rxfh_key_size(struct net_device *netdev)
{
	return NG_HASH_KEY;
}

static u32 get_rxfh_indir_size(struct net_device *netdev)
{
	return NG_HASH_TABLE;
}

static int get_rxnfc(struct net_device *netdev, struct ethtool_rxnfc *c, u32 *rules)
{
	struct ng_device *dev = netdev_priv(netdev);

	if (c->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	c->data = dev->nqueues;
	return 0;
}

static void copy_hash(struct ng_device *dev, u32 *table, u8 *key)
{
	if (table)
		memcpy(table, dev->hash.table, sizeof(dev->hash.table));
	if (key)
		memcpy(key, dev->hash.key, NG_HASH_KEY);
}

/* As before where the back end refuses. */
static int change_hash(struct ng_device *dev, const u32 *table, const u8 *key)
{
	struct ng_hash old;
	int rc;

	/* The connection is just being made: its settings are on their way. */
	if (!mutex_trylock(&dev->lock))
		return -EBUSY;
	old = dev->hash;
	if (table)
		memcpy(dev->hash.table, table, sizeof(dev->hash.table));
	if (key)
		memcpy(dev->hash.key, key, NG_HASH_KEY);
	/* rtnl is held: a back end that does not answer must not cost the guest more than this. */
	ng_control_begin(dev, HASH_TIMEOUT);
	rc = ng_hash_setup(dev);
	if (rc)
		dev->hash = old;
	mutex_unlock(&dev->lock);
	return rc;
}

static bool hash_function_fits(u8 function)
{
	return function == ETH_RSS_HASH_NO_CHANGE || function == ETH_RSS_HASH_TOP;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
static int get_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *p)
{
	p->hfunc = ETH_RSS_HASH_TOP;
	copy_hash(netdev_priv(netdev), p->indir, p->key);
	return 0;
}

static int set_rxfh(struct net_device *netdev, struct ethtool_rxfh_param *p,
		    struct netlink_ext_ack *ack)
{
	if (!hash_function_fits(p->hfunc))
		return -EOPNOTSUPP;
	return change_hash(netdev_priv(netdev), p->indir, p->key);
}
#else
static int get_rxfh(struct net_device *netdev, u32 *table, u8 *key, u8 *function)
{
	if (function)
		*function = ETH_RSS_HASH_TOP;
	copy_hash(netdev_priv(netdev), table, key);
	return 0;
}

static int set_rxfh(struct net_device *netdev, const u32 *table, const u8 *key, const u8 function)
{
	if (!hash_function_fits(function))
		return -EOPNOTSUPP;
	return change_hash(netdev_priv(netdev), table, key);
}
#endif

const struct ethtool_ops ng_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_RX_USECS | ETHTOOL_COALESCE_RX_MAX_FRAMES |
				     ETHTOOL_COALESCE_USE_ADAPTIVE_RX,
	.get_coalesce = get_coalesce,
	.set_coalesce = set_coalesce,
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
	.get_ringparam = get_ringparam,
	.get_channels = get_channels,
	.set_channels = set_channels,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_stats,
	.get_rxnfc = get_rxnfc,
	.get_rxfh_key_size = get_rxfh_key_size,
	.get_rxfh_indir_size = get_rxfh_indir_size,
	.get_rxfh = get_rxfh,
	.set_rxfh = set_rxfh,
};
