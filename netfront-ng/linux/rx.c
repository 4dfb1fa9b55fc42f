// SPDX-License-Identifier: GPL-2.0
#include <linux/prefetch.h>
#include <net/ip6_checksum.h>
#include <xen/events.h>
#include <xen/page.h>

#include "ng.h"

#define LENT_TRIES 4 /* those at the queue's head that are looked at for one buffer */
#define POSTED_MIN (NETIF_RX_RING_SIZE / 2) /* with fewer buffers posted, none is lent */

/* ---- buffers ---- */

static void buffer_free(struct ng_rx *rx, u16 buffer)
{
	rx->free[rx->nfree++] = buffer;
}

static void buffer_lend(struct ng_rx *rx, u16 buffer)
{
	rx->lent[(rx->lent_head + rx->nlent++) % NG_RX_BUFFERS_MAX] = buffer;
}

static u16 buffer_recall(struct ng_rx *rx)
{
	u16 buffer = rx->lent[rx->lent_head];

	rx->lent_head = (rx->lent_head + 1) % NG_RX_BUFFERS_MAX;
	rx->nlent--;
	return buffer;
}

static struct ng_page *buffer_page(const struct ng_rx *rx, u16 buffer)
{
	return &rx->pool.pages[buffer >> rx->halves];
}

/* A buffer whose page nobody but us holds, or -ENOBUFS. */
static int buffer_take(struct ng_rx *rx)
{
	u32 tries = min_t(u32, rx->nlent, LENT_TRIES);

	if (rx->nfree)
		return rx->free[--rx->nfree];
	while (tries--) {
		u16 buffer = buffer_recall(rx);

		if (page_ref_count(buffer_page(rx, buffer)->page) == 1)
			return buffer;
		buffer_lend(rx, buffer);
	}
	return -ENOBUFS;
}

static void post(struct ng_queue *q)
{
	struct ng_rx *rx = &q->rx;
	int slot, buffer;

	while ((slot = netif_front_rx_next(&rx->ring)) >= 0) {
		buffer = buffer_take(rx);
		if (buffer < 0)
			break;
		rx->posted[slot] = buffer;
		netif_front_rx_post(&rx->ring, buffer_page(rx, buffer)->gref,
				    rx->halves ? NETIF_RX_LOWER + buffer % 2 : NETIF_RX_WHOLE);
	}
	if (!netif_front_push(&rx->ring.ring))
		return;
	notify_remote_via_irq(q->rx_irq);
	ng_count(&q->stats.rx_notified, 1);
}

int ng_rx_open(struct ng_queue *q)
{
	struct xenbus_device *xbdev = q->dev->xbdev;
	struct ng_rx *rx = &q->rx;
	int rc = xenbus_setup_ring(xbdev, GFP_KERNEL, &rx->shared, 1, &rx->ring_ref);
	u32 i;

	if (rc)
		return rc;
	rx->halves = q->dev->features.halves;
	rc = ng_pool_open(&rx->pool, xbdev->otherend_id, ng_params.rx_buffers >> rx->halves, false);
	if (rc) {
		xenbus_teardown_ring(&rx->shared, 1, &rx->ring_ref);
		return rc;
	}
	rc = ng_xdp_open(q);
	if (rc) {
		ng_pool_close(&rx->pool);
		xenbus_teardown_ring(&rx->shared, 1, &rx->ring_ref);
		return rc;
	}
	netif_front_rx_init(&rx->ring, rx->shared);
	rx->nfree = rx->nlent = rx->lent_head = 0;
	for (i = rx->pool.size << rx->halves; i-- > 0;)
		buffer_free(rx, i);
	return 0;
}

void ng_rx_close(struct ng_queue *q)
{
	ng_xdp_close(q);
	/* Pages that are lent live on until their skb goes. */
	ng_pool_close(&q->rx.pool);
	xenbus_teardown_ring(&q->rx.shared, 1, &q->rx.ring_ref);
}

/* ---- frames ---- */

static struct page *part_page(const struct ng_rx *rx, const struct netif_front_part *p)
{
	return buffer_page(rx, rx->posted[p->id])->page;
}

static u8 *part_data(const struct ng_rx *rx, const struct netif_front_part *p)
{
	return (u8 *)page_address(part_page(rx, p)) + p->offset;
}

/* Lend the rest of a part's buffer to the skb; to the fragment before where it continues that. */
static void part_lend(struct ng_rx *rx, struct sk_buff *skb, const struct netif_front_part *p,
		      u32 skip)
{
	const u32 truesize = PAGE_SIZE >> rx->halves, n = p->size - skip;
	struct page *page = part_page(rx, p);
	int i = skb_shinfo(skb)->nr_frags;

	if (!n)
		return buffer_free(rx, rx->posted[p->id]);
	if (skb_can_coalesce(skb, i, page, p->offset + skip)) {
		skb_coalesce_rx_frag(skb, i - 1, n, truesize);
	} else {
		get_page(page);
		skb_add_rx_frag(skb, i, page, p->offset + skip, n, truesize);
	}
	buffer_lend(rx, rx->posted[p->id]);
}

