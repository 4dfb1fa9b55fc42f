/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/uplink.h"

#include "netback-ng/vif/vif_data.h"

/* A receiver on the switch without buffers is tried again after this: its guest needs the CPU. */
#define BLOCKED_RETRY_NS 20000ull
/* So often a ring without buffers is looked at whose guest (mini-os) does not promise to tell of new ones. */
#define RX_LOOK_NS 10000000ull
/* Events without work in between before the next one is held back, and how long. */
#define SPURIOUS_MAX 16
#define SPURIOUS_HOLD_NS 10000000ull

void queue_notify(struct queue *q, unsigned int port, uint64_t *counter)
{
	STAT_INC(*counter);
	/* Only an ioctl on the handle: safe from another worker's thread too. */
	xenevtchn_notify(q->worker->xce, (evtchn_port_t)port);
}

/*
 * A vif's queues share one turn: more of them are no larger share of the worker.  A debt is to the others
 * on this worker: while nobody else has work there is none.
 */
static void begin_turn(struct queue *q)
{
	const unsigned int sharers = *q->task.sharers;
	const int64_t quantum = q->worker->config->quantum_bytes / (sharers ? sharers : 1);

	q->deficit += quantum;
	if (q->deficit > quantum || task_is_alone(&q->task))
		q->deficit = quantum;
}

static void timer_ends(struct queue *q)
{
	q->task.timer_ns = 0;
	q->rate_until_ns = 0;
	if (q->tap_held)
		q->tap_ready = true;
	q->tap_held = false;
}

bool queue_serve(struct queue *q)
{
	unsigned int sent, got, tx_slots = 0, rx_slots = 0;

	if (vif_is_broken(q->vif))
		return false;
	if (q->task.timer_ns && q->task.timer_ns <= q->worker->now_ns)
		timer_ends(q);
	begin_turn(q);
	while (q->deficit > 0) {
		sent = queue_tx(q);
		got = q->tap_ready ? q->uplink->read(q) : 0;
		if (!sent && !got)
			break;
		tx_slots += sent;
		rx_slots += got;
	}
	if (tx_slots || rx_slots)
		q->spurious = 0;
	/* The event index counts slots, so the controllers do. */
	netif_coalesce_update(&q->tx_coalesce, tx_slots, q->worker->now_ns);
	netif_coalesce_update(&q->rx_coalesce, rx_slots, q->worker->now_ns);
	/* In debt there may be more to do, which arming would not notice. */
	return tx_slots || rx_slots || q->deficit <= 0;
}

/* The earliest reason to look again counts; what was due later is found still due then. */
static void set_timer(struct queue *q, uint64_t at_ns)
{
	if (!q->task.timer_ns || at_ns < q->task.timer_ns)
		q->task.timer_ns = at_ns;
}

/* The guest's transmit ring: an event at once, or after a few more slots. */
static bool arm_tx(struct queue *q, uint64_t now)
{
	struct netif_coalesce_decision d = netif_coalesce_decide(&q->tx_coalesce, now);

	if (netif_back_arm(&q->tx, d.ahead)) {
		netif_back_disarm(&q->tx);
		return true;
	}
	if (d.timer_ns)
		set_timer(q, now + d.timer_ns);
	return false;
}

/*
 * Frames wait in the TAP but the guest has too few buffers: wait for as many as the next one
 * is known to need.  Front ends post them in batches, so one event brings several.
 */
static bool arm_rx(struct queue *q, uint64_t now)
{
	const unsigned int wanted = q->rx_wanted ? q->rx_wanted : 1;
	int room;
	bool more;

	pthread_mutex_lock(&q->rx_lock);
	room = netif_back_pending(&q->rx);
	if (room < 0) {
		STAT_INC(q->rx_errors.count[NETIF_ERR_RING_OVERRUN]);
		vif_break(q->vif, NETIF_ERR_RING_OVERRUN);
		more = false;
	} else {
		more = room >= (int)wanted || netif_back_arm(&q->rx, wanted);
	}
	pthread_mutex_unlock(&q->rx_lock);
	if (!more && !q->vif->c.rx_notify)
		set_timer(q, now + RX_LOOK_NS);
	if (!more && q->rx_wanted)
		set_timer(q, q->rx_wanted_ns + QUEUE_WAIT_NS);
	return more;
}

/*
 * An empty TAP: wake when it has a frame (true), or, while frames come fast, look again
 * a little later and find several (one wake-up, one copy call for them all).
 */
static bool want_frames(struct queue *q, uint64_t now)
{
	struct netif_coalesce_decision d;

	if (q->tap_ready || q->tap_held)
		return false;
	d = netif_coalesce_decide(&q->rx_coalesce, now);
	q->tap_held = d.timer_ns != 0;
	if (q->tap_held)
		set_timer(q, now + d.timer_ns);
	return !q->tap_held;
}

static bool keep_polling(const struct queue *q, uint64_t now)
{
	return now >= q->worker->no_poll_until_ns && netif_coalesce_decide(&q->tx_coalesce, now).poll;
}

static bool arm(struct task *t)
{
	struct queue *q = queue_of_task(t);
	uint64_t now = q->worker->now_ns;

	if (vif_is_broken(q->vif))
		return false;
	if (q->uplink->arm(q, want_frames(q, now)))
		return true;
	if (!q->blocked_since_ns && keep_polling(q, now)) {
		netif_back_disarm(&q->tx);
		return true;
	}
	/* Out of credit, or its receiver without buffers: events would change nothing yet. */
	if (q->blocked_since_ns)
		set_timer(q, now + BLOCKED_RETRY_NS);
	else if (q->rate_until_ns)
		set_timer(q, q->rate_until_ns);
	else if (!q->tx_blocked && arm_tx(q, now))
		return true;
	return q->tap_ready && arm_rx(q, now);
}

static void timer(struct task *t)
{
	struct queue *q = queue_of_task(t);

	timer_ends(q);
	if (q->masked) {
		xenevtchn_unmask(q->worker->xce, (evtchn_port_t)q->tx_port);
		if (q->rx_port != q->tx_port)
			xenevtchn_unmask(q->worker->xce, (evtchn_port_t)q->rx_port);
	}
	q->masked = false;
}

/*
 * A guest that only sends events delays its own.  What counts is work done, not
 * work in sight: requests without credit, or a frame that it posts no buffers for,
 * would be an excuse for any number of events.  Others' workers do some, too: a guest
 * that was given frames tells that it has posted new buffers.
 */
static bool event_is_excess(struct queue *q)
{
	const uint64_t bursts = STAT_READ(q->stats.rx_bursts);

	if (bursts != q->rx_bursts_seen)
		q->spurious = 0;
	q->rx_bursts_seen = bursts;
	if (!netif_back_pending(&q->tx) && !q->tap_ready && !q->task.is_active)
		STAT_INC(q->stats.events_spurious);
	return ++q->spurious > SPURIOUS_MAX;
}

static bool event(struct task *t)
{
	struct queue *q = queue_of_task(t);

	/* A broken vif's events stay masked until it is connected anew. */
	if (vif_is_broken(q->vif))
		return false;
	STAT_INC(q->stats.events);
	if (!event_is_excess(q))
		return true;
	STAT_INC(q->stats.events_held);
	q->masked = true;
	/* An earlier timer merely ends the hold early. */
	if (!q->task.timer_ns)
		q->task.timer_ns = q->worker->now_ns + SPURIOUS_HOLD_NS;
	return false;
}

static bool serve(struct task *t)
{
	return queue_serve(queue_of_task(t));
}

const struct task_ops queue_task = { .serve = serve, .arm = arm, .timer = timer, .event = event };
