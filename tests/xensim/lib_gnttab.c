/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxengnttab.so.1 of the embedded Xen, both halves. Contract: xengnttab.h; errno values and the batch
 * size of grant copies: Linux drivers/xen/gntdev.c and gntalloc.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xengnttab.h>

#include "tests/xensim/client.h"
#include "tests/xensim/foreign.h"
#include "tests/xensim/hot.h"

enum { BUCKETS = 1024, COPY_BATCH = 16 /* GNTDEV_COPY_BATCH */, SELF = 0x7ff0 /* DOMID_SELF */ };

/* A mapping or a share, found again by its address. */
struct region {
	struct region *next;
	char *base;
	uint32_t count, id;
	bool foreign; /* others' pages, not our own */
};

struct xengntdev_handle {
	struct client client;
	unsigned int shard;
	uint32_t limit, mapped; /* limit 0 = none */
	pthread_mutex_t lock;	/* regions */
	struct region *bucket[BUCKETS];
};

static void *fail_null(int err)
{
	errno = err;
	return NULL;
}

static int fail(int err)
{
	errno = err;
	return -1;
}

static struct xengntdev_handle *handle_open(void)
{
	static _Atomic unsigned int shard;
	struct xengntdev_handle *h = calloc(1, sizeof(*h));
	int rc;

	if (!h)
		return NULL;
	rc = client_open(&h->client, XENSIM_K_GRANT, -1, 1);
	if (rc) {
		free(h);
		return fail_null(-rc);
	}
	h->shard = atomic_fetch_add(&shard, 1);
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

static struct region **bucket_of(struct xengntdev_handle *h, const char *base)
{
	return &h->bucket[((uintptr_t)base / XENSIM_PAGE) % BUCKETS];
}

static void region_add(struct xengntdev_handle *h, struct region *r)
{
	struct region **b = bucket_of(h, r->base);

	pthread_mutex_lock(&h->lock);
	r->next = *b;
	*b = r;
	pthread_mutex_unlock(&h->lock);
}

static struct region *region_take(struct xengntdev_handle *h, const char *base, uint32_t count)
{
	struct region **at = bucket_of(h, base), *r;

	pthread_mutex_lock(&h->lock);
	while (*at && ((*at)->base != base || (*at)->count != count))
		at = &(*at)->next;
	r = *at;
	if (r)
		*at = r->next;
	pthread_mutex_unlock(&h->lock);
	return r;
}

static void region_hide(struct region *r)
{
	if (r->foreign)
		foreign_del(r->base);
	munmap(r->base, (size_t)r->count * XENSIM_PAGE);
	free(r);
}

static int handle_close(struct xengntdev_handle *h)
{
	if (!h)
		return 0;
	for (unsigned int b = 0; b < BUCKETS; b++) {
		while (h->bucket[b]) {
			struct region *r = h->bucket[b];

			h->bucket[b] = r->next;
			region_hide(r);
		}
	}
	client_close(&h->client);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return 0;
}

/* Pages that follow each other in the domain's memory become one mapping. */
static uint32_t run_length(const uint32_t *domid, const uint32_t *frame, uint32_t count)
{
	uint32_t n = 1;

	while (n < count && domid[n] == domid[0] && frame[n] == frame[0] + n)
		n++;
	return n;
}

static char *place(struct xengntdev_handle *h, uint32_t count, const uint32_t *domid, const uint32_t *frame, int prot)
{
	size_t size = (size_t)count * XENSIM_PAGE;
	char *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
	for (uint32_t i = 0; i < count;) {
		uint32_t n = run_length(domid + i, frame + i, count - i);
		struct view *v = client_view(&h->client, domid[i]);

		if (!v || mmap(base + (size_t)i * XENSIM_PAGE, (size_t)n * XENSIM_PAGE, prot, MAP_SHARED | MAP_FIXED,
			       v->fd, (off_t)frame[i] * XENSIM_PAGE) == MAP_FAILED) {
			munmap(base, size);
			return NULL;
		}
		i += n;
	}
	return base;
}

static void release(struct xengntdev_handle *h, enum xensim_op op, uint32_t id)
{
	struct xensim_msg m = { .op = op, .arg = { id } };

	client_call(&h->client, &m, NULL, 0, NULL, 0, NULL);
}

/* Show what xensimd allowed: at some address, remembered for the way back. */
static void *region_show(struct xengntdev_handle *h, enum xensim_op undo, uint32_t id, uint32_t count,
			 const uint32_t *domid, const uint32_t *frame, int prot)
{
	struct region *r = calloc(1, sizeof(*r));

	if (r) {
		r->count = count;
		r->id = id;
		r->foreign = undo == XENSIM_UNMAP;
		r->base = place(h, count, domid, frame, prot);
	}
	if (!r || !r->base || (r->foreign && foreign_add(r->base, (size_t)count * XENSIM_PAGE))) {
		release(h, undo, id);
		if (r && r->base)
			munmap(r->base, (size_t)count * XENSIM_PAGE);
		free(r);
		return fail_null(ENOMEM);
	}
	region_add(h, r);
	return r->base;
}

static void *map_pages(struct xengntdev_handle *h, uint32_t count, const uint32_t *domid, const uint32_t *ref,
		       int prot, uint32_t notify_off, uint32_t notify_port)
{
	struct xensim_msg m = {
		.op = XENSIM_MAP, .arg = { count, (prot & PROT_WRITE) != 0, notify_off, notify_port },
	};
	uint32_t *pair;
	void *base;
	int rc;

	if (!count || count > XENSIM_BATCH)
		return fail_null(EINVAL);
	if (client_fails(&h->client, XENSIM_F_GRANT_CALL))
		return fail_null(ENOMEM);
	if (h->limit && h->mapped + count > h->limit)
		return fail_null(ENOMEM);
	pair = malloc(4 * sizeof(*pair) * count); /* {domid, ref}[], domid[], frame[] */
	if (!pair)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		pair[2 * count + i] = domid[i] == SELF ? h->client.domid : domid[i];
		pair[2 * i] = pair[2 * count + i];
		pair[2 * i + 1] = ref[i];
	}
	rc = client_call(&h->client, &m, pair, 2 * sizeof(*pair) * count, pair + 3 * count, sizeof(*pair) * count,
			 NULL);
	base = rc ? fail_null(-rc)
		  : region_show(h, XENSIM_UNMAP, m.arg[0], count, pair + 2 * count, pair + 3 * count, prot);
	if (base)
		h->mapped += count;
	free(pair);
	return base;
}

