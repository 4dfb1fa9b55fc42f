/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices "xl save" and "xl migrate" by the kernel's process connector (linux/cn_proc.h), as they begin:
 * libxl copies the live weight into the domain's configuration before anything shows in xenstore.
 * It is a race that the daemon nearly always wins, not a lock: xl needs longer to reach its copy than the
 * event needs to get here.  xl-net asks over the control socket instead, and waits.
 */
#ifndef CREDIT_XLWATCH_H
#define CREDIT_XLWATCH_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct xlwatch;

/* leaves(arg, word): a word of the command line of an xl that saves or migrates; true if it names a domain. */
int xlwatch_open(struct xlwatch **watch, sd_event *event, bool (*leaves)(void *arg, const char *word), void *arg);
void xlwatch_close(struct xlwatch *watch);
/* For one command line as in /proc/PID/cmdline. */
bool xlwatch_command(const char *line, size_t size, bool (*leaves)(void *arg, const char *word), void *arg);

#endif