/* Fragments that n parts make in an skb, at most, where they are lent. */
static u32 parts_frags(const struct ng_rx *rx, const struct netif_front_part *p, u32 n)
{
	u32 i, frags = 1;

	for (i = 1; i < n; i++)
		frags += part_page(rx, &p[i]) != part_page(rx, &p[i - 1]) ||
			 p[i].offset != p[i - 1].offset + p[i - 1].size;
	return frags;
}

/* An skb has room for all parts; or for all but the first, which goes into its head. */
static bool parts_fit(const struct ng_rx *rx, const struct netif_front_part *p, u32 n)
{
	return n <= MAX_SKB_FRAGS || parts_frags(rx, p, n) <= MAX_SKB_FRAGS ||
	       parts_frags(rx, p + 1, n - 1) <= MAX_SKB_FRAGS;
}

/* Copy bytes to the end of the skb, into pages of its own; as few as will do. */
static bool bytes_append(struct sk_buff *skb, const u8 *from, u32 len)
{
	u32 n;

	for (; len; len -= n, from += n) {
		int i = skb_shinfo(skb)->nr_frags;
		u32 used = i ? skb_frag_size(&skb_shinfo(skb)->frags[i - 1]) : PAGE_SIZE;
		struct page *page;

		if (used < PAGE_SIZE) {
			n = min_t(u32, len, PAGE_SIZE - used);
			memcpy((u8 *)skb_frag_address(&skb_shinfo(skb)->frags[i - 1]) + used, from, n);
			/* The page is in truesize already. */
			skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], n);
			skb->len += n;
			skb->data_len += n;
			continue;
		}
		page = i < MAX_SKB_FRAGS ? dev_alloc_page() : NULL;
		if (!page)
			return false;
		n = min_t(u32, len, PAGE_SIZE);
		memcpy(page_address(page), from, n);
		skb_add_rx_frag(skb, i, page, 0, n, PAGE_SIZE);
	}
	return true;
}

/*
 * The start of a frame, in memory of our own: all of a short one, the headers of
 * a longer one, which are parsed in that copy only.  whole: all of the first part, where its
 * rest would be a fragment too many.  *skip: bytes taken of the first part.
 */
static struct sk_buff *start_skb(struct ng_queue *q, const struct netif_front_frame *f,
				 const struct netif_front_part *first, bool whole, u32 *skip)
{
	u32 n = whole ? first->size : min_t(u32, first->size, NG_RX_COPYBREAK);
	struct sk_buff *skb = napi_alloc_skb(&q->napi, max_t(u32, n, NG_RX_COPYBREAK));

	if (unlikely(!skb))
		return NULL;
	memcpy(skb->data, part_data(&q->rx, first), n);
	if (f->meta.len > n && !whole)
		n = eth_get_headlen(q->dev->netdev, skb->data, n);
	__skb_put(skb, n);
	*skip = n;
	return skb;
}

static void frame_recycle(struct ng_rx *rx, const struct netif_front_part *parts, u32 n)
{
	while (n--)
		buffer_free(rx, rx->posted[parts[n].id]);
}

static struct sk_buff *frame_copy(struct ng_queue *q, const struct netif_front_frame *f,
				  const struct netif_front_part *parts)
{
	u32 skip, i;
	struct sk_buff *skb = start_skb(q, f, parts, false, &skip);

	for (i = 0; skb && i < f->nparts; i++, skip = 0) {
		if (bytes_append(skb, part_data(&q->rx, &parts[i]) + skip, parts[i].size - skip))
			continue;
		kfree_skb(skb);
		skb = NULL;
	}
	frame_recycle(&q->rx, parts, f->nparts);
	ng_count(&q->stats.rx_copied, skb != NULL);
	return skb;
}

static struct sk_buff *frame_lend(struct ng_queue *q, const struct netif_front_frame *f,
				  const struct netif_front_part *parts)
{
	bool whole = parts_frags(&q->rx, parts, f->nparts) > MAX_SKB_FRAGS;
	u32 skip, i;
	struct sk_buff *skb = start_skb(q, f, parts, whole, &skip);

	if (unlikely(!skb)) {
		frame_recycle(&q->rx, parts, f->nparts);
		return NULL;
	}
	for (i = 0; i < f->nparts; i++, skip = 0)
		part_lend(&q->rx, skb, &parts[i], skip);
	return skb;
}

static bool must_copy(struct ng_queue *q, const struct netif_front_frame *f,
		      const struct netif_front_part *parts)
{
	const struct netif_front_ring *r = &q->rx.ring.ring;

	if (q->dev->bounce || f->meta.len <= NG_RX_COPYBREAK)
		return true;
	/* Half pages that do not come in pairs. */
	if (unlikely(!parts_fit(&q->rx, parts, f->nparts)))
		return true;
	if (likely(r->req_prod - r->rsp_cons + q->rx.nfree >= POSTED_MIN))
		return false;
	ng_count(&q->stats.rx_pool_dry, 1);
	return true;
}

