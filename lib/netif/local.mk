# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/netif/libnetif.a
lib_netif_libnetif_a_SOURCES = \
	lib/netif/platform.h lib/netif/wire.h lib/netif/error.h lib/netif/ring.h \
	lib/netif/meta.h lib/netif/tx.h lib/netif/rx.h lib/netif/front.h \
	lib/netif/header.h lib/netif/toeplitz.h lib/netif/hash.h lib/netif/gref.h \
	lib/netif/coalesce.h \
	lib/netif/error.c lib/netif/tx.c lib/netif/rx.c lib/netif/front.c \
	lib/netif/header.c lib/netif/toeplitz.c lib/netif/hash.c lib/netif/gref.c \
	lib/netif/coalesce.c
