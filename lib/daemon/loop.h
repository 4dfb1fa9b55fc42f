/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon's event loop and what systemd has to do with it: SIGHUP reloads, SIGTERM and SIGINT end it, the
 * watchdog is fed.
 */
#ifndef DAEMON_LOOP_H
#define DAEMON_LOOP_H

#include <jansson.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#define LOOP_STATUS 96

struct loop_calls {
	/* Reads the configuration again; on failure, which it logs, all stays as it was. */
	int (*reload)(void *arg);
	/* Before the loop ends; may be NULL. */
	void (*stopping)(void *arg);
	/* What "systemctl status" shows.  False: we do not work, let the watchdog bite. */
	bool (*alive)(void *arg, char status[LOOP_STATUS]);
};

/* Zero-initialised is closed. */
struct loop {
	sd_event *event;
	sd_event_source *watchdog;
	uint64_t watchdog_usec;
	const struct loop_calls *calls;
	void *arg;
};

/* Before any thread exists, so that every signal reaches the event loop. */
void loop_block_signals(void);
/* 0 or -errno, logged. */
int loop_open(struct loop *l, const struct loop_calls *calls, void *arg);
void loop_close(struct loop *l);
/* The control socket's "reload" and "version"; NULL: it is another command. */
json_t *loop_answer(struct loop *l, const char *command);

#endif
