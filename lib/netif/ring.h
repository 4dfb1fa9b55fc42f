/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * A shared ring seen from the back end or from the front end.  Private indices
 * live outside the shared page; the peer's indices are read once per burst and
 * bounds-checked before any slot is touched (io/ring.h gives the layout).
 */
#ifndef NETIF_RING_H
#define NETIF_RING_H

#include "wire.h"

struct netif_journal;

/* A slot in words, and how many of them are the answer's. */
struct netif_slot_shape {
	u8 slot, rsp;
};

#define NETIF_TX_SHAPE ((struct netif_slot_shape){ 3, 1 })
#define NETIF_RX_SHAPE ((struct netif_slot_shape){ 2, 2 })
#define NETIF_CTRL_SHAPE ((struct netif_slot_shape){ 4, 3 })

struct netif_back_ring {
	struct netif_sring *shared;
	u32 size;     /* slots, a power of two */
	u32 req_cons; /* next request to take */
	u32 rsp_prod; /* next response to write */
	u32 rsp_pub;  /* rsp_prod as of the last netif_back_push() */
	struct netif_journal *journal; /* NULL: answers go straight into the slots */
	struct netif_slot_shape shape; /* used with a journal only */
};

struct netif_front_ring {
	struct netif_sring *shared;
	u32 size;
	u32 req_prod; /* next request to write */
	u32 req_pub;  /* req_prod as of the last netif_front_push() */
	u32 rsp_cons; /* next response to take */
};

#define NETIF_SLOTS(type, ring) ((type *)((ring)->shared + 1))
#define NETIF_SLOT(type, ring, idx) (&NETIF_SLOTS(type, ring)[(idx) & ((ring)->size - 1)])

/*
 * Snapshot of one slot: each word is loaded exactly once, so that whatever the
 * peer writes meanwhile, all later checks and uses see the same bytes.
 * Slots are 4-byte aligned (tx: 12 bytes at 64 + 12 * i).
 */
typedef u32 __attribute__((__may_alias__)) netif_word;

static inline void netif_snapshot(void *copy, const void *shared, u32 words)
{
	const netif_word *from = shared;
	netif_word *to = copy;
	u32 i;

	for (i = 0; i < words; i++)
		to[i] = netif_load(&from[i]);
}

/*
 * The other way: each word is stored exactly once.  A plain assignment lets the compiler
 * write a slot in pieces, twice, or use it as scratch space, with the peer looking on.
 */
static inline void netif_put(void *shared, const void *copy, u32 words)
{
	const netif_word *from = copy;
	netif_word *to = shared;
	u32 i;

	for (i = 0; i < words; i++)
		netif_store(&to[i], from[i]);
}

/* Front end: a fresh page.  Events start at 1, as SHARED_RING_INIT() does. */
static inline void netif_front_init(struct netif_front_ring *r, void *page, u32 size)
{
	memset(page, 0, NETIF_PAGE_SIZE);
	r->shared = page;
	r->size = size;
	r->req_prod = r->req_pub = r->rsp_cons = 0;
	netif_store(&r->shared->req_event, 1);
	netif_store(&r->shared->rsp_event, 1);
}

/* Back end: attach where the ring stands, as BACK_RING_ATTACH() at rsp_prod does. */
static inline void netif_back_init(struct netif_back_ring *r, void *page, u32 size)
{
	r->shared = page;
	r->size = size;
	r->rsp_prod = r->rsp_pub = r->req_cons = netif_load(&r->shared->rsp_prod);
	r->journal = NULL;
}

/*
 * What a back end that is killed must leave behind.  An answer lies in its request's slot, so
 * between writing and publishing it the ring holds neither: whoever attaches next would take
 * an answer for a request.  Therefore answers are written here, in memory that survives the
 * process; netif_back_push() closes the entry, and only then touches the slots.
 * Whoever attaches next finds requests untouched, or the answers to publish.
 */
struct netif_journal {
	u32 published; /* answers before this one have been published in the ring, */
	u32 complete;  /* and those before this one are all here */
	u32 rsp[];     /* by ring slot, shape.rsp words each */
};

#define NETIF_JOURNAL_WORDS(size, rsp) (2 + (size) * (rsp))

static inline netif_word *netif_back_slot(const struct netif_back_ring *r, u32 idx,
					  struct netif_slot_shape shape)
{
	return (netif_word *)(r->shared + 1) + (idx & (r->size - 1)) * shape.slot;
}

/* Write the next answer. */
static inline void netif_back_put(struct netif_back_ring *r, struct netif_slot_shape shape,
				  const void *rsp)
{
	u32 idx = r->rsp_prod++;

	if (r->journal)
		netif_put(&r->journal->rsp[(idx & (r->size - 1)) * shape.rsp], rsp, shape.rsp);
	else
		netif_put(netif_back_slot(r, idx, shape), rsp, shape.rsp);
}

/*
 * The barriers are for the order in which one thread's stores are done when it is killed,
 * which is the program's: the compiler's is all that has to be forbidden.
 */
