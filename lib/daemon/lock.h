/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DAEMON_LOCK_H
#define DAEMON_LOCK_H

/*
 * One daemon a control socket: takes SOCKET.lock, makes the directory if need be.  *fd holds the lock
 * until it is closed, which the kernel does however the process ends.  0, -EBUSY, or another
 * -errno; each is logged.
 */
int lock_take(const char *program, const char *socket, int *fd);

#endif
