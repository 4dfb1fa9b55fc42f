# SPDX-License-Identifier: GPL-2.0-or-later
# The control plane is a library of its own: the unit tests link it with a data plane of theirs.
noinst_LIBRARIES += netback-ng/libcontrol.a
netback_ng_control_sources = \
	netback-ng/adopt.c netback-ng/adopt.h \
	netback-ng/backend.c netback-ng/backend.h \
	netback-ng/bus.c netback-ng/bus.h \
	netback-ng/config.c netback-ng/config.h \
	netback-ng/ctrl.c netback-ng/ctrl.h \
	netback-ng/device.c netback-ng/device.h \
	netback-ng/frontend.c netback-ng/frontend.h \
	netback-ng/follow.c netback-ng/follow.h netback-ng/plumb.c netback-ng/plumb.h \
	netback-ng/publish.c netback-ng/publish.h \
	netback-ng/script.c netback-ng/script.h \
	netback-ng/trouble.c netback-ng/trouble.h \
	netback-ng/vif.h
netback_ng_control_cflags = $(XENSTORE_CFLAGS) $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS) \
	$(CONFUSE_CFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS)
# After libcontrol.a and whichever data plane serves it.
netback_ng_control_libs = lib/daemon/libdaemon.a lib/xen/libxenhelp.a lib/netif/libnetif.a \
	$(XENSTORE_LIBS) $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS) \
	$(CONFUSE_LIBS) $(JANSSON_LIBS) $(SYSTEMD_LIBS) -lpthread
netback_ng_libcontrol_a_SOURCES = $(netback_ng_control_sources)
netback_ng_libcontrol_a_CFLAGS = $(AM_CFLAGS) $(netback_ng_control_cflags)

# The data plane, behind vif.h.
netback_ng_data_sources = \
	netback-ng/brport.c netback-ng/brport.h netback-ng/copy.c netback-ng/copy.h netback-ng/dataplane.c netback-ng/frame.h \
	netback-ng/links.c netback-ng/links.h \
	netback-ng/journal.c netback-ng/journal.h \
	netback-ng/kernel.c netback-ng/kernel.h netback-ng/linux/netback_ng.h \
	netback-ng/pool.c netback-ng/pool.h netback-ng/port.c netback-ng/port.h netback-ng/port_direct.c netback-ng/port_split.c \
	netback-ng/port_uring.c netback-ng/port_vhost.c netback-ng/port_vhost.h \
	netback-ng/queue.c netback-ng/queue.h netback-ng/queue_late.c netback-ng/queue_rx.c netback-ng/queue_tx.c netback-ng/stats.h netback-ng/switch.c netback-ng/switch.h \
	netback-ng/vif.c netback-ng/vif.h netback-ng/vif_data.h netback-ng/vif_filter.c \
	netback-ng/vif_gref.c netback-ng/vif_json.c netback-ng/vif_kernel.c netback-ng/vif_plane.c netback-ng/worker.c netback-ng/worker.h \
	netback-ng/virtq.c netback-ng/virtq.h

noinst_LIBRARIES += netback-ng/libdataplane.a
netback_ng_libdataplane_a_SOURCES = $(netback_ng_data_sources)
netback_ng_libdataplane_a_CFLAGS = $(AM_CFLAGS) -pthread $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS) \
	$(LIBURING_CFLAGS) $(JANSSON_CFLAGS) $(NLGENL_CFLAGS)
netback_ng_data_libs = netback-ng/libdataplane.a lib/tap/libtap.a
# After the control plane's, which both need.
netback_ng_data_outside = $(LIBURING_LIBS) $(NLGENL_LIBS) $(NL_LIBS)

sbin_PROGRAMS += netback-ngd netback-ngctl
netback_ngd_SOURCES = netback-ng/main.c
netback_ngd_CPPFLAGS = $(AM_CPPFLAGS) -DSYSCONFDIR='"$(sysconfdir)"'
netback_ngd_CFLAGS = $(AM_CFLAGS) $(netback_ng_control_cflags)
netback_ngd_LDADD = netback-ng/libcontrol.a $(netback_ng_data_libs) $(netback_ng_control_libs) $(netback_ng_data_outside)

netback_ngctl_SOURCES = netback-ng/ctl.c
netback_ngctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
netback_ngctl_LDADD = lib/ctl/libctl.a $(JANSSON_LIBS)
