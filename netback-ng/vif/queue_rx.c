/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest receive: frames are written into the pages that the guest posted,
 * by memcpy where they are mapped, by one grant copy a burst where they are not.
 */
#include "netback-ng/vif/queue.h"
#include "netback-ng/vif/vif_data.h"

/* A place in a frame's bytes. */
struct cursor {
	const struct frame *frame;
	unsigned int piece;
	size_t offset; /* in the piece */
};

struct rx_burst {
	struct queue *q;
	struct worker *w;
	unsigned int slots;	/* requests taken */
	unsigned int used;	/* of them, by frames so far */
	unsigned int parts;	/* data parts so far */
};

bool queue_rx_accepts(const struct queue *q, const struct netif_meta *m)
{
	const struct vif_connection *c = &q->vif->c;
	uint32_t max = atomic_load_explicit(&q->vif->direct_max, memory_order_relaxed);

	if (m->gso_type != NETIF_GSO_TYPE_NONE)
		return max && (m->gso_type == NETIF_GSO_TYPE_TCPV4 ? c->gso4 : c->gso6) &&
		       atomic_load_explicit(&q->vif->tap_tso, memory_order_relaxed);
	if (m->len > max)
		return false;
	/* Whether v4 or v6 is not known here: a guest without either gets the TAP's checksums. */
	return m->csum != NETIF_CSUM_BLANK ||
	       (c->csum4 && c->csum6 &&
		atomic_load_explicit(&q->vif->tap_csum, memory_order_relaxed));
}

/* For a guest without scatter-gather. */
static bool too_big(const struct queue *q, uint32_t len, uint32_t headroom)
{
	return !q->vif->c.sg && len + headroom > NETIF_PAGE_SIZE >> q->vif->c.half_pages;
}

unsigned int queue_rx_need(const struct queue *q, const struct netif_meta *m)
{
	const struct netif_hash *hash = atomic_load(&q->vif->hash);
	const bool hashed = hash && hash->algorithm != NETIF_HASH_ALGORITHM_NONE;
	struct netif_meta as_sent = *m;

	as_sent.headroom = (uint16_t)vif_headroom(q->vif);
	/* One that is dropped needs no room. */
	if (too_big(q, m->len, as_sent.headroom))
		return 1;
	/* What the hash will be is not known yet. */
	return netif_rx_need(&as_sent, q->vif->c.half_pages) + hashed;
}

/* Up to len contiguous bytes at the cursor, which moves on. */
static unsigned int cursor_take(struct cursor *c, unsigned int len, void **from)
{
	const struct iovec *iov = &c->frame->iov[c->piece];
	size_t left = iov->iov_len - c->offset;

	*from = (uint8_t *)iov->iov_base + c->offset;
	if (len < left) {
		c->offset += len;
		return len;
	}
	c->piece++;
	c->offset = 0;
	return (unsigned int)left;
}

/* The same place, with its grants: those of a piece begin with the page that it begins in. */
static unsigned int cursor_local(struct cursor *c, unsigned int len, struct copy_local *from)
{
	const struct frame *f = c->frame;
	const unsigned int piece = c->piece;
	const uint8_t *first = f->iov[piece].iov_base;

	len = cursor_take(c, len, &from->at);
	from->grants = f->grants ? f->grants[piece] : (struct copy_grants){ 0 };
	if (from->grants.refs)
		from->grants.refs += (uintptr_t)from->at / NETIF_PAGE_SIZE - (uintptr_t)first / NETIF_PAGE_SIZE;
	return len;
}

static bool write_mapped(struct rx_burst *r, const struct netif_gref_entry *e, struct cursor *c,
			 const struct netif_rx_part *part)
{
	uint8_t *to = (uint8_t *)e->addr + part->offset;
	unsigned int n, len = part->size;
	void *from;

	if (e->readonly) {
		STAT_INC(r->q->rx_errors.count[NETIF_ERR_RX_READONLY_GREF]);
		return false;
	}
	for (; len; len -= n, to += n) {
		n = cursor_take(c, len, &from);
		memcpy(to, from, n);
	}
	STAT_INC(r->q->stats.rx_static_slots);
	return true;
}

