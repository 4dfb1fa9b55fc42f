# SPDX-License-Identifier: GPL-2.0-or-later
# Benchmarks: nothing here asserts a time. "make bench" runs the end-to-end ones; BENCH="NAME...".
noinst_PROGRAMS += tests/bench/bench_netif
tests_bench_bench_netif_SOURCES = tests/bench/bench_netif.c
tests_bench_bench_netif_CPPFLAGS = $(AM_CPPFLAGS)
tests_bench_bench_netif_LDADD = lib/netif/libnetif.a

EXTRA_DIST += tests/bench/bench.sh tests/bench/floor.sh tests/bench/vifs.sh tests/bench/levers.sh tests/bench/many.sh \
	tests/bench/memif.sh tests/bench/credit.sh tests/bench/restart.sh

.PHONY: bench
bench: all
	tests/bench/bench_netif
	BUILD='$(abs_top_builddir)' SCENARIOS='$(abs_top_srcdir)/tests/bench' \
		'$(abs_top_srcdir)/tests/embedded/run' $(or $(BENCH),floor vifs levers)
