/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/copy.h"

#include <errno.h>
#include <stddef.h>

#define GNTST_OKAY 0 /* grant_table.h */

int copy_init(struct copy *c, unsigned int limit)
{
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
	c->xgt = NULL;
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

static xengnttab_grant_copy_segment_t *copy_next(struct copy *c, uint16_t flags, uint16_t len,
						 bool *failed)
{
	xengnttab_grant_copy_segment_t *s = &c->segs[c->count];

	c->failed[c->count++] = failed;
	s->flags = flags;
	s->len = len;
	s->status = GNTST_OKAY;
	return s;
}

void copy_from(struct copy *c, uint16_t domid, uint32_t gref, uint16_t offset, void *local,
	       uint16_t len, bool *failed)
{
	xengnttab_grant_copy_segment_t *s = copy_next(c, GNTCOPY_source_gref, len, failed);

	s->source.foreign.ref = gref;
	s->source.foreign.offset = offset;
	s->source.foreign.domid = domid;
	s->dest.virt = local;
	if (c->count >= c->limit)
		copy_run(c);
}

void copy_to(struct copy *c, uint16_t domid, uint32_t gref, uint16_t offset, void *local,
	     uint16_t len, bool *failed)
{
	xengnttab_grant_copy_segment_t *s = copy_next(c, GNTCOPY_dest_gref, len, failed);

	s->source.virt = local;
	s->dest.foreign.ref = gref;
	s->dest.foreign.offset = offset;
	s->dest.foreign.domid = domid;
	if (c->count >= c->limit)
		copy_run(c);
}
