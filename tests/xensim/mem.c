/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/xensim/server.h"

void *mem_alloc(size_t n)
{
	void *p = calloc(1, n);

	if (!p) {
		perror("xensimd: out of memory");
		exit(1);
	}
	return p;
}

struct mem *mem_new(unsigned int domid)
{
	struct mem *m = mem_alloc(sizeof(*m));

	m->refs = 1;
	m->domid = domid;
	m->fifo = mem_alloc(sizeof(*m->fifo) * XENSIM_FRAMES);
	m->fd = memfd_create("xensim-domain", MFD_CLOEXEC);
	if (m->fd < 0 || ftruncate(m->fd, (off_t)XENSIM_FRAMES * XENSIM_PAGE)) {
		perror("xensimd: memfd");
		exit(1);
	}
	return m;
}

void mem_put(struct mem *m)
{
	if (!m || --m->refs)
		return;
	close(m->fd);
	free(m->fifo);
	free(m);
}

/*
 * Never-used frames first and then the one freed longest ago: shares stay contiguous (one mapping, not
 * hundreds), and a copy that raced with a revocation has ended before its frame serves another.
 */
int mem_frame_take(struct mem *m, uint32_t *frame)
{
	if (m->bump < XENSIM_FRAMES) {
		*frame = m->bump++;
	} else if (m->fill) {
		*frame = m->fifo[m->head];
		m->head = (m->head + 1) % XENSIM_FRAMES;
		m->fill--;
	} else {
		return -ENOMEM;
	}
	m->shared[*frame] = true;
	return 0;
}

/* Free the frame if neither a grant nor a mapping needs it any more; the hole makes it read as zeroes. */
void mem_frame_settle(struct mem *m, uint32_t frame)
{
	if (m->shared[frame] || m->maps[frame])
		return;
	fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)frame * XENSIM_PAGE, XENSIM_PAGE);
	m->fifo[(m->head + m->fill++) % XENSIM_FRAMES] = frame;
}

void mem_frame_clear_byte(struct mem *m, uint32_t frame, uint32_t offset)
{
	if (pwrite(m->fd, "", 1, (off_t)frame * XENSIM_PAGE + offset) != 1)
		perror("xensimd: notify byte");
}