static inline void netif_journal_close(struct netif_back_ring *r)
{
	struct netif_journal *j = r->journal;
	u32 i;

	netif_barrier();
	netif_store(&j->complete, r->rsp_prod);
	netif_barrier();
	for (i = r->rsp_pub; i != r->rsp_prod; i++)
		netif_put(netif_back_slot(r, i, r->shape),
			  &j->rsp[(i & (r->size - 1)) * r->shape.rsp], r->shape.rsp);
}

/*
 * Requests waiting, or -EOVERFLOW (RING_OVERRUN) where the front end's index is
 * impossible.  Acquire: the slots' contents are visible after the index.
 */
static inline int netif_back_pending(const struct netif_back_ring *r)
{
	u32 prod = netif_load_acquire(&r->shared->req_prod);

	if (prod - r->rsp_prod > r->size || (s32)(prod - r->req_cons) < 0)
		return -EOVERFLOW;
	return (int)(prod - r->req_cons);
}

/* Responses waiting, or -EOVERFLOW where more was answered than was published. */
static inline int netif_front_pending(const struct netif_front_ring *r)
{
	u32 prod = netif_load_acquire(&r->shared->rsp_prod);

	if (prod - r->rsp_cons > r->req_pub - r->rsp_cons)
		return -EOVERFLOW;
	return (int)(prod - r->rsp_cons);
}

static inline u32 netif_front_free(const struct netif_front_ring *r)
{
	return r->size - (r->req_prod - r->rsp_cons);
}

/*
 * Publish what was written since the last push; true: the peer asked to be
 * notified within what was just published.  The full barrier orders our index
 * before the read of the peer's event index (io/ring.h, RING_PUSH_*_AND_CHECK_NOTIFY).
 */
static inline bool netif_publish(u32 *prod, const u32 *event, u32 *published, u32 now)
{
	u32 old = *published;

	if (old == now)
		return false;
	*published = now;
	netif_store_release(prod, now);
	netif_mb();
	return (u32)(now - netif_load(event)) < (u32)(now - old);
}

static inline bool netif_back_push(struct netif_back_ring *r)
{
	const bool journal = r->journal && r->rsp_pub != r->rsp_prod;
	bool notify;

	if (journal)
		netif_journal_close(r);
	notify = netif_publish(&r->shared->rsp_prod, &r->shared->rsp_event, &r->rsp_pub,
			       r->rsp_prod);
	netif_barrier();
	if (journal)
		netif_store(&r->journal->published, r->rsp_pub);
	return notify;
}

/*
 * Use a journal from now on: a ring just attached to, memory for NETIF_JOURNAL_WORDS().
 * kept: it is that of the back end that had this ring before.  Returns how many answers of
 * its were still to be published; they are, and the front end is to be notified.
 * A ring that stands where no back end left it (the front end can write all of it) has
 * nothing to be completed.
 */
static inline u32 netif_back_journal(struct netif_back_ring *r, struct netif_journal *j,
				     struct netif_slot_shape shape, bool kept)
{
	u32 n = kept && j->published == r->rsp_pub ? j->complete - j->published : 0;

	if (n > r->size || (int)n > netif_back_pending(r))
		n = 0;
	r->journal = j;
	r->shape = shape;
	if (!n) {
		/* In this order: the first alone does not look like an entry. */
		netif_store(&j->complete, r->rsp_pub);
		netif_barrier();
		netif_store(&j->published, r->rsp_pub);
		return 0;
	}
	r->req_cons = r->rsp_prod = r->rsp_pub + n;
	netif_back_push(r);
	return n;
}

static inline bool netif_front_push(struct netif_front_ring *r)
{
	return netif_publish(&r->shared->req_prod, &r->shared->req_event, &r->req_pub,
			     r->req_prod);
}

/*
 * Ask for an event once 'ahead' (>= 1) more requests are there, then look again:
 * true where that many already are, so that the caller must not sleep.
 * ahead > 1 is the ring's own interrupt coalescing; a timer must bound it.
 */
static inline bool netif_back_arm(struct netif_back_ring *r, u32 ahead)
{
	netif_store(&r->shared->req_event, r->req_cons + ahead);
	netif_mb();
	return netif_load(&r->shared->req_prod) - r->req_cons >= ahead;
}

static inline bool netif_front_arm(struct netif_front_ring *r, u32 ahead)
{
	netif_store(&r->shared->rsp_event, r->rsp_cons + ahead);
	netif_mb();
	return netif_load(&r->shared->rsp_prod) - r->rsp_cons >= ahead;
}

/* While polling: move the event index out of reach, so that no event is sent. */
static inline void netif_back_disarm(struct netif_back_ring *r)
{
	netif_store(&r->shared->req_event, r->req_cons - 1);
}

static inline void netif_front_disarm(struct netif_front_ring *r)
{
	netif_store(&r->shared->rsp_event, r->rsp_cons - 1);
}

#endif
