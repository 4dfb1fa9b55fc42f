# SPDX-License-Identifier: GPL-2.0-or-later
# xl-net, the operator's command: libxl, netlink and xenstore.
# What reaches outside by other ways than libraries is apart from the rest: unit tests link their own.
noinst_LIBRARIES += xl-plugins/libxlnet.a xl-plugins/libxloutside.a
xlnet_cflags = $(XENLIGHT_CFLAGS) $(XENCONTROL_CFLAGS) $(XENSTORE_CFLAGS) $(XENTOOLLOG_CFLAGS) $(NL_CFLAGS) \
	$(JANSSON_CFLAGS) -pthread
xl_plugins_libxlnet_a_SOURCES = \
	xl-plugins/bridge.c xl-plugins/bridge.h \
	xl-plugins/command.c xl-plugins/command.h \
	xl-plugins/credit.c xl-plugins/credit.h xl-plugins/credit_set.c xl-plugins/credit_status.c \
	xl-plugins/guest.c xl-plugins/guest.h \
	xl-plugins/host.c xl-plugins/host.h \
	xl-plugins/journal.c xl-plugins/journal.h \
	xl-plugins/lease.c xl-plugins/lease.h xl-plugins/names.h xl-plugins/migrate.c xl-plugins/migrate.h \
	xl-plugins/net_auto.c xl-plugins/net_check.c xl-plugins/net_list.c xl-plugins/net_migrate.c xl-plugins/net_recover.c \
	xl-plugins/net_status.c xl-plugins/net_switch.c xl-plugins/net_top.c \
	xl-plugins/net_vf_list.c xl-plugins/netlink.h \
	xl-plugins/op.c xl-plugins/op.h xl-plugins/op_json.c xl-plugins/ovs.h \
	xl-plugins/pci.c xl-plugins/pci.h \
	xl-plugins/policy.c xl-plugins/policy.h xl-plugins/probe.h \
	xl-plugins/rate.c xl-plugins/rate.h \
	xl-plugins/remote.h \
	xl-plugins/steps.c xl-plugins/steps.h \
	xl-plugins/switch.c xl-plugins/switch.h \
	xl-plugins/sysfs.c xl-plugins/sysfs.h \
	xl-plugins/uplink.c xl-plugins/uplink.h \
	xl-plugins/vf.c xl-plugins/vf.h \
	xl-plugins/vif.c xl-plugins/vif.h xl-plugins/xl_options.c xl-plugins/xl_options.h \
	xl-plugins/xlnet.c xl-plugins/xlnet.h
xl_plugins_libxlnet_a_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags)
xl_plugins_libxloutside_a_SOURCES = xl-plugins/clock.c xl-plugins/netlink.c xl-plugins/netlink.h xl-plugins/ovs.c xl-plugins/ovs.h \
	xl-plugins/probe.c xl-plugins/probe.h \
	xl-plugins/remote.c xl-plugins/remote.h
xl_plugins_libxloutside_a_CFLAGS = $(AM_CFLAGS) $(NL_CFLAGS) $(JANSSON_CFLAGS)
EXTRA_DIST += xl-plugins/README

# The dispatcher is built always and installed as "xl" only where --with-xl-dispatcher names a directory.
if XL_DISPATCHER
xldispatcher_PROGRAMS = xl-plugins/xl
else
noinst_PROGRAMS += xl-plugins/xl
endif
xl_plugins_xl_SOURCES = xl-plugins/xl-dispatch.c xl-plugins/names.h

sbin_PROGRAMS += xl-net
xl_net_SOURCES = xl-plugins/main.c
xl_net_CPPFLAGS = $(AM_CPPFLAGS) -DSTATE_DIR='"$(localstatedir)/lib/xen-net-ng"'
xl_net_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
xl_net_LDADD = xl-plugins/libxlnet.a xl-plugins/libxloutside.a lib/ctl/libctl.a lib/xen/libxenhelp.a \
	$(XENLIGHT_LIBS) $(XENCONTROL_LIBS) $(XENSTORE_LIBS) $(XENTOOLLOG_LIBS) $(NL_LIBS) $(JANSSON_LIBS) -lpthread
