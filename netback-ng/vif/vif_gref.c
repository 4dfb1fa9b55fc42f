/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static grants (netif.h, control messages 9 and 10): mapped by the main thread,
 * entered in the queue's table on the queue's worker, so that no burst is under
 * way while the table changes.  The main thread does not wait for that: a guest would
 * have it wait as often as it likes.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "netback-ng/vif/uplink.h"
#include "netback-ng/vif/vif_data.h"

/*
 * Each unit is a kernel memory area, of which a process has 65530 for all its
 * guests: honest front ends add whole pages of grants, this many ADD messages do.
 */
#define UNITS_MAX 64

/* The host takes the frames that lie in pages to be unmapped within this, or is given up. */
#define GIVE_UP_NS 2000000000ull

static void remove_first(struct queue *q, const struct vif_unit *u, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		netif_gref_map_del(&q->grefs, u->grefs[i]);
}

/* All of the unit or nothing. */
static int enter(struct queue *q, const struct vif_unit *u)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < u->count && !rc; i++)
		rc = netif_gref_map_add(&q->grefs, u->grefs[i], u->addr + (size_t)i * NETIF_PAGE_SIZE,
					u->readonly);
	/* i - 1 were added before the one that failed. */
	if (rc)
		remove_first(q, u, i - 1);
	return rc;
}

/* What goes first: what comes may be the rest of the same pages. */
static int change_table(struct vif_change *c)
{
	const struct vif_unit *u, *failed;
	int rc = 0;

	for (u = c->out; u; u = u->next)
		remove_first(c->q, u, u->count);
	for (u = c->in; u && !rc; u = u->next) {
		failed = u;
		rc = enter(c->q, u);
	}
	for (u = c->in; rc && u != failed; u = u->next)
		remove_first(c->q, u, u->count);
	return rc;
}

static void change_here(struct worker *w, struct worker_job *job)
{
	struct vif_change *c = (struct vif_change *)((char *)job - offsetof(struct vif_change, job));
	struct queue *q = c->q;

	if (!c->entered) {
		pthread_mutex_lock(&q->rx_lock);
		c->rc = change_table(c);
		pthread_mutex_unlock(&q->rx_lock);
		c->entered = true;
		c->written = q->written;
		c->give_up_ns = clock_ns() + GIVE_UP_NS;
	}
	/* Frames on their way out may lie in the pages that go. */
	if (c->out) {
		q->uplink->room(q);
		if ((s32)(q->settled - c->written) < 0 && clock_ns() > c->give_up_ns)
			q->uplink->give_up(q);
		worker_activate(w, &q->task);
	}
	c->settled = !c->out || (s32)(q->settled - c->written) >= 0;
}

static int change_begin(struct vif *vif, unsigned int queue)
{
	struct vif_change *c = &vif->change;

	c->busy = true;
	c->entered = c->settled = false;
	c->rc = 0;
	c->q = vif->queues[queue];
	c->job.fn = change_here;
	worker_post(c->q->worker, &c->job);
	return -EINPROGRESS;
}

static void unit_unmap(struct vif *vif, struct vif_unit *u)
{
	if (u->addr)
		xengnttab_unmap(vif->xgt, u->addr, u->count);
	free(u);
}

/* A unit of those grefs that have this readonly flag; 0 and *up NULL where there is none. */
static int unit_map(struct vif *vif, unsigned int queue, const struct netif_gref *grefs,
		    unsigned int n, bool readonly, struct vif_unit **up)
{
	struct vif_unit *u = malloc(sizeof(*u) + n * sizeof(u->grefs[0]));
	unsigned int i;

	*up = NULL;
	if (!u)
		return -ENOMEM;
	memset(u, 0, sizeof(*u));
	u->queue = queue;
	u->readonly = readonly;
	for (i = 0; i < n; i++)
		if (!!(grefs[i].flags & NETIF_GREF_READONLY) == readonly)
			u->grefs[u->count++] = grefs[i].ref;
	if (!u->count) {
		free(u);
		return 0;
	}
	u->addr = xengnttab_map_domain_grant_refs(vif->xgt, u->count, vif->id.domid, u->grefs,
						  readonly ? PROT_READ : PROT_READ | PROT_WRITE);
	if (!u->addr) {
		free(u);
		return -ENXIO;
	}
	*up = u;
	return 0;
}

static void unmap_all(struct vif *vif, struct vif_unit **list)
{
	struct vif_unit *u;

	while ((u = *list)) {
		*list = u->next;
		unit_unmap(vif, u);
	}
}

int uvif_gref_poll(struct vif *vif)
{
	struct vif_change *c = &vif->change;
	struct vif_unit *u;

	if (worker_posted(&c->job))
		return -EINPROGRESS;
	if (!c->settled) {
		worker_post(c->q->worker, &c->job);
		return -EINPROGRESS;
	}
	unmap_all(vif, &c->out);
	if (c->rc)
		unmap_all(vif, &c->in);
	while ((u = c->in)) {
		c->in = u->next;
		u->next = vif->units;
		vif->units = u;
	}
	c->busy = false;
	return c->rc;
}

