# SPDX-License-Identifier: GPL-2.0-or-later
# The museum of advisories, and the guest that has one call after the other fail.
EXTRA_DIST += tests/advisories/run tests/advisories/README.md

noinst_PROGRAMS += tests/advisories/netfront-ng-sweep
tests_advisories_netfront_ng_sweep_SOURCES = tests/advisories/sweep.c tests/clock.h \
	tests/xensim/client.h tests/xensim/client.c
tests_advisories_netfront_ng_sweep_CFLAGS = $(netfront_user_cflags)
tests_advisories_netfront_ng_sweep_LDADD = $(netfront_user_libs)
