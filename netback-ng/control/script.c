/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/script.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SCRIPT_ENV_MAX 64

struct script {
	pid_t pid; /* 0: ended */
	sd_event_source *child, *timeout;
	void (*done)(void *arg, int status);
	void *arg;
};

static void script_end(struct script *s, int status)
{
	s->pid = 0;
	s->child = sd_event_source_disable_unref(s->child);
	s->timeout = sd_event_source_disable_unref(s->timeout);
	s->done(s->arg, status);
}

static int on_exit_status(sd_event_source *source, const siginfo_t *si, void *arg)
{
	script_end(arg, si->si_code == CLD_EXITED ? si->si_status : 128 + si->si_status);
	return 0;
}

static void script_kill(struct script *s)
{
	kill(-s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
	struct script *s = arg;

	script_kill(s);
	script_end(s, -ETIMEDOUT);
	return 0;
}

/* Own process group, so that a timeout ends the script's children too; our signal mask is not its. */
static int spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int rc;

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, 2, 1);
	rc = posix_spawn(pid, path, &files, &attr, argv, envp);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return -rc;
}

static int spawn_online(pid_t *pid, const char *path, const char *xenbus_path, const char *vif)
{
	char script[512], xenbus[128], interface[40];
	char *argv[] = { (char *)path, (char *)"online", (char *)"type_if=vif", NULL };
	char *envp[SCRIPT_ENV_MAX + 8];
	unsigned int n = 0;

	if (snprintf(script, sizeof(script), "script=%s", path) >= (int)sizeof(script))
		return -ENAMETOOLONG;
	snprintf(xenbus, sizeof(xenbus), "XENBUS_PATH=%s", xenbus_path);
	snprintf(interface, sizeof(interface), "vif=%s", vif);
	envp[n++] = script;
	envp[n++] = xenbus;
	envp[n++] = interface;
	envp[n++] = (char *)"XENBUS_TYPE=vif";
	envp[n++] = (char *)"XENBUS_BASE_PATH=backend";
	envp[n++] = (char *)"netdev=";
	for (char **e = environ; *e && n < SCRIPT_ENV_MAX + 7; e++)
		if (strncmp(*e, "NOTIFY_SOCKET=", 14) && strncmp(*e, "WATCHDOG_", 9))
			envp[n++] = *e;
	envp[n] = NULL;
	return spawn(pid, path, argv, envp);
}

int script_start(struct script **script, sd_event *event, const char *path, const char *xenbus_path,
		 const char *vif, uint64_t patience_usec, void (*done)(void *arg, int status), void *arg)
{
	struct script *s = calloc(1, sizeof(*s));
	int rc;

	*script = NULL;
	if (!s)
		return -ENOMEM;
	s->done = done;
	s->arg = arg;
	rc = spawn_online(&s->pid, path, xenbus_path, vif);
	if (rc < 0) {
		s->pid = 0;
		goto err;
	}
	rc = sd_event_add_child(event, &s->child, s->pid, WEXITED, on_exit_status, s);
	if (rc < 0)
		goto err;
	rc = sd_event_add_time_relative(event, &s->timeout, CLOCK_MONOTONIC, patience_usec, 0,
					on_timeout, s);
	if (rc < 0)
		goto err;
	*script = s;
	return 0;
err:
	script_free(s);
	return rc;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->child);
	sd_event_source_disable_unref(s->timeout);
	if (s->pid > 0)
		script_kill(s);
	free(s);
}
