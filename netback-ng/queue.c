/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/queue.h"

#include "netback-ng/vif_data.h"

/* Slots that the biggest frame from the TAP may need: 17 pages, GSO, hash. */
#define ARM_SLOTS_MAX 19u

void queue_notify(struct queue *q, unsigned int port, uint64_t *counter)
{
	STAT_INC(*counter);
	/* Only an ioctl on the handle: safe from another worker's thread too. */
	xenevtchn_notify(q->worker->xce, (evtchn_port_t)port);
}

bool queue_serve(struct queue *q)
{
	const struct config_data *config = q->worker->config;
	unsigned int n, done = 0;

	if (vif_is_broken(q->vif))
		return false;
	q->deficit += config->quantum_bytes;
	if (q->deficit > config->quantum_bytes)
		q->deficit = config->quantum_bytes;
	while (q->deficit > 0) {
		n = queue_tx(q);
		if (q->tap_ready)
			n += port_read(q);
		if (!n)
			break;
		done += n;
	}
	netif_coalesce_update(&q->coalesce, done, q->worker->now_ns);
	return done || q->blocked_since_ns;
}

/* The guest's transmit ring: wait for an event, or for a few, or keep looking. */
static bool arm_tx(struct queue *q, const struct netif_coalesce_decision *d)
{
	if (!netif_back_arm(&q->tx, d->ahead))
		return false;
	netif_back_disarm(&q->tx);
	return true;
}

/* Frames wait in the TAP but the guest has too few buffers: wait for more of them. */
static bool arm_rx(struct queue *q)
{
	int room;
	bool more;

	pthread_mutex_lock(&q->rx_lock);
	room = netif_back_pending(&q->rx);
	if (room < 0) {
		vif_break(q->vif, NETIF_ERR_RING_OVERRUN);
		more = false;
	} else {
		more = room >= (int)ARM_SLOTS_MAX || netif_back_arm(&q->rx, ARM_SLOTS_MAX);
	}
	pthread_mutex_unlock(&q->rx_lock);
	return more;
}

bool queue_arm(struct queue *q)
{
	uint64_t now = q->worker->now_ns;
	struct netif_coalesce_decision d;

	if (vif_is_broken(q->vif))
		return false;
	if (!q->tap_ready)
		port_arm(q);
	d = netif_coalesce_decide(&q->coalesce, now);
	if (d.poll) {
		netif_back_disarm(&q->tx);
		return true;
	}
	/* Out of credit: the timer is set, and events would change nothing. */
	if (q->timer_ns > now)
		return q->tap_ready && arm_rx(q);
	if (arm_tx(q, &d))
		return true;
	if (d.timer_ns)
		q->timer_ns = now + d.timer_ns;
	return q->tap_ready && arm_rx(q);
}
