// SPDX-License-Identifier: GPL-2.0
/*
 * Not the kernel's page_pool: a page can leave that one without its owner being
 * told, and must not reach the page allocator while the back end may write to it.
 */
#include <xen/page.h>

#include "ng.h"

static int page_open(struct ng_page *p, domid_t domid, bool readonly)
{
	int gref;

	/* Zeroed: what the page held before is none of the back end's business. */
	p->page = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
	if (!p->page)
		return -ENOMEM;
	gref = gnttab_grant_foreign_access(domid, xen_page_to_gfn(p->page), readonly);
	if (gref < 0) {
		__free_page(p->page);
		return gref;
	}
	p->gref = gref;
	return 0;
}

int ng_pool_open(struct ng_pool *p, domid_t domid, u32 size, bool readonly)
{
	int rc = 0;

	p->size = 0;
	p->pages = kvcalloc(size, sizeof(*p->pages), GFP_KERNEL);
	if (!p->pages)
		return -ENOMEM;
	while (p->size < size && !rc) {
		rc = page_open(&p->pages[p->size], domid, readonly);
		p->size += !rc;
	}
	if (rc)
		ng_pool_close(p);
	return rc;
}

void ng_pool_close(struct ng_pool *p)
{
	while (p->size) {
		p->size--;
		/* Puts our reference; where the back end still maps the page, later. */
		gnttab_end_foreign_access(p->pages[p->size].gref, p->pages[p->size].page);
	}
	kvfree(p->pages);
	p->pages = NULL;
}
