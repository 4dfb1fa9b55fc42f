/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Static grants (netif.h, control messages 8-10), both sides' bookkeeping.
 * netif_gref_map: back end, grant reference -> where it is mapped.
 * netif_gref_pool: front end, which of its granted pages are free.
 */
#ifndef NETIF_GREF_H
#define NETIF_GREF_H

#include "platform.h"

/* Entries a queue may map; both rings' worth of buffers twice over, in one power of two. */
#define NETIF_GREF_MAP_MAX 1024u
#define NETIF_GREF_MAP_SLOTS (2 * NETIF_GREF_MAP_MAX)

struct netif_gref_entry {
	void *addr; /* NULL: slot free */
	u32 gref;
	bool readonly;
};

/* Open addressing, linear probing, at most half full.  Caller-owned, 32 KiB. */
struct netif_gref_map {
	u32 count;
	struct netif_gref_entry slots[NETIF_GREF_MAP_SLOTS];
};

void netif_gref_map_init(struct netif_gref_map *m);
/* 0, -EINVAL for a NULL address, -EEXIST, or -ENOSPC beyond NETIF_GREF_MAP_MAX. */
int netif_gref_map_add(struct netif_gref_map *m, u32 gref, void *addr, bool readonly);
/* The address that was mapped, or NULL where the gref was never added. */
void *netif_gref_map_del(struct netif_gref_map *m, u32 gref);

static inline u32 netif_gref_hash(u32 gref)
{
	/* Fibonacci hashing; grefs of a pool are neighbours. */
	return (gref * 2654435769u) >> 21;
}

/* NULL: not a static grant; the caller takes the copy path.  No system call either way. */
static inline const struct netif_gref_entry *netif_gref_map_find(const struct netif_gref_map *m,
								 u32 gref)
{
	u32 i = netif_gref_hash(gref);

	if (!m->count)
		return NULL;
	for (;; i = (i + 1) & (NETIF_GREF_MAP_SLOTS - 1)) {
		const struct netif_gref_entry *e = &m->slots[i];

		if (!e->addr)
			return NULL;
		if (e->gref == gref)
			return e;
	}
}

_Static_assert(NETIF_GREF_MAP_SLOTS == 1u << (32 - 21), "hash width");

/* One granted page of the front end's pool. */
struct netif_gref_page {
	void *addr;
	u32 gref;
};

/* A stack of free pages: the page used last is the one still in the cache. */
struct netif_gref_pool {
	struct netif_gref_page *pages; /* caller-owned, 'size' of them */
	u32 size;
	u32 nfree;
	u32 *free; /* caller-owned, 'size' of them: indices into pages */
	u64 empty; /* times a page was wanted and none was free */
};

void netif_gref_pool_init(struct netif_gref_pool *p, struct netif_gref_page *pages, u32 *free_stack,
			  u32 size);
/* Index into pages, or -ENOBUFS (counted in p->empty). */
int netif_gref_pool_get(struct netif_gref_pool *p);
void netif_gref_pool_put(struct netif_gref_pool *p, u32 page);

#endif
