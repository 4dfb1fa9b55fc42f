/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/switch.h"

#include <stdlib.h>
#include <string.h>

#include "netback-ng/vif/vif_data.h"

/* A power of two, four times what it may hold: probes stay short. */
#define FDB_SLOTS 4096u
#define FDB_MAX (FDB_SLOTS / 4)
/* Addresses of a vif besides its own: no guest can fill the table. */
#define FDB_PER_VIF 32u

/* Written by the main thread.  Key 0 is never used by a real address. */
struct fdb_slot {
	_Atomic(uint64_t) key;
	_Atomic(struct vif *) vif; /* where frames to it go; NULL: to the TAP */
	/* The bridge has it there, too: frames from it need not pass the bridge to be learned. */
	_Atomic(bool) sure;
	struct vif *owner; /* main thread: the vif whose own address it is */
};

static struct bridge *bridges;

struct bridge *bridge_first(void)
{
	return bridges;
}

/* The tag of a VLAN is no part of it: a bridge that does not filter VLANs does not look at them. */
static uint64_t fdb_key(const uint8_t mac[6])
{
	uint64_t key = 0;

	memcpy(&key, mac, 6);
	return key | 1ull << 48;
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

/* Whose the address is, NULL: nobody's; and is the bridge sure of it? */
static struct vif *fdb_find(struct bridge *b, const uint8_t mac[6], bool *sure)
{
	uint64_t key = fdb_key(mac);
	struct fdb_slot *s = fdb_slot(b, key);
	struct vif *vif = atomic_load_explicit(&s->vif, memory_order_acquire);

	*sure = atomic_load_explicit(&s->sure, memory_order_relaxed);
	/*
	 * The key after the vif: a slot that compaction gives to another key loses its
	 * old key before it gets the new vif, which may not be anybody's to see.
	 */
	return atomic_load_explicit(&s->key, memory_order_acquire) == key ? vif : NULL;
}

struct vif *bridge_route(struct vif *from, const uint8_t *frame)
{
	struct vif *to;
	bool sure;

	if ((frame[0] & 1) || !atomic_load_explicit(&from->direct_max, memory_order_relaxed) ||
	    fdb_find(from->bridge, frame + 6, &sure) != from || !sure)
		return NULL;
	to = fdb_find(from->bridge, frame, &sure);
	return to != from ? to : NULL;
}

/* Each other vif, and whoever else is on the bridge, for one. */
unsigned int bridge_copies(const struct vif *from, const uint8_t *frame)
{
	unsigned int n = 0;

	if (from->bridge && (frame[0] & 1))
		n = atomic_load_explicit(&from->bridge->connected, memory_order_relaxed);
	return n ? n : 1;
}

static void slot_set(struct fdb_slot *s, uint64_t key, struct vif *vif, bool sure)
{
	atomic_store_explicit(&s->sure, sure, memory_order_relaxed);
	atomic_store_explicit(&s->vif, vif, memory_order_release);
	atomic_store_explicit(&s->key, key, memory_order_release);
}

/*
 * Slots of addresses that nobody has any more: take them back by building the table anew.
 * Readers that look meanwhile miss, and a miss only takes the TAP.
 */
static void fdb_compact(struct bridge *b)
{
	struct { uint64_t key; struct vif *vif, *owner; bool sure; } kept[FDB_MAX];
	struct fdb_slot *s;
	unsigned int i, n = 0;

	for (s = b->slots; s < b->slots + FDB_SLOTS; s++) {
		struct vif *vif = atomic_load(&s->vif);

		if ((vif || s->owner) && n < FDB_MAX) {
			kept[n].key = atomic_load(&s->key);
			kept[n].owner = s->owner;
			kept[n].sure = atomic_load(&s->sure);
			kept[n++].vif = vif;
		}
		atomic_store(&s->vif, NULL);
		atomic_store(&s->key, 0);
		s->owner = NULL;
	}
	for (i = 0; i < n; i++) {
		s = fdb_slot(b, kept[i].key);
		s->owner = kept[i].owner;
		slot_set(s, kept[i].key, kept[i].vif, kept[i].sure);
	}
	b->count = n;
}

/* The key's slot, a new one where it has none; NULL: there are too many. */
static struct fdb_slot *slot_make(struct bridge *b, uint64_t key)
{
	struct fdb_slot *s = fdb_slot(b, key);

	if (atomic_load(&s->key))
		return s;
	if (b->count >= FDB_MAX)
		fdb_compact(b);
	if (b->count >= FDB_MAX)
		return NULL;
	b->count++;
	return fdb_slot(b, key);
}

/* An address that is no vif's own: whose it is now. */
static void slot_learn(struct fdb_slot *s, uint64_t key, struct vif *vif)
{
	struct vif *old = atomic_load(&s->vif);

	if (old == vif)
		return;
	if (old)
		old->learned--;
	if (vif)
		vif->learned++;
	slot_set(s, key, vif, true);
}

void bridge_own(struct bridge *b, struct vif *vif)
{
	static const uint8_t none[6];
	uint64_t key = fdb_key(vif->id.mac);
	struct fdb_slot *s;

	if ((vif->id.mac[0] & 1) || !memcmp(vif->id.mac, none, 6))
		return;
	s = slot_make(b, key);
	if (!s || s->owner)
		return;
	slot_learn(s, key, NULL);
	s->owner = vif;
	slot_set(s, key, vif, false);
}

void bridge_place(struct bridge *b, const uint8_t mac[6], struct vif *vif)
{
	uint64_t key = fdb_key(mac);
	struct fdb_slot *s = fdb_slot(b, key);

	if (s->owner) {
		/* Who sends with a neighbour's address misleads the bridge until its owner's next frame. */
		slot_set(s, key, vif ? s->owner : NULL, vif == s->owner);
		return;
	}
	if (vif && vif->learned >= FDB_PER_VIF && atomic_load(&s->vif) != vif)
		vif = NULL;
	if (vif)
		s = slot_make(b, key);
	if (s && (vif || atomic_load(&s->key)))
		slot_learn(s, key, vif);
}

void bridge_unplace(struct bridge *b, const uint8_t mac[6])
{
	uint64_t key = fdb_key(mac);
	struct fdb_slot *s = fdb_slot(b, key);

	if (s->owner)
		slot_set(s, key, s->owner, false);
	else if (atomic_load(&s->key))
		slot_learn(s, key, NULL);
}

void bridge_unplace_all(struct bridge *b)
{
	struct fdb_slot *s;

	for (s = b->slots; s < b->slots + FDB_SLOTS; s++)
		if (!s->owner && atomic_load(&s->key))
			slot_learn(s, atomic_load(&s->key), NULL);
}

void bridge_forget(struct bridge *b, struct vif *vif)
{
	struct fdb_slot *s;

	for (s = b->slots; s < b->slots + FDB_SLOTS; s++) {
		if (s->owner == vif)
			s->owner = NULL;
		else if (atomic_load(&s->vif) != vif)
			continue;
		slot_set(s, atomic_load(&s->key), NULL, false);
	}
	vif->learned = 0;
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
	if (b)
		b->slots = calloc(FDB_SLOTS, sizeof(*b->slots));
	if (!b || !b->slots) {
		free(b);
		return NULL;
	}
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
	free(b->slots);
	free(b);
}
