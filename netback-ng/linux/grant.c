// SPDX-License-Identifier: GPL-2.0
/*
 * What of a guest's is mapped: ring pages, and the pages that its front end asked to be
 * mapped for good (netif.h, control messages 8 to 10).  Each costs an entry of Xen's
 * maptrack table and an address of ours, which all guests share: hence the budget.
 */
#include <linux/slab.h>

#include "nb.h"

static atomic_t mapped = ATOMIC_INIT(0);

u32 nb_grant_mapped(void)
{
	return (u32)atomic_read(&mapped);
}

static void *page_kaddr(struct page *page)
{
	return pfn_to_kaddr(page_to_pfn(page));
}

void *nb_page_map(struct nb_page *p, domid_t domid, grant_ref_t gref)
{
	struct gnttab_map_grant_ref op;

	if (gnttab_alloc_pages(1, &p->page))
		return NULL;
	gnttab_set_map_op(&op, (unsigned long)page_kaddr(p->page), GNTMAP_host_map, gref, domid);
	if (gnttab_map_refs(&op, NULL, &p->page, 1) || op.status != GNTST_okay) {
		gnttab_free_pages(1, &p->page);
		p->page = NULL;
		return NULL;
	}
	p->handle = op.handle;
	return page_kaddr(p->page);
}

static void unmap(struct gnttab_unmap_grant_ref *ops, struct page **pages, u32 n)
{
	struct gntab_unmap_queue_data item = {
		.unmap_ops = ops,
		.pages = pages,
		.count = n,
	};

	WARN_ON_ONCE(gnttab_unmap_refs_sync(&item));
	gnttab_free_pages(n, pages);
}

void nb_page_unmap(struct nb_page *p)
{
	struct gnttab_unmap_grant_ref op;

	if (!p->page)
		return;
	gnttab_set_unmap_op(&op, (unsigned long)page_kaddr(p->page), GNTMAP_host_map, p->handle);
	unmap(&op, &p->page, 1);
	p->page = NULL;
}

/* ---- the table ---- */

static struct nb_mapping *slot_of(const struct nb_grants *g, grant_ref_t gref)
{
	struct nb_mapping *leaf;

	if (gref >= NB_LEAVES * NB_LEAF_SIZE)
		return NULL;
	leaf = g->leaf[gref >> NB_LEAF_SHIFT];
	return leaf ? &leaf[gref & (NB_LEAF_SIZE - 1)] : NULL;
}

