# SPDX-License-Identifier: GPL-2.0-or-later
# The embedded Xen. noinst: built by `make`, used from the build directory, never installed.
noinst_PROGRAMS += tests/xensim/xensimd
tests_xensim_xensimd_SOURCES = \
	tests/xensim/abi.h tests/xensim/hot.h tests/xensim/server.h tests/xensim/node.h tests/xensim/txn.h \
	tests/xensim/xensimd.c tests/xensim/conn.c tests/xensim/rpc.c tests/xensim/dom.c tests/xensim/mem.c \
	tests/xensim/grant.c tests/xensim/evtchn.c tests/xensim/fault.c tests/xensim/sched.c \
	tests/xensim/store.c tests/xensim/node.c tests/xensim/txn.c tests/xensim/watch.c tests/xensim/perm.c \
	tests/xensim/quota.c tests/xensim/store_domain.c

# The drop-in libraries carry the real SONAMEs and symbol versions, and are linked by hand as libtool would
# name them otherwise. No sanitizers: Debian's own programs load them.
xensim_lib_cflags = -std=gnu11 $(WARN_CFLAGS) -fPIC
xensim_lib_link = $(CC) $(CFLAGS) -shared -pthread -Wl,-z,defs -Wl,-soname,$(@F) -o $@

noinst_PROGRAMS += tests/xensim/lib/libxenstore.so.4
tests_xensim_lib_libxenstore_so_4_SOURCES = tests/xensim/client.h tests/xensim/client.c tests/xensim/lib_store.c
tests_xensim_lib_libxenstore_so_4_CFLAGS = $(xensim_lib_cflags)
tests_xensim_lib_libxenstore_so_4_LINK = $(xensim_lib_link) -Wl,--version-script=$(srcdir)/tests/xensim/maps/libxenstore.map
tests_xensim_lib_libxenstore_so_4_DEPENDENCIES = tests/xensim/maps/libxenstore.map

noinst_PROGRAMS += tests/xensim/lib/libxengnttab.so.1
tests_xensim_lib_libxengnttab_so_1_SOURCES = tests/xensim/client.h tests/xensim/client.c tests/xensim/lib_gnttab.c \
	tests/xensim/foreign.h tests/xensim/foreign.c
tests_xensim_lib_libxengnttab_so_1_CFLAGS = $(xensim_lib_cflags)
tests_xensim_lib_libxengnttab_so_1_LINK = $(xensim_lib_link) -Wl,--version-script=$(srcdir)/tests/xensim/maps/libxengnttab.map
tests_xensim_lib_libxengnttab_so_1_DEPENDENCIES = tests/xensim/maps/libxengnttab.map

noinst_PROGRAMS += tests/xensim/lib/libxenevtchn.so.1
tests_xensim_lib_libxenevtchn_so_1_SOURCES = tests/xensim/client.h tests/xensim/client.c tests/xensim/lib_evtchn.c
tests_xensim_lib_libxenevtchn_so_1_CFLAGS = $(xensim_lib_cflags)
tests_xensim_lib_libxenevtchn_so_1_LINK = $(xensim_lib_link) -Wl,--version-script=$(srcdir)/tests/xensim/maps/libxenevtchn.map
tests_xensim_lib_libxenevtchn_so_1_DEPENDENCIES = tests/xensim/maps/libxenevtchn.map

noinst_PROGRAMS += tests/xensim/lib/libxensim-failing.so
tests_xensim_lib_libxensim_failing_so_SOURCES = tests/xensim/client.h tests/xensim/client.c tests/xensim/failing.c
tests_xensim_lib_libxensim_failing_so_CFLAGS = $(xensim_lib_cflags) $(LIBURING_CFLAGS) $(SYSTEMD_CFLAGS)
tests_xensim_lib_libxensim_failing_so_LINK = $(xensim_lib_link) -Wl,--version-script=$(srcdir)/tests/xensim/maps/libxensim-failing.map
tests_xensim_lib_libxensim_failing_so_DEPENDENCIES = tests/xensim/maps/libxensim-failing.map

# libxenctrl's name changes with every Xen: built under a fixed name, found under the real one.
noinst_PROGRAMS += tests/xensim/lib/libxenctrl.so
tests_xensim_lib_libxenctrl_so_SOURCES = tests/xensim/client.h tests/xensim/client.c tests/xensim/lib_ctrl.c
tests_xensim_lib_libxenctrl_so_CFLAGS = $(xensim_lib_cflags)
tests_xensim_lib_libxenctrl_so_LINK = $(CC) $(CFLAGS) -shared -pthread -Wl,-z,defs \
	-Wl,-soname,libxenctrl.so.$(XENCTRL_SOVERSION) -o $@ -Wl,--version-script=tests/xensim/maps/libxenctrl.map
tests_xensim_lib_libxenctrl_so_DEPENDENCIES = tests/xensim/maps/libxenctrl.map

# Its symbols' version is VERS_4.17.0 up to Xen 4.17, libxenctrl_4.20.0 in 4.20: as the installed one says.
tests/xensim/maps/libxenctrl.map: tests/xensim/maps/libxenctrl.map.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
		node=`LC_ALL=C objdump -p "\`$(CC) -print-file-name=libxenctrl.so\`" | \
			$(SED) -n 's/.* \(VERS_[0-9.]*\)$$/\1/p; s/.* \(libxenctrl_[0-9.]*\)$$/\1/p' | head -n 1` && \
		test -n "$$node" && $(SED) -e "s/@XENCTRL_NODE[@]/$$node/" \
			$(srcdir)/tests/xensim/maps/libxenctrl.map.in > $@

noinst_DATA += tests/xensim/lib/libxenctrl.so.$(XENCTRL_SOVERSION)
tests/xensim/lib/libxenctrl.so.$(XENCTRL_SOVERSION): tests/xensim/lib/libxenctrl.so
	$(AM_V_GEN)ln -sf libxenctrl.so $@
CLEANFILES += tests/xensim/maps/libxenctrl.map tests/xensim/lib/libxenctrl.so.$(XENCTRL_SOVERSION)

EXTRA_DIST += tests/xensim/maps/libxenstore.map tests/xensim/maps/libxengnttab.map tests/xensim/maps/libxenevtchn.map \
	tests/xensim/maps/libxensim-failing.map \
	tests/xensim/maps/libxenctrl.map.in tests/xensim/README

noinst_PROGRAMS += tests/xensim/xensim
tests_xensim_xensim_SOURCES = tests/xensim/cli.h tests/xensim/cli.c tests/xensim/cli_run.c \
	tests/xensim/cli_domain.c tests/xensim/cli_vif.c \
	tests/xensim/client.h tests/xensim/client.c tests/xensim/lib_store.c