static bool write_granted(struct rx_burst *r, uint32_t gref, struct cursor *c,
			  const struct netif_rx_part *part, bool *failed)
{
	unsigned int n, at = part->offset, len = part->size;
	struct copy_local from;

	if (gref < COPY_GREF_MIN)
		return false;
	for (; len; len -= n, at += n) {
		n = cursor_local(c, len, &from);
		copy_to(&r->w->copy, r->q->domid, gref, (uint16_t)at, from, (uint16_t)n, failed);
	}
	return true;
}

static bool write_part(struct rx_burst *r, struct frame *f, const struct netif_rx_req *req,
		       struct cursor *c, const struct netif_rx_part *part)
{
	const struct netif_gref_entry *e = netif_gref_map_find(&r->q->grefs, req->gref);

	if (r->q->vif->c.half_pages && req->pad)
		STAT_INC(r->q->stats.rx_half_slots);
	return e ? write_mapped(r, e, c, part) : write_granted(r, req->gref, c, part, &f->failed);
}

/* Write f into the requests that it was laid over: so many slots. */
static void write_frame(struct rx_burst *r, struct frame *f, unsigned int slots)
{
	const struct netif_rx_req *reqs = &r->w->scratch->rx_reqs[r->used];
	const struct netif_rx_part *part = &r->w->scratch->rx_parts[r->parts];
	struct cursor c = { .frame = f };
	unsigned int i;

	/* Extra info takes the slots behind the first buffer's (netif.h). */
	for (i = 0; i < slots; i += i ? 1 : 1 + netif_rx_extras(&f->meta))
		if (!write_part(r, f, &reqs[i], &c, part++)) {
			f->failed = true;
			break;
		}
}

/*
 * Give f the next requests, of those that are left.  Returns how many; 0: too few.
 * One with a bad buffer is not written, and answered with an error.
 */
static unsigned int place_frame(struct rx_burst *r, struct frame *f)
{
	struct worker_scratch *s = r->w->scratch;
	unsigned int slots;
	bool bad;

	f->meta.headroom = (uint16_t)r->q->rx_headroom;
	slots = netif_rx_lay(&s->rx_reqs[r->used], r->slots - r->used, &f->meta,
			     r->q->vif->c.half_pages, &s->rx_parts[r->parts], &bad);
	if (!slots)
		return 0;
	f->failed = bad;
	if (bad)
		STAT_INC(r->q->rx_errors.count[NETIF_ERR_RX_BUFFER]);
	else
		write_frame(r, f, slots);
	r->used += slots;
	r->parts += slots - netif_rx_extras(&f->meta);
	return slots;
}

bool queue_rx_filtered(struct queue *q, const uint8_t *mac)
{
	if (!(mac[0] & 1) || !vif_filters_multicast(q->vif) || vif_mcast_match(q->vif, mac))
		return false;
	STAT_INC(q->stats.rx_filtered_multicast);
	return true;
}

/* What this guest cannot get at all, whatever buffers it posts. */
static bool frame_refused(struct queue *q, struct frame *f)
{
	if (too_big(q, f->meta.len, q->rx_headroom)) {
		STAT_INC(q->stats.rx_drop_too_big);
		f->failed = true;
		return true;
	}
	return queue_rx_filtered(q, frame_bytes(f));
}

