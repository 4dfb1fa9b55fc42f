// SPDX-License-Identifier: GPL-2.0
/*
 * From the guest: take a chunk of requests, copy each frame's bytes once, answer, hand over.
 * The guest is answered before the stack sees the frame, since what was copied is ours.
 */
#include <linux/skbuff.h>
#include <xen/events.h>

#include "nb.h"
#include "netif/header.h"

/* Up to here a frame lies in one piece; of a larger one the first NETIF_HEADER_MAX bytes do. */
#define LINEAR_MAX 2048u

/* A place in a frame that is being made. */
struct dest {
	struct sk_buff *skb;
	int frag; /* -1: in the linear part */
	u32 offset;
};

static struct sk_buff *frame_alloc(struct nb_queue *q, u32 len)
{
	const u32 room = NET_SKB_PAD + NET_IP_ALIGN;
	struct sk_buff *skb;
	int err;

	if (len <= LINEAR_MAX) {
		skb = napi_alloc_skb(&q->napi, len);
		if (skb)
			skb_put(skb, len);
		return skb;
	}
	skb = alloc_skb_with_frags(room + NETIF_HEADER_MAX, len - NETIF_HEADER_MAX,
				   PAGE_ALLOC_COSTLY_ORDER, &err, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, room);
	skb_put(skb, NETIF_HEADER_MAX);
	skb->data_len = len - NETIF_HEADER_MAX;
	skb->len = len;
	skb->dev = q->vif->netdev;
	return skb;
}

/* Up to len bytes that lie in one piece. */
static void *dest_piece(struct dest *d, u32 *len)
{
	const skb_frag_t *f;
	void *at;
	u32 left;

	if (d->frag < 0) {
		at = d->skb->data + d->offset;
		left = skb_headlen(d->skb) - d->offset;
	} else {
		f = &skb_shinfo(d->skb)->frags[d->frag];
		at = skb_frag_address(f) + d->offset;
		left = skb_frag_size(f) - d->offset;
	}
	if (*len < left) {
		d->offset += *len;
		return at;
	}
	*len = left;
	d->frag++;
	d->offset = 0;
	return at;
}

static void read_mapped(struct dest *d, const void *from, u32 len)
{
	u32 n;

	for (; len; len -= n, from += n) {
		void *to;

		n = len;
		to = dest_piece(d, &n);
		memcpy(to, from, n);
	}
}

static void read_granted(struct nb_queue *q, u8 owner, struct dest *d,
			 const struct netif_tx_req *slot)
{
	u32 n, at = slot->offset, left = slot->size;
	void *to;

	while (left) {
		n = left;
		to = dest_piece(d, &n);
		left -= n;
		while (n) {
			u16 len = min_t(u32, n, PAGE_SIZE - offset_in_page(to));

			nb_copy_from(&q->tx_copies, owner, q->vif->domid, slot->gref, at, to, len);
			to += len;
			at += len;
			n -= len;
		}
	}
}

/* The frame's bytes into an skb; those behind ordinary grants come with the chunk's copy. */
static struct sk_buff *frame_read(struct nb_queue *q, u8 owner, const struct netif_tx_frame *f)
{
	const struct netif_tx_req *slot = &q->burst.slots[f->slot];
	struct sk_buff *skb = frame_alloc(q, f->meta.len);
	struct dest d = { .skb = skb, .frag = -1 };
	unsigned int i;

	if (unlikely(!skb))
		return NULL;
	for (i = 0; i < f->nslots; i++, slot++) {
		unsigned long addr = nb_grant_find(&q->grants, slot->gref);

		if (addr) {
			nb_count(&q->stats->tx_static_slots, 1);
			read_mapped(&d, (void *)(addr & ~NB_ADDR_READONLY) + slot->offset,
				    slot->size);
		} else {
			read_granted(q, owner, &d, slot);
		}
	}
	return skb;
}

/* Every frame of the chunk; NULL: nothing to hand over. */
static void chunk_read(struct nb_queue *q)
{
	const struct netif_tx_burst *b = &q->burst;
	unsigned int i;

	memset(q->tx_copies.failed, 0, sizeof(q->tx_copies.failed));
	q->tx_direct = q->tx_late = 0;
	q->direct_off = false;
	for (i = 0; i < b->nframes; i++) {
		const struct netif_tx_frame *f = &b->frames[i];

		q->tx_skb[i] = NULL;
		if (f->error || f->mcast_op)
			continue;
		switch (nb_direct_send(q, f)) {
		case NB_DIRECT_SENT:
			q->tx_direct |= BIT_ULL(i);
			continue;
		case NB_DIRECT_LATE:
			q->tx_late |= BIT_ULL(i);
			break;
		case NB_DIRECT_NO:
			break;
		}
		q->tx_skb[i] = frame_read(q, i, f);
	}
	nb_direct_end(q);
	nb_copy_run(&q->tx_copies, &q->stats->tx_copy_calls, &q->stats->tx_copy_segments);
}

static void frame_drop(struct nb_queue *q, unsigned int i, u64 *counter)
{
	nb_count(counter, 1);
	dev_kfree_skb_any(q->tx_skb[i]);
	q->tx_skb[i] = NULL;
}

static void frame_count(struct nb_queue *q, const struct netif_meta *m)
{
	nb_count(&q->stats->tx_frames, 1);
	nb_count(&q->stats->tx_bytes, m->len);
	nb_count(&q->stats->tx_gso_frames, !!m->gso_type);
}

