# SPDX-License-Identifier: GPL-2.0-or-later
noinst_PROGRAMS += tap-copier
tap_copier_SOURCES = tests/bench/tap-copier.c
tap_copier_LDADD = lib/tap/libtap.a
