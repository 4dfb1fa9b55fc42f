// SPDX-License-Identifier: GPL-2.0
/*
 * To the guest: a frame's bytes go straight into the buffers that it posted.  Into pages that
 * stay mapped they are copied at once, and the frame is answered; for the others a batch
 * of frames waits for one grant copy, in the queue's NAPI.
 */
#include <linux/skbuff.h>
#include <xen/events.h>

#include "nb.h"

/* A place in a frame that is being read: in an skb, or in pieces. */
struct source {
	struct skb_seq_state seq;
	const struct nb_piece *piece; /* the next one; NULL: an skb */
	const u8 *at;
	u32 left, done;
};

static void source_next(struct source *s)
{
	if (!s->piece) {
		s->left = skb_seq_read(s->done, &s->at, &s->seq);
		return;
	}
	while (!s->piece->len)
		s->piece++;
	s->at = s->piece->at;
	s->left = s->piece->len;
	s->piece++;
}

/* Up to len bytes that lie in one piece, in one page. */
static const void *source_piece(struct source *s, u32 *len)
{
	const void *from;
	u32 n;

	if (!s->left)
		source_next(s);
	n = min_t(u32, s->left, PAGE_SIZE - offset_in_page(s->at));
	*len = min(*len, n);
	from = s->at;
	s->at += *len;
	s->left -= *len;
	s->done += *len;
	return from;
}

/* What vif_select_queue() found, where it was asked: with several queues. */
static void hash_of(const struct nb_queue *q, const struct sk_buff *skb, struct netif_meta *m)
{
	bool ipv6 = skb->protocol == htons(ETH_P_IPV6);

	if (q->vif->nqueues < 2 || !skb->hash || !rcu_access_pointer(q->vif->hash))
		return;
	m->hash = skb->hash;
	if (skb->l4_hash)
		m->hash_type = ipv6 ? NETIF_HASH_TYPE_IPV6_TCP : NETIF_HASH_TYPE_IPV4_TCP;
	else
		m->hash_type = ipv6 ? NETIF_HASH_TYPE_IPV6 : NETIF_HASH_TYPE_IPV4;
}

static void meta_of(const struct nb_queue *q, const struct sk_buff *skb, struct netif_meta *m)
{
	*m = (struct netif_meta){ .len = skb->len, .headroom = READ_ONCE(q->vif->headroom) };
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		m->csum = NETIF_CSUM_BLANK;
	else if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		m->csum = NETIF_CSUM_VALID;
	hash_of(q, skb, m);
	if (!skb_is_gso(skb))
		return;
	m->gso_size = skb_shinfo(skb)->gso_size;
	m->gso_type = skb_shinfo(skb)->gso_type & SKB_GSO_TCPV4 ? NETIF_GSO_TYPE_TCPV4 :
								   NETIF_GSO_TYPE_TCPV6;
}

static void write_mapped(struct source *s, u8 *to, u32 len)
{
	const void *from;
	u32 n;

	for (; len; len -= n, to += n) {
		n = len;
		from = source_piece(s, &n);
		memcpy(to, from, n);
	}
}

static void copies_run(struct nb_queue *q)
{
	nb_copy_run(&q->rx_copies, &q->stats->rx_copy_calls, &q->stats->rx_copy_segments);
}

static void write_granted(struct nb_queue *q, struct source *s, grant_ref_t gref, u32 at, u32 len)
{
	const void *from;
	u32 n;

	for (; len; len -= n, at += n) {
		n = len;
		from = source_piece(s, &n);
		if (q->rx_copies.n == NB_COPIES_MAX)
			copies_run(q);
		nb_copy_to(&q->rx_copies, q->npending, q->vif->domid, gref, at, from, n);
	}
}

/* False: this buffer cannot be written. */
static bool write_part(struct nb_queue *q, struct source *s, const struct netif_rx_req *req,
		       const struct netif_rx_part *part)
{
	unsigned long addr = nb_grant_find(&q->grants, req->gref);

	if (!addr) {
		write_granted(q, s, req->gref, part->offset, part->size);
		return true;
	}
	if (addr & NB_ADDR_READONLY) {
		q->errors->count[NETIF_ERR_RX_READONLY_GREF]++;
		return false;
	}
	write_mapped(s, (u8 *)(addr & ~NB_ADDR_READONLY) + part->offset, part->size);
	nb_count(&q->stats->rx_static_slots, 1);
	return true;
}

