// SPDX-License-Identifier: GPL-2.0
#include <linux/interrupt.h>
#include <xen/events.h>

#include "ng.h"

static irqreturn_t queue_event(int irq, void *arg)
{
	struct ng_queue *q = arg;

	/* Acknowledged when the poll is over: until then the channel stays masked. */
	set_bit(irq == q->tx_irq ? NG_EVENT_TX : NG_EVENT_RX, &q->events);
	ng_count(&q->stats.events, 1);
	napi_schedule(&q->napi);
	return IRQ_HANDLED;
}

/* work: q->work before the poll was over; the next one may be under way. */
static void acknowledge(struct ng_queue *q, u32 work)
{
	const bool idle = work == READ_ONCE(q->acked);
	/* An event without work is one that a hostile back end may send without end (XSA-332). */
	unsigned int flags = idle ? XEN_EOI_FLAG_SPURIOUS : 0;

	if (!READ_ONCE(q->events))
		return;
	ng_count(&q->stats.events_spurious, idle);
	WRITE_ONCE(q->acked, work);
	if (test_and_clear_bit(NG_EVENT_TX, &q->events))
		xen_irq_lateeoi(q->tx_irq, flags);
	if (test_and_clear_bit(NG_EVENT_RX, &q->events))
		xen_irq_lateeoi(q->rx_irq, flags);
}

/* What is left of the wait, in ns: its timer may be that of an earlier one, which an event ended. */
static s64 holdoff_left(const struct ng_queue *q, u64 now)
{
	return (s64)(s32)(READ_ONCE(q->wait_end) - (u32)(now >> 10)) << 10;
}

static enum hrtimer_restart holdoff_over(struct hrtimer *timer)
{
	struct ng_queue *q = container_of(timer, struct ng_queue, holdoff);
	s64 left;

	if (!READ_ONCE(q->waiting))
		return HRTIMER_NORESTART;
	left = holdoff_left(q, ktime_get_ns());
	/* Not hrtimer_forward(): a poll may have started it anew meanwhile. */
	if (left > 0)
		hrtimer_start(timer, ns_to_ktime(left), HRTIMER_MODE_REL);
	else
		napi_schedule(&q->napi);
	return HRTIMER_NORESTART;
}

/* Starting a timer is a hypercall: one that runs already, and goes off in time, is left alone. */
static void holdoff_begin(struct ng_queue *q, u64 now, u64 ns)
{
	ng_count(&q->stats.holdoffs, 1);
	WRITE_ONCE(q->wait_end, (u32)((now + ns) >> 10) + 1);
	WRITE_ONCE(q->waiting, true);
	if (!hrtimer_is_queued(&q->holdoff) ||
	    ktime_to_ns(hrtimer_get_expires(&q->holdoff)) > (s64)(now + ns))
		hrtimer_start(&q->holdoff, ns_to_ktime(ns), HRTIMER_MODE_REL);
}

/* Ask for events; true where there is work already. */
static bool arm(struct ng_queue *q, u64 now)
{
	struct netif_coalesce_decision d = netif_coalesce_decide(&q->coalesce, now);
	bool tx = ng_tx_arm(q);
	bool rx = netif_front_arm(&q->rx.ring.ring, d.ahead);

	if (tx || rx)
		return true;
	if (d.timer_ns)
		holdoff_begin(q, now, d.timer_ns);
	return false;
}

static int queue_poll(struct napi_struct *napi, int budget)
{
	struct ng_queue *q = container_of(napi, struct ng_queue, napi);
	u32 work;
	int done;
	u64 now;

	WRITE_ONCE(q->waiting, false);
	ng_count(&q->stats.polls, 1);
	ng_tx_reap(q, budget);
	if (!budget)
		return 0;
	done = ng_rx_poll(q, budget);
	now = ktime_get_ns();
	netif_coalesce_update(&q->coalesce, done, now);
	if (done == budget)
		return budget;
	if (!READ_ONCE(q->broken) && arm(q, now))
		return budget;
	work = q->work;
	/* A broken queue's channels stay masked. */
	if (napi_complete_done(napi, done) && !READ_ONCE(q->broken))
		acknowledge(q, work);
	return done;
}

