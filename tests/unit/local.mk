# SPDX-License-Identifier: GPL-2.0-or-later

check_PROGRAMS += tests/unit/test_netif
TESTS += tests/unit/test_netif tests/unit/test_netif_freestanding.sh
EXTRA_DIST += tests/unit/test_netif_freestanding.sh
tests_unit_test_netif_SOURCES = \
	tests/unit/test_netif.h tests/unit/test_netif_fetch.h tests/unit/test_netif.c \
	tests/unit/test_netif_rig.c tests/unit/test_netif_wire.c tests/unit/test_netif_ring.c \
	tests/unit/test_netif_error.c tests/unit/test_netif_tx.c tests/unit/test_netif_front.c \
	tests/unit/test_netif_fetch.c tests/unit/test_netif_fetch_back.c \
	tests/unit/test_netif_fetch_front.c tests/unit/test_netif_property.c \
	tests/unit/test_netif_header.c tests/unit/test_netif_hash.c tests/unit/test_netif_gref.c \
	tests/unit/test_netif_coalesce.c
tests_unit_test_netif_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_test_netif_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
tests_unit_test_netif_LDADD = lib/netif/libnetif.a $(CHECK_LIBS)
