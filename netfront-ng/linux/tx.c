// SPDX-License-Identifier: GPL-2.0
#include <xen/events.h>
#include <xen/page.h>

#include "ng.h"

struct segs {
	u32 n;
	u16 id[NETIF_NR_SLOTS_MIN];
	struct netif_front_seg seg[NETIF_NR_SLOTS_MIN];
};

int ng_tx_open(struct ng_queue *q)
{
	struct xenbus_device *xbdev = q->dev->xbdev;
	struct ng_tx *tx = &q->tx;
	int rc = xenbus_setup_ring(xbdev, GFP_KERNEL, &tx->shared, 1, &tx->ring_ref);

	if (rc)
		return rc;
	rc = ng_pool_open(&tx->pool, xbdev->otherend_id, NETIF_TX_RING_SIZE, true);
	if (rc)
		goto teardown;
	rc = gnttab_alloc_grant_references(NETIF_TX_RING_SIZE, &tx->gref_head);
	if (rc)
		goto close_pool;
	netif_front_tx_init(&tx->ring, tx->shared);
	memset(tx->slot, 0, sizeof(tx->slot));
	tx->mapped = tx->stuck = false;
	tx->held = 0;
	tx->far = false;
	netdev_tx_reset_queue(netdev_get_tx_queue(q->dev->netdev, q->index));
	return 0;
close_pool:
	ng_pool_close(&tx->pool);
teardown:
	xenbus_teardown_ring(&tx->shared, 1, &tx->ring_ref);
	return rc;
}

/* The back end is done with it, or so it says: the skb goes, unless its page is still mapped. */
static void slot_free(struct ng_queue *q, struct ng_tx_slot *s, int budget)
{
	if (s->gref == INVALID_GRANT_REF)
		return;
	q->tx.held--;
	if (likely(gnttab_end_foreign_access_ref(s->gref))) {
		gnttab_release_grant_reference(&q->tx.gref_head, s->gref);
		napi_consume_skb(s->skb, budget);
		return;
	}
	/* No second reference for this id: what follows is copied. */
	q->tx.stuck = true;
	ng_count(&q->stats.tx_grant_busy, 1);
	ng_busy_keep(s->gref, s->skb);
}

void ng_tx_close(struct ng_queue *q)
{
	struct ng_tx *tx = &q->tx;
	u32 i;

	for (i = 0; i < NETIF_TX_RING_SIZE; i++) {
		if (!tx->ring.outstanding[i])
			continue;
		slot_free(q, &tx->slot[i], 0);
	}
	gnttab_free_grant_references(tx->gref_head);
	ng_pool_close(&tx->pool);
	xenbus_teardown_ring(&tx->shared, 1, &tx->ring_ref);
}

/* ---- sending ---- */

static void meta_fill(struct netif_meta *m, const struct sk_buff *skb)
{
	const struct skb_shared_info *info = skb_shinfo(skb);

	*m = (struct netif_meta){ .len = skb->len };
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		m->csum = NETIF_CSUM_BLANK;
	else if (skb->ip_summed == CHECKSUM_UNNECESSARY)
		m->csum = NETIF_CSUM_VALID;
	if (!skb_is_gso(skb))
		return;
	m->gso_size = info->gso_size;
	m->gso_type = info->gso_type & SKB_GSO_TCPV6 ? NETIF_GSO_TYPE_TCPV6 : NETIF_GSO_TYPE_TCPV4;
}

/* Pages that some bytes touch; a frag may lie in a compound page. */
static u32 count_pages(u32 offset, u32 size)
{
	return size ? DIV_ROUND_UP((offset & ~XEN_PAGE_MASK) + size, XEN_PAGE_SIZE) : 0;
}

static u32 count_segs(const struct sk_buff *skb)
{
	u32 n = count_pages(offset_in_page(skb->data), skb_headlen(skb));
	u32 i;

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		n += count_pages(skb_frag_off(&skb_shinfo(skb)->frags[i]),
				 skb_frag_size(&skb_shinfo(skb)->frags[i]));
	return n;
}

/* An id for each of n segments; false: there is no room for them and an extra. */
static bool segs_take(struct ng_queue *q, struct segs *s, u32 n)
{
	s->n = 0;
	return netif_front_tx_room(&q->tx.ring) > n && netif_front_tx_ids(&q->tx.ring, s->id, n);
}

static struct ng_tx_slot *slot_fill(struct ng_queue *q, struct segs *s, u16 offset, u16 size)
{
	u16 id = s->id[s->n];

	s->seg[s->n++] = (struct netif_front_seg){ .id = id, .offset = offset, .size = size };
	q->tx.slot[id] = (struct ng_tx_slot){ .gref = INVALID_GRANT_REF };
	return &q->tx.slot[id];
}

