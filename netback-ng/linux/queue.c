// SPDX-License-Identifier: GPL-2.0
/* One queue's life: rings, event channels, and the NAPI that serves both. */
#include <linux/interrupt.h>
#include <linux/slab.h>
#include <xen/events.h>

#include "compat.h"
#include "nb.h"

static irqreturn_t queue_event(struct nb_queue *q, unsigned int which)
{
	/* Acknowledged when the poll is over: until then the channel stays masked. */
	set_bit(which, &q->events);
	nb_count(&q->stats->events, 1);
	napi_schedule(&q->napi);
	return IRQ_HANDLED;
}

/* Xen sends one event as soon as a channel is bound, when its irq's number is not yet known here. */
static irqreturn_t tx_event(int irq, void *arg)
{
	return queue_event(arg, NB_EVENT_TX);
}

static irqreturn_t rx_event(int irq, void *arg)
{
	return queue_event(arg, NB_EVENT_RX);
}

static void acknowledge(struct nb_queue *q, bool spurious)
{
	/* An event without work is one that a hostile guest may send without end (XSA-332). */
	unsigned int flags = spurious ? XEN_EOI_FLAG_SPURIOUS : 0;

	if (test_and_clear_bit(NB_EVENT_TX, &q->events))
		xen_irq_lateeoi(q->tx_irq, flags);
	if (test_and_clear_bit(NB_EVENT_RX, &q->events))
		xen_irq_lateeoi(q->rx_irq, flags);
}

static enum hrtimer_restart timer_over(struct hrtimer *timer)
{
	struct nb_queue *q = container_of(timer, struct nb_queue, timer);

	napi_schedule(&q->napi);
	return HRTIMER_NORESTART;
}

/*
 * Ask the guest for an event; true where it has sent more meanwhile.  A timer that runs
 * already looks in time: starting it anew would be a hypercall a poll.
 */
static bool arm(struct nb_queue *q, u64 now)
{
	struct netif_coalesce_decision d = netif_coalesce_decide(&q->coalesce, now);

	if (q->tx_waits)
		return false;
	if (netif_back_arm(&q->tx, d.ahead))
		return true;
	if (!d.timer_ns || hrtimer_active(&q->timer))
		return false;
	nb_count(&q->stats->holdoffs, 1);
	hrtimer_start(&q->timer, ns_to_ktime(d.timer_ns), HRTIMER_MODE_REL);
	return false;
}

static bool service_rx(struct nb_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->vif->netdev, q->index);

	if (!READ_ONCE(q->npending) && !READ_ONCE(q->rx_need))
		return false;
	__netif_tx_lock(txq, smp_processor_id());
	nb_rx_service(q);
	__netif_tx_unlock(txq);
	return true;
}

static int queue_poll(struct napi_struct *napi, int budget)
{
	struct nb_queue *q = container_of(napi, struct nb_queue, napi);
	bool spurious;
	int done;
	u64 now;

	/* netpoll, which has no packets for us. */
	if (!budget)
		return 0;
	nb_count(&q->stats->polls, 1);
	q->work |= service_rx(q);
	done = nb_tx_poll(q, budget);
	now = ktime_get_ns();
	netif_coalesce_update(&q->coalesce, done, now);
	q->work |= done > 0;
	if (done == budget)
		return budget;
	if (nb_vif_broken(q->vif)) {
		/* Its channels stay masked. */
		napi_complete_done(napi, done);
		return done;
	}
	if (arm(q, now))
		return budget;
	/* Decided before the next poll can begin. */
	spurious = !q->work;
	q->work = false;
	nb_count(&q->stats->events_spurious, spurious && q->events);
	if (napi_complete_done(napi, done))
		acknowledge(q, spurious);
	else
		q->work = !spurious;
	return done;
}

/* ---- life ---- */

static int bind_port(struct nb_queue *q, evtchn_port_t remote, irq_handler_t handler,
		     evtchn_port_t *local, char *name, const char *suffix)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = q->vif->domid,
		.remote_port = remote,
	};
	struct evtchn_close close;
	int rc = HYPERVISOR_event_channel_op(EVTCHNOP_bind_interdomain, &bind);

	if (rc)
		return -ESRCH;
	snprintf(name, sizeof(q->tx_name), "%s-q%u%s", netdev_name(q->vif->netdev), q->index, suffix);
	rc = bind_evtchn_to_irqhandler_lateeoi(bind.local_port, handler, 0, name, q);
	*local = bind.local_port;
	if (rc < 0) {
		close.port = bind.local_port;
		HYPERVISOR_event_channel_op(EVTCHNOP_close, &close);
	}
	return rc;
}

