/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static grants (netif.h, control messages 9 and 10): mapped by the main thread,
 * entered in the queue's table on the queue's worker, so that no burst is under
 * way while the table changes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "netback-ng/port.h"
#include "netback-ng/vif_data.h"

/*
 * Each unit is a kernel memory area, of which a process has 65530 for all its
 * guests: honest front ends add whole pages of grants, this many ADD messages do.
 */
#define UNITS_MAX 64

struct table_change {
	struct queue *q;
	struct vif_unit *unit;
	int rc;
};

static void remove_first(struct queue *q, const struct vif_unit *u, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		netif_gref_map_del(&q->grefs, u->grefs[i]);
}

static void add_here(struct worker *w, void *arg)
{
	struct table_change *t = arg;
	const struct vif_unit *u = t->unit;
	unsigned int i;

	pthread_mutex_lock(&t->q->rx_lock);
	for (i = 0, t->rc = 0; i < u->count && !t->rc; i++)
		t->rc = netif_gref_map_add(&t->q->grefs, u->grefs[i],
					   u->addr + (size_t)i * NETIF_PAGE_SIZE, u->readonly);
	/* All or nothing; i - 1 were added before the one that failed. */
	if (t->rc)
		remove_first(t->q, u, i - 1);
	pthread_mutex_unlock(&t->q->rx_lock);
}

static void del_here(struct worker *w, void *arg)
{
	struct table_change *t = arg;

	/* Frames on their way out may lie in these pages. */
	t->q->port->settle(t->q);
	pthread_mutex_lock(&t->q->rx_lock);
	remove_first(t->q, t->unit, t->unit->count);
	pthread_mutex_unlock(&t->q->rx_lock);
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

/* Enter a mapped unit in the queue's table; it is unmapped where that fails. */
static int unit_publish(struct vif *vif, struct vif_unit *u)
{
	struct table_change t = { .q = vif->queues[u->queue], .unit = u };

	worker_call(t.q->worker, add_here, &t);
	if (t.rc) {
		unit_unmap(vif, u);
		return t.rc;
	}
	u->next = vif->units;
	vif->units = u;
	return 0;
}

static void unit_retire(struct vif *vif, struct vif_unit *u)
{
	struct table_change t = { .q = vif->queues[u->queue], .unit = u };
	struct vif_unit **link;

	for (link = &vif->units; *link != u; link = &(*link)->next)
		;
	*link = u->next;
	worker_call(t.q->worker, del_here, &t);
	unit_unmap(vif, u);
}

static unsigned int unit_count(const struct vif *vif, unsigned int queue)
{
	const struct vif_unit *u;
	unsigned int n = 0;

	for (u = vif->units; u; u = u->next)
		n += u->queue == queue;
	return n;
}

unsigned int vif_gref_room(const struct vif *vif, unsigned int queue)
{
	if (queue >= VIF_QUEUES_MAX || !vif->queues[queue] || !dataplane_config()->static_grants)
		return 0;
	return NETIF_GREF_MAP_MAX - vif->queues[queue]->grefs.count;
}

int vif_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs,
		 unsigned int n)
{
	struct vif_unit *rw, *ro;
	int rc;

	if (queue >= VIF_QUEUES_MAX || !vif->queues[queue] || !n)
		return -EINVAL;
	if (n > vif_gref_room(vif, queue) || unit_count(vif, queue) >= UNITS_MAX)
		return -ENOSPC;
	rc = unit_map(vif, queue, grefs, n, false, &rw);
	if (rc)
		return rc;
	rc = unit_map(vif, queue, grefs, n, true, &ro);
	if (!rc && rw)
		rc = unit_publish(vif, rw);
	else if (rc && rw)
		unit_unmap(vif, rw);
	if (rc) {
		if (ro)
			unit_unmap(vif, ro);
		return rc;
	}
	if (ro)
		rc = unit_publish(vif, ro);
	if (rc && rw)
		unit_retire(vif, rw);
	return rc;
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
	struct vif_unit *rest = NULL;
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
	unit_retire(vif, u);
	return rest ? unit_publish(vif, rest) : 0;
}

/* The part of a DEL message that concerns one unit.  Returns how many it unmapped. */
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
			/* Marked for the second pass, when u is gone. */
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

unsigned int vif_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs,
			  unsigned int n)
{
	unsigned int i, done = 0;
	struct vif_unit *u, *next;

	for (i = 0; i < n; i++)
		grefs[i].status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	if (queue >= VIF_QUEUES_MAX || !vif->queues[queue])
		return 0;
	/* New units are put in front of the list, so none is seen twice. */
	for (u = vif->units; u; u = next) {
		next = u->next;
		if (u->queue == queue)
			done += unit_del(vif, u, grefs, n);
	}
	return done;
}

void vif_gref_drop_all(struct vif *vif)
{
	struct vif_unit *u;

	while ((u = vif->units)) {
		vif->units = u->next;
		unit_unmap(vif, u);
	}
}
