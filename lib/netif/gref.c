// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "gref.h"

#define MASK (NETIF_GREF_MAP_SLOTS - 1)

void netif_gref_map_init(struct netif_gref_map *m)
{
	memset(m, 0, sizeof(*m));
}

/* The gref's slot, or the free slot where it would go. */
static u32 map_probe(const struct netif_gref_map *m, u32 gref)
{
	u32 i = netif_gref_hash(gref);

	while (m->slots[i].addr && m->slots[i].gref != gref)
		i = (i + 1) & MASK;
	return i;
}

int netif_gref_map_add(struct netif_gref_map *m, u32 gref, void *addr, bool readonly)
{
	u32 i = map_probe(m, gref);

	if (!addr)
		return -EINVAL;
	if (m->slots[i].addr)
		return -EEXIST;
	if (m->count == NETIF_GREF_MAP_MAX)
		return -ENOSPC;
	m->slots[i] = (struct netif_gref_entry){ .addr = addr, .gref = gref, .readonly = readonly };
	m->count++;
	return 0;
}

/*
 * Fill the hole at 'hole' from behind: an entry may move there where its home is
 * not cyclically within (hole, its place], so that find() never meets a gap.
 */
static void map_close(struct netif_gref_map *m, u32 hole)
{
	u32 i;

	for (i = (hole + 1) & MASK; m->slots[i].addr; i = (i + 1) & MASK) {
		u32 home = netif_gref_hash(m->slots[i].gref);

		if (((i - home) & MASK) < ((i - hole) & MASK))
			continue;
		m->slots[hole] = m->slots[i];
		hole = i;
	}
	m->slots[hole].addr = NULL;
}

void *netif_gref_map_del(struct netif_gref_map *m, u32 gref)
{
	u32 i = map_probe(m, gref);
	void *addr = m->slots[i].addr;

	if (!addr)
		return NULL;
	map_close(m, i);
	m->count--;
	return addr;
}

void netif_gref_pool_init(struct netif_gref_pool *p, struct netif_gref_page *pages, u32 *free_stack,
			  u32 size)
{
	u32 i;

	p->pages = pages;
	p->free = free_stack;
	p->size = p->nfree = size;
	p->empty = 0;
	for (i = 0; i < size; i++)
		p->free[i] = size - 1 - i;
}

int netif_gref_pool_get(struct netif_gref_pool *p)
{
	if (!p->nfree) {
		p->empty++;
		return -ENOBUFS;
	}
	return (int)p->free[--p->nfree];
}

void netif_gref_pool_put(struct netif_gref_pool *p, u32 page)
{
	p->free[p->nfree++] = page;
}
