/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest transmit.  A burst goes through take -> gather -> forward -> respond;
 * nothing after gather looks at memory that the guest can still write, but for
 * payload that is copied exactly once to where it is going.
 */
#include "netback-ng/vif/uplink.h"
#include "netback-ng/vif/vif_data.h"

/* Ring slots taken to try a receiver again: one big frame. */
#define RETRY_SLOTS 20u

enum verdict {
	VERDICT_FORWARD,
	VERDICT_CONTROL,
	VERDICT_MALFORMED,
	VERDICT_GRANT,
	VERDICT_GSO_HEADER,
	VERDICT_CSUM_HEADER,
	VERDICT_SOURCE_MAC,
};

/* A page for slot s of the burst. */
static struct copy_local slot_page(const struct queue *q, unsigned int s)
{
	const struct tx_buf *b = &q->tx_buf;
	unsigned int i = (b->first + s) % NETIF_TX_RING_SIZE;

	return (struct copy_local){
		.at = b->pages + i * NETIF_PAGE_SIZE,
		.grants.refs = b->refs ? b->refs + i : NULL,
	};
}

static struct frame_head *slot_head(const struct queue *q, unsigned int s)
{
	return &q->tx_buf.heads[(q->tx_buf.first + s) % NETIF_TX_RING_SIZE];
}

/* Where slot s of the burst can be read: mapped, or copied to (at the same offset). */
static struct copy_local locate_slot(struct queue *q, struct worker *w,
				     const struct netif_tx_req *slot, unsigned int s)
{
	const struct netif_gref_entry *e = netif_gref_map_find(&q->grefs, slot->gref);
	struct copy_local local = slot_page(q, s);

	w->scratch->slot_failed[s] = slot->gref < COPY_GREF_MIN;
	if (w->scratch->slot_failed[s])
		return local;
	if (e) {
		STAT_INC(q->stats.tx_static_slots);
		local.at = (uint8_t *)e->addr + slot->offset;
		local.grants = (struct copy_grants){ .refs = &slot->gref, .domid = q->domid };
		return local;
	}
	if (w->config->aligned_copy)
		local.at = (uint8_t *)local.at + slot->offset;
	copy_from(&w->copy, q->domid, slot->gref, slot->offset, local, slot->size,
		  &w->scratch->slot_failed[s]);
	return local;
}

/* Locate every slot of the good frames, then one grant copy for those that need it. */
static void gather_slots(struct queue *q, struct worker *w)
{
	const struct netif_tx_burst *b = &w->scratch->tx;
	const struct netif_tx_frame *t;
	unsigned int s;

	for (t = b->frames; t < b->frames + b->nframes; t++) {
		/* The sizes of a malformed frame's slots mean nothing. */
		if (t->error || t->mcast_op)
			continue;
		for (s = t->slot; s < t->slot + (unsigned int)t->nslots; s++)
			w->scratch->where[s] = locate_slot(q, w, &b->slots[s], s);
	}
	copy_run(&w->copy);
	STAT_ADD(q->stats.tx_copy_calls, w->copy.calls);
	STAT_ADD(q->stats.tx_copy_segments, w->copy.segments);
	w->copy.calls = w->copy.segments = 0;
}

/*
 * Make f from the located slots of t: the first bytes copied to the private head, the
 * rest by reference, in the pieces from 'at' on.  Returns how many.
 */
static unsigned int build_frame(struct frame *f, struct frame_head *head, struct worker_scratch *s,
				unsigned int at, const struct netif_tx_frame *t)
{
	const struct netif_tx_req *slots = &s->tx.slots[t->slot];
	const struct copy_local *where = &s->where[t->slot];
	struct copy_grants *grants = &s->grants[at];
	struct iovec *iov = &s->iov[at];
	unsigned int i, niov = 1, left = NETIF_HEADER_MAX;

	iov[0].iov_base = head->bytes;
	iov[0].iov_len = 0;
	grants[0].refs = NULL;
	for (i = 0; i < t->nslots; i++) {
		unsigned int take = slots[i].size < left ? slots[i].size : left;

		memcpy(head->bytes + iov[0].iov_len, where[i].at, take);
		iov[0].iov_len += take;
		left -= take;
		if (take == slots[i].size)
			continue;
		grants[niov] = where[i].grants;
		iov[niov].iov_base = (uint8_t *)where[i].at + take;
		iov[niov++].iov_len = slots[i].size - take;
	}
	f->iov = iov;
	f->niov = (uint16_t)niov;
	f->grants = grants;
	f->failed = false;
	return niov;
}

