/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int dir_make(const struct xlnet *x, char dir[PATH_MAX])
{
	if (text_format(dir, PATH_MAX, "%s/journal", x->state))
		return -ENAMETOOLONG;
	if ((mkdir(x->state, 0755) && errno != EEXIST) || (mkdir(dir, 0700) && errno != EEXIST))
		return problem(-errno, "cannot make %s: %s", dir, strerror(errno));
	return 0;
}

static int record_path(const struct xlnet *x, const char *uuid, const char *kind,
		       char path[PATH_MAX])
{
	return text_format(path, PATH_MAX, "%s/journal/%s.%s", x->state, uuid, kind);
}

static int lock_open(const struct xlnet *x, const char *name, int *fd)
{
	char path[PATH_MAX];
	int rc = dir_make(x, path);

	*fd = -1;
	if (rc || record_path(x, name, "lock", path))
		return rc ? rc : -ENAMETOOLONG;
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return *fd < 0 ? problem(-errno, "cannot open %s: %s", path, strerror(errno)) : 0;
}

/* For the message only: who took it last. */
static void lock_sign(int fd)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", getpid());

	if (!ftruncate(fd, 0) && pwrite(fd, text, (size_t)n, 0) < 0)
		return;
}

static int lock_holder(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? atoi(text) : 0;
}

/* -EBUSY: *holder has it. */
static int lock_try(const struct xlnet *x, const char *uuid, int *fd, int *holder)
{
	int rc = lock_open(x, uuid, fd);

	if (rc)
		return rc;
	if (!flock(*fd, LOCK_EX | LOCK_NB)) {
		lock_sign(*fd);
		return 0;
	}
	*holder = lock_holder(*fd);
	journal_unlock(fd);
	return -EBUSY;
}

int journal_lock(const struct xlnet *x, const char *uuid, int *fd)
{
	int holder, rc = lock_try(x, uuid, fd, &holder);

	if (rc == -EBUSY)
		problem(rc, "another operation works on this guest (process %d): wait for it",
			holder);
	return rc;
}

int journal_lock_idle(const struct xlnet *x, const char *uuid, int *fd)
{
	int holder;

	return lock_try(x, uuid, fd, &holder);
}

int journal_lock_vfs(const struct xlnet *x, int *fd)
{
	int rc = lock_open(x, "vfs", fd);

	while (!rc && flock(*fd, LOCK_EX))
		rc = errno == EINTR ? 0 : -errno;
	return rc;
}

void journal_unlock(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int dir_sync(const char *dir)
{
	int rc, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

static int file_write(const char *path, json_t *record)
{
	int rc = 0, fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (json_dumpfd(record, fd, JSON_INDENT(2)) || fsync(fd))
		rc = errno ? -errno : -EIO;
	close(fd);
	return rc;
}

int journal_write(const struct xlnet *x, const char *uuid, const char *kind, json_t *record)
{
	char dir[PATH_MAX], path[PATH_MAX], temporary[PATH_MAX];
	int rc = dir_make(x, dir);

	if (!rc)
		rc = record_path(x, uuid, kind, path);
	if (!rc)
		rc = text_format(temporary, sizeof(temporary), "%s~", path);
	if (rc)
		return rc;
	rc = file_write(temporary, record);
	if (!rc && rename(temporary, path))
		rc = -errno;
	if (!rc)
		rc = dir_sync(dir);
	return rc ? problem(rc, "cannot record the operation in %s: %s", path, strerror(-rc)) : 0;
}

json_t *journal_read(const struct xlnet *x, const char *uuid, const char *kind)
{
	char path[PATH_MAX], aside[PATH_MAX + 8];
	json_error_t error;
	json_t *record;

	if (record_path(x, uuid, kind, path) || access(path, F_OK))
		return NULL;
	record = json_load_file(path, 0, &error);
	if (record)
		return record;
	snprintf(aside, sizeof(aside), "%s.bad", path);
	if (rename(path, aside))
		aside[0] = '\0';
	problem(-EINVAL, "%s is no record of an operation (%s); it is now %s", path, error.text,
		aside);
	return NULL;
}

int journal_remove(const struct xlnet *x, const char *uuid, const char *kind)
{
	char dir[PATH_MAX], path[PATH_MAX];
	int rc = dir_make(x, dir);

	if (!rc)
		rc = record_path(x, uuid, kind, path);
	if (rc)
		return rc;
	return unlink(path) && errno != ENOENT ? -errno : dir_sync(dir);
}

static bool is_operation(const char *kind)
{
	return !strcmp(kind, "switch") || !strcmp(kind, "migrate");
}

static bool is_lease(const char *kind)
{
	return !strcmp(kind, "vf");
}

static int each(const struct xlnet *x, bool (*wanted)(const char *kind), journal_fn fn, void *arg)
{
	char dir[PATH_MAX], uuid[UUID_LEN];
	struct dirent *e;
	int rc, last = 0;
	DIR *d;

	if (text_format(dir, sizeof(dir), "%s/journal", x->state))
		return -ENAMETOOLONG;
	d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		if (strlen(e->d_name) <= UUID_LEN || e->d_name[UUID_LEN - 1] != '.' ||
		    !wanted(e->d_name + UUID_LEN))
			continue;
		text_copy(uuid, sizeof(uuid), e->d_name);
		rc = fn(uuid, e->d_name + UUID_LEN, arg);
		if (rc < 0)
			last = rc;
	}
	closedir(d);
	return last;
}

int journal_each(const struct xlnet *x, journal_fn fn, void *arg)
{
	return each(x, is_operation, fn, arg);
}

int journal_each_lease(const struct xlnet *x, journal_fn fn, void *arg)
{
	return each(x, is_lease, fn, arg);
}