static void write_frame(struct nb_queue *q, struct nb_pending *f, struct source *s)
{
	const u32 extras = netif_rx_extras(&f->meta);
	const struct netif_rx_req *req = &q->rx_reqs[f->req];
	const struct netif_rx_part *part = &q->rx_parts[f->part];
	u32 i;

	for (i = 0; i < f->nparts && !f->bad; i++, part++) {
		f->bad = !write_part(q, s, req, part);
		/* Extra info takes the slots behind the first buffer's (netif.h). */
		req += i ? 1 : 1 + extras;
	}
}

static void write_skb(struct nb_queue *q, struct nb_pending *f)
{
	struct source s = {};

	skb_prepare_seq_read(f->skb, 0, f->skb->len, &s.seq);
	write_frame(q, f, &s);
	skb_abort_seq_read(&s.seq);
}

/* Lay f out over the next buffers; false: there are too few. */
static bool frame_lay(struct nb_queue *q, struct nb_pending *f, u32 *nslots)
{
	bool halves = q->vif->flags & NB_F_HALF_PAGES;
	u32 need = netif_rx_need(&f->meta, halves), slots;
	struct netif_rx_req *reqs = &q->rx_reqs[q->rx_nreqs];
	int n = netif_rx_take(&q->rx, reqs, min(need, NETIF_RX_RING_SIZE - q->rx_nreqs));

	if (n < 0) {
		nb_vif_break(q->vif, NETIF_ERR_RING_OVERRUN);
		return false;
	}
	slots = netif_rx_lay(reqs, n, &f->meta, halves, &q->rx_parts[q->rx_nparts], &f->bad);
	netif_rx_untake(&q->rx, n - slots);
	if (!slots)
		return false;
	f->req = q->rx_nreqs;
	f->part = q->rx_nparts;
	f->nparts = slots - netif_rx_extras(&f->meta);
	if (f->bad)
		q->errors->count[NETIF_ERR_RX_BUFFER]++;
	*nslots = slots;
	return true;
}

/* And write it. */
static bool frame_place(struct nb_queue *q, struct nb_pending *f)
{
	u32 slots;

	if (!frame_lay(q, f, &slots))
		return false;
	q->rx_copies.failed[q->npending] = false;
	if (!f->bad)
		write_skb(q, f);
	q->rx_nreqs += slots;
	q->rx_nparts += f->nparts;
	q->npending++;
	return true;
}