static int drop_pages(struct xengntdev_handle *h, enum xensim_op op, char *base, uint32_t count)
{
	struct region *r = region_take(h, base, count);
	uint32_t id;

	if (!r)
		return fail(EINVAL);
	id = r->id;
	region_hide(r);
	release(h, op, id);
	return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int open_flags)
{
	struct xengntdev_handle *h = handle_open();

	if (!h || !client_fails(&h->client, XENSIM_F_GRANT_CALL))
		return h;
	handle_close(h);
	return fail_null(ENOMEM);
}

int xengnttab_close(xengnttab_handle *xgt)
{
	return handle_close(xgt);
}

int xengnttab_fd(xengnttab_handle *xgt)
{
	return xgt->client.fd;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr_grants)
{
	xgt->limit = nr_grants;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot)
{
	return map_pages(xgt, 1, &domid, &ref, prot, XENSIM_NONE, XENSIM_NONE);
}

void *xengnttab_map_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t *domids, uint32_t *refs, int prot)
{
	return map_pages(xgt, count, domids, refs, prot, XENSIM_NONE, XENSIM_NONE);
}

void *xengnttab_map_domain_grant_refs(xengnttab_handle *xgt, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
	uint32_t *domids = calloc(count ? count : 1, sizeof(*domids));
	void *base;

	if (!domids)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		domids[i] = domid;
	base = map_pages(xgt, count, domids, refs, prot, XENSIM_NONE, XENSIM_NONE);
	free(domids);
	return base;
}

void *xengnttab_map_grant_ref_notify(xengnttab_handle *xgt, uint32_t domid, uint32_t ref, int prot,
				     uint32_t notify_offset, evtchn_port_t notify_port)
{
	return map_pages(xgt, 1, &domid, &ref, prot, notify_offset, notify_port);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *start_address, uint32_t count)
{
	int rc = drop_pages(xgt, XENSIM_UNMAP, start_address, count);

	if (!rc)
		xgt->mapped -= count;
	return rc;
}

