/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch of grant copies in one direction: one hypercall-bearing call for many
 * segments.  One per worker; libxengnttab handles are not shared by threads.
 */
#ifndef NETBACK_COPY_H
#define NETBACK_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <xengnttab.h>

#define COPY_BATCH_MAX 256
/*
 * Grants below this are the toolstack's (GNTTAB_NR_RESERVED_ENTRIES; xenstore's and
 * the console's pages among them).  No packet is in one.
 */
#define COPY_GREF_MIN 8u

/*
 * The grants of the page of a place and of those behind it.  By them Xen copies without
 * having our address looked up; a guest's page, mapped or not, it copies by them only.
 */
struct copy_grants {
	const uint32_t *refs; /* granted to us; NULL: there are none */
	uint16_t domid;	      /* by whom: a guest, or domain 0, which is us (pool.h) */
};

/* A place that we can address. */
struct copy_local {
	void *at;
	struct copy_grants grants;
};

struct copy {
	xengnttab_handle *xgt;
	xengntshr_handle *xgs; /* to grant pages to ourselves; NULL: off, or no such device */
	unsigned int limit;  /* run at the latest after this many segments */
	unsigned int count;
	uint64_t calls, segments; /* since the caller last zeroed them */
	bool *failed[COPY_BATCH_MAX]; /* set to true where the segment fails */
	xengnttab_grant_copy_segment_t segs[COPY_BATCH_MAX];
};

/* grants: have our own pages granted (pool.h).  0 or -errno. */
int copy_init(struct copy *c, unsigned int limit, bool grants);
void copy_exit(struct copy *c);
/* A guest's page to our memory; len bytes, within the page. */
void copy_from(struct copy *c, uint16_t domid, uint32_t gref, uint16_t offset,
	       struct copy_local local, uint16_t len, bool *failed);
/* Our memory, or another guest's page, to a guest's page. */
void copy_to(struct copy *c, uint16_t domid, uint32_t gref, uint16_t offset,
	     struct copy_local local, uint16_t len, bool *failed);
/* Carry out what is pending; failed segments set their flag.  Never mixes directions. */
void copy_run(struct copy *c);

#endif
