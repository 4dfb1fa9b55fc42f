/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Static grants (netif.h, control messages 8-10): grant reference -> where it is mapped.
 *
 * The guest chooses the references, and knows this file.  So a look-up costs the same whatever
 * they are: a reference is in one of two buckets, and one that finds both full is not
 * taken.  That takes 17 references of one pair of buckets; in a table that is at most half full
 * those that a front end has in a row, or at random, do not meet it (tests/unit).
 *
 * Many may read at a time; who writes must keep all readers out, and what find() returned is
 * good until then.  (netback-ngd: the queue's worker reads, others do under the queue's rx_lock;
 * it writes on that worker, under that lock.)
 */
#ifndef NETIF_GREF_H
#define NETIF_GREF_H

#include "platform.h"

/* Entries a queue may map; both rings' worth of buffers twice over, in one power of two. */
#define NETIF_GREF_MAP_MAX 1024u
#define NETIF_GREF_WAYS 8u
#define NETIF_GREF_BUCKETS 256u
#define NETIF_GREF_MAP_SLOTS (NETIF_GREF_BUCKETS * NETIF_GREF_WAYS)

struct netif_gref_entry {
	void *addr; /* NULL: slot free */
	bool readonly;
};

/* Caller-owned, 40 KiB.  The keys of a bucket are half a cache line, and all that a miss reads. */
struct netif_gref_map {
	u32 count;
	_Alignas(64) u32 keys[NETIF_GREF_MAP_SLOTS];
	struct netif_gref_entry slots[NETIF_GREF_MAP_SLOTS];
};

void netif_gref_map_init(struct netif_gref_map *m);
/*
 * 0, -EINVAL for a NULL address, -EEXIST, or -ENOSPC: beyond NETIF_GREF_MAP_MAX, or both of
 * its buckets are full.
 */
int netif_gref_map_add(struct netif_gref_map *m, u32 gref, void *addr, bool readonly);
/* The address that was mapped, or NULL where the gref was never added. */
void *netif_gref_map_del(struct netif_gref_map *m, u32 gref);

/* The first slots of the two buckets; different ones. */
static inline void netif_gref_homes(u32 gref, u32 homes[2])
{
	u32 a, b;

	/* Every bit of the reference decides about both: a pool's are neighbours. */
	gref ^= gref >> 16;
	gref *= 0x85ebca6bu;
	gref ^= gref >> 13;
	gref *= 0xc2b2ae35u;
	gref ^= gref >> 16;
	a = gref % NETIF_GREF_BUCKETS;
	b = gref / NETIF_GREF_BUCKETS % NETIF_GREF_BUCKETS;
	homes[0] = a * NETIF_GREF_WAYS;
	homes[1] = (a == b ? b ^ 1 : b) * NETIF_GREF_WAYS;
}

/* The slot of gref in the bucket that begins at home, or a number beyond all slots. */
static inline u32 netif_gref_within(const struct netif_gref_map *m, u32 home, u32 gref)
{
	u32 i;

	for (i = home; i < home + NETIF_GREF_WAYS; i++)
		if (m->keys[i] == gref && m->slots[i].addr)
			return i;
	return NETIF_GREF_MAP_SLOTS;
}

/* NULL: not a static grant; the caller takes the copy path.  No system call either way. */
static inline const struct netif_gref_entry *netif_gref_map_find(const struct netif_gref_map *m,
								 u32 gref)
{
	u32 homes[2], i;

	if (!m->count)
		return NULL;
	netif_gref_homes(gref, homes);
	i = netif_gref_within(m, homes[0], gref);
	if (i == NETIF_GREF_MAP_SLOTS)
		i = netif_gref_within(m, homes[1], gref);
	return i == NETIF_GREF_MAP_SLOTS ? NULL : &m->slots[i];
}

#endif