static bool slots_failed(const struct worker *w, const struct netif_tx_frame *t)
{
	unsigned int i;

	for (i = 0; i < t->nslots; i++)
		if (w->scratch->slot_failed[t->slot + i])
			return true;
	return false;
}

static enum verdict control_frame(struct queue *q, const struct netif_tx_frame *t)
{
	if (t->mcast_op == NETIF_EXTRA_TYPE_MCAST_DEL)
		vif_mcast_del(q->vif, t->mcast_addr);
	else if (vif_mcast_add(q->vif, t->mcast_addr))
		return VERDICT_MALFORMED;
	return VERDICT_CONTROL;
}

static enum verdict check_headers(struct frame *f, struct frame_head *head)
{
	enum netif_error err;

	if (f->meta.csum != NETIF_CSUM_BLANK && f->meta.gso_type == NETIF_GSO_TYPE_NONE) {
		memset(&head->vnet, 0, sizeof(head->vnet));
		return VERDICT_FORWARD;
	}
	err = netif_vnet_from_meta(&head->vnet, &f->meta, head->bytes,
				   (uint32_t)f->iov[0].iov_len);
	if (!err) {
		/* GSO without it has got a pseudo header's sum now: whoever takes the frame must know. */
		f->meta.csum = NETIF_CSUM_BLANK;
		return VERDICT_FORWARD;
	}
	return err == NETIF_ERR_TX_GSO_HEADER ? VERDICT_GSO_HEADER : VERDICT_CSUM_HEADER;
}

static enum verdict judge(struct queue *q, struct worker *w, const struct netif_tx_frame *t,
			  struct frame *f, struct frame_head *head)
{
	if (t->error)
		return VERDICT_MALFORMED;
	if (t->mcast_op)
		return control_frame(q, t);
	if (slots_failed(w, t))
		return VERDICT_GRANT;
	if (w->config->mac_filter && memcmp(head->bytes + 6, q->vif->id.mac, 6))
		return VERDICT_SOURCE_MAC;
	return check_headers(f, head);
}

/* The next frame's first line is on its way while this one is parsed. */
static void prefetch_next(struct worker *w, const struct netif_tx_frame *next)
{
	const struct netif_tx_burst *b = &w->scratch->tx;

	if (w->config->prefetch && next < b->frames + b->nframes && !next->error &&
	    !next->mcast_op)
		netif_prefetch(w->scratch->where[next->slot].at);
}

/* Returns the frames to forward, in ring order; verdicts for all of the burst. */
static unsigned int gather(struct queue *q, struct worker *w, uint8_t *verdicts)
{
	struct worker_scratch *s = w->scratch;
	unsigned int i, n = 0, niov = 0;

	gather_slots(q, w);
	for (i = 0; i < s->tx.nframes; i++) {
		const struct netif_tx_frame *t = &s->tx.frames[i];
		struct frame *f = &s->frames[n];
		struct frame_head *head = slot_head(q, t->slot);

		prefetch_next(w, t + 1);
		f->meta = t->meta;
		/* The sender's hash is not the receiver's: that one's own key decides. */
		f->meta.hash_type = 0;
		f->index = (uint16_t)i;
		f->slot_end = t->slot + t->nslots;
		if (!t->error && !t->mcast_op)
			niov += build_frame(f, head, s, niov, t);
		verdicts[i] = (uint8_t)judge(q, w, t, f, head);
		if (verdicts[i] == VERDICT_FORWARD)
			n++;
	}
	return n;
}

/* The vif on the switch that f goes to, NULL: out by the TAP. */
static struct queue *route(struct queue *q, const struct frame *f)
{
	struct vif *to = q->vif->bridge ? bridge_route(q->vif, frame_bytes(f)) : NULL;
	unsigned int n = to ? atomic_load_explicit(&to->nqueues, memory_order_acquire) : 0;
	struct queue *tq;

	if (!n)
		return NULL;
	tq = to->queues[q->index % n];
	return queue_rx_accepts(tq, &f->meta) ? tq : NULL;
}

/*
 * The receiver has no buffers: wait for it, but not for long, so that one guest
 * that stopped receiving does not stop those that send to it.
 */
