# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzz targets: see fuzz.h.  FUZZ_LDFLAGS is -fsanitize=fuzzer with --enable-fuzzing.
fuzz_netif = tests/fuzz/fuzz_netif_tx tests/fuzz/fuzz_netif_rx tests/fuzz/fuzz_netif_front \
	tests/fuzz/fuzz_netif_header tests/fuzz/fuzz_netif_ctrl
check_PROGRAMS += $(fuzz_netif)
EXTRA_DIST += tests/fuzz/corpus
if FUZZING
fuzz_main =
else
TESTS += $(fuzz_netif)
fuzz_main = tests/fuzz/driver.c
endif
fuzz_ldflags = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)

tests_fuzz_fuzz_netif_tx_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_netif_tx.c
nodist_tests_fuzz_fuzz_netif_tx_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netif_tx_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_fuzz_netif_tx_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netif_tx_LDADD = lib/netif/libnetif.a

tests_fuzz_fuzz_netif_rx_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_netif_rx.c
nodist_tests_fuzz_fuzz_netif_rx_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netif_rx_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_fuzz_netif_rx_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netif_rx_LDADD = lib/netif/libnetif.a

tests_fuzz_fuzz_netif_front_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_netif_front.c
nodist_tests_fuzz_fuzz_netif_front_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netif_front_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_fuzz_netif_front_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netif_front_LDADD = lib/netif/libnetif.a

tests_fuzz_fuzz_netif_header_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_netif_header.c
nodist_tests_fuzz_fuzz_netif_header_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netif_header_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_fuzz_netif_header_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netif_header_LDADD = lib/netif/libnetif.a

tests_fuzz_fuzz_netif_ctrl_SOURCES = tests/fuzz/fuzz.h tests/fuzz/fuzz_netif_ctrl.c
nodist_tests_fuzz_fuzz_netif_ctrl_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netif_ctrl_CPPFLAGS = $(AM_CPPFLAGS)
tests_fuzz_fuzz_netif_ctrl_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netif_ctrl_LDADD = lib/netif/libnetif.a

# driver.c is in the distribution whether or not this build uses it.
EXTRA_DIST += tests/fuzz/driver.c
