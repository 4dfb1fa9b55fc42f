/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hot path on shared state, the same for xensimd and the libraries. No locks: a process may be
 * killed between any two instructions here and the others must go on.
 */
#ifndef XENSIM_HOT_H
#define XENSIM_HOT_H

#include <stdbool.h>

#include "tests/xensim/abi.h"

static inline void xensim_add(struct xensim_domain *d, unsigned int shard, enum xensim_counter c, uint64_t n)
{
	atomic_fetch_add_explicit(&d->shard[shard % XENSIM_SHARDS].c[c], n, memory_order_relaxed);
}

static inline uint64_t xensim_sum(const struct xensim_domain *d, enum xensim_counter c)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < XENSIM_SHARDS; i++)
		n += atomic_load_explicit(&d->shard[i].c[c], memory_order_relaxed);
	return n;
}

/* True if this operation is to fail. The common case, no fault set, costs three loads. */
static inline bool xensim_fault_hit(struct xensim_domain *d, enum xensim_fault_kind kind)
{
	struct xensim_fault *f = &d->fault[kind];
	uint32_t every = atomic_load_explicit(&f->every, memory_order_relaxed);

	if (every)
		return (atomic_fetch_add(&f->seen, 1) + 1) % every == 0;
	if (atomic_load_explicit(&f->nth, memory_order_relaxed))
		return atomic_fetch_add(&f->seen, 1) + 1 == atomic_load(&f->nth);
	if (atomic_load_explicit(&f->count, memory_order_relaxed) <= 0)
		return false;
	return atomic_fetch_sub(&f->count, 1) > 0;
}

static inline void xensim_port_queue(struct xensim_shared *s, struct xensim_port *p, unsigned int port)
{
	struct xensim_handle *h = &s->handle[atomic_load(&p->handle) % XENSIM_HANDLES];

	/* The word before its selector: a reader that sees the selector finds the word. */
	atomic_fetch_or(&h->word[port / 64], 1ull << (port % 64));
	atomic_fetch_or(&h->sel, 1ull << (port / 64));
}

/* Mark a port pending. True if its owner must be woken: it was neither pending nor masked. */
static inline bool xensim_port_raise(struct xensim_shared *s, unsigned int dom, unsigned int port)
{
	struct xensim_port *p = &s->dom[dom].port[port];

	if (atomic_fetch_or(&p->flags, XENSIM_PORT_PENDING) & (XENSIM_PORT_PENDING | XENSIM_PORT_MASKED))
		return false;
	xensim_port_queue(s, p, port);
	return true;
}

/* Unmask a port of one's own. True if it was raised meanwhile, then the handle must be woken. */
static inline bool xensim_port_unmask(struct xensim_shared *s, unsigned int dom, unsigned int port)
{
	struct xensim_port *p = &s->dom[dom].port[port];
	uint32_t old = atomic_fetch_and(&p->flags, ~XENSIM_PORT_MASKED);

	if ((old & (XENSIM_PORT_PENDING | XENSIM_PORT_MASKED)) != (XENSIM_PORT_PENDING | XENSIM_PORT_MASKED))
		return false;
	xensim_port_queue(s, p, port);
	return true;
}

#endif
