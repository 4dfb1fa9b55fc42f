// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "gref.h"

void netif_gref_map_init(struct netif_gref_map *m)
{
	memset(m, 0, sizeof(*m));
}

/* A free slot of the emptier bucket, which keeps the fuller one from running over. */
static u32 free_slot(const struct netif_gref_map *m, const u32 homes[2])
{
	u32 used[2] = { 0, 0 }, spare[2] = { NETIF_GREF_MAP_SLOTS, NETIF_GREF_MAP_SLOTS }, b, i;

	for (b = 0; b < 2; b++)
		for (i = homes[b]; i < homes[b] + NETIF_GREF_WAYS; i++) {
			if (m->slots[i].addr)
				used[b]++;
			else
				spare[b] = i;
		}
	return spare[used[1] < used[0]];
}

static u32 slot_of(const struct netif_gref_map *m, u32 gref)
{
	const struct netif_gref_entry *e = netif_gref_map_find(m, gref);

	return e ? (u32)(e - m->slots) : NETIF_GREF_MAP_SLOTS;
}

int netif_gref_map_add(struct netif_gref_map *m, u32 gref, void *addr, bool readonly)
{
	u32 homes[2], i;

	if (!addr)
		return -EINVAL;
	if (slot_of(m, gref) != NETIF_GREF_MAP_SLOTS)
		return -EEXIST;
	netif_gref_homes(gref, homes);
	i = free_slot(m, homes);
	if (m->count == NETIF_GREF_MAP_MAX || i == NETIF_GREF_MAP_SLOTS)
		return -ENOSPC;
	m->keys[i] = gref;
	m->slots[i] = (struct netif_gref_entry){ .addr = addr, .readonly = readonly };
	m->count++;
	return 0;
}

void *netif_gref_map_del(struct netif_gref_map *m, u32 gref)
{
	u32 i = slot_of(m, gref);
	void *addr;

	if (i == NETIF_GREF_MAP_SLOTS)
		return NULL;
	addr = m->slots[i].addr;
	m->slots[i].addr = NULL;
	m->count--;
	return addr;
}