/* The frame's bytes into pages that the back end knows already. */
static void gather_copy(struct ng_queue *q, struct sk_buff *skb, struct segs *s)
{
	struct ng_tx_slot *slot = NULL;
	u32 done = 0;

	while (done < skb->len) {
		u32 size = min_t(u32, skb->len - done, NETIF_PAGE_SIZE);
		struct ng_page *p;

		slot = slot_fill(q, s, 0, size);
		p = &q->tx.pool.pages[s->seg[s->n - 1].id];
		s->seg[s->n - 1].gref = p->gref;
		skb_copy_bits(skb, done, page_address(p->page), size);
		done += size;
	}
	slot->bytes = skb->len;
	ng_count(&q->stats.tx_copied, 1);
	consume_skb(skb);
}

/* One grant for each page of these bytes; each holds the skb until its own response. */
static void gather_bytes(struct ng_queue *q, struct sk_buff *skb, struct segs *s,
			 struct page *page, u32 offset, u32 size)
{
	page += offset >> PAGE_SHIFT;
	offset = offset_in_page(offset);
	while (size) {
		u32 in_page = offset & ~XEN_PAGE_MASK;
		u32 n = min_t(u32, size, XEN_PAGE_SIZE - in_page);
		struct ng_tx_slot *slot = slot_fill(q, s, in_page, n);

		slot->skb = skb_get(skb);
		q->tx.held++;
		slot->gref = gnttab_claim_grant_reference(&q->tx.gref_head);
		gnttab_grant_foreign_access_ref(slot->gref, q->dev->xbdev->otherend_id,
						xen_page_to_gfn(page) + (offset >> XEN_PAGE_SHIFT),
						GTF_readonly);
		s->seg[s->n - 1].gref = slot->gref;
		ng_count(&q->stats.tx_grants, 1);
		size -= n;
		offset += n;
		if (offset == PAGE_SIZE) {
			offset = 0;
			page++;
		}
	}
}

static void gather_grants(struct ng_queue *q, struct sk_buff *skb, struct segs *s)
{
	u32 i;

	gather_bytes(q, skb, s, virt_to_page(skb->data), offset_in_page(skb->data),
		     skb_headlen(skb));
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *f = &skb_shinfo(skb)->frags[i];

		gather_bytes(q, skb, s, skb_frag_page(f), skb_frag_off(f), skb_frag_size(f));
	}
	q->tx.slot[s->seg[s->n - 1].id].bytes = skb->len;
	/* The slots have their own references. */
	consume_skb(skb);
}

static bool wants_copy(const struct ng_queue *q, const struct sk_buff *skb)
{
	return READ_ONCE(q->tx.mapped) || q->dev->bounce || skb->len <= READ_ONCE(ng_params.tx_copy) || q->tx.stuck ||
	       skb_has_frag_list(skb) || count_segs(skb) > NETIF_NR_SLOTS_MIN;
}

void ng_tx_push(struct ng_queue *q)
{
	if (!netif_front_push(&q->tx.ring.ring))
		return;
	notify_remote_via_irq(q->tx_irq);
	ng_count(&q->stats.tx_notified, 1);
}

static netdev_tx_t drop(struct ng_queue *q, struct sk_buff *skb)
{
	/* Frames before it may wait for a push. */
	if (q->open && !netdev_xmit_more())
		ng_tx_push(q);
	ng_count(&q->stats.tx_dropped, 1);
	dev_kfree_skb_any(skb);
	return NETDEV_TX_OK;
}

/*
 * An skb is held until its pages are answered, and its sender waits for that: each answer
 * counts.  Of frames that were copied nothing is held: half a ring of answers is soon enough,
 * unless the queue is stopped until there is room.  A back end that has the pool mapped
 * answers at once then, so most answers that are due can be waited for without a timer;
 * another may pass pages on, and answers when their last user has read them.
 */
static u32 answers_awaited(const struct ng_queue *q, const struct netdev_queue *txq)
{
	const struct netif_front_ring *r = &q->tx.ring.ring;

	if (q->tx.held)
		return 1;
	if (!netif_xmit_stopped(txq))
		return NETIF_TX_RING_SIZE / 2;
	return q->tx.mapped ? max(1u, (r->req_pub - r->rsp_cons) * 3 / 4) : 1;
}

static bool arm_locked(struct ng_queue *q, const struct netdev_queue *txq)
{
	u32 n = answers_awaited(q, txq);

	q->tx.far = n > 1;
	return netif_front_arm(&q->tx.ring.ring, n);
}

bool ng_tx_arm(struct ng_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);
	bool work;

	__netif_tx_lock(txq, smp_processor_id());
	work = arm_locked(q, txq);
	__netif_tx_unlock(txq);
	return work;
}

static bool can_send(const struct ng_queue *q, u32 len)
{
	return smp_load_acquire(&q->open) && !READ_ONCE(q->broken) && len >= ETH_HLEN &&
	       len <= NETIF_MAX_TX_SIZE;
}

