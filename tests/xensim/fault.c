/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "tests/xensim/server.h"

static void fault_clear(uint32_t domid, uint32_t kind)
{
	struct xensim_fault *f = &shared->dom[domid].fault[kind];

	atomic_store(&f->every, 0);
	atomic_store(&f->nth, 0);
	atomic_store(&f->count, 0);
	atomic_store(&f->seen, 0);
}

int fault_set(uint32_t domid, uint32_t kind, uint32_t count, uint32_t every, uint32_t nth)
{
	struct xensim_fault *f;

	if (!dom_alive(domid))
		return -ESRCH;
	if (kind == XENSIM_F_COUNT) {
		for (uint32_t k = 0; k < XENSIM_F_COUNT; k++)
			fault_clear(domid, k);
		domain[domid].storm_left = 0;
		return 0;
	}
	if (kind > XENSIM_F_COUNT || !!count + !!every + !!nth != 1 || (kind == XENSIM_F_EVTCHN_STORM && !count))
		return -EINVAL;
	fault_clear(domid, kind);
	f = &shared->dom[domid].fault[kind];
	if (kind == XENSIM_F_EVTCHN_STORM)
		domain[domid].storm_left = count;
	atomic_store(&f->count, count);
	atomic_store(&f->every, every);
	atomic_store(&f->nth, nth);
	return 0;
}
