/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grant tables: who granted which page to whom, and who has it mapped. */
#include <errno.h>
#include <stdlib.h>

#include "tests/xensim/hot.h"
#include "tests/xensim/server.h"

enum { ARG_DOM_OR_COUNT = 0, ARG_COUNT, ARG_WRITABLE, ARG_NOTIFY_OFF, ARG_NOTIFY_PORT };

static uint32_t next_id;

static uint32_t ref_take(struct domain *d)
{
	uint32_t ref = d->free_ref[d->ref_head];

	d->ref_head = (d->ref_head + 1) % XENSIM_GRANTS;
	d->ref_fill--;
	return ref;
}

static void ref_give(struct domain *d, uint32_t ref)
{
	d->free_ref[(d->ref_head + d->ref_fill++) % XENSIM_GRANTS] = ref;
}

static bool pinned(const struct pin *p)
{
	return p->maps[0] || p->maps[1];
}

static void grant_end(unsigned int domid, uint32_t ref)
{
	struct mem *m = domain[domid].mem;
	uint32_t frame = XENSIM_GRANT_FRAME(atomic_exchange(&shared->dom[domid].grant[ref], 0));

	ref_give(&domain[domid], ref);
	m->shared[frame] = false;
	mem_frame_settle(m, frame);
}

/*
 * A grant that is mapped cannot be ended: Linux leaves its entry as it is, valid for more maps and for copies,
 * and tries again (gnttab_end_foreign_access).
 */
static void share_revoke(unsigned int domid, struct share *s)
{
	struct domain *d = &domain[domid];

	if (s->notify_off != XENSIM_NONE)
		mem_frame_clear_byte(d->mem, s->frame[0], s->notify_off);
	for (uint32_t i = 0; i < s->count; i++) {
		struct pin *p = &d->mem->pin[s->ref[i]];

		p->ended = pinned(p);
		if (!p->ended)
			grant_end(domid, s->ref[i]);
	}
	d->shared_pages -= s->count;
	if (s->notify_port != XENSIM_NONE)
		evtchn_send(domid, s->notify_port);
}

static void share_free(unsigned int domid, struct share *s)
{
	LIST_REMOVE(s, entry);
	if (domain[domid].mem)
		share_revoke(domid, s);
	free(s->ref);
	free(s->frame);
	free(s);
}

static struct share *share_new(uint32_t count)
{
	struct share *s = mem_alloc(sizeof(*s));

	s->ref = mem_alloc(sizeof(uint32_t) * count);
	s->frame = mem_alloc(sizeof(uint32_t) * count);
	s->id = ++next_id;
	return s;
}

static bool notify_valid(uint32_t count, uint32_t offset)
{
	return offset == XENSIM_NONE || (count == 1 && offset < XENSIM_PAGE);
}

static int share_allowed(struct conn *c, uint32_t grantee, uint32_t count, uint32_t offset)
{
	struct domain *d = &domain[c->domid];

	if (grantee >= XENSIM_DOMS || !count || count > XENSIM_BATCH || !notify_valid(count, offset))
		return -EINVAL;
	if (d->shared_pages + count > d->share_limit || count > d->ref_fill)
		return -ENOSPC; /* gntalloc's answer beyond its limit */
	return 0;
}

int grant_share(struct conn *c, const uint32_t *arg, uint32_t *id, uint32_t *out)
{
	uint32_t grantee = arg[ARG_DOM_OR_COUNT], count = arg[ARG_COUNT];
	uint64_t bits = XENSIM_GRANT_VALID | (arg[ARG_WRITABLE] ? 0 : XENSIM_GRANT_RO) | (uint64_t)grantee << 32;
	struct domain *d = &domain[c->domid];
	struct mem *m = dom_mem(c->domid);
	struct share *s;
	int rc = share_allowed(c, grantee, count, arg[ARG_NOTIFY_OFF]);

	if (rc)
		return rc;
	if (m->fill + (XENSIM_FRAMES - m->bump) < count)
		return -ENOMEM;
	s = share_new(count);
	s->notify_off = arg[ARG_NOTIFY_OFF];
	s->notify_port = arg[ARG_NOTIFY_PORT];
	LIST_INSERT_HEAD(&c->shares, s, entry);
	for (; s->count < count; s->count++) {
		uint32_t i = s->count;

		mem_frame_take(m, &s->frame[i]);
		s->ref[i] = ref_take(d);
		atomic_store(&shared->dom[c->domid].grant[s->ref[i]], bits | s->frame[i]);
		out[i] = s->ref[i];
		out[count + i] = s->frame[i];
	}
	d->shared_pages += count;
	xensim_add(&shared->dom[c->domid], 0, XENSIM_C_share_pages, count);
	*id = s->id;
	return 0;
}

int grant_unshare(struct conn *c, uint32_t id)
{
	struct share *s;

	LIST_FOREACH(s, &c->shares, entry) {
		if (s->id != id)
			continue;
		share_free(c->domid, s);
		return 0;
	}
	return -EINVAL;
}

/* The rule of a map: the entry is valid, made out to the caller, and a writable map needs a writable grant. */
static int grant_check(unsigned int caller, uint32_t domid, uint32_t ref, bool write, uint32_t *frame)
{
	uint64_t w;

	if (!dom_alive(domid) || !domain[domid].mem || ref >= XENSIM_GRANTS)
		return -EINVAL;
	w = atomic_load(&shared->dom[domid].grant[ref]);
	if (!(w & XENSIM_GRANT_VALID) || XENSIM_GRANT_TO(w) != caller || (write && (w & XENSIM_GRANT_RO)))
		return -EINVAL;
	/* Xen's answer where the entry's counters might overflow. */
	if (domain[domid].mem->pin[ref].maps[write] + XENSIM_MAPS > XENSIM_PINS)
		return -EINVAL;
	*frame = XENSIM_GRANT_FRAME(w);
	return 0;
}

