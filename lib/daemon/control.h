/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a unix stream, root's only (0600).  One JSON object a line
 * in, {"command": "stats", ...}; one JSON object a line out.  A client that is slow,
 * silent or writes garbage is dropped; it can neither block the daemon nor grow it.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <jansson.h>
#include <systemd/sd-event.h>

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_REQUEST_MAX 1024

struct control;

/*
 * answer(arg, command, request): a new JSON object ({"error": ...} for a refusal),
 * which is sent and freed.
 */
int control_start(struct control **control, sd_event *event, const char *path,
		  json_t *(*answer)(void *arg, const char *command, const json_t *request), void *arg);
/* Closes all clients and removes the socket.  NULL is allowed. */
void control_stop(struct control *control);

#endif
