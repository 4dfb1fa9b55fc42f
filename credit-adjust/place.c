/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains that move packets run beside Dom0: their soft affinity becomes the socket on which Dom0 uses
 * most CPU time, so that what it copies is in a cache that they share (Liao's cache-aware placement).
 * Soft: a CPU elsewhere is used before a vCPU waits.  Only domains whose soft affinity is "all" are placed, and
 * get that back; the rule of baselines holds, in a file of their own.
 */
#include <errno.h>
#include <string.h>

#include "credit-adjust/adjust.h"
#include "lib/daemon/log.h"

static bool anybody_placed(const struct adjust *a)
{
	for (uint32_t i = 0; i < a->places.count; i++)
		if (a->places.entry[i].id != BASELINE_NOBODY && a->places.entry[i].set != XEN_ANYWHERE)
			return true;
	return false;
}

static uint32_t wanted(const struct adjust *a, uint32_t i)
{
	const struct policy_sample *s = &a->sample[i];

	return a->config->affinity && i && a->state[i].class == POLICY_IO && !s->never && !s->held &&
	       s->pool == a->sample[0].pool ? a->home : XEN_ANYWHERE;
}

/* The entry if something is to be written; it is planned then. */
static struct baseline *domain_plan(struct adjust *a, uint32_t i, uint32_t to)
{
	const struct xen_domain *d = &a->record[i].xen;
	struct baseline *e = baseline_find(&a->places, d->domid, d->uuid);
	uint32_t where;

	if (!e && to == XEN_ANYWHERE)
		return NULL;
	if (xen_soft_get(a->xch, &a->sockets, d->domid, d->vcpus, &where))
		return NULL;
	e = baseline_get(&a->places, d->domid, d->uuid, where);
	if (!e)
		return NULL;
	if (baseline_observe(e, where))
		log_info("%s (%u): its soft affinity was set by the operator: it is left alone", a->record[i].name, d->domid);
	if (e->value != XEN_ANYWHERE || where == to)
		return NULL;
	baseline_plan(e, to);
	return e;
}

static void domain_write(struct adjust *a, uint32_t i)
{
	const struct xen_domain *d = &a->record[i].xen;
	struct baseline *e = baseline_find(&a->places, d->domid, d->uuid);
	int rc;

	if (!e || e->set == e->was)
		return;
	rc = xen_soft_set(a->xch, &a->sockets, d->domid, d->vcpus, e->set);
	if (rc && rc != -ESRCH)
		log_warning("%s (%u): cannot set its soft affinity: %s", a->record[i].name, d->domid, strerror(-rc));
	else if (!rc && e->set == XEN_ANYWHERE)
		log_info("%s (%u): soft affinity: any CPU, its baseline", a->record[i].name, d->domid);
	else if (!rc)
		log_info("%s (%u): soft affinity: socket %u, where Dom0 moves its packets", a->record[i].name, d->domid,
			 e->set - XEN_SOCKET(0));
	baseline_settle(e, !rc);
}

static bool all_return(const struct adjust *a)
{
	for (uint32_t i = 0; i < a->places.count; i++)
		if (a->places.entry[i].set != a->places.entry[i].was && a->places.entry[i].set != XEN_ANYWHERE)
			return false;
	return true;
}

/* As weights: what is not on disk is not done, but for the way back. */
static void write_all(struct adjust *a)
{
	int rc = baselines_save(&a->places);

	if (rc && rc != a->unsaved_places)
		log_error("cannot remember soft affinities in %s: %s; none is changed until that works", a->places.path,
			  strerror(-rc));
	a->unsaved_places = rc;
	if (!rc || all_return(a)) {
		for (uint32_t i = 0; i < a->n; i++)
			domain_write(a, i);
		return;
	}
	for (uint32_t i = 0; i < a->places.count; i++)
		baseline_settle(&a->places.entry[i], false);
}

void place_round(struct adjust *a)
{
	bool work = false;

	if (a->dry_run || !a->n || a->record[0].xen.domid || (!a->config->affinity && !anybody_placed(a)))
		return;
	if (!a->sockets.cpus && xen_sockets_get(a->xch, &a->sockets))
		return;
	if (a->sockets.sockets < 2)
		return;
	/* It stays while anybody is placed there: moving them all would cost more than it gains. */
	if (!anybody_placed(a))
		a->home = XEN_SOCKET((uint32_t)xen_socket_busiest(a->xch, &a->sockets, 0, a->record[0].xen.vcpus));
	for (uint32_t i = 0; i < a->n; i++)
		work |= domain_plan(a, i, wanted(a, i)) != NULL;
	if (work)
		write_all(a);
}

void place_restore(struct adjust *a)
{
	bool work = false;

	if (a->dry_run || !a->places.count || xen_sockets_get(a->xch, &a->sockets))
		return;
	for (uint32_t i = 0; i < a->n; i++)
		work |= domain_plan(a, i, XEN_ANYWHERE) != NULL;
	if (work)
		write_all(a);
	baselines_save(&a->places); /* a failure leaves what the next start restores once more */
}
