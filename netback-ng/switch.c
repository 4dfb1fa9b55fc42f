/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/switch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "netback-ng/vif_data.h"

/* A power of two, four times what it may hold: probes stay short. */
#define FDB_SLOTS 4096u
#define FDB_MAX (FDB_SLOTS / 4)
/* A learned address; ours, so at most this many a vif: no guest can fill the table. */
#define FDB_PER_VIF 32u

/* Never changed once published but for vif; key 0 is never used by a real address. */
struct fdb_slot {
	_Atomic(uint64_t) key;
	_Atomic(struct vif *) vif;
};

struct bridge {
	struct bridge *next;
	unsigned int users;
	pthread_mutex_t lock; /* of all writes */
	unsigned int count;
	char name[64];
	struct fdb_slot slots[FDB_SLOTS];
};

static struct bridge *bridges; /* main thread */

static uint64_t fdb_key(const uint8_t mac[6], uint16_t vlan)
{
	uint64_t key = 0;

	memcpy(&key, mac, 6);
	return key | (uint64_t)(vlan | 0x8000u) << 48;
}

static unsigned int fdb_hash(uint64_t key)
{
	return (unsigned int)((key * 0x9e3779b97f4a7c15ull) >> 52) & (FDB_SLOTS - 1);
}

/* The key's slot, or the free one where it would go.  The table is never full. */
static struct fdb_slot *fdb_slot(struct bridge *b, uint64_t key)
{
	unsigned int i = fdb_hash(key);
	uint64_t k;

	for (;; i = (i + 1) & (FDB_SLOTS - 1)) {
		k = atomic_load_explicit(&b->slots[i].key, memory_order_acquire);
		if (k == key || !k)
			return &b->slots[i];
	}
}

struct vif *bridge_find(struct bridge *b, const uint8_t mac[6], uint16_t vlan)
{
	uint64_t key = fdb_key(mac, vlan);
	struct fdb_slot *s = fdb_slot(b, key);
	struct vif *vif = atomic_load_explicit(&s->vif, memory_order_acquire);

	/*
	 * The key after the vif: a slot that compaction gives to another key loses its
	 * old key before it gets the new vif, which may not be anybody's to see.
	 */
	return atomic_load_explicit(&s->key, memory_order_acquire) == key ? vif : NULL;
}

/*
 * Slots of vifs that went away: take them back by building the table anew.
 * Readers that look meanwhile miss, and a miss only takes the TAP.
 */
static void fdb_compact(struct bridge *b)
{
	struct { uint64_t key; struct vif *vif; } kept[FDB_MAX];
	unsigned int i, n = 0;

	for (i = 0; i < FDB_SLOTS; i++) {
		struct vif *vif = atomic_load(&b->slots[i].vif);

		if (vif && n < FDB_MAX) {
			kept[n].key = atomic_load(&b->slots[i].key);
			kept[n++].vif = vif;
		}
		atomic_store(&b->slots[i].vif, NULL);
		atomic_store(&b->slots[i].key, 0);
	}
	for (i = 0; i < n; i++) {
		struct fdb_slot *s = fdb_slot(b, kept[i].key);

		atomic_store(&s->vif, kept[i].vif);
		atomic_store_explicit(&s->key, kept[i].key, memory_order_release);
	}
	b->count = n;
}

/* A vif's own address is not lost to whoever sends with it; a guest's other ones may move. */
static bool owned(const struct vif *vif, uint64_t key)
{
	return vif && !((fdb_key(vif->id.mac, 0) ^ key) << 16);
}

static void fdb_insert(struct bridge *b, uint64_t key, struct vif *vif)
{
	struct fdb_slot *s;
	struct vif *old;

	if (b->count >= FDB_MAX)
		fdb_compact(b);
	if (b->count >= FDB_MAX)
		return;
	s = fdb_slot(b, key);
	if (!atomic_load_explicit(&s->key, memory_order_relaxed))
		b->count++;
	old = atomic_load_explicit(&s->vif, memory_order_relaxed);
	if (old == vif || owned(old, key))
		return;
	if (old)
		atomic_fetch_sub(&old->learned, 1);
	atomic_fetch_add(&vif->learned, 1);
	atomic_store_explicit(&s->vif, vif, memory_order_release);
	atomic_store_explicit(&s->key, key, memory_order_release);
}

void bridge_learn(struct bridge *b, const uint8_t mac[6], uint16_t vlan, struct vif *vif)
{
	uint64_t key = fdb_key(mac, vlan);
	struct fdb_slot *s = fdb_slot(b, key);

	if (atomic_load_explicit(&s->key, memory_order_acquire) == key &&
	    atomic_load_explicit(&s->vif, memory_order_relaxed) == vif)
		return;
	if ((mac[0] & 1) || atomic_load_explicit(&vif->learned, memory_order_relaxed) >= FDB_PER_VIF)
		return;
	pthread_mutex_lock(&b->lock);
	fdb_insert(b, key, vif);
	pthread_mutex_unlock(&b->lock);
}

void bridge_outside(struct bridge *b, const uint8_t mac[6], uint16_t vlan)
{
	uint64_t key = fdb_key(mac, vlan);
	struct vif *vif = bridge_find(b, mac, vlan);
	struct fdb_slot *s;

	if (!vif || owned(vif, key))
		return;
	pthread_mutex_lock(&b->lock);
	s = fdb_slot(b, key);
	vif = atomic_load_explicit(&s->vif, memory_order_relaxed);
	if (vif && atomic_load_explicit(&s->key, memory_order_relaxed) == key && !owned(vif, key)) {
		atomic_store_explicit(&s->vif, NULL, memory_order_release);
		atomic_fetch_sub(&vif->learned, 1);
	}
	pthread_mutex_unlock(&b->lock);
}

uint16_t bridge_vlan(const uint8_t *frame)
{
	if (frame[12] != 0x81 || frame[13] != 0x00)
		return 0;
	return (uint16_t)((frame[14] << 8 | frame[15]) & 0xfff);
}

void bridge_forget(struct bridge *b, struct vif *vif)
{
	unsigned int i;

	pthread_mutex_lock(&b->lock);
	for (i = 0; i < FDB_SLOTS; i++)
		if (atomic_load_explicit(&b->slots[i].vif, memory_order_relaxed) == vif)
			atomic_store_explicit(&b->slots[i].vif, NULL, memory_order_release);
	atomic_store(&vif->learned, 0);
	pthread_mutex_unlock(&b->lock);
}

struct bridge *bridge_get(const char *name)
{
	struct bridge *b;

	for (b = bridges; b; b = b->next) {
		if (strcmp(b->name, name))
			continue;
		b->users++;
		return b;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	strncpy(b->name, name, sizeof(b->name) - 1);
	b->users = 1;
	b->next = bridges;
	bridges = b;
	return b;
}

void bridge_put(struct bridge *b)
{
	struct bridge **link;

	if (--b->users)
		return;
	for (link = &bridges; *link != b; link = &(*link)->next)
		;
	*link = b->next;
	free(b);
}