static void respond_frame(struct rx_burst *r, struct frame *f, unsigned int slots,
			  unsigned int *used, unsigned int *parts)
{
	struct queue *q = r->q;
	unsigned int n = slots - netif_rx_extras(&f->meta);

	netif_rx_respond(&q->rx, &r->w->scratch->rx_reqs[*used], &f->meta,
			 &r->w->scratch->rx_parts[*parts], n,
			 f->failed ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
	*used += slots;
	*parts += n;
	if (f->failed) {
		/* The last part of a frame with a bad buffer, which is counted already, has no bytes. */
		if (r->w->scratch->rx_parts[*parts - 1].size)
			STAT_INC(q->rx_errors.count[NETIF_ERR_RX_BAD_GREF]);
		STAT_INC(q->stats.rx_drop_grant);
		return;
	}
	STAT_INC(q->stats.rx_frames);
	STAT_ADD(q->stats.rx_bytes, f->meta.len);
	if (f->meta.gso_type != NETIF_GSO_TYPE_NONE)
		STAT_INC(q->stats.rx_gso_frames);
}

/* A guest that got frames all this time and posted nothing may have lost an event. */
#define RX_STUCK_NS 100000000ull

/*
 * The guest asked for no event, but does not take its frames either.  An event
 * that went missing would leave it asleep for good, since every later answer
 * lies beyond its event index; one too many costs it nothing.
 */
static bool guest_stuck(struct queue *q, u64 now_ns)
{
	u32 prod = netif_load(&q->rx.shared->req_prod);

	if (prod != q->rx_seen_prod) {
		q->rx_seen_prod = prod;
		q->rx_moved_ns = now_ns;
		return false;
	}
	if (now_ns - q->rx_moved_ns < RX_STUCK_NS)
		return false;
	q->rx_moved_ns = now_ns;
	return true;
}

void queue_rx_push(struct queue *q, uint64_t now_ns)
{
	STAT_INC(q->stats.rx_bursts);
	if (netif_back_push(&q->rx) || guest_stuck(q, now_ns))
		queue_notify(q, q->rx_port, &q->stats.rx_notifies);
}

static void finish(struct rx_burst *r, struct frame *frames, const uint8_t *slots, unsigned int n)
{
	struct queue *q = r->q;
	unsigned int i, used = 0, parts = 0;

	copy_run(&r->w->copy);
	STAT_ADD(q->stats.rx_copy_calls, r->w->copy.calls);
	STAT_ADD(q->stats.rx_copy_segments, r->w->copy.segments);
	r->w->copy.calls = r->w->copy.segments = 0;
	for (i = 0; i < n; i++)
		if (slots[i])
			respond_frame(r, &frames[i], slots[i], &used, &parts);
	netif_rx_untake(&q->rx, r->slots - r->used);
	if (r->used)
		queue_rx_push(q, r->w->now_ns);
}

/* Returns the frames done with; slots[i]: ring slots of frame i, 0: it got none. */
static unsigned int fill(struct rx_burst *r, struct frame *frames, uint8_t *slots, unsigned int n,
			 bool wait)
{
	struct queue *q = r->q;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct frame *f = &frames[i];

		slots[i] = 0;
		f->failed = false;
		if (frame_refused(q, f))
			continue;
		slots[i] = (uint8_t)place_frame(r, f);
		if (slots[i]) {
			q->rx_stalled = false;
			continue;
		}
		if (wait && !q->rx_stalled)
			break;
		/* Nobody waits for this guest until it posts buffers again. */
		q->rx_stalled = !wait || q->rx_stalled;
		STAT_INC(q->stats.rx_drop_no_slots);
		f->failed = true;
	}
	return i;
}

static unsigned int drop_stopped(struct queue *q, struct frame *frames, unsigned int n)
{
	unsigned int i;

	STAT_ADD(q->stats.rx_drop_stopped, n);
	for (i = 0; i < n; i++)
		frames[i].failed = true;
	return n;
}

unsigned int queue_rx(struct queue *q, struct worker *w, struct frame *frames, unsigned int n,
		      bool wait)
{
	struct rx_burst r = { .q = q, .w = w };
	uint8_t slots[NETIF_TX_RING_SIZE];
	unsigned int done;
	int taken;

	pthread_mutex_lock(&q->rx_lock);
	if (!q->rx_live || vif_is_broken(q->vif)) {
		done = drop_stopped(q, frames, n);
		goto out;
	}
	taken = netif_rx_take(&q->rx, w->scratch->rx_reqs, NETIF_RX_RING_SIZE);
	if (taken < 0) {
		STAT_INC(q->rx_errors.count[NETIF_ERR_RING_OVERRUN]);
		vif_break(q->vif, NETIF_ERR_RING_OVERRUN);
		done = drop_stopped(q, frames, n);
		goto out;
	}
	r.slots = (unsigned int)taken;
	done = fill(&r, frames, slots, n, wait);
	finish(&r, frames, slots, done);
out:
	pthread_mutex_unlock(&q->rx_lock);
	return done;
}

unsigned int queue_rx_room(struct queue *q)
{
	int n;

	pthread_mutex_lock(&q->rx_lock);
	n = netif_back_pending(&q->rx);
	pthread_mutex_unlock(&q->rx_lock);
	return n < 0 ? 0 : (unsigned int)n;
}
