/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/loop.h"

#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "lib/daemon/log.h"
#include "lib/daemon/shortage.h"

void loop_block_signals(void)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int reload(struct loop *l)
{
	int rc;

	sd_notify(0, "RELOADING=1");
	rc = l->calls->reload(l->arg);
	sd_notify(0, "READY=1");
	return rc;
}

static int on_hup(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	reload(arg);
	return 0;
}

static int on_term(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct loop *l = arg;

	sd_notify(0, "STOPPING=1");
	if (l->calls->stopping)
		l->calls->stopping(l->arg);
	return sd_event_exit(l->event, 0);
}

static int on_watchdog(sd_event_source *s, uint64_t usec, void *arg)
{
	char status[LOOP_STATUS] = "";
	struct loop *l = arg;

	if (l->calls->alive(l->arg, status))
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=%s", status);
	sd_event_source_set_time_relative(s, l->watchdog_usec / 3);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

int loop_open(struct loop *l, const struct loop_calls *calls, void *arg)
{
	int rc;

	*l = (struct loop){ .calls = calls, .arg = arg };
	rc = sd_event_default(&l->event);
	if (rc >= 0)
		rc = sd_event_add_signal(l->event, NULL, SIGHUP, on_hup, l);
	if (rc >= 0)
		rc = sd_event_add_signal(l->event, NULL, SIGTERM, on_term, l);
	if (rc >= 0)
		rc = sd_event_add_signal(l->event, NULL, SIGINT, on_term, l);
	if (rc >= 0 && sd_watchdog_enabled(1, &l->watchdog_usec) > 0)
		rc = sd_event_add_time_relative(l->event, &l->watchdog, CLOCK_MONOTONIC, 0, 0, on_watchdog, l);
	if (rc >= 0)
		return 0;
	log_error("cannot make the event loop: %s%s", strerror(-rc), shortage_remedy(rc));
	return rc;
}

void loop_close(struct loop *l)
{
	l->watchdog = sd_event_source_disable_unref(l->watchdog);
	l->event = sd_event_unref(l->event);
}

json_t *loop_answer(struct loop *l, const char *command)
{
	if (!strcmp(command, "version"))
		return json_pack("{s:s}", "version", PACKAGE_VERSION);
	if (strcmp(command, "reload"))
		return NULL;
	return reload(l) ? json_pack("{s:s}", "error", "the new configuration is not valid; see the log") :
			   json_pack("{s:b}", "reloaded", 1);
}
