/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Buffers that grant copies go to and come from: pages that this domain has granted to
 * itself where it can.  For a copy between two grants nothing is pinned by the kernel,
 * which is half of what a copy of a page costs.  Else ordinary memory, on huge pages if wanted.
 */
#ifndef NETBACK_POOL_H
#define NETBACK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct copy;

struct pool {
	uint8_t *base;
	size_t bytes;
	uint32_t *refs; /* of each page; NULL: not granted */
	bool huge;
};

/* bytes: whole pages.  0 or -ENOMEM. */
int pool_open(struct pool *p, size_t bytes, bool huge, struct copy *c);
/* Idempotent.  c as for pool_open(), still open. */
void pool_close(struct pool *p, struct copy *c);

#endif
