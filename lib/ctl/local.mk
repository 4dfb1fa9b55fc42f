# SPDX-License-Identifier: GPL-2.0-or-later
# The other end of lib/daemon's control socket: one question, and programs that ask it.
noinst_LIBRARIES += lib/ctl/libctl.a
lib_ctl_libctl_a_SOURCES = lib/ctl/client.c lib/ctl/client.h lib/ctl/credit.c lib/ctl/credit.h lib/ctl/field.h \
	lib/ctl/program.c lib/ctl/program.h
lib_ctl_libctl_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
