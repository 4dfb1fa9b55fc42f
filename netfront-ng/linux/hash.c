// SPDX-License-Identifier: GPL-2.0
/* Receive-side scaling through the control ring (messages 1-7): what ethtool -X sets, the back end does. */
#include <linux/ethtool.h>

#include "ng.h"

static int set_key(struct ng_device *dev)
{
	u32 args[3] = { 0, NG_HASH_KEY };
	u8 *page = ng_control_page(dev, &args[0]);

	memcpy(page, dev->hash.key, NG_HASH_KEY);
	return ng_control_call(dev, NETIF_CTRL_TYPE_SET_HASH_KEY, args, NULL);
}

static int set_table(struct ng_device *dev)
{
	const u32 size[3] = { NG_HASH_TABLE };
	u32 args[3] = { 0, NG_HASH_TABLE, 0 }, i;
	u32 *page = ng_control_page(dev, &args[0]);
	int rc = ng_control_call(dev, NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, size, NULL);

	for (i = 0; i < NG_HASH_TABLE; i++)
		page[i] = dev->hash.table[i];
	return rc ?: ng_control_call(dev, NETIF_CTRL_TYPE_SET_HASH_MAPPING, args, NULL);
}

static int set_types(struct ng_device *dev)
{
	const u32 algorithm[3] = { NETIF_HASH_ALGORITHM_TOEPLITZ }, none[3] = { 0 };
	u32 types[3] = { 0 };
	int rc = ng_control_call(dev, NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, algorithm, NULL);

	/* Not every back end has all types: take what it says. */
	if (!rc)
		rc = ng_control_call(dev, NETIF_CTRL_TYPE_GET_HASH_FLAGS, none, &types[0]);
	return rc ?: ng_control_call(dev, NETIF_CTRL_TYPE_SET_HASH_FLAGS, types, NULL);
}

int ng_hash_setup(struct ng_device *dev)
{
	int rc;

	if (!dev->control.open || dev->nqueues < 2)
		return -EOPNOTSUPP;
	rc = set_types(dev);
	if (!rc)
		rc = set_key(dev);
	if (!rc)
		rc = set_table(dev);
	if (rc && rc != -EOPNOTSUPP)
		netdev_warn(dev->netdev, "the back end refused the hash (%d): it spreads flows its own way\n",
			    rc);
	return rc;
}

/* The table must name queues that there are. */
void ng_hash_default(struct ng_device *dev, unsigned int queues, bool key)
{
	unsigned int i;

	if (key)
		netdev_rss_key_fill(dev->hash.key, NG_HASH_KEY);
	for (i = 0; i < NG_HASH_TABLE; i++)
		dev->hash.table[i] = ethtool_rxfh_indir_default(i, queues);
}
