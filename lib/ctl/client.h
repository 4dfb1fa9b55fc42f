/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks a daemon at its control socket (lib/daemon/control.h). Says nothing itself. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#define CTL_WHY 192

/*
 * One request, one answer, which is the caller's; a refusal ({"error": ...}) is an answer, too.
 * 0; -EPROTO: somebody listens but does not answer, and why tells; else no connection.
 */
int ctl_ask(const char *path, const json_t *request, json_t **answer, char why[CTL_WHY]);
/* Of ctl_ask()'s errors: the daemon does not run. */
bool ctl_is_absent(int rc);

#endif
