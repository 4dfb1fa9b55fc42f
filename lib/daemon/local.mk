# SPDX-License-Identifier: GPL-2.0-or-later
# What every daemon of the project has: options, log, lock, event loop, control socket.
noinst_LIBRARIES += lib/daemon/libdaemon.a
lib_daemon_libdaemon_a_SOURCES = lib/daemon/conffile.c lib/daemon/conffile.h lib/daemon/control.c lib/daemon/control.h lib/daemon/lock.c lib/daemon/lock.h \
	lib/daemon/log.c lib/daemon/log.h lib/daemon/loop.c lib/daemon/loop.h lib/daemon/options.c lib/daemon/options.h \
	lib/daemon/shortage.c lib/daemon/shortage.h
lib_daemon_libdaemon_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
