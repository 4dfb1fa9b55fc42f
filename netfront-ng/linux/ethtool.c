// SPDX-License-Identifier: GPL-2.0
#include <linux/ethtool.h>

#include "ng.h"

static void get_drvinfo(struct net_device *netdev, struct ethtool_drvinfo *info)
{
	struct ng_device *dev = netdev_priv(netdev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, dev_name(&dev->xbdev->dev), sizeof(info->bus_info));
}

const struct ethtool_ops ng_ethtool_ops = {
	.get_drvinfo = get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_ts_info = ethtool_op_get_ts_info,
};