static bool may_wait(struct queue *q)
{
	uint64_t now = q->worker->now_ns;

	if (!q->blocked_since_ns)
		q->blocked_since_ns = now;
	return now - q->blocked_since_ns < (uint64_t)q->worker->config->stall_usecs * 1000;
}

/* Deliver a run of frames to one receiver; how many are done with. */
static unsigned int forward_run(struct queue *q, struct queue *to, struct frame *frames,
				unsigned int n)
{
	unsigned int i, done = queue_rx(to, q->worker, frames, n, true);

	if (done < n && !may_wait(q)) {
		done += queue_rx(to, q->worker, frames + done, n - done, false);
		q->blocked_since_ns = 0;
	} else if (done == n) {
		q->blocked_since_ns = 0;
	}
	for (i = 0; i < done; i++)
		if (frames[i].failed)
			STAT_INC(q->stats.tx_drop_receiver);
		else
			STAT_INC(q->stats.tx_to_vif);
	return done;
}

/*
 * Send each frame its way; those for the TAP are listed in s->to_tap.  Returns how many of
 * the n are done with: the rest wait for their receiver, in order, on the ring.
 */
static unsigned int forward(struct queue *q, struct worker_scratch *s, unsigned int n,
			    unsigned int *to_tap)
{
	struct frame *frames = s->frames;
	struct queue **to = s->to;
	unsigned int i, run, done;

	*to_tap = 0;
	for (i = 0; i < n; i++)
		to[i] = route(q, &frames[i]);
	for (i = 0; i < n; i += run) {
		for (run = 1; i + run < n && to[i + run] == to[i]; run++)
			;
		if (!to[i]) {
			for (done = 0; done < run; done++)
				s->to_tap[(*to_tap)++] = &frames[i + done];
			continue;
		}
		done = forward_run(q, to[i], &frames[i], run);
		if (done < run) {
			STAT_INC(q->stats.tx_receiver_waits);
			return i + done;
		}
	}
	return n;
}

/*
 * What was done for the burst, by whoever ends with it: what a frame's receivers have to do is its
 * sender's doing.  A burst without an end, whose receiver has no buffers, was gathered all the same.
 */
static void charge(struct queue *q, const struct worker_scratch *s, unsigned int done)
{
	unsigned int i, copies, frames = s->tx.nframes - done, slots = s->tx.nslots;
	const int64_t before = q->deficit;
	uint64_t bytes = 0;

	for (i = 0; i < done; i++) {
		const struct frame *f = &s->frames[i];

		copies = s->to[i] ? 1 : bridge_copies(q->vif, frame_bytes(f));
		bytes += (uint64_t)copies * f->meta.len;
		frames += copies;
		slots += (copies - 1) * s->tx.frames[f->index].nslots;
	}
	queue_charge(q, bytes, frames, slots);
	if (s->tx.nslots)
		q->tx_slot_charge = (uint64_t)(before - q->deficit) / s->tx.nslots;
}

/* Here, not earlier: a frame behind one that waits for its receiver is taken several times. */
static s16 account(struct queue *q, const struct netif_tx_frame *t, enum verdict v)
{
	switch (v) {
	case VERDICT_FORWARD:
		STAT_INC(q->stats.tx_frames);
		STAT_ADD(q->stats.tx_bytes, t->meta.len);
		if (t->meta.gso_type != NETIF_GSO_TYPE_NONE)
			STAT_INC(q->stats.tx_gso_frames);
		return NETIF_RSP_OKAY;
	case VERDICT_CONTROL:
		STAT_INC(q->stats.tx_mcast_requests);
		return NETIF_RSP_OKAY;
	case VERDICT_MALFORMED:
		if (t->error)
			STAT_INC(q->errors.count[t->error]);
		STAT_INC(q->stats.tx_drop_malformed);
		return NETIF_RSP_ERROR;
	case VERDICT_GRANT:
		STAT_INC(q->errors.count[NETIF_ERR_TX_BAD_GREF]);
		STAT_INC(q->stats.tx_drop_grant);
		return NETIF_RSP_ERROR;
	case VERDICT_GSO_HEADER:
	case VERDICT_CSUM_HEADER:
		STAT_INC(q->errors.count[v == VERDICT_GSO_HEADER ? NETIF_ERR_TX_GSO_HEADER :
								   NETIF_ERR_TX_CSUM_HEADER]);
		STAT_INC(q->stats.tx_drop_headers);
		return NETIF_RSP_ERROR;
	case VERDICT_SOURCE_MAC:
		STAT_INC(q->stats.tx_drop_source_mac);
		return NETIF_RSP_OKAY;
	}
	return NETIF_RSP_ERROR;
}