netdev_tx_t ng_tx_send(struct ng_queue *q, struct sk_buff *skb)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);
	u32 bytes = skb->len;
	struct netif_meta m;
	struct segs s;
	bool copy, more;

	if (unlikely(!can_send(q, bytes)))
		return drop(q, skb);
	copy = wants_copy(q, skb);
	if (unlikely(!segs_take(q, &s, copy ? DIV_ROUND_UP(bytes, NETIF_PAGE_SIZE) : count_segs(skb)))) {
		netif_tx_stop_queue(txq);
		ng_tx_push(q);
		return NETDEV_TX_BUSY;
	}
	meta_fill(&m, skb);
	skb_tx_timestamp(skb);
	if (copy)
		gather_copy(q, skb, &s);
	else
		gather_grants(q, skb, &s);
	netif_front_tx_send(&q->tx.ring, &m, s.seg, s.n);
	ng_count(&q->stats.tx_packets, 1);
	ng_count(&q->stats.tx_bytes, bytes);
	ng_count(&q->stats.tx_gso, m.gso_type != 0);
	if (netif_front_tx_room(&q->tx.ring) < NG_TX_ROOM) {
		netif_tx_stop_queue(txq);
		ng_count(&q->stats.tx_stops, 1);
	}
	more = netdev_xmit_more();
	if (__netdev_tx_sent_queue(txq, bytes, more))
		ng_tx_push(q);
	if (q->tx.far && (q->tx.held || netif_xmit_stopped(txq)) && arm_locked(q, txq))
		napi_schedule(&q->napi);
	return NETDEV_TX_OK;
}

/*
 * It waited for the VF when the vif became its path.  Rings have the lower queues, so that no two
 * wait for each other; and since no ring wakes the frame's own queue, it is lost where there is no
 * room.
 */
netdev_tx_t ng_tx_send_stray(struct ng_queue *q, struct sk_buff *skb)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);

	spin_lock_nested(&txq->_xmit_lock, SINGLE_DEPTH_NESTING);
	if (ng_tx_send(q, skb) == NETDEV_TX_BUSY)
		drop(q, skb);
	spin_unlock(&txq->_xmit_lock);
	return NETDEV_TX_OK;
}

bool ng_tx_send_bytes(struct ng_queue *q, const void *data, u32 len)
{
	struct netif_meta m = { .len = len };
	struct ng_page *p;
	struct segs s;

	if (!can_send(q, len) || !READ_ONCE(q->running) || len > NETIF_PAGE_SIZE ||
	    netif_front_tx_room(&q->tx.ring) < NG_TX_ROOM || !segs_take(q, &s, 1))
		return false;
	slot_fill(q, &s, 0, len);
	p = &q->tx.pool.pages[s.seg[0].id];
	s.seg[0].gref = p->gref;
	memcpy(page_address(p->page), data, len);
	netif_front_tx_send(&q->tx.ring, &m, s.seg, s.n);
	ng_count(&q->stats.tx_packets, 1);
	ng_count(&q->stats.tx_bytes, len);
	ng_count(&q->stats.tx_copied, 1);
	return true;
}

/* ---- responses ---- */

static void reap_locked(struct ng_queue *q, struct netdev_queue *txq, int budget)
{
	u32 bad = 0, packets = 0, bytes = 0;
	u16 done[64];
	int i, n;

	do {
		n = netif_front_tx_reap(&q->tx.ring, done, ARRAY_SIZE(done), &bad, &q->errors);
		for (i = 0; i < n; i++) {
			struct ng_tx_slot *s = &q->tx.slot[done[i]];

			bytes += s->bytes;
			packets += s->bytes != 0;
			slot_free(q, s, budget);
		}
		q->work += n > 0 ? n : 0;
	} while (n == ARRAY_SIZE(done));
	if (n < 0)
		ng_queue_break(q, -n);
	ng_count(&q->stats.tx_errors, bad);
	netdev_tx_completed_queue(txq, packets, bytes);
	if (netif_tx_queue_stopped(txq) && q->running &&
	    netif_front_tx_room(&q->tx.ring) >= 2 * NG_TX_ROOM)
		netif_tx_wake_queue(txq);
}

void ng_tx_reap(struct ng_queue *q, int budget)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);

	if (READ_ONCE(q->broken))
		return;
	__netif_tx_lock(txq, smp_processor_id());
	reap_locked(q, txq, budget);
	__netif_tx_unlock(txq);
}

void ng_tx_stop(struct ng_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);

	__netif_tx_lock_bh(txq);
	WRITE_ONCE(q->running, false);
	__netif_tx_unlock_bh(txq);
}

void ng_tx_forget(struct ng_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);
	u32 i;

	__netif_tx_lock_bh(txq);
	/* What is answered after all must not be subtracted from what is counted from now on. */
	for (i = 0; i < NETIF_TX_RING_SIZE; i++)
		q->tx.slot[i].bytes = 0;
	netdev_tx_reset_queue(txq);
	__netif_tx_unlock_bh(txq);
}
