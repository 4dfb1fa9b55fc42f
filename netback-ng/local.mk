# SPDX-License-Identifier: GPL-2.0-or-later
# The control plane is a library of its own: the unit tests link it with a data plane of theirs.
noinst_LIBRARIES += netback-ng/libcontrol.a
netback_ng_control_sources = \
	netback-ng/control/adopt.c netback-ng/control/adopt.h \
	netback-ng/control/backend.c netback-ng/control/backend.h \
	netback-ng/control/bus.c netback-ng/control/bus.h \
	netback-ng/control/config.c netback-ng/control/config.h \
	netback-ng/control/ctrl_ring.c netback-ng/control/ctrl_ring.h \
	netback-ng/control/device.c netback-ng/control/device.h \
	netback-ng/control/frontend.c netback-ng/control/frontend.h \
	netback-ng/control/follow.c netback-ng/control/follow.h netback-ng/control/plumb.c netback-ng/control/plumb.h \
	netback-ng/control/publish.c netback-ng/control/publish.h \
	netback-ng/control/script.c netback-ng/control/script.h \
	netback-ng/control/trouble.c netback-ng/control/trouble.h \
	netback-ng/base/config_data.h netback-ng/vif/dataplane.h netback-ng/vif/vif.h
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
	netback-ng/base/config_data.h netback-ng/base/frame.h netback-ng/base/stats.h \
	netback-ng/grant/copy.c netback-ng/grant/copy.h netback-ng/grant/pool.c netback-ng/grant/pool.h \
	netback-ng/engine/task.h netback-ng/engine/worker.c netback-ng/engine/worker.h \
	netback-ng/vif/brport.c netback-ng/vif/brport.h netback-ng/vif/dataplane.c netback-ng/vif/dataplane.h netback-ng/vif/journal.c \
	netback-ng/vif/journal.h netback-ng/vif/kernel.c netback-ng/vif/kernel.h netback-ng/vif/links.c \
	netback-ng/vif/links.h netback-ng/vif/queue.c netback-ng/vif/queue.h netback-ng/vif/queue_deliver.c \
	netback-ng/vif/queue_late.c netback-ng/vif/queue_rx.c netback-ng/vif/queue_tx.c netback-ng/vif/switch.c \
	netback-ng/vif/switch.h netback-ng/vif/uplink.h netback-ng/vif/vif.c netback-ng/vif/vif.h \
	netback-ng/vif/vif_data.h netback-ng/vif/vif_filter.c netback-ng/vif/vif_gref.c netback-ng/vif/vif_json.c \
	netback-ng/vif/vif_kernel.c netback-ng/vif/vif_plane.c \
	netback-ng/uplink/direct.c netback-ng/uplink/direct.h netback-ng/uplink/split.c netback-ng/uplink/uplink.c \
	netback-ng/uplink/uring.c netback-ng/uplink/vhost.c netback-ng/uplink/vhost.h netback-ng/uplink/virtq.c \
	netback-ng/uplink/virtq.h \
	netback-ng/linux/netback_ng.h

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