static void pin(struct mem *m, uint32_t ref, bool write)
{
	m->pin[ref].maps[write] += XENSIM_MAPS;
	if (m->pin[ref].maps[write] == XENSIM_PINS)
		atomic_fetch_or(&shared->dom[m->domid].grant[ref], XENSIM_GRANT_FULL(write));
}

/* True if that ended the grant: then the frame is looked after, too. */
static bool unpin(struct mem *m, uint32_t ref, bool write)
{
	struct pin *p = &m->pin[ref];

	p->maps[write] -= XENSIM_MAPS;
	if (domain[m->domid].mem != m) /* its domain is gone, and another one may have the number */
		return false;
	atomic_fetch_and(&shared->dom[m->domid].grant[ref], ~XENSIM_GRANT_FULL(write));
	if (!p->ended || pinned(p))
		return false;
	p->ended = false;
	grant_end(m->domid, ref);
	return true;
}

static void map_drop(unsigned int domid, struct map *m)
{
	LIST_REMOVE(m, entry);
	if (m->count && m->notify_off != XENSIM_NONE)
		mem_frame_clear_byte(m->page[0].mem, m->page[0].frame, m->notify_off);
	for (uint32_t i = 0; i < m->count; i++) {
		struct mapped_page *p = &m->page[i];

		p->mem->maps[p->frame]--;
		if (!unpin(p->mem, p->ref, m->write))
			mem_frame_settle(p->mem, p->frame);
		mem_put(p->mem);
	}
	domain[domid].maptrack -= m->count * XENSIM_MAPS;
	if (m->notify_port != XENSIM_NONE)
		evtchn_send(domid, m->notify_port);
	free(m);
}

static int map_fill(struct conn *c, struct map *m, uint32_t count, const uint32_t *pair, uint32_t *out)
{
	if (domain[c->domid].maptrack + count * XENSIM_MAPS > XENSIM_MAPTRACK)
		return -EINVAL; /* GNTST_no_device_space, from gntdev */
	for (; m->count < count; m->count++) {
		struct mapped_page *p = &m->page[m->count];
		uint32_t domid = pair[2 * m->count], ref = pair[2 * m->count + 1];
		int rc = grant_check(c->domid, domid, ref, m->write, &p->frame);

		if (rc)
			return rc;
		p->ref = ref;
		p->mem = domain[domid].mem;
		p->mem->refs++;
		p->mem->maps[p->frame]++;
		pin(p->mem, ref, m->write);
		domain[c->domid].maptrack += XENSIM_MAPS;
		out[m->count] = p->frame;
	}
	return 0;
}

static void map_count(unsigned int domid, uint32_t pages, int rc)
{
	struct xensim_domain *d = &shared->dom[domid];

	xensim_add(d, 0, XENSIM_C_map_calls, 1);
	xensim_add(d, 0, XENSIM_C_hypercalls, 1);
	xensim_add(d, 0, rc ? XENSIM_C_map_errors : XENSIM_C_map_pages, rc ? 1 : pages);
}

int grant_map(struct conn *c, const uint32_t *arg, const uint32_t *pair, uint32_t *id, uint32_t *out)
{
	uint32_t count = arg[0];
	struct map *m;
	int rc;

	if (!count || count > XENSIM_BATCH || !notify_valid(count, arg[2]))
		return -EINVAL;
	m = mem_alloc(sizeof(*m) + sizeof(m->page[0]) * count);
	m->id = ++next_id;
	m->notify_off = XENSIM_NONE;
	m->notify_port = XENSIM_NONE;
	m->write = arg[1];
	LIST_INSERT_HEAD(&c->maps, m, entry);
	rc = xensim_fault_hit(&shared->dom[c->domid], XENSIM_F_MAP_FAIL) ? -EINVAL
									 : map_fill(c, m, count, pair, out);
	map_count(c->domid, count, rc);
	if (rc) {
		map_drop(c->domid, m);
		return rc;
	}
	m->notify_off = arg[2];
	m->notify_port = arg[3];
	*id = m->id;
	return 0;
}

int grant_unmap(struct conn *c, uint32_t id)
{
	struct map *m;

	LIST_FOREACH(m, &c->maps, entry) {
		if (m->id != id)
			continue;
		xensim_add(&shared->dom[c->domid], 0, XENSIM_C_unmap_calls, 1);
		xensim_add(&shared->dom[c->domid], 0, XENSIM_C_unmap_pages, m->count);
		xensim_add(&shared->dom[c->domid], 0, XENSIM_C_hypercalls, 1);
		map_drop(c->domid, m);
		return 0;
	}
	return -EINVAL;
}

void grant_release(struct conn *c)
{
	while (!LIST_EMPTY(&c->maps))
		map_drop(c->domid, LIST_FIRST(&c->maps));
	while (!LIST_EMPTY(&c->shares))
		share_free(c->domid, LIST_FIRST(&c->shares));
}

/* Connections have given back their shares already: what is left is to make that certain. */
void grant_domain_gone(uint32_t domid)
{
	for (uint32_t r = 0; r < XENSIM_GRANTS; r++)
		if (atomic_load(&shared->dom[domid].grant[r]))
			atomic_store(&shared->dom[domid].grant[r], 0);
}
