/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a vif's hotplug script as libxl does, for a TAP that had to be made anew
 * (a restart of the daemon): the toolstack ran it once and will not run it again.
 */
#ifndef NETBACK_SCRIPT_H
#define NETBACK_SCRIPT_H

#include <systemd/sd-event.h>

struct script;

/*
 * Start "PATH online type_if=vif" with libxl's environment (get_hotplug_env() in
 * libxl_linux.c).  done is called once from the event loop with the exit status,
 * or -ETIMEDOUT after the patience given; the script is over by then, and *script is to be released with script_free().  0 or -errno.
 */
int script_start(struct script **script, sd_event *event, const char *path, const char *xenbus_path,
		 const char *vif, uint64_t patience_usec, void (*done)(void *arg, int status), void *arg);
/* Kills it where it still runs.  NULL is allowed. */
void script_free(struct script *script);

#endif
