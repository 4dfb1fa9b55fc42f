# SPDX-License-Identifier: GPL-2.0-or-later
netback_ng_data_sources = \
	netback-ng/copy.c netback-ng/copy.h netback-ng/dataplane.c netback-ng/frame.h \
	netback-ng/port.c netback-ng/port_direct.c netback-ng/queue.c netback-ng/queue.h netback-ng/queue_rx.c \
	netback-ng/queue_tx.c netback-ng/stats.h netback-ng/switch.c netback-ng/switch.h \
	netback-ng/vif.c netback-ng/vif.h netback-ng/vif_data.h netback-ng/vif_filter.c \
	netback-ng/vif_gref.c netback-ng/vif_json.c netback-ng/worker.c netback-ng/worker.h

noinst_LIBRARIES += netback-ng/libdataplane.a
netback_ng_libdataplane_a_SOURCES = $(netback_ng_data_sources)
netback_ng_libdataplane_a_CFLAGS = $(AM_CFLAGS) -pthread $(XENGNTTAB_CFLAGS) $(XENEVTCHN_CFLAGS) \
	$(LIBURING_CFLAGS) $(JANSSON_CFLAGS)
