/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xensim run: a private xensimd for as long as one command runs. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/xensim/cli.h"

static pid_t command_pid;

/* The directory this program is in: xensimd and lib/ are beside it. */
static int own_dir(char *dir, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", dir, size - 1);

	if (n < 0)
		return -errno;
	dir[n] = '\0';
	*strrchr(dir, '/') = '\0';
	return 0;
}

static void set_environment(const char *dir, const char *socket)
{
	const char *old = getenv("LD_LIBRARY_PATH");
	char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/lib%s%s", dir, old ? ":" : "", old ? old : "");
	setenv("LD_LIBRARY_PATH", path, 1);
	setenv(XENSIM_ENV_SOCKET, socket, 1);
	setenv(XENSIM_ENV_DOMID, "0", 1);
}

/* Returns when xensimd listens. It dies with us, however we end. */
static pid_t daemon_start(const char *dir)
{
	char path[PATH_MAX + 16], fd[16], c;
	int ready[2];
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(ready[0]);
		/* A Ctrl-C is for the command; we end xensimd ourselves. */
		setpgid(0, 0);
		snprintf(path, sizeof(path), "%s/xensimd", dir);
		snprintf(fd, sizeof(fd), "%d", ready[1]);
		execl(path, path, "--ready-fd", fd, (char *)NULL);
		cli_error("%s: %s", path, strerror(errno));
		_exit(127);
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ready[0]);
	return pid;
}

/* An end other than a clean one is worth a word: a sanitizer may have found something. */
static int daemon_stop(pid_t pid)
{
	int status = 0;

	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	return status ? cli_error("xensimd ended with status 0x%x", status) : 0;
}

static void forward(int sig)
{
	if (command_pid > 0)
		kill(command_pid, sig);
}

static int command_run(char **argv)
{
	int status;

	command_pid = fork();
	if (command_pid < 0)
		return cli_error("fork: %s", strerror(errno));
	if (command_pid == 0) {
		execvp(argv[0], argv);
		cli_error("%s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTERM, forward);
	signal(SIGHUP, forward);
	while (waitpid(command_pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int cli_run(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	char dir[PATH_MAX], host[80], socket[96];
	pid_t daemon;
	int rc;

	argv++;
	if (*argv && !strcmp(*argv, "--"))
		argv++;
	if (!*argv)
		return cli_usage("run");
	/* A socket's path has room for 107 bytes: a long TMPDIR does not fit. */
	snprintf(host, sizeof(host), "%s/xensim.XXXXXX", tmp && strlen(tmp) < 60 ? tmp : "/tmp");
	if (own_dir(dir, sizeof(dir)) || !mkdtemp(host))
		return cli_error("%s: %s", host, strerror(errno));
	snprintf(socket, sizeof(socket), "%s/xen", host);
	set_environment(dir, socket);
	daemon = daemon_start(dir);
	rc = daemon < 0 ? cli_error("xensimd does not start") : command_run(argv);
	if (daemon > 0 && daemon_stop(daemon) && !rc)
		rc = 1;
	unlink(socket);
	rmdir(host);
	return rc;
}
