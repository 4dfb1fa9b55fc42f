/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of operations that are under way, one JSON file for each domain (by UUID) and kind, in
 * STATE/journal. A record is on the disk before the step that it names begins. Beside them, a lock
 * for each domain: held by whoever works on it, free as soon as that process is gone.
 */
#ifndef XLNET_JOURNAL_H
#define XLNET_JOURNAL_H

#include "xl-plugins/xlnet.h"

#include <jansson.h>

/* -EBUSY and a message: another operation works on the domain. *fd is the lock. */
int journal_lock(const struct xlnet *x, const char *uuid, int *fd);
/* The same for who wants it only if nobody works on the domain: -EBUSY is no news. */
int journal_lock_idle(const struct xlnet *x, const char *uuid, int *fd);
/* The lock for choosing a VF; waits. */
int journal_lock_vfs(const struct xlnet *x, int *fd);
void journal_unlock(int *fd);

int journal_write(const struct xlnet *x, const char *uuid, const char *kind, json_t *record);
/* NULL: there is none. A record that is no JSON is moved aside and said. */
json_t *journal_read(const struct xlnet *x, const char *uuid, const char *kind);
int journal_remove(const struct xlnet *x, const char *uuid, const char *kind);
/* Calls fn for each operation's record; a negative return does not stop it, the last such is returned. */
typedef int (*journal_fn)(const char *uuid, const char *kind, void *arg);
int journal_each(const struct xlnet *x, journal_fn fn, void *arg);
/* The same for leases (lease.h), which lie beside them as kind "vf". */
int journal_each_lease(const struct xlnet *x, journal_fn fn, void *arg);

#endif
