// SPDX-License-Identifier: GPL-2.0
#include "ng.h"

void ng_stats_read(struct ng_device *dev, struct rtnl_link_stats64 *s)
{
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
}
