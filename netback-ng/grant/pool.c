/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/grant/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/netif/wire.h"
#include "netback-ng/grant/copy.h"
#include "lib/daemon/log.h"

#define HUGE_PAGE (2ul << 20)

static uint8_t *map_plain(struct pool *p, bool want_huge)
{
	void *at = MAP_FAILED;

	if (want_huge) {
		p->bytes = (p->bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
		at = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		p->huge = at != MAP_FAILED;
	}
	if (at == MAP_FAILED)
		at = mmap(NULL, p->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	/* No reserved huge pages on this host: transparent ones do nearly as well. */
	if (want_huge && !p->huge)
		madvise(at, p->bytes, MADV_HUGEPAGE);
	return at;
}

/* Said once: it is the same for every pool. */
static void say_plain(int error)
{
	static bool said;

	if (!said)
		log_info("grant copies go to ordinary memory, which costs more CPU time: no pages can be granted to this "
			 "domain itself: %s. Load xen-gntalloc and raise its parameter limit, or set copy_grants = false",
			 strerror(error));
	said = true;
}

/* Grants are made for domain 0; whether that is this one, a copy will tell. */
static bool granted_to_us(struct pool *p, struct copy *c)
{
	bool failed = false;

	if (p->bytes < 2 * NETIF_PAGE_SIZE)
		return false;
	copy_from(c, 0, p->refs[0], 0,
		  (struct copy_local){ p->base + NETIF_PAGE_SIZE, { .refs = p->refs + 1 } }, 1, &failed);
	copy_run(c);
	c->calls = c->segments = 0;
	return !failed;
}

static bool map_granted(struct pool *p, struct copy *c)
{
	unsigned int n = (unsigned int)(p->bytes / NETIF_PAGE_SIZE);

	p->refs = calloc(n, sizeof(*p->refs));
	if (!p->refs)
		return false;
	p->base = xengntshr_share_pages(c->xgs, 0, (int)n, p->refs, 1);
	if (p->base && granted_to_us(p, c))
		return true;
	say_plain(p->base ? EPERM : errno);
	pool_close(p, c);
	return false;
}

int pool_open(struct pool *p, size_t bytes, bool huge, struct copy *c)
{
	*p = (struct pool){ .bytes = bytes };
	if (c->xgs && !huge && map_granted(p, c))
		return 0;
	p->bytes = bytes;
	p->base = map_plain(p, huge);
	return p->base ? 0 : -ENOMEM;
}

void pool_close(struct pool *p, struct copy *c)
{
	if (p->base && p->refs)
		xengntshr_unshare(c->xgs, p->base, (uint32_t)(p->bytes / NETIF_PAGE_SIZE));
	else if (p->base)
		munmap(p->base, p->bytes);
	free(p->refs);
	*p = (struct pool){ 0 };
}
