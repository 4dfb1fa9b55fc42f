# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += tests/unit/front-hub
tests_unit_front_hub_SOURCES = tests/unit/front_hub.h tests/unit/front_hub.c tests/unit/hub_store.c \
	tests/unit/hub_ring.c tests/unit/hub_control.c
tests_unit_front_hub_CFLAGS = $(netfront_user_cflags)
tests_unit_front_hub_LDADD = lib/xen/libxenhelp.a lib/netif/libnetif.a \
	$(XENSTORE_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS)