static void set_gso(struct sk_buff *skb, const struct netif_meta *m)
{
	if (!m->gso_type)
		return;
	skb_shinfo(skb)->gso_size = m->gso_size;
	skb_shinfo(skb)->gso_type = SKB_GSO_DODGY |
		(m->gso_type == NETIF_GSO_TYPE_TCPV6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4);
}

/* netif.h: a GSO frame's checksum may be said to be filled in; the stack wants it blank. */
static int set_csum(struct sk_buff *skb, const struct netif_meta *m)
{
	if (m->csum == NETIF_CSUM_VALID && !m->gso_type)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (m->csum != NETIF_CSUM_BLANK && !m->gso_type)
		return 0;
	skb->ip_summed = CHECKSUM_PARTIAL;
	return skb_checksum_setup(skb, m->csum != NETIF_CSUM_BLANK);
}

static void set_hash(struct sk_buff *skb, const struct netif_meta *m)
{
	const u8 l4 = NETIF_HASH_TYPE_IPV4_TCP | NETIF_HASH_TYPE_IPV6_TCP;

	if (m->hash_type)
		skb_set_hash(skb, m->hash, m->hash_type & l4 ? PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
}

/* What an XDP program makes of a frame; it is shown those of one page only. */
static struct sk_buff *frame_xdp(struct ng_queue *q, struct bpf_prog *prog,
				 const struct netif_front_frame *f,
				 const struct netif_front_part *parts)
{
	struct sk_buff *skb = NULL;

	if (f->nparts == 1 && !f->meta.gso_type)
		skb = ng_xdp_run(q, prog, part_data(&q->rx, parts), parts->size);
	else
		ng_count(&q->stats.xdp_failed, 1);
	frame_recycle(&q->rx, parts, f->nparts);
	return skb;
}

static struct sk_buff *frame_skb(struct ng_queue *q, const struct netif_front_frame *f,
				 const struct netif_front_part *parts)
{
	struct bpf_prog *prog = rcu_dereference_bh(q->dev->xdp);
	struct sk_buff *skb;

	if (unlikely(prog))
		return frame_xdp(q, prog, f, parts);
	skb = must_copy(q, f, parts) ? frame_copy(q, f, parts) : frame_lend(q, f, parts);
	ng_count(&q->stats.rx_dropped, skb == NULL);
	return skb;
}

static void frame_deliver(struct ng_queue *q, const struct netif_front_frame *f,
			  const struct netif_front_part *parts)
{
	struct sk_buff *skb = frame_skb(q, f, parts);

	if (unlikely(!skb))
		return;
	/* A hostile back end may cut even these bytes in two parts. */
	if (unlikely(!pskb_may_pull(skb, ETH_HLEN))) {
		ng_count(&q->stats.rx_dropped, 1);
		kfree_skb(skb);
		return;
	}
	skb->protocol = eth_type_trans(skb, q->dev->netdev);
	if (ng_team_echo(q->dev, skb)) {
		kfree_skb(skb);
		return;
	}
	ng_team_learn(q->dev, skb);
	skb_reset_network_header(skb);
	set_gso(skb, &f->meta);
	if (set_csum(skb, &f->meta)) {
		ng_count(&q->stats.rx_errors, 1);
		kfree_skb(skb);
		return;
	}
	set_hash(skb, &f->meta);
	skb_record_rx_queue(skb, q->index);
	ng_count(&q->stats.rx_packets, 1);
	ng_count(&q->stats.rx_bytes, f->meta.len);
	ng_count(&q->stats.rx_gso, f->meta.gso_type != 0);
	napi_gro_receive(&q->napi, skb);
}

static void burst_deliver(struct ng_queue *q)
{
	struct netif_front_burst *b = &q->rx.burst;
	u32 i;

	for (i = 0; i < b->nspare; i++)
		buffer_free(&q->rx, q->rx.posted[b->spare[i]]);
	for (i = 0; i < b->nframes; i++) {
		const struct netif_front_frame *f = &b->frames[i];

		/* The next frame's headers come while this one's are worked on. */
		if (i + 1 < b->nframes && b->frames[i + 1].nparts)
			prefetch(part_data(&q->rx, &b->parts[b->frames[i + 1].part]));
		if (f->error)
			ng_count(&q->stats.rx_errors, 1);
		else
			frame_deliver(q, f, &b->parts[f->part]);
	}
}

int ng_rx_poll(struct ng_queue *q, int budget)
{
	struct netif_front_burst *b = &q->rx.burst;
	enum netif_error err = NETIF_OK;
	int done = 0;

	while (done < budget && !READ_ONCE(q->broken)) {
		/* A frame has a slot at least: no more frames than the budget allows. */
		err = netif_front_rx_take(&q->rx.ring, b, budget - done, &q->errors);
		if (err) {
			ng_queue_break(q, err);
			break;
		}
		if (!b->nframes)
			break;
		burst_deliver(q);
		ng_xdp_flush(q);
		post(q);
		done += b->nframes;
		q->work += b->nframes;
	}
	if (!done && !READ_ONCE(q->broken))
		post(q);
	return done;
}
