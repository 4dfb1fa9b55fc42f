/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netback-ng/vif/vif_data.h"

static int dir_fd = -1;
static char dir_path[128];

/* Has a ring answers that are complete, and were perhaps not published? */
static bool has_entry(const uint32_t *words)
{
	const struct netif_journal *r = (const void *)words;

	return r->published != r->complete;
}

static bool is_needed(const char *name)
{
	struct journal j;
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, &j, sizeof(j));

	if (fd >= 0)
		close(fd);
	return n == sizeof(j) && j.magic == JOURNAL_MAGIC && (has_entry(j.tx) || has_entry(j.rx));
}

/*
 * Of vifs that went while no daemon was here nobody else removes the files.  One that has an
 * entry may be of a vif that is still to be connected, now or by a later daemon.
 */
static void sweep(void)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && !is_needed(e->d_name))
			unlinkat(dir_fd, e->d_name, 0);
	if (d)
		closedir(d);
}

void journal_start(const char *beside)
{
	char parent[sizeof(dir_path)];

	snprintf(parent, sizeof(parent), "%s", beside);
	snprintf(dir_path, sizeof(dir_path), "%.100s/rings", dirname(parent));
	if (mkdir(dir_path, 0700) && errno != EEXIST)
		log_warning("cannot create %s: %s", dir_path, strerror(errno));
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd >= 0)
		sweep();
}

void journal_stop(void)
{
	if (dir_fd >= 0)
		close(dir_fd);
	dir_fd = -1;
}

static void file_name(const struct queue *q, char name[32])
{
	snprintf(name, 32, "vif%u.%u-%u", q->domid, q->vif->id.devid, q->index);
}

bool journal_left(uint16_t domid, uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif%u.%u-0", domid, devid);
	return dir_fd >= 0 && !faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

/* NULL, with errno. */
static struct journal *map_file(const struct queue *q)
{
	void *at = MAP_FAILED;
	char name[32];
	int fd;

	file_name(q, name);
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	/* All of it now: a page that is missing later would be a signal, not an error. */
	errno = posix_fallocate(fd, 0, NETIF_PAGE_SIZE);
	if (!errno)
		at = mmap(NULL, NETIF_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

static struct journal *map_private(const struct queue *q)
{
	void *at;

	log_limited(&q->vif->log_limit, LOG_WARNING,
		    "%s: no file in %s for the answers of queue %u: %s; the vif may be lost if the daemon is killed",
		    q->vif->id.name, dir_path, q->index, strerror(errno));
	at = mmap(NULL, NETIF_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return at == MAP_FAILED ? NULL : at;
}

static bool bears(const struct netif_back_ring *r, const uint32_t mark[2])
{
	return netif_load(&r->shared->mark[0]) == mark[0] && netif_load(&r->shared->mark[1]) == mark[1];
}

static void put_mark(struct netif_back_ring *r, const uint32_t mark[2])
{
	netif_store(&r->shared->mark[0], mark[0]);
	netif_store(&r->shared->mark[1], mark[1]);
}

/* Never that of a ring made anew, which is zero. */
static void new_mark(uint32_t mark[2])
{
	const uint64_t now = clock_ns();

	if (getrandom(mark, 2 * sizeof(mark[0]), 0) != 2 * sizeof(mark[0]))
		memcpy(mark, &now, sizeof(now));
	mark[0] |= 1;
}

/* Of the very rings that the file is about: those with these numbers, and not made anew since. */
static bool is_of(const struct journal *j, const struct journal_key *k, const struct queue *q)
{
	return j->magic == JOURNAL_MAGIC && j->key.mark[0] && j->key.tx_ref == k->tx_ref &&
	       j->key.rx_ref == k->rx_ref && j->key.tx_evtchn == k->tx_evtchn &&
	       j->key.rx_evtchn == k->rx_evtchn && bears(&q->tx, j->key.mark) && bears(&q->rx, j->key.mark);
}

int journal_attach(struct queue *q, const struct vif_connection *c)
{
	struct journal_key key = {
		.tx_ref = c->queue[q->index].tx_ref,
		.rx_ref = c->queue[q->index].rx_ref,
		.tx_evtchn = c->queue[q->index].tx_evtchn,
		.rx_evtchn = c->queue[q->index].rx_evtchn,
	};
	struct journal *j = map_file(q);
	bool kept;
	u32 n;

	if (!j)
		j = map_private(q);
	if (!j)
		return -ENOMEM;
	kept = is_of(j, &key, q);
	/* Nobody's until both rings' parts are right, in whatever order the stores are done. */
	if (!kept)
		memset(&j->key, 0, sizeof(j->key));
	netif_barrier();
	n = netif_back_journal(&q->tx, (void *)j->tx, NETIF_TX_SHAPE, kept);
	n += netif_back_journal(&q->rx, (void *)j->rx, NETIF_RX_SHAPE, kept);
	/* There is no entry now, which nobody would find between here and the end. */
	new_mark(key.mark);
	put_mark(&q->tx, key.mark);
	put_mark(&q->rx, key.mark);
	netif_barrier();
	j->magic = JOURNAL_MAGIC;
	j->key = key;
	q->journal = j;
	if (n)
		log_info("%s: queue %u: published %u answers that the daemon before had written",
			 q->vif->id.name, q->index, n);
	return 0;
}

void journal_detach(struct queue *q)
{
	char name[32];

	if (!q->journal)
		return;
	munmap(q->journal, NETIF_PAGE_SIZE);
	q->journal = NULL;
	file_name(q, name);
	if (dir_fd >= 0)
		unlinkat(dir_fd, name, 0);
}
