# SPDX-License-Identifier: GPL-2.0-or-later

noinst_PROGRAMS += tests/bench/bench_netif
tests_bench_bench_netif_SOURCES = tests/bench/bench_netif.c
tests_bench_bench_netif_CPPFLAGS = $(AM_CPPFLAGS)
tests_bench_bench_netif_LDADD = lib/netif/libnetif.a
