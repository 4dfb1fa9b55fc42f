# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/xen/libxenhelp.a
lib_xen_libxenhelp_a_SOURCES = lib/xen/event.c lib/xen/event.h lib/xen/peer.c lib/xen/peer.h \
	lib/xen/store.c lib/xen/store.h
lib_xen_libxenhelp_a_CFLAGS = $(AM_CFLAGS) $(XENSTORE_CFLAGS) $(XENEVTCHN_CFLAGS) $(XENGNTTAB_CFLAGS)