/*
 * Answer the frames before 'end', give the others back to the ring.  Returns the bytes
 * answered.  held: only when the uplink is done with what was written to it so far.
 */
static uint64_t respond(struct queue *q, const struct netif_tx_burst *b, const uint8_t *verdicts,
			unsigned int end, bool held)
{
	struct netif_back_ring *ring = queue_late_ring(q, held && q->written != q->settled);
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < end; i++) {
		netif_tx_respond(ring, b, &b->frames[i], account(q, &b->frames[i], verdicts[i]));
		bytes += b->frames[i].meta.len;
	}
	for (; i < b->nframes; i++)
		q->tx.req_cons -= netif_tx_ring_slots(&b->frames[i]);
	if (ring != &q->tx)
		queue_late_hold(q, held ? q->written : q->settled);
	else if (netif_back_push(&q->tx))
		queue_notify(q, q->tx_port, &q->stats.tx_notifies);
	return bytes;
}

/*
 * Ring slots of a burst: what this turn has left, if they cost what those of the last one did, where
 * others wait for theirs; one big frame at least.
 */
static unsigned int burst_slots(const struct queue *q, unsigned int room)
{
	const uint64_t left = q->deficit > 0 ? (uint64_t)q->deficit : 0;
	const uint64_t each = q->tx_slot_charge ? q->tx_slot_charge : QUEUE_FRAME_COST + QUEUE_SLOT_COST;
	uint64_t most;

	/* While a receiver has no buffers, what is gathered may have to be gathered again. */
	if (q->blocked_since_ns)
		return RETRY_SLOTS;
	if (task_is_alone(&q->task))
		return room;
	most = left / each;
	if (most < RETRY_SLOTS)
		most = RETRY_SLOTS;
	return most < room ? (unsigned int)most : room;
}

/* Take a burst; 0 where there is none, or the guest may not send now. */
static unsigned int take(struct queue *q, struct worker *w)
{
	struct netif_tx_burst *b = &w->scratch->tx;
	struct netif_errors uncounted = { 0 }; /* account() does it */
	unsigned int room = q->uplink->room(q);
	enum netif_error err;
	uint64_t wait;

	queue_late_flush(q);
	q->tx_blocked = room < NETIF_TX_FATAL_SLOTS;
	if (q->tx_blocked)
		return 0;

	q->rate_until_ns = 0;
	if (!vif_credit(q->vif, w->now_ns, &wait)) {
		STAT_INC(q->stats.tx_rate_waits);
		q->rate_until_ns = w->now_ns + wait;
		return 0;
	}
	err = netif_tx_take(&q->tx, b, burst_slots(q, room), &uncounted);
	if (err) {
		STAT_INC(q->errors.count[err]);
		vif_break(q->vif, err);
		return 0;
	}
	return b->nframes;
}

unsigned int queue_tx(struct queue *q)
{
	struct worker *w = q->worker;
	struct netif_tx_burst *b = &w->scratch->tx;
	uint8_t verdicts[NETIF_TX_RING_SIZE];
	uint64_t statics = q->stats.tx_static_slots, bytes;
	unsigned int n, done, end, to_tap;
	u32 taken = q->tx.req_cons;
	bool early;

	if (!take(q, w))
		return 0;
	STAT_INC(q->stats.tx_bursts);
	n = gather(q, w, verdicts);
	done = forward(q, w->scratch, n, &to_tap);
	charge(q, w->scratch, done);
	/* Also where the receiver that was waited for has gone and the TAP took the frames. */
	if (done == n)
		q->blocked_since_ns = 0;
	end = done < n ? w->scratch->frames[done].index : b->nframes;
	/* What was copied is ours: its sender may go on before the TAP has it. */
	early = w->config->early_response && statics == q->stats.tx_static_slots;
	if (!early && to_tap)
		q->uplink->write(q, w->scratch->to_tap, to_tap);
	bytes = respond(q, b, verdicts, end, !early);
	if (early && to_tap)
		q->uplink->write(q, w->scratch->to_tap, to_tap);
	vif_charge(q->vif, bytes);
	return q->tx.req_cons - taken;
}