static unsigned int unit_count(const struct vif *vif, unsigned int queue)
{
	const struct vif_unit *u;
	unsigned int n = 0;

	for (u = vif->units; u; u = u->next)
		n += u->queue == queue;
	return n;
}

unsigned int vif_gref_count(const struct vif *vif, unsigned int queue)
{
	const struct vif_unit *u;
	unsigned int n = 0;

	for (u = vif->units; u; u = u->next)
		if (u->queue == queue)
			n += u->count;
	return n;
}

unsigned int uvif_gref_room(const struct vif *vif, unsigned int queue)
{
	if (queue >= VIF_QUEUES_MAX || !vif->queues[queue] || !dataplane_config()->static_grants)
		return 0;
	return NETIF_GREF_MAP_MAX - vif_gref_count(vif, queue);
}

int uvif_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs,
		 unsigned int n)
{
	struct vif_unit *rw, *ro;
	int rc;

	if (queue >= VIF_QUEUES_MAX || !vif->queues[queue] || !n || vif->change.busy)
		return -EINVAL;
	if (n > uvif_gref_room(vif, queue) || unit_count(vif, queue) >= UNITS_MAX)
		return -ENOSPC;
	rc = unit_map(vif, queue, grefs, n, false, &rw);
	if (rc)
		return rc;
	rc = unit_map(vif, queue, grefs, n, true, &ro);
	if (rc) {
		if (rw)
			unit_unmap(vif, rw);
		return rc;
	}
	if (ro)
		ro->next = rw;
	vif->change.in = ro ? ro : rw;
	return change_begin(vif, queue);
}

static bool wanted(const struct vif_unit *u, unsigned int queue, uint32_t gref,
		   unsigned int *index)
{
	unsigned int i;

	if (u->queue != queue)
		return false;
	for (i = 0; i < u->count; i++) {
		if (u->grefs[i] != gref)
			continue;
		*index = i;
		return true;
	}
	return false;
}

/*
 * Take the marked grefs out of the unit.  What stays is mapped anew as a unit of
 * its own before the old mapping goes: a guest that was told "unmapped" may
 * revoke the grant, so it must not stay mapped for its neighbours' sake.
 */
static int unit_shrink(struct vif *vif, struct vif_unit *u, const bool *out)
{
	struct netif_gref *keep = malloc(u->count * sizeof(*keep));
	unsigned int i, n = 0, queue = u->queue;
	struct vif_unit *rest = NULL, **link;
	struct vif_change *c = &vif->change;
	bool readonly = u->readonly;
	int rc = 0;

	if (!keep)
		return -ENOMEM;
	for (i = 0; i < u->count; i++)
		if (!out[i])
			keep[n++] = (struct netif_gref){
				.ref = u->grefs[i],
				.flags = readonly ? NETIF_GREF_READONLY : 0,
			};
	if (n)
		rc = unit_map(vif, queue, keep, n, readonly, &rest);
	free(keep);
	if (rc)
		return rc;
	for (link = &vif->units; *link != u; link = &(*link)->next)
		;
	*link = u->next;
	u->next = c->out;
	c->out = u;
	if (rest) {
		rest->next = c->in;
		c->in = rest;
	}
	return 0;
}

/* The part of a DEL message that concerns one unit.  Returns how many it takes out. */
static unsigned int unit_del(struct vif *vif, struct vif_unit *u, struct netif_gref *grefs,
			     unsigned int n)
{
	bool *out = calloc(u->count, sizeof(*out));
	unsigned int i, at, queue = u->queue, hits = 0;
	uint16_t status = NETIF_CTRL_STATUS_SUCCESS;

	if (!out)
		return 0;
	for (i = 0; i < n; i++)
		if (wanted(u, queue, grefs[i].ref, &at) && !out[at]) {
			out[at] = true;
			/* Marked for the second pass: u is not looked at after this one. */
			grefs[i].status = UINT16_MAX;
			hits++;
		}
	if (hits && unit_shrink(vif, u, out)) {
		status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
		hits = 0;
	}
	for (i = 0; i < n; i++)
		if (grefs[i].status == UINT16_MAX)
			grefs[i].status = status;
	free(out);
	return hits;
}

int uvif_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs, unsigned int n,
		 unsigned int *done)
{
	struct vif_unit *u, *next;
	unsigned int i;

	*done = 0;
	for (i = 0; i < n; i++)
		grefs[i].status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	if (queue >= VIF_QUEUES_MAX || !vif->queues[queue] || vif->change.busy)
		return 0;
	for (u = vif->units; u; u = next) {
		next = u->next;
		if (u->queue == queue)
			*done += unit_del(vif, u, grefs, n);
	}
	return *done ? change_begin(vif, queue) : 0;
}

/* The queues are gone: what was begun has come to its end, or has no table left to enter. */
void vif_gref_drop_all(struct vif *vif)
{
	unmap_all(vif, &vif->change.in);
	unmap_all(vif, &vif->change.out);
	vif->change.busy = false;
	unmap_all(vif, &vif->units);
}