static int bind_ports(struct nb_queue *q, const struct nb_queue_params *p)
{
	bool split = p->tx_port != p->rx_port;
	evtchn_port_t rx_local;
	int rc = bind_port(q, p->tx_port, tx_event, &q->tx_local, q->tx_name, split ? "-tx" : "");

	if (rc < 0)
		return rc;
	q->tx_irq = q->rx_irq = rc;
	if (!split)
		return 0;
	rc = bind_port(q, p->rx_port, rx_event, &rx_local, q->rx_name, "-rx");
	if (rc < 0)
		return rc;
	q->rx_irq = rc;
	return 0;
}

static void unbind_ports(struct nb_queue *q)
{
	if (q->rx_irq != q->tx_irq)
		unbind_from_irqhandler(q->rx_irq, q);
	if (q->tx_irq)
		unbind_from_irqhandler(q->tx_irq, q);
	q->tx_irq = q->rx_irq = 0;
}

static int map_rings(struct nb_queue *q, const struct nb_queue_params *p)
{
	void *tx = nb_page_map(&q->tx_page, q->vif->domid, p->tx_ref);
	void *rx = tx ? nb_page_map(&q->rx_page, q->vif->domid, p->rx_ref) : NULL;

	if (!rx)
		return -ENXIO;
	netif_back_init(&q->tx, tx, NETIF_TX_RING_SIZE);
	netif_back_init(&q->rx, rx, NETIF_RX_RING_SIZE);
	return 0;
}

/* Whoever served the rings before may have died between an answer and its event. */
static void wake_guest(struct nb_queue *q)
{
	if (!q->tx.rsp_prod && !q->rx.rsp_prod)
		return;
	notify_remote_via_irq(q->tx_irq);
	if (q->rx_irq != q->tx_irq)
		notify_remote_via_irq(q->rx_irq);
}

static struct nb_queue *queue_alloc(struct nb_vif *vif, unsigned int index,
				    const struct nb_queue_params *p)
{
	const struct netif_coalesce_config coalesce = {
		.max_packets = nb_params.coalesce_packets,
		.max_usecs = nb_params.coalesce_usecs,
		.adaptive = nb_params.coalesce_adaptive,
	};
	struct nb_queue *q = kvzalloc(sizeof(*q), GFP_KERNEL);

	if (!q)
		return NULL;
	q->vif = vif;
	q->index = index;
	q->stats = &vif->stats[index];
	q->errors = &vif->errors[index];
	q->params = *p;
	netif_coalesce_init(&q->coalesce, &coalesce);
	hrtimer_setup(&q->timer, timer_over, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	netif_napi_add(vif->netdev, &q->napi, queue_poll);
	return q;
}

int nb_queue_open(struct nb_vif *vif, unsigned int index, const struct nb_queue_params *p,
		  const char **what)
{
	struct nb_queue *q = queue_alloc(vif, index, p);
	int rc;

	*what = "allocating the queue";
	if (!q)
		return -ENOMEM;
	*what = "mapping the ring pages";
	rc = map_rings(q, p);
	if (!rc) {
		*what = "binding the event channels";
		rc = bind_ports(q, p);
	}
	if (rc) {
		nb_queue_close(q);
		return rc;
	}
	wake_guest(q);
	vif->queue[index] = q;
	return 0;
}

/* Not running, and out of the netdev queue's reach: vif.c sees to it. */
void nb_queue_close(struct nb_queue *q)
{
	unbind_ports(q);
	hrtimer_cancel(&q->timer);
	netif_napi_del(&q->napi);
	nb_rx_purge(q);
	nb_grant_drop_all(&q->grants);
	nb_page_unmap(&q->rx_page);
	nb_page_unmap(&q->tx_page);
	kvfree(q);
}

void nb_queue_start(struct nb_queue *q)
{
	if (q->running)
		return;
	q->running = true;
	napi_enable(&q->napi);
	nb_queue_kick(q);
}

void nb_queue_stop(struct nb_queue *q)
{
	if (!q->running)
		return;
	q->running = false;
	napi_disable(&q->napi);
	hrtimer_cancel(&q->timer);
}

bool nb_queue_alive(const struct nb_queue *q)
{
	struct evtchn_status status = { .dom = DOMID_SELF, .port = q->tx_local };

	return !HYPERVISOR_event_channel_op(EVTCHNOP_status, &status) &&
	       status.status == EVTCHNSTAT_interdomain;
}

void nb_queue_kick(struct nb_queue *q)
{
	local_bh_disable();
	napi_schedule(&q->napi);
	local_bh_enable();
}
