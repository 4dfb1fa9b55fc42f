# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += netfront-ng/user/libnetfront.a
netfront_ng_user_libnetfront_a_SOURCES = \
	netfront-ng/user/front.h netfront-ng/user/device.c netfront-ng/user/queue.c \
	netfront-ng/user/grant.c netfront-ng/user/control.c
netfront_ng_user_libnetfront_a_CFLAGS = $(AM_CFLAGS) \
	$(XENSTORE_CFLAGS) $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS)

# What a program that uses the library links with.
netfront_user_libs = netfront-ng/user/libnetfront.a lib/xen/libxenhelp.a lib/netif/libnetif.a \
	$(XENSTORE_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS)
netfront_user_cflags = $(AM_CFLAGS) $(XENSTORE_CFLAGS) $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS) \
	$(LIBURING_CFLAGS) $(JANSSON_CFLAGS)

bin_PROGRAMS += netfront-ng-tap
netfront_ng_tap_SOURCES = \
	netfront-ng/user/tap-main.c netfront-ng/user/guest.h netfront-ng/user/guest.c \
	netfront-ng/user/stats.c netfront-ng/user/worker.h netfront-ng/user/worker.c \
	netfront-ng/user/mover.h netfront-ng/user/mover.c
netfront_ng_tap_CFLAGS = $(netfront_user_cflags) -pthread
netfront_ng_tap_LDADD = lib/tap/libtap.a $(netfront_user_libs) $(LIBURING_LIBS) $(JANSSON_LIBS) \
	-lpthread
dist_man_MANS += man/netfront-ng-tap.8

# The front end's own tests: a back end for them, and tests that need no TAP.
check_PROGRAMS += tests/unit/front-hub
tests_unit_front_hub_SOURCES = tests/unit/front_hub.h tests/unit/front_hub.c tests/unit/hub_store.c \
	tests/unit/hub_ring.c tests/unit/hub_control.c
tests_unit_front_hub_CFLAGS = $(netfront_user_cflags)
tests_unit_front_hub_LDADD = lib/xen/libxenhelp.a lib/netif/libnetif.a \
	$(XENSTORE_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS)

# Benchmarks: what the daemon is measured with, and the floor it is measured against.
noinst_PROGRAMS += tests/bench/tap-copier
tests_bench_tap_copier_SOURCES = tests/bench/tap-copier.c
tests_bench_tap_copier_LDADD = lib/tap/libtap.a
noinst_PROGRAMS += tests/bench/netfront-ng-gen
tests_bench_netfront_ng_gen_SOURCES = tests/bench/netfront-ng-gen.c
tests_bench_netfront_ng_gen_CFLAGS = $(netfront_user_cflags)
tests_bench_netfront_ng_gen_LDADD = $(netfront_user_libs)
noinst_PROGRAMS += tests/bench/netfront-ng-evil
tests_bench_netfront_ng_evil_SOURCES = tests/bench/netfront-ng-evil.c tests/clock.h tests/bench/evil.h \
	tests/bench/evil-ring.c tests/bench/evil-control.c tests/bench/evil-life.c
tests_bench_netfront_ng_evil_CFLAGS = $(netfront_user_cflags)
tests_bench_netfront_ng_evil_LDADD = $(netfront_user_libs)
noinst_PROGRAMS += tests/bench/netback-ng-evil
tests_bench_netback_ng_evil_SOURCES = tests/bench/netback-ng-evil.c tests/clock.h tests/bench/back-evil.h \
	tests/bench/back-rx.c tests/bench/back-tx.c tests/bench/back-control.c tests/bench/back-page.c \
	tests/unit/front_hub.h tests/unit/hub_store.c tests/unit/hub_ring.c tests/unit/hub_control.c
tests_bench_netback_ng_evil_CFLAGS = $(netfront_user_cflags)
tests_bench_netback_ng_evil_LDADD = $(tests_unit_front_hub_LDADD)
check_PROGRAMS += tests/unit/test_front
TESTS += tests/unit/test_front
tests_unit_test_front_SOURCES = tests/clock.h tests/unit/test_front.h tests/unit/test_front.c tests/unit/test_front_echo.c
tests_unit_test_front_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_BUILDDIR='"$(abs_top_builddir)"'
tests_unit_test_front_CFLAGS = $(netfront_user_cflags) $(CHECK_CFLAGS)
tests_unit_test_front_LDADD = $(netfront_user_libs) $(check_libs)
