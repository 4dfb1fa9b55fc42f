# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += lib/tap/libtap.a
lib_tap_libtap_a_SOURCES = lib/tap/tap.c lib/tap/tap.h