/* One side of a copy that is a grant: its address here, or NULL and a GNTST_ status. */
static char *copy_side(xengnttab_handle *xgt, const union xengnttab_copy_ptr *p, bool write, int16_t *status)
{
	unsigned int domid = p->foreign.domid == SELF ? xgt->client.domid : p->foreign.domid;
	const struct view *v = client_view(&xgt->client, domid);
	uint64_t w;

	if (!v) {
		*status = GNTST_bad_domain;
		return NULL;
	}
	/* As Xen: a bad reference is one beyond the table, whatever else is wrong is a general error. */
	if (p->foreign.ref >= XENSIM_GRANTS) {
		*status = GNTST_bad_gntref;
		return NULL;
	}
	w = atomic_load_explicit(&xgt->client.host->shared->dom[domid].grant[p->foreign.ref],
				 memory_order_acquire);
	if (!(w & XENSIM_GRANT_VALID) || XENSIM_GRANT_TO(w) != xgt->client.domid ||
	    (write && (w & XENSIM_GRANT_RO)) || (w & XENSIM_GRANT_FULL(write))) {
		*status = GNTST_general_error;
		return NULL;
	}
	return v->base + (size_t)XENSIM_GRANT_FRAME(w) * XENSIM_PAGE + p->foreign.offset;
}

/* As Xen: a local side must be the caller's own page; what another domain granted is not, mapped or not. */
static char *local_side(const union xengnttab_copy_ptr *p, uint16_t len, int16_t *status)
{
	if (!foreign_touches(p->virt, len))
		return p->virt;
	*status = GNTST_bad_page;
	return NULL;
}

static void copy_segment(xengnttab_handle *xgt, xengnttab_grant_copy_segment_t *s)
{
	char *src, *dst = NULL;

	s->status = GNTST_okay;
	src = s->flags & GNTCOPY_source_gref ? copy_side(xgt, &s->source, false, &s->status)
					     : local_side(&s->source, s->len, &s->status);
	if (s->status == GNTST_okay)
		dst = s->flags & GNTCOPY_dest_gref ? copy_side(xgt, &s->dest, true, &s->status)
						   : local_side(&s->dest, s->len, &s->status);
	if (s->status == GNTST_okay)
		memmove(dst, src, s->len);
}

static bool crosses_page(const union xengnttab_copy_ptr *p, uint16_t len)
{
	return (uint32_t)p->foreign.offset + len > XENSIM_PAGE;
}

/* gntdev refuses the whole call for a segment that no grant could make right. */
static bool segment_valid(const xengnttab_grant_copy_segment_t *s)
{
	if (!(s->flags & (GNTCOPY_source_gref | GNTCOPY_dest_gref)))
		return false;
	if ((s->flags & GNTCOPY_source_gref) && crosses_page(&s->source, s->len))
		return false;
	return !(s->flags & GNTCOPY_dest_gref) || !crosses_page(&s->dest, s->len);
}

struct tally {
	uint64_t bytes, errors, granted, operations;
	unsigned int domid;
};

/* Segments are credited to the granting domains in runs: usually one atomic operation per call. */
static void tally_domain(xengnttab_handle *xgt, struct tally *t, unsigned int domid)
{
	if (domid == t->domid) {
		t->granted++;
		return;
	}
	if (t->granted && t->domid < XENSIM_DOMS)
		xensim_add(&xgt->client.host->shared->dom[t->domid], xgt->shard, XENSIM_C_granted_copies, t->granted);
	t->domid = domid;
	t->granted = 1;
}

/* Both ends of a segment may be grants; what the copying domain granted to itself is nobody's cost. */
static void tally_ends(xengnttab_handle *xgt, struct tally *t, const xengnttab_grant_copy_segment_t *s)
{
	const unsigned int self = xgt->client.domid;

	if (s->flags & GNTCOPY_source_gref && s->source.foreign.domid != self)
		tally_domain(xgt, t, s->source.foreign.domid);
	if (s->flags & GNTCOPY_dest_gref && s->dest.foreign.domid != self)
		tally_domain(xgt, t, s->dest.foreign.domid);
}

/* gntdev makes an operation of each page of its local side that a segment touches. */
static uint32_t operations(const xengnttab_grant_copy_segment_t *s)
{
	const bool from = s->flags & GNTCOPY_source_gref, to = s->flags & GNTCOPY_dest_gref;
	const uintptr_t at = (uintptr_t)(from ? s->dest.virt : s->source.virt) % XENSIM_PAGE;

	if (from && to)
		return s->len != 0;
	return (uint32_t)(s->len ? (at + s->len + XENSIM_PAGE - 1) / XENSIM_PAGE : 0);
}

