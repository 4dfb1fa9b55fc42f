// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>

#include "nb.h"

const char *const nb_stat_names[NB_NSTATS] = {
#define X(name) #name,
	NB_COUNTERS(X)
#undef X
};

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	const struct nb_vif *vif = netdev_priv(netdev);

	strscpy(info->driver, "xen-netback-ng", sizeof(info->driver));
	strscpy(info->version, NB_VERSION, sizeof(info->version));
	snprintf(info->bus_info, sizeof(info->bus_info), "vif-%u-%u", vif->domid, vif->devid);
}

static int get_sset_count(struct net_device *netdev, int set)
{
	if (set != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return NETIF_ERR_COUNT - 1 + NB_QUEUES_MAX * NB_NSTATS;
}

static void get_strings(struct net_device *netdev, u32 set, u8 *data)
{
	unsigned int i, k;

	if (set != ETH_SS_STATS)
		return;
	for (i = 1; i < NETIF_ERR_COUNT; i++)
		ethtool_sprintf(&data, "error_%s", netif_error_name(i));
	for (i = 0; i < NB_QUEUES_MAX; i++)
		for (k = 0; k < NB_NSTATS; k++)
			ethtool_sprintf(&data, "q%u_%s", i, nb_stat_names[k]);
}

static void get_stats(struct net_device *netdev, struct ethtool_stats *unused, u64 *data)
{
	const struct nb_vif *vif = netdev_priv(netdev);
	unsigned int i, k;

	for (i = 1; i < NETIF_ERR_COUNT; i++, data++)
		for (*data = 0, k = 0; k < NB_QUEUES_MAX; k++)
			*data += READ_ONCE(vif->errors[k].count[i]);
	for (i = 0; i < NB_QUEUES_MAX; i++)
		for (k = 0; k < NB_NSTATS; k++)
			*data++ = READ_ONCE(((const u64 *)&vif->stats[i])[k]);
}

static void get_channels(struct net_device *netdev, struct ethtool_channels *c)
{
	c->max_combined = NB_QUEUES_MAX;
	c->combined_count = netdev->real_num_tx_queues;
}

const struct ethtool_ops nb_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = get_sset_count,
	.get_strings = get_strings,
	.get_ethtool_stats = get_stats,
	.get_channels = get_channels,
};