static void frame_answer(struct nb_queue *q, struct nb_pending *f, bool failed)
{
	netif_rx_respond(&q->rx, &q->rx_reqs[f->req], &f->meta, &q->rx_parts[f->part], f->nparts,
			 failed ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
	if (failed) {
		nb_count(&q->stats->rx_drop_grant, 1);
	} else {
		nb_count(&q->stats->rx_frames, 1);
		nb_count(&q->stats->rx_bytes, f->meta.len);
		nb_count(&q->stats->rx_gso_frames, !!f->meta.gso_type);
	}
	if (f->skb)
		dev_consume_skb_any(f->skb);
}

/* All that is pending has been written, or never will be. */
static void pending_answer(struct nb_queue *q)
{
	u32 i;

	copies_run(q);
	for (i = 0; i < q->npending; i++) {
		struct nb_pending *f = &q->pending[i];

		if (q->rx_copies.failed[i])
			q->errors->count[NETIF_ERR_RX_BAD_GREF]++;
		frame_answer(q, f, f->bad || q->rx_copies.failed[i]);
	}
	q->npending = q->rx_nreqs = q->rx_nparts = 0;
}

void nb_rx_push(struct nb_queue *q)
{
	if (q->rx.rsp_prod == q->rx.rsp_pub)
		return;
	nb_count(&q->stats->rx_bursts, 1);
	if (!netif_back_push(&q->rx))
		return;
	notify_remote_via_irq(q->rx_irq);
	nb_count(&q->stats->rx_notifies, 1);
}

static bool all_mapped(const struct nb_queue *q, const struct nb_pending *f)
{
	const struct netif_rx_req *req = &q->rx_reqs[f->req];
	u32 i;

	for (i = 0; i < f->nparts; i++) {
		if (!nb_grant_find(&q->grants, req->gref))
			return false;
		req += i ? 1 : 1 + netif_rx_extras(&f->meta);
	}
	return true;
}

bool nb_rx_direct(struct nb_queue *q, const struct netif_meta *meta, const struct nb_piece *pieces)
{
	struct nb_pending *f = &q->pending[q->npending];
	struct source s = { .piece = pieces };
	u32 slots;

	*f = (struct nb_pending){ .meta = *meta };
	f->meta.headroom = READ_ONCE(q->vif->headroom);
	if (!frame_lay(q, f, &slots))
		return false;
	if (!all_mapped(q, f)) {
		netif_rx_untake(&q->rx, slots);
		return false;
	}
	if (!f->bad)
		write_frame(q, f, &s);
	frame_answer(q, f, f->bad);
	return true;
}

static struct netdev_queue *netdev_queue_of(const struct nb_queue *q)
{
	return netdev_get_tx_queue(q->vif->netdev, q->index);
}

static netdev_tx_t frame_drop(struct sk_buff *skb, u64 *counter)
{
	nb_count(counter, 1);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

/* How often a guest is looked at that does not tell when it has posted buffers. */
#define LOOK_NS (1 * NSEC_PER_MSEC)

static void look_again(struct nb_queue *q)
{
	if (READ_ONCE(q->vif->flags) & NB_F_POLL)
		hrtimer_start(&q->timer, ns_to_ktime(LOOK_NS), HRTIMER_MODE_REL);
}

/*
 * Too few buffers for this frame: it waits at the head of the netdev queue until there are as many
 * as it needs, so that a guest with few of them gets small frames all the same.
 */
static netdev_tx_t frame_wait(struct nb_queue *q, u32 need)
{
	nb_count(&q->stats->rx_stops, 1);
	/* What was put off for this frame is not put off any longer. */
	if (!q->npending)
		nb_rx_push(q);
	if (!q->rx_need)
		q->rx_since = jiffies;
	WRITE_ONCE(q->rx_need, need);
	netif_tx_stop_queue(netdev_queue_of(q));
	if (netif_back_arm(&q->rx, need)) {
		netif_tx_start_queue(netdev_queue_of(q));
		return NETDEV_TX_BUSY;
	}
	look_again(q);
	if (!delayed_work_pending(&q->vif->stall))
		schedule_delayed_work(&q->vif->stall, msecs_to_jiffies(nb_params.stall_msecs) / 4 + 1);
	return NETDEV_TX_BUSY;
}

netdev_tx_t nb_rx_send(struct nb_queue *q, struct sk_buff *skb, bool more)
{
	struct nb_pending *f = &q->pending[q->npending];
	const u32 flags = READ_ONCE(q->vif->flags);

	if (unlikely(nb_vif_broken(q->vif)))
		return frame_drop(skb, &q->stats->rx_drop_stopped);
	if (unlikely(nb_vif_lacks_room(q->vif, skb->len)))
		return frame_drop(skb, &q->stats->rx_drop_too_big);
	if ((flags & NB_F_MULTICAST) && !nb_filter_passes(q->vif, skb->data))
		return frame_drop(skb, &q->stats->rx_filtered_multicast);

	*f = (struct nb_pending){ .skb = skb };
	meta_of(q, skb, &f->meta);
	if (!frame_place(q, f)) {
		if (q->rx_stalled || nb_vif_broken(q->vif))
			return frame_drop(skb, &q->stats->rx_drop_no_slots);
		return frame_wait(q, netif_rx_need(&f->meta, flags & NB_F_HALF_PAGES));
	}
	q->rx_need = 0;
	if (unlikely(q->rx_stalled)) {
		q->rx_stalled = false;
		nb_genl_event(q->vif, NB_EVENT_READY);
	}
	if (q->rx_copies.n && q->npending < NB_PENDING) {
		/* The rest of what the stack has for this guest joins the same grant copy. */
		napi_schedule(&q->napi);
		return NETDEV_TX_OK;
	}
	pending_answer(q);
	if (!more)
		nb_rx_push(q);
	return NETDEV_TX_OK;
}

void nb_rx_service(struct nb_queue *q)
{
	if (q->npending)
		pending_answer(q);
	nb_rx_push(q);
	if (!q->rx_need || !netif_tx_queue_stopped(netdev_queue_of(q)))
		return;
	if (netif_back_pending(&q->rx) >= (int)q->rx_need)
		netif_tx_wake_queue(netdev_queue_of(q));
	else
		look_again(q);
}

void nb_rx_stall(struct nb_queue *q)
{
	if (!q->rx_need || q->rx_stalled ||
	    time_before(jiffies, q->rx_since + msecs_to_jiffies(nb_params.stall_msecs)))
		return;
	q->rx_stalled = true;
	netif_tx_wake_queue(netdev_queue_of(q));
	nb_genl_event(q->vif, NB_EVENT_STALLED);
}

void nb_rx_purge(struct nb_queue *q)
{
	u32 i;

	for (i = 0; i < q->npending; i++)
		frame_drop(q->pending[i].skb, &q->stats->rx_drop_stopped);
	q->npending = 0;
}