static void copy_count(xengnttab_handle *xgt, uint32_t done, struct tally *t)
{
	struct xensim_domain *d = &xgt->client.host->shared->dom[xgt->client.domid];

	tally_domain(xgt, t, XENSIM_NONE);
	xensim_add(d, xgt->shard, XENSIM_C_copy_calls, 1);
	xensim_add(d, xgt->shard, XENSIM_C_copy_segments, done);
	xensim_add(d, xgt->shard, XENSIM_C_copy_bytes, t->bytes);
	xensim_add(d, xgt->shard, XENSIM_C_copy_operations, t->operations);
	xensim_add(d, xgt->shard, XENSIM_C_hypercalls, (t->operations + COPY_BATCH - 1) / COPY_BATCH);
	if (t->errors)
		xensim_add(d, xgt->shard, XENSIM_C_copy_errors, t->errors);
}

int xengnttab_grant_copy(xengnttab_handle *xgt, uint32_t count, xengnttab_grant_copy_segment_t *segs)
{
	struct xensim_domain *d = &xgt->client.host->shared->dom[xgt->client.domid];
	struct tally t = { .domid = XENSIM_NONE };
	uint32_t i;

	if (!client_alive(&xgt->client))
		return fail(EIO);
	if (client_fails(&xgt->client, XENSIM_F_GRANT_CALL))
		return fail(ENOMEM);
	foreign_hold();
	for (i = 0; i < count; i++) {
		if (!segment_valid(&segs[i])) {
			segs[i].status = GNTST_bad_copy_arg;
			break;
		}
		if (xensim_fault_hit(d, XENSIM_F_COPY_FAIL))
			segs[i].status = GNTST_general_error;
		else
			copy_segment(xgt, &segs[i]);
		tally_ends(xgt, &t, &segs[i]);
		t.operations += operations(&segs[i]);
		t.bytes += segs[i].status == GNTST_okay ? segs[i].len : 0;
		t.errors += segs[i].status != GNTST_okay;
	}
	foreign_release();
	copy_count(xgt, i, &t);
	return i == count ? 0 : fail(EINVAL);
}

static int no_dmabuf(void)
{
	return fail(EOPNOTSUPP);
}

int xengnttab_dmabuf_exp_from_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t flags, uint32_t count,
				   const uint32_t *refs, uint32_t *fd)
{
	return no_dmabuf();
}

int xengnttab_dmabuf_exp_wait_released(xengnttab_handle *xgt, uint32_t fd, uint32_t wait_to_ms)
{
	return no_dmabuf();
}

int xengnttab_dmabuf_imp_to_refs(xengnttab_handle *xgt, uint32_t domid, uint32_t fd, uint32_t count, uint32_t *refs)
{
	return no_dmabuf();
}

int xengnttab_dmabuf_imp_release(xengnttab_handle *xgt, uint32_t fd)
{
	return no_dmabuf();
}

xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned int open_flags)
{
	return handle_open();
}

int xengntshr_close(xengntshr_handle *xgs)
{
	return handle_close(xgs);
}

int xengntshr_fd(xengntshr_handle *xgs)
{
	return xgs->client.fd;
}

static void *share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs, int writable,
			 uint32_t notify_off, uint32_t notify_port)
{
	struct xensim_msg m = {
		.op = XENSIM_SHARE, .arg = { domid, (uint32_t)count, writable != 0, notify_off, notify_port },
	};
	size_t size = (size_t)count * sizeof(*refs);
	uint32_t *reply;
	void *base;
	int rc;

	if (count <= 0 || count > XENSIM_BATCH)
		return fail_null(EINVAL);
	reply = malloc(3 * size);
	if (!reply)
		return NULL;
	for (int i = 0; i < count; i++)
		reply[2 * count + i] = xgs->client.domid;
	rc = client_call(&xgs->client, &m, NULL, 0, reply, 2 * size, NULL);
	base = rc ? fail_null(-rc)
		  : region_show(xgs, XENSIM_UNSHARE, m.arg[0], (uint32_t)count, reply + 2 * count, reply + count,
				PROT_READ | PROT_WRITE);
	if (base)
		memcpy(refs, reply, size);
	free(reply);
	return base;
}

void *xengntshr_share_pages(xengntshr_handle *xgs, uint32_t domid, int count, uint32_t *refs, int writable)
{
	return share_pages(xgs, domid, count, refs, writable, XENSIM_NONE, XENSIM_NONE);
}

void *xengntshr_share_page_notify(xengntshr_handle *xgs, uint32_t domid, uint32_t *ref, int writable,
				  uint32_t notify_offset, evtchn_port_t notify_port)
{
	return share_pages(xgs, domid, 1, ref, writable, notify_offset, notify_port);
}

int xengntshr_unshare(xengntshr_handle *xgs, void *start_address, uint32_t count)
{
	return drop_pages(xgs, XENSIM_UNSHARE, start_address, count);
}
