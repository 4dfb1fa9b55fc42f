/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_SECONDS 10

static int connect_to(const char *path)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int rc, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	rc = strlen(path) < sizeof(addr.sun_path) ? 0 : -ENAMETOOLONG;
	if (!rc) {
		strcpy(addr.sun_path, path);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	}
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static int request_send(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT);
	size_t len = text ? strlen(text) : 0, done = 0;

	if (!text)
		return -ENOMEM;
	text[len++] = '\n'; /* in the terminator's place */
	while (done < len) {
		/* A daemon that just ended must not end us, too. */
		ssize_t n = send(fd, text + done, len - done, MSG_NOSIGNAL);

		if (n < 0)
			break;
		done += (size_t)n;
	}
	free(text);
	return done == len ? 0 : -errno;
}

int ctl_ask(const char *path, const json_t *request, json_t **answer, char why[CTL_WHY])
{
	json_error_t error = { .text = "" };
	int rc, fd = connect_to(path);
	FILE *f;

	*answer = NULL;
	if (fd < 0)
		return fd;
	rc = request_send(fd, request);
	f = rc ? NULL : fdopen(fd, "r");
	if (f)
		*answer = json_loadf(f, JSON_DISABLE_EOF_CHECK, &error);
	snprintf(why, CTL_WHY, "%s", rc ? strerror(-rc) : error.text);
	if (!f || fclose(f))
		close(fd);
	return *answer ? 0 : -EPROTO;
}

bool ctl_is_absent(int rc)
{
	return rc == -ENOENT || rc == -ECONNREFUSED;
}
