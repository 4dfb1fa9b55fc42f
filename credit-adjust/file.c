/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/daemon/log.h"

json_t *file_load(const char *path, int *error)
{
	json_error_t why;
	json_t *root;

	*error = 0;
	if (access(path, F_OK) && errno == ENOENT)
		return NULL;
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (root)
		return root;
	*error = -EINVAL;
	file_set_aside(path, why.text);
	return NULL;
}

void file_set_aside(const char *path, const char *why)
{
	char bad[FILE_PATH_MAX + 8];

	snprintf(bad, sizeof(bad), "%s.bad", path);
	log_error("%s cannot be used (%s): it is %s now; the daemon goes on without it", path, why, bad);
	if (rename(path, bad))
		log_error("%s: %s", bad, strerror(errno));
}

static int content_write(const char *path, const json_t *root)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), rc = 0;

	if (fd < 0)
		return -errno;
	errno = 0;
	if (json_dumpfd(root, fd, JSON_INDENT(1)) || fsync(fd))
		rc = errno ? -errno : -EIO;
	close(fd);
	return rc;
}

/* The rename itself must be on the disk, too. */
static int directory_sync(const char *path)
{
	char copy[FILE_PATH_MAX];
	int fd, rc;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = fsync(fd) ? -errno : 0;
	close(fd);
	return rc;
}

int file_save(const char *path, const json_t *root)
{
	char fresh[FILE_PATH_MAX + 8];
	int rc;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	rc = content_write(fresh, root);
	if (!rc && rename(fresh, path))
		rc = -errno;
	return rc ? rc : directory_sync(path);
}
