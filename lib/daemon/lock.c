/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/daemon/log.h"
#include "lib/daemon/shortage.h"

int lock_take(const char *program, const char *socket, int *fd)
{
	char path[128], dir[128];
	int rc;

	snprintf(dir, sizeof(dir), "%s", socket);
	if (mkdir(dirname(dir), 0755) && errno != EEXIST)
		log_warning("cannot create %s: %s", dir, strerror(errno));
	snprintf(path, sizeof(path), "%s.lock", socket);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0) {
		rc = -errno;
		log_error("cannot open the lock file %s: %s%s", path, strerror(-rc), shortage_remedy(rc));
		return rc;
	}
	if (!flock(*fd, LOCK_EX | LOCK_NB))
		return 0;
	log_error("another %s is running: %s is locked", program, path);
	return -EBUSY;
}