/* What the guest is told of frame i; one that is not handed over is freed and counted. */
static s16 frame_judge(struct nb_queue *q, unsigned int i)
{
	const struct netif_tx_frame *f = &q->burst.frames[i];
	const struct nb_vif *vif = q->vif;

	if (f->mcast_op) {
		nb_count(&q->stats->tx_mcast_requests, 1);
		return nb_filter_mcast(q->vif, f->mcast_op, f->mcast_addr) ? NETIF_RSP_ERROR :
									     NETIF_RSP_OKAY;
	}
	if (f->error) {
		nb_count(&q->stats->tx_drop_malformed, 1);
		return NETIF_RSP_ERROR;
	}
	if (q->tx_direct & BIT_ULL(i)) {
		frame_count(q, &f->meta);
		return NETIF_RSP_OKAY;
	}
	if (!q->tx_skb[i]) {
		nb_count(&q->stats->tx_drop_memory, 1);
		return NETIF_RSP_DROPPED;
	}
	if (q->tx_copies.failed[i]) {
		q->errors->count[NETIF_ERR_TX_BAD_GREF]++;
		frame_drop(q, i, &q->stats->tx_drop_grant);
		return NETIF_RSP_ERROR;
	}
	if ((READ_ONCE(vif->flags) & NB_F_MAC_FILTER) &&
	    memcmp(q->tx_skb[i]->data + ETH_ALEN, vif->mac, ETH_ALEN))
		frame_drop(q, i, &q->stats->tx_drop_source_mac);
	return NETIF_RSP_OKAY;
}

/* Answer the chunk with one push and at most one event. */
static u64 chunk_respond(struct nb_queue *q)
{
	const struct netif_tx_burst *b = &q->burst;
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < b->nframes; i++) {
		netif_tx_respond(&q->tx, b, &b->frames[i], frame_judge(q, i));
		bytes += b->frames[i].meta.len;
	}
	nb_count(&q->stats->tx_bursts, 1);
	if (netif_back_push(&q->tx)) {
		notify_remote_via_irq(q->tx_irq);
		nb_count(&q->stats->tx_notifies, 1);
	}
	return bytes;
}

/* Checksum and segmentation, from the private copy of the headers. */
static bool frame_offload(struct sk_buff *skb, struct netif_meta *m)
{
	struct netif_vnet v;

	if (m->csum == NETIF_CSUM_VALID && !m->gso_type) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		return true;
	}
	if (m->csum != NETIF_CSUM_BLANK && !m->gso_type)
		return true;
	if (netif_vnet_from_meta(&v, m, skb->data, skb_headlen(skb)))
		return false;
	if (!skb_partial_csum_set(skb, v.csum_start, v.csum_offset))
		return false;
	if (!m->gso_type || skb->len <= (u32)v.hdr_len + m->gso_size)
		return true;
	skb_shinfo(skb)->gso_size = m->gso_size;
	/* The headers are checked again by whoever cuts it up. */
	skb_shinfo(skb)->gso_type = SKB_GSO_DODGY |
		(m->gso_type == NETIF_GSO_TYPE_TCPV4 ? SKB_GSO_TCPV4 : SKB_GSO_TCPV6);
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(skb->len - v.hdr_len, m->gso_size);
	return true;
}

static void frame_deliver(struct nb_queue *q, struct sk_buff *skb, struct netif_meta *m, bool late)
{
	if (!frame_offload(skb, m)) {
		q->errors->count[m->gso_type ? NETIF_ERR_TX_GSO_HEADER : NETIF_ERR_TX_CSUM_HEADER]++;
		nb_count(&q->stats->tx_drop_headers, 1);
		dev_kfree_skb_any(skb);
		return;
	}
	frame_count(q, m);
	skb_record_rx_queue(skb, q->index);
	skb->protocol = eth_type_trans(skb, q->vif->netdev);
	if (nb_params.gro && !late)
		napi_gro_receive(&q->napi, skb);
	else
		netif_receive_skb(skb);
}

static void chunk_deliver(struct nb_queue *q)
{
	unsigned int i;

	for (i = 0; i < q->burst.nframes; i++)
		if (q->tx_skb[i])
			frame_deliver(q, q->tx_skb[i], &q->burst.frames[i].meta, q->tx_late & BIT_ULL(i));
}

/* Take what is there, at most max ring slots (one frame at least); 0: none, or it may not send now. */
static unsigned int chunk_take(struct nb_queue *q, u32 max)
{
	enum netif_error err;
	u64 wait_ns;

	if (nb_vif_broken(q->vif))
		return 0;
	q->tx_waits = !nb_filter_credit(q->vif, ktime_get_ns(), &wait_ns);
	if (q->tx_waits) {
		nb_count(&q->stats->tx_rate_waits, 1);
		hrtimer_start(&q->timer, ns_to_ktime(wait_ns), HRTIMER_MODE_REL);
		return 0;
	}
	err = netif_tx_take(&q->tx, &q->burst, max, q->errors);
	if (err) {
		nb_vif_break(q->vif, err);
		return 0;
	}
	return q->burst.nframes;
}

int nb_tx_poll(struct nb_queue *q, int budget)
{
	int done = 0;
	unsigned int n;

	/* What is direct looks at tables that the bridge may change. */
	rcu_read_lock();
	while (done < budget) {
		n = chunk_take(q, min_t(u32, budget - done, NB_CHUNK));
		if (!n)
			break;
		chunk_read(q);
		nb_filter_charge(q->vif, chunk_respond(q));
		chunk_deliver(q);
		done += n;
	}
	rcu_read_unlock();
	return done;
}
