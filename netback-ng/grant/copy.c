/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/grant/copy.h"

#include <errno.h>
#include <stddef.h>

#include "lib/netif/wire.h"

#define GNTST_OKAY 0 /* grant_table.h */

int copy_init(struct copy *c, unsigned int limit, bool grants)
{
	c->xgs = grants ? xengntshr_open(NULL, 0) : NULL;
	c->xgt = xengnttab_open(NULL, 0);
	c->limit = limit;
	c->count = 0;
	c->calls = c->segments = 0;
	return c->xgt ? 0 : -errno;
}

void copy_exit(struct copy *c)
{
	if (c->xgt)
		xengnttab_close(c->xgt);
	if (c->xgs)
		xengntshr_close(c->xgs);
	c->xgt = NULL;
	c->xgs = NULL;
}

void copy_run(struct copy *c)
{
	unsigned int i, n = c->count;
	int rc;

	if (!n)
		return;
	c->count = 0;
	c->calls++;
	c->segments += n;
	/* A failed call leaves every status undefined (xen/sys/gntdev.h): all have failed. */
	rc = xengnttab_grant_copy(c->xgt, n, c->segs);
	for (i = 0; i < n; i++)
		if (rc || c->segs[i].status != GNTST_OKAY)
			*c->failed[i] = true;
}

typedef xengnttab_grant_copy_segment_t segment;

/* The part of len that one segment can take: between grants, none crosses a page. */
static uint16_t piece(struct copy_local local, uint16_t len)
{
	const uint16_t room = (uint16_t)(NETIF_PAGE_SIZE - (uintptr_t)local.at % NETIF_PAGE_SIZE);

	return local.grants.refs && len > room ? room : len;
}

static struct copy_local advance(struct copy_local local, uint16_t n)
{
	if (local.grants.refs && n + (uintptr_t)local.at % NETIF_PAGE_SIZE == NETIF_PAGE_SIZE)
		local.grants.refs++;
	local.at = (uint8_t *)local.at + n;
	return local;
}

static segment *copy_next(struct copy *c, uint16_t flags, uint16_t len, bool *failed)
{
	segment *s;

	if (c->count >= c->limit)
		copy_run(c);
	s = &c->segs[c->count];
	c->failed[c->count++] = failed;
	s->flags = flags;
	s->len = len;
	s->status = GNTST_OKAY;
	return s;
}

/* One end of a segment: the place that we can address. */
#define SET_LOCAL(s, end, flag, local)                                                           \
	do {                                                                                     \
		if ((local).grants.refs) {                                                       \
			(s)->flags |= (flag);                                                    \
			(s)->end.foreign.ref = *(local).grants.refs;                             \
			(s)->end.foreign.offset = (uint16_t)((uintptr_t)(local).at % NETIF_PAGE_SIZE); \
			(s)->end.foreign.domid = (local).grants.domid;                           \
		} else {                                                                         \
			(s)->end.virt = (local).at;                                              \
		}                                                                                \
	} while (0)

void copy_from(struct copy *c, uint16_t domid, uint32_t gref, uint16_t offset,
	       struct copy_local local, uint16_t len, bool *failed)
{
	uint16_t n;

	for (; len; len -= n, offset += n, local = advance(local, n)) {
		segment *s = copy_next(c, GNTCOPY_source_gref, n = piece(local, len), failed);

		s->source.foreign.ref = gref;
		s->source.foreign.offset = offset;
		s->source.foreign.domid = domid;
		SET_LOCAL(s, dest, GNTCOPY_dest_gref, local);
	}
}

void copy_to(struct copy *c, uint16_t domid, uint32_t gref, uint16_t offset,
	     struct copy_local local, uint16_t len, bool *failed)
{
	uint16_t n;

	for (; len; len -= n, offset += n, local = advance(local, n)) {
		segment *s = copy_next(c, GNTCOPY_dest_gref, n = piece(local, len), failed);

		SET_LOCAL(s, source, GNTCOPY_source_gref, local);
		s->dest.foreign.ref = gref;
		s->dest.foreign.offset = offset;
		s->dest.foreign.domid = domid;
	}
}