static int make_leaves(struct nb_grants *g, const struct netif_gref *refs, u32 n)
{
	struct nb_mapping **leaf, *fresh;
	u32 i;

	for (i = 0; i < n; i++) {
		if (refs[i].ref >= NB_LEAVES * NB_LEAF_SIZE)
			return -ERANGE;
		leaf = &g->leaf[refs[i].ref >> NB_LEAF_SHIFT];
		if (*leaf)
			continue;
		fresh = kvcalloc(NB_LEAF_SIZE, sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		/* Pairs with nb_grant_find(): a leaf is seen when it is zeroed. */
		smp_store_release(leaf, fresh);
	}
	return 0;
}

u32 nb_grant_max(const struct nb_grants *g)
{
	u32 all = nb_grant_mapped();
	u32 host = nb_params.max_static_pages > all ? nb_params.max_static_pages - all : 0;

	return min(NB_STATIC_MAX, g->count + host);
}

struct batch {
	struct gnttab_map_grant_ref *map;
	struct gnttab_unmap_grant_ref *unmap;
	struct page **pages;
	u32 n;
};

static void batch_free(struct batch *b)
{
	kvfree(b->map);
	kvfree(b->unmap);
	kvfree(b->pages);
}

static int batch_make(struct batch *b, u32 n)
{
	*b = (struct batch){
		.map = kvcalloc(n, sizeof(*b->map), GFP_KERNEL),
		.unmap = kvcalloc(n, sizeof(*b->unmap), GFP_KERNEL),
		.pages = kvcalloc(n, sizeof(*b->pages), GFP_KERNEL),
		.n = n,
	};
	if (b->map && b->unmap && b->pages)
		return 0;
	batch_free(b);
	return -ENOMEM;
}

static unsigned long op_flags(const struct netif_gref *ref)
{
	return GNTMAP_host_map | (ref->flags & NETIF_GREF_READONLY ? GNTMAP_readonly : 0);
}

/* Undo those of the batch that Xen has mapped. */
static void batch_undo(struct batch *b)
{
	struct page *unused;
	u32 i, n = 0;

	for (i = 0; i < b->n; i++) {
		if (b->map[i].status != GNTST_okay) {
			unused = b->pages[i];
			gnttab_free_pages(1, &unused);
			continue;
		}
		gnttab_set_unmap_op(&b->unmap[n], b->map[i].host_addr, b->map[i].flags,
				    b->map[i].handle);
		b->pages[n++] = b->pages[i];
	}
	if (n)
		unmap(b->unmap, b->pages, n);
}

static int batch_map(struct batch *b, domid_t domid, const struct netif_gref *refs)
{
	int rc = gnttab_alloc_pages(b->n, b->pages);
	u32 i;

	if (rc)
		return rc;
	for (i = 0; i < b->n; i++)
		gnttab_set_map_op(&b->map[i], (unsigned long)page_kaddr(b->pages[i]),
				  op_flags(&refs[i]), refs[i].ref, domid);
	rc = gnttab_map_refs(b->map, NULL, b->pages, b->n);
	for (i = 0; !rc && i < b->n; i++)
		if (b->map[i].status != GNTST_okay)
			rc = -ENXIO;
	if (rc)
		batch_undo(b);
	return rc;
}

/* -EEXIST also where a reference stands twice in the list. */
static int publish(struct nb_grants *g, const struct batch *b, const struct netif_gref *refs)
{
	struct nb_mapping *m;
	u32 i;

	for (i = 0; i < b->n; i++) {
		m = slot_of(g, refs[i].ref);
		if (m->addr)
			break;
		m->handle = b->map[i].handle;
		/* Pairs with nb_grant_find()'s load: a burst under way may see it from now on. */
		WRITE_ONCE(m->addr, (unsigned long)page_kaddr(b->pages[i]) |
					    (refs[i].flags & NETIF_GREF_READONLY ? NB_ADDR_READONLY : 0));
	}
	if (i == b->n)
		return 0;
	while (i--)
		WRITE_ONCE(slot_of(g, refs[i].ref)->addr, 0);
	synchronize_net();
	return -EEXIST;
}

/*
 * Those of the list that are not mapped yet.  What is there stays: after a change of daemons a front end
 * asks again for all that it has.  -EEXIST: one is mapped, but not as it is asked for now.
 */
static int fresh_of(const struct nb_grants *g, const struct netif_gref *refs, u32 n,
		    struct netif_gref *fresh)
{
	u32 i, nfresh = 0;

	for (i = 0; i < n; i++) {
		const struct nb_mapping *m = slot_of(g, refs[i].ref);

		if (!m || !m->addr)
			fresh[nfresh++] = refs[i];
		else if (!(m->addr & NB_ADDR_READONLY) != !(refs[i].flags & NETIF_GREF_READONLY))
			return -EEXIST;
	}
	return nfresh;
}

static int add_fresh(struct nb_grants *g, domid_t domid, const struct netif_gref *refs, u32 n)
{
	struct batch b;
	int rc;

	if (g->count + n > nb_grant_max(g))
		return -ENOSPC;
	rc = make_leaves(g, refs, n);
	if (rc)
		return rc;
	rc = batch_make(&b, n);
	if (rc)
		return rc;
	rc = batch_map(&b, domid, refs);
	if (!rc) {
		rc = publish(g, &b, refs);
		if (rc)
			batch_undo(&b);
	}
	batch_free(&b);
	if (rc)
		return rc;
	g->count += n;
	atomic_add(n, &mapped);
	return 0;
}

int nb_grant_add(struct nb_grants *g, domid_t domid, const struct netif_gref *refs, u32 n)
{
	struct netif_gref *fresh = kvmalloc_array(n, sizeof(*fresh), GFP_KERNEL);
	int rc;

	if (!fresh)
		return -ENOMEM;
	rc = fresh_of(g, refs, n, fresh);
	if (rc > 0)
		rc = add_fresh(g, domid, fresh, rc);
	kvfree(fresh);
	return rc;
}

/* Take m out of the table, for an unmap that follows. */
static void take_out(struct batch *b, u32 i, struct nb_mapping *m)
{
	unsigned long addr = m->addr & ~NB_ADDR_READONLY;
	unsigned long flags = GNTMAP_host_map | (m->addr & NB_ADDR_READONLY ? GNTMAP_readonly : 0);

	gnttab_set_unmap_op(&b->unmap[i], addr, flags, m->handle);
	b->pages[i] = virt_to_page((void *)addr);
	WRITE_ONCE(m->addr, 0);
}

static void unmap_taken(struct nb_grants *g, struct batch *b, u32 n)
{
	if (!n)
		return;
	/* A burst that found them in the table is over. */
	synchronize_net();
	unmap(b->unmap, b->pages, n);
	g->count -= n;
	atomic_sub(n, &mapped);
}

u32 nb_grant_del(struct nb_grants *g, struct netif_gref *refs, u32 n)
{
	struct nb_mapping *m;
	struct batch b;
	u32 i, done = 0;
	int rc = batch_make(&b, n);

	for (i = 0; i < n; i++) {
		m = slot_of(g, refs[i].ref);
		refs[i].status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
		if (rc || !m || !m->addr)
			continue;
		take_out(&b, done++, m);
		refs[i].status = NETIF_CTRL_STATUS_SUCCESS;
	}
	if (rc)
		return 0;
	unmap_taken(g, &b, done);
	batch_free(&b);
	return done;
}

/* Without memory for a batch: one by one. */
static void drop_one(struct nb_grants *g, struct nb_mapping *m)
{
	struct gnttab_unmap_grant_ref op;
	struct page *page;
	struct batch one = { .unmap = &op, .pages = &page, .n = 1 };

	take_out(&one, 0, m);
	unmap_taken(g, &one, 1);
}

static void drop_leaf(struct nb_grants *g, struct nb_mapping *leaf)
{
	struct batch b;
	u32 i, n = 0;

	if (batch_make(&b, NB_LEAF_SIZE)) {
		for (i = 0; i < NB_LEAF_SIZE; i++)
			if (leaf[i].addr)
				drop_one(g, &leaf[i]);
		return;
	}
	for (i = 0; i < NB_LEAF_SIZE; i++)
		if (leaf[i].addr)
			take_out(&b, n++, &leaf[i]);
	unmap_taken(g, &b, n);
	batch_free(&b);
}

void nb_grant_drop_all(struct nb_grants *g)
{
	u32 i;

	for (i = 0; i < NB_LEAVES; i++) {
		if (!g->leaf[i])
			continue;
		drop_leaf(g, g->leaf[i]);
		kvfree(g->leaf[i]);
		g->leaf[i] = NULL;
	}
}
