/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int child_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(char *const argv[], int lock_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid)
		return child_wait(pid);
	/* If we are killed, the guest stays locked for as long as the child works on it. */
	if (lock_fd >= 0)
		fcntl(lock_fd, F_SETFD, 0);
	execvp(argv[0], argv);
	_exit(127);
}

/* For the remote shell: in single quotes, where a single quote cannot be. */
static bool is_plain(const char *text)
{
	return *text && *text != '-' && !strpbrk(text, "'\\\n");
}

int remote_run(const char *ssh, const char *host, const char *arguments, json_t **answer)
{
	json_error_t error;
	char *command;
	FILE *f;
	int r;

	*answer = NULL;
	if (!is_plain(host))
		return problem(-EINVAL, "\"%s\" is no name of a host", host);
	if (asprintf(&command, "%s '%s' \"xl-net %s\" </dev/null", ssh, host, arguments) < 0)
		return -ENOMEM;
	f = popen(command, "re");
	free(command);
	if (!f)
		return -errno;
	*answer = json_loadf(f, 0, &error);
	/* What is left would break its pipe. */
	while (fgetc(f) != EOF)
		;
	r = pclose(f);
	return r < 0 ? -errno : WIFEXITED(r) ? WEXITSTATUS(r) : 255;
}
