// SPDX-License-Identifier: GPL-2.0
/* Counters: the interface's own (ip -s), and each queue's by name (ethtool -S). */
#include <linux/ethtool.h>

#include "ng.h"

static const char *const queue_names[] = {
#define X(name) #name,
	NG_COUNTERS(X)
#undef X
	"static_pages", "pages_lent",
};

#define NQUEUE ARRAY_SIZE(queue_names)
#define NCOUNTERS (sizeof(struct ng_stats) / sizeof(u64))
static const char *const device_names[] = {
	"control_calls", "control_failures", "grant_operations",
	"vf_active", "vf_switches",
#define X(name) "vf_" #name,
	NG_TEAM_COUNTERS(X)
#undef X
};

void ng_stats_read(struct ng_device *dev, struct rtnl_link_stats64 *s)
{
	struct ng_team_sum vf;
	unsigned int i;

	for (i = 0; i < dev->max_queues; i++) {
		const struct ng_stats *q = &dev->queue[i]->stats;

		s->rx_packets += READ_ONCE(q->rx_packets);
		s->rx_bytes += READ_ONCE(q->rx_bytes);
		s->rx_errors += READ_ONCE(q->rx_errors);
		s->rx_dropped += READ_ONCE(q->rx_dropped);
		s->tx_packets += READ_ONCE(q->tx_packets);
		s->tx_bytes += READ_ONCE(q->tx_bytes);
		s->tx_errors += READ_ONCE(q->tx_errors);
		s->tx_dropped += READ_ONCE(q->tx_dropped);
	}
	ng_team_sum(dev, &vf);
	s->rx_packets += vf.rx_packets;
	s->rx_bytes += vf.rx_bytes;
	s->rx_dropped += vf.rx_dropped;
	s->tx_packets += vf.tx_packets;
	s->tx_bytes += vf.tx_bytes;
	s->tx_dropped += vf.tx_dropped;
}

int ng_stats_count(const struct ng_device *dev)
{
	return ARRAY_SIZE(device_names) + NETIF_ERR_COUNT - 1 + dev->max_queues * NQUEUE;
}

void ng_stats_names(const struct ng_device *dev, u8 *data)
{
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(device_names); i++)
		ethtool_sprintf(&data, "%s", device_names[i]);
	for (i = 1; i < NETIF_ERR_COUNT; i++)
		ethtool_sprintf(&data, "error_%s", netif_error_name(i));
	for (i = 0; i < dev->max_queues; i++)
		for (k = 0; k < NQUEUE; k++)
			ethtool_sprintf(&data, "q%u_%s", i, queue_names[k]);
}

static u64 sum_errors(const struct ng_device *dev, unsigned int err)
{
	unsigned int i;
	u64 n = 0;

	for (i = 0; i < dev->max_queues; i++)
		n += READ_ONCE(dev->queue[i]->errors.count[err]);
	return n;
}

/* Each grant that was made, the pools' at connection included. */
static u64 grant_operations(const struct ng_device *dev)
{
	u64 n = dev->pool_grants;
	unsigned int i;

	for (i = 0; i < dev->max_queues; i++)
		n += READ_ONCE(dev->queue[i]->stats.tx_grants);
	return n;
}

void ng_stats_values(const struct ng_device *dev, u64 *data)
{
	struct ng_team_sum vf;
	unsigned int i;

	ng_team_sum(dev, &vf);
	*data++ = dev->control.calls;
	*data++ = dev->control.failures;
	*data++ = grant_operations(dev);
	*data++ = vf.active;
	*data++ = vf.switches;
#define X(name) *data++ = vf.name;
	NG_TEAM_COUNTERS(X)
#undef X
	for (i = 1; i < NETIF_ERR_COUNT; i++)
		*data++ = sum_errors(dev, i);
	for (i = 0; i < dev->max_queues; i++) {
		const struct ng_queue *q = dev->queue[i];

		memcpy(data, &q->stats, sizeof(q->stats));
		data += NCOUNTERS;
		*data++ = q->nstatic;
		*data++ = READ_ONCE(q->rx.nlent);
	}
}
