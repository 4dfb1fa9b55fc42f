/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/xensim/server.h"

struct domain domain[XENSIM_DOMS];

bool dom_alive(uint32_t domid)
{
	return domid < XENSIM_DOMS && domain[domid].exists;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* CPU time is made up: a domain burns load_percent of one CPU. */
uint64_t dom_cpu_ns(struct domain *d)
{
	uint64_t now = now_ns();

	if (d->cpu_stamp)
		d->cpu_ns += (now - d->cpu_stamp) / 100 * d->load_percent;
	d->cpu_stamp = now;
	return d->cpu_ns;
}

/* Is it found at rest, all vCPUs blocked?  At random, as often as its load says; Dom0 is who asks. */
static bool dom_blocked(const struct domain *d)
{
	static uint32_t random = 1;

	random = random * 1664525u + 1013904223u;
	return d != &domain[0] && (random >> 8) % 100 >= d->runnable_percent;
}

static void dom_free_refs_init(struct domain *d)
{
	d->free_ref = mem_alloc(sizeof(*d->free_ref) * XENSIM_GRANTS);
	d->ref_head = 0;
	d->ref_fill = 0;
	for (uint32_t r = XENSIM_GREF_MIN; r < XENSIM_GRANTS; r++)
		d->free_ref[d->ref_fill++] = r;
}

int dom_create(uint32_t domid, uint32_t vcpus, uint64_t memory_kib, const char *name)
{
	static uint32_t incarnation;
	struct domain *d;

	if (domid >= XENSIM_DOMS)
		return -EINVAL;
	if (dom_alive(domid))
		return -EEXIST;
	d = &domain[domid];
	memset(d, 0, sizeof(*d));
	d->exists = true;
	snprintf(d->name, sizeof(d->name), "%s", name);
	dom_free_refs_init(d);
	d->share_limit = XENSIM_GRANTS;
	d->target = XENSIM_NONE;
	d->vcpus = vcpus < 1 ? 1 : vcpus > 64 ? 64 : vcpus;
	d->memory_kib = memory_kib;
	d->weight = 256;
	memset(d->affinity, 0xff, sizeof(d->affinity));
	dom_cpu_ns(d);
	for (int i = 0; i < XENSIM_SHARDS; i++)
		memset(&shared->dom[domid].shard[i], 0, sizeof(struct xensim_shard));
	fault_set(domid, XENSIM_F_COUNT, 0, 0, 0);
	atomic_store(&shared->dom[domid].incarnation, ++incarnation);
	store_domain_new(domid);
	return 0;
}

/* The domain is gone before its connections are: nothing new can begin while they are taken apart. */
int dom_destroy(uint32_t domid)
{
	if (domid == 0 || domid >= XENSIM_DOMS)
		return -EINVAL;
	if (!dom_alive(domid))
		return -ESRCH;
	atomic_store(&shared->dom[domid].incarnation, 0);
	domain[domid].exists = false;
	conn_kill_domain(domid);
	evtchn_domain_gone(domid);
	grant_domain_gone(domid);
	store_domain_gone(domid);
	mem_put(domain[domid].mem);
	free(domain[domid].free_ref);
	domain[domid].mem = NULL;
	domain[domid].free_ref = NULL;
	return 0;
}

struct mem *dom_mem(uint32_t domid)
{
	if (!dom_alive(domid))
		return NULL;
	if (!domain[domid].mem)
		domain[domid].mem = mem_new(domid);
	return domain[domid].mem;
}

static uint32_t dom_mapped(const struct domain *d)
{
	uint32_t n = 0;

	for (uint32_t f = 0; d->mem && f < d->mem->bump; f++)
		n += d->mem->maps[f] != 0;
	return n;
}

int dom_info(uint32_t first, struct xensim_dominfo *info, unsigned int max)
{
	unsigned int n = 0;

	for (uint32_t id = first; id < XENSIM_DOMS && n < max; id++) {
		struct domain *d = &domain[id];

		if (!d->exists)
			continue;
		info[n] = (struct xensim_dominfo){
			.domid = id, .vcpus = d->vcpus, .granted = d->shared_pages,
			.mapped_pages = dom_mapped(d), .memory_kib = d->memory_kib, .cpu_ns = dom_cpu_ns(d),
			.blocked = dom_blocked(d),
		};
		memcpy(info[n].name, d->name, sizeof(info[n].name));
		n++;
	}
	return (int)n;
}