static int open_event(struct ng_queue *q, evtchn_port_t *port, int *irq, char *name,
		      const char *suffix)
{
	int rc = xenbus_alloc_evtchn(q->dev->xbdev, port);

	if (rc)
		return rc;
	snprintf(name, sizeof(q->tx_name), "%s-q%u%s", netdev_name(q->dev->netdev), q->index,
		 suffix);
	rc = bind_evtchn_to_irqhandler_lateeoi(*port, queue_event, 0, name, q);
	if (rc < 0) {
		xenbus_free_evtchn(q->dev->xbdev, *port);
		return rc;
	}
	*irq = rc;
	return 0;
}

static int open_events(struct ng_queue *q)
{
	bool split = q->dev->features.split;
	int rc = open_event(q, &q->tx_port, &q->tx_irq, q->tx_name, split ? "-tx" : "");

	if (rc)
		return rc;
	q->rx_irq = q->tx_irq;
	q->rx_port = q->tx_port;
	if (!split)
		return 0;
	rc = open_event(q, &q->rx_port, &q->rx_irq, q->rx_name, "-rx");
	if (rc) {
		unbind_from_irqhandler(q->tx_irq, q);
		q->tx_irq = q->rx_irq = 0;
	}
	return rc;
}

static void close_events(struct ng_queue *q)
{
	if (q->rx_irq != q->tx_irq)
		unbind_from_irqhandler(q->rx_irq, q);
	if (q->tx_irq)
		unbind_from_irqhandler(q->tx_irq, q);
	q->tx_irq = q->rx_irq = 0;
	q->events = 0;
}

int ng_queue_open(struct ng_queue *q)
{
	int rc;

	q->broken = false;
	q->nstatic = 0;
	rc = ng_tx_open(q);
	if (rc)
		return rc;
	rc = ng_rx_open(q);
	if (rc)
		goto close_tx;
	netif_napi_add(q->dev->netdev, &q->napi, queue_poll);
	hrtimer_setup(&q->holdoff, holdoff_over, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	netif_coalesce_init(&q->coalesce, &q->dev->coalesce);
	rc = open_events(q);
	if (rc)
		goto close_rx;
	q->dev->pool_grants += q->tx.pool.size + q->rx.pool.size;
	/* Whoever sees it open sees its rings, too. */
	smp_store_release(&q->open, true);
	return 0;
close_rx:
	netif_napi_del(&q->napi);
	ng_rx_close(q);
close_tx:
	ng_tx_close(q);
	return rc;
}

void ng_queue_close(struct ng_queue *q)
{
	if (!q->open)
		return;
	ng_queue_stop(q);
	close_events(q);
	WRITE_ONCE(q->open, false);
	netif_napi_del(&q->napi);
	ng_rx_close(q);
	ng_tx_close(q);
}

void ng_queue_start(struct ng_queue *q)
{
	if (!q->open || q->running)
		return;
	WRITE_ONCE(q->running, true);
	napi_enable(&q->napi);
	/* What came while nobody looked, and the first receive buffers. */
	local_bh_disable();
	napi_schedule(&q->napi);
	local_bh_enable();
}

void ng_queue_stop(struct ng_queue *q)
{
	if (!q->running)
		return;
	ng_tx_stop(q);
	napi_disable(&q->napi);
	WRITE_ONCE(q->waiting, false);
	hrtimer_cancel(&q->holdoff);
}

void ng_queue_coalesce(struct ng_queue *q)
{
	bool running = q->running;

	ng_queue_stop(q);
	netif_coalesce_init(&q->coalesce, &q->dev->coalesce);
	if (running)
		ng_queue_start(q);
}

void ng_queue_kick(struct ng_queue *q)
{
	if (!q->open)
		return;
	notify_remote_via_irq(q->tx_irq);
	if (q->rx_irq != q->tx_irq)
		notify_remote_via_irq(q->rx_irq);
	if (!q->running)
		return;
	local_bh_disable();
	napi_schedule(&q->napi);
	local_bh_enable();
}

void ng_queue_break(struct ng_queue *q, enum netif_error err)
{
	struct net_device *netdev = q->dev->netdev;

	if (READ_ONCE(q->broken))
		return;
	WRITE_ONCE(q->broken, true);
	net_err_ratelimited("%s: queue %u shut, its back end broke the protocol (%s): %s; to start it anew: ip link set %s down && ip link set %s up\n",
			    netdev_name(netdev), q->index, netif_error_name(err),
			    netif_error_text(err), netdev_name(netdev), netdev_name(netdev));
	queue_work(ng_wq, &q->dev->reset);
}
