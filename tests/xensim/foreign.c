/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/xensim/foreign.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct range {
	const char *base, *end;
};

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct range *ranges; /* sorted, none overlaps another */
static size_t count, room;

/* The first range that ends behind 'at'. */
static size_t find(const char *at)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (ranges[mid].end > at)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static int grow(void)
{
	size_t wanted = room ? 2 * room : 64;
	struct range *grown = realloc(ranges, wanted * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	ranges = grown;
	room = wanted;
	return 0;
}

int foreign_add(const char *base, size_t size)
{
	size_t i;
	int rc = 0;

	pthread_rwlock_wrlock(&lock);
	if (count == room)
		rc = grow();
	if (!rc) {
		i = find(base);
		memmove(&ranges[i + 1], &ranges[i], (count++ - i) * sizeof(*ranges));
		ranges[i] = (struct range){ base, base + size };
	}
	pthread_rwlock_unlock(&lock);
	return rc;
}

void foreign_del(const char *base)
{
	size_t i;

	pthread_rwlock_wrlock(&lock);
	i = find(base);
	if (i < count && ranges[i].base == base)
		memmove(&ranges[i], &ranges[i + 1], (--count - i) * sizeof(*ranges));
	pthread_rwlock_unlock(&lock);
}

void foreign_hold(void)
{
	pthread_rwlock_rdlock(&lock);
}

void foreign_release(void)
{
	pthread_rwlock_unlock(&lock);
}

bool foreign_touches(const void *at, size_t len)
{
	const char *first = at;
	size_t i = find(first);

	return len && i < count && ranges[i].base < first + len;
}
