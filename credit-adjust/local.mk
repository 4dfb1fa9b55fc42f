# SPDX-License-Identifier: GPL-2.0-or-later
# The policy is a library of its own: daemon, simulator and tests run the same code.
noinst_LIBRARIES += credit-adjust/libpolicy.a
credit_adjust_libpolicy_a_SOURCES = credit-adjust/policy.h credit-adjust/policy.c credit-adjust/classify.c \
	credit-adjust/transfer.c
EXTRA_DIST += credit-adjust/README

# All of the daemon but its main(): the unit tests link it, too.
noinst_LIBRARIES += credit-adjust/libadjust.a
credit_adjust_libadjust_a_SOURCES = \
	credit-adjust/adjust.c credit-adjust/adjust.h credit-adjust/baseline.c credit-adjust/baseline.h \
	credit-adjust/config.c credit-adjust/config.h credit-adjust/file.c credit-adjust/file.h \
	credit-adjust/net.c credit-adjust/net.h credit-adjust/netback.c credit-adjust/netback.h \
	credit-adjust/record.c credit-adjust/report.c credit-adjust/request.c credit-adjust/request.h \
	credit-adjust/rule.c credit-adjust/rule.h credit-adjust/vifname.c credit-adjust/vifname.h credit-adjust/weigh.c credit-adjust/place.c credit-adjust/xen.c credit-adjust/xen.h credit-adjust/xen_soft.c \
	credit-adjust/xlwatch.c credit-adjust/xlwatch.h
credit_adjust_cflags = $(XENCONTROL_CFLAGS) $(XENSTORE_CFLAGS) $(NLROUTE_CFLAGS) $(CONFUSE_CFLAGS) $(JANSSON_CFLAGS) \
	$(SYSTEMD_CFLAGS)
credit_adjust_libs = credit-adjust/libadjust.a credit-adjust/libpolicy.a lib/daemon/libdaemon.a $(XENCONTROL_LIBS) \
	$(XENSTORE_LIBS) $(NLROUTE_LIBS) $(CONFUSE_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS)
credit_adjust_libadjust_a_CFLAGS = $(AM_CFLAGS) $(credit_adjust_cflags)

sbin_PROGRAMS += credit-adjustd credit-adjustctl
credit_adjustd_SOURCES = credit-adjust/main.c
credit_adjustd_CPPFLAGS = $(AM_CPPFLAGS) -DSYSCONFDIR='"$(sysconfdir)"'
credit_adjustd_CFLAGS = $(AM_CFLAGS) $(credit_adjust_cflags)
credit_adjustd_LDADD = $(credit_adjust_libs)

credit_adjustctl_SOURCES = credit-adjust/ctl.c
credit_adjustctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
credit_adjustctl_LDADD = lib/ctl/libctl.a $(JANSSON_LIBS)

# The simulator: built, not installed. credit-adjust/sim/plot draws what it writes.
noinst_PROGRAMS += credit-adjust/sim/credit-adjust-sim
credit_adjust_sim_credit_adjust_sim_SOURCES = credit-adjust/sim/sim.h credit-adjust/sim/engine.c \
	credit-adjust/sim/credit.c credit-adjust/sim/credit2.c credit-adjust/sim/load.c credit-adjust/sim/main.c
credit_adjust_sim_credit_adjust_sim_LDADD = credit-adjust/libpolicy.a -lm
EXTRA_DIST += credit-adjust/sim/plot
