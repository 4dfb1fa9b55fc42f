# SPDX-License-Identifier: GPL-2.0-or-later
# What all of them share.
check_LIBRARIES += tests/unit/librunner.a
tests_unit_librunner_a_SOURCES = tests/unit/runner.c tests/unit/runner.h
tests_unit_librunner_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
config_rig = tests/unit/config_rig.c tests/unit/config_rig.h
check_libs = tests/unit/librunner.a $(CHECK_LIBS)

check_PROGRAMS += tests/unit/test_netif
TESTS += tests/unit/test_netif tests/unit/test_netif_freestanding.sh tests/unit/test_netback_yaml.sh tests/unit/test_netback_layers.sh
EXTRA_DIST += tests/unit/test_netif_freestanding.sh tests/unit/test_netback_yaml.sh tests/unit/test_netback_layers.sh
tests_unit_test_netif_SOURCES = \
	tests/unit/test_netif.h tests/unit/test_netif_fetch.h tests/unit/test_netif.c \
	tests/unit/test_netif_rig.c tests/unit/test_netif_wire.c tests/unit/test_netif_ring.c \
	tests/unit/test_netif_error.c tests/unit/test_netif_tx.c tests/unit/test_netif_front.c \
	tests/unit/test_netif_journal.c \
	tests/unit/test_netif_fetch.c tests/unit/test_netif_fetch_back.c \
	tests/unit/test_netif_fetch_front.c tests/unit/test_netif_headroom.c tests/unit/test_netif_property.c \
	tests/unit/test_netif_header.c tests/unit/test_netif_hash.c tests/unit/test_netif_gref.c \
	tests/unit/test_netif_coalesce.c
tests_unit_test_netif_CPPFLAGS = $(AM_CPPFLAGS)
tests_unit_test_netif_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
tests_unit_test_netif_LDADD = lib/netif/libnetif.a $(check_libs)
# What daemons and their commands share.
daemon_tests = tests/unit/test_daemon tests/unit/test_daemon_control tests/unit/test_ctl
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)
daemon_test_cflags = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(SYSTEMD_CFLAGS) $(CHECK_CFLAGS)
daemon_test_libs = lib/daemon/libdaemon.a $(JANSSON_LIBS) $(SYSTEMD_LIBS) $(check_libs)
tests_unit_test_daemon_SOURCES = tests/unit/test_daemon.c
tests_unit_test_daemon_CFLAGS = $(daemon_test_cflags)
tests_unit_test_daemon_LDADD = $(daemon_test_libs)
tests_unit_test_daemon_control_SOURCES = tests/unit/test_daemon_control.c
tests_unit_test_daemon_control_CFLAGS = $(daemon_test_cflags)
tests_unit_test_daemon_control_LDADD = $(daemon_test_libs)
tests_unit_test_ctl_SOURCES = tests/unit/test_ctl.c
tests_unit_test_ctl_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ctl_LDADD = lib/ctl/libctl.a $(JANSSON_LIBS) $(check_libs)
# The embedded Xen's own tests; each starts itself again under tests/xensim/xensim run.
xensim_test_sources = tests/unit/test_xensim.h tests/unit/test_xensim.c tests/xensim/client.h tests/xensim/client.c
xensim_test_libs = $(XENGNTTAB_LIBS) $(XENEVTCHN_LIBS) $(XENSTORE_LIBS) $(check_libs) -lpthread
xensim_tests = tests/unit/test_xensim_grant tests/unit/test_xensim_evtchn tests/unit/test_xensim_store \
	tests/unit/test_xensim_limits tests/unit/test_xensim_ctrl
check_PROGRAMS += $(xensim_tests)
TESTS += $(xensim_tests) tests/unit/test_xensim_cli.sh
EXTRA_DIST += tests/unit/test_xensim_cli.sh
tests_unit_test_xensim_grant_SOURCES = tests/unit/test_xensim_grant.c $(xensim_test_sources)
tests_unit_test_xensim_grant_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_xensim_grant_LDADD = $(xensim_test_libs)
tests_unit_test_xensim_evtchn_SOURCES = tests/unit/test_xensim_evtchn.c $(xensim_test_sources)
tests_unit_test_xensim_evtchn_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_xensim_evtchn_LDADD = $(xensim_test_libs)
tests_unit_test_xensim_store_SOURCES = tests/unit/test_xensim_store.c $(xensim_test_sources)
tests_unit_test_xensim_store_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_xensim_store_LDADD = $(xensim_test_libs)
tests_unit_test_xensim_limits_SOURCES = tests/unit/test_xensim_limits.c $(xensim_test_sources)
tests_unit_test_xensim_limits_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_xensim_limits_LDADD = $(xensim_test_libs)
tests_unit_test_xensim_ctrl_SOURCES = tests/unit/test_xensim_ctrl.c $(xensim_test_sources)
tests_unit_test_xensim_ctrl_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_xensim_ctrl_LDADD = $(XENCONTROL_LIBS) $(xensim_test_libs)

# The daemon's control plane, over the embedded Xen and a data plane that only records.
netback_test_sources = tests/clock.h tests/unit/test_netback.c tests/unit/test_netback.h tests/unit/fake_vif.c \
	tests/unit/fake_vif.h $(xensim_test_sources)
netback_test_cflags = $(AM_CFLAGS) $(netback_ng_control_cflags) $(CHECK_CFLAGS) -pthread
netback_test_libs = netback-ng/libcontrol.a $(netback_ng_control_libs) $(check_libs)
netback_tests = tests/unit/test_netback_device tests/unit/test_netback_ctrl tests/unit/test_netback_config \
	tests/unit/test_netback_bus tests/unit/test_netback_kernel
check_PROGRAMS += $(netback_tests)
TESTS += $(netback_tests)
tests_unit_test_netback_device_SOURCES = tests/unit/test_netback_device.c tests/unit/test_netback_keys.c \
	tests/unit/test_netback_failing.c tests/unit/test_netback_restart.c tests/unit/test_netback_requests.c $(netback_test_sources)
tests_unit_test_netback_device_CFLAGS = $(netback_test_cflags)
tests_unit_test_netback_device_LDADD = $(netback_test_libs)
tests_unit_test_netback_ctrl_SOURCES = tests/unit/test_netback_ctrl.c tests/unit/fake_vif.c tests/unit/fake_vif.h $(xensim_test_sources)
tests_unit_test_netback_ctrl_CFLAGS = $(netback_test_cflags)
tests_unit_test_netback_ctrl_LDADD = $(netback_test_libs)
tests_unit_test_netback_config_SOURCES = tests/unit/test_netback_config.c $(config_rig)
tests_unit_test_netback_config_CFLAGS = $(netback_test_cflags)
tests_unit_test_netback_config_LDADD = $(netback_test_libs)
tests_unit_test_netback_bus_SOURCES = tests/unit/test_netback_bus.c
tests_unit_test_netback_bus_CFLAGS = $(netback_test_cflags)
tests_unit_test_netback_bus_LDADD = $(netback_test_libs)
tests_unit_test_netback_kernel_SOURCES = tests/unit/test_netback_kernel.c
tests_unit_test_netback_kernel_CFLAGS = $(netback_test_cflags) $(LIBURING_CFLAGS) $(NLGENL_CFLAGS) $(NL_CFLAGS)
tests_unit_test_netback_kernel_LDADD = $(netback_test_libs) $(NLGENL_LIBS)
check_PROGRAMS += tests/unit/test_brport
TESTS += tests/unit/test_brport
tests_unit_test_brport_SOURCES = tests/unit/test_brport.c
tests_unit_test_brport_CFLAGS = $(AM_CFLAGS) $(NL_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_brport_LDADD = netback-ng/libdataplane.a $(NL_LIBS) $(check_libs)
# The data plane in the embedded Xen, through vif.h.
check_PROGRAMS += tests/unit/test_dataplane
TESTS += tests/unit/test_dataplane
tests_unit_test_dataplane_SOURCES = tests/unit/test_dataplane.h tests/unit/test_dataplane.c \
	tests/unit/test_dataplane_forward.c tests/unit/test_dataplane_gref.c \
	tests/unit/test_dataplane_hostile.c tests/unit/test_dataplane_life.c \
	tests/unit/test_dataplane_headroom.c tests/unit/test_dataplane_path.c tests/unit/test_dataplane_uplink.c tests/unit/test_dataplane_receive.c tests/unit/test_dataplane_switch.c tests/unit/test_dataplane_turn.c tests/unit/test_dataplane_journal.c $(xensim_test_sources)
tests_unit_test_dataplane_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_dataplane_CFLAGS = $(AM_CFLAGS) -pthread $(netback_ng_control_cflags) $(LIBURING_CFLAGS) $(NL_CFLAGS)
tests_unit_test_dataplane_LDADD = netfront-ng/user/libnetfront.a netback-ng/libcontrol.a \
	$(netback_ng_data_libs) $(netback_ng_control_libs) $(netback_ng_data_outside) $(check_libs)

# xl-net, over a fake libxl, xenstore, netlink and credit-adjustd.
xlnet_test_sources = tests/unit/fake_xen.c tests/unit/fake_xen.h tests/unit/fake_part.h tests/unit/fake_clock.c tests/unit/fake_ctl.c \
	tests/unit/fake_libxl.c tests/unit/fake_netlink.c tests/unit/fake_ovs.c tests/unit/fake_probe.c tests/unit/fake_remote.c tests/unit/fake_run.c \
	tests/unit/fake_store.c tests/unit/fake_sysfs.c
xlnet_tests = tests/unit/test_xlnet_switch tests/unit/test_xlnet_migrate tests/unit/test_xlnet_credit tests/unit/test_xlnet_policy \
	tests/unit/test_xlnet_options tests/unit/test_xlnet_netlink tests/unit/test_xlnet_ovs tests/unit/test_xlnet_probe
check_PROGRAMS += $(xlnet_tests)
TESTS += $(xlnet_tests)
tests_unit_test_xlnet_switch_SOURCES = tests/unit/test_xlnet_switch.c tests/unit/test_xlnet_gone.c tests/unit/switch_rig.c \
	tests/unit/switch_rig.h $(xlnet_test_sources)
tests_unit_test_xlnet_switch_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_switch_LDADD = xl-plugins/libxlnet.a lib/ctl/libctl.a lib/xen/libxenhelp.a $(JANSSON_LIBS) \
	$(check_libs) -lpthread
tests_unit_test_xlnet_migrate_SOURCES = tests/unit/test_xlnet_migrate.c $(xlnet_test_sources)
tests_unit_test_xlnet_migrate_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_migrate_LDADD = $(tests_unit_test_xlnet_switch_LDADD)
tests_unit_test_xlnet_options_SOURCES = tests/unit/test_xlnet_options.c $(xlnet_test_sources)
tests_unit_test_xlnet_options_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_options_LDADD = $(tests_unit_test_xlnet_switch_LDADD)
tests_unit_test_xlnet_credit_SOURCES = tests/unit/test_xlnet_credit.c $(xlnet_test_sources)
tests_unit_test_xlnet_credit_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_credit_LDADD = $(tests_unit_test_xlnet_switch_LDADD)
tests_unit_test_xlnet_policy_SOURCES = tests/unit/test_xlnet_policy.c $(xlnet_test_sources)
tests_unit_test_xlnet_policy_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_policy_LDADD = $(tests_unit_test_xlnet_switch_LDADD)
tests_unit_test_xlnet_netlink_SOURCES = tests/unit/test_xlnet_netlink.c
tests_unit_test_xlnet_netlink_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_netlink_LDADD = xl-plugins/libxloutside.a xl-plugins/libxlnet.a $(NL_LIBS) $(JANSSON_LIBS) $(check_libs)
tests_unit_test_xlnet_ovs_SOURCES = tests/unit/test_xlnet_ovs.c
tests_unit_test_xlnet_ovs_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_ovs_LDADD = $(tests_unit_test_xlnet_netlink_LDADD)
tests_unit_test_xlnet_probe_SOURCES = tests/unit/test_xlnet_probe.c
tests_unit_test_xlnet_probe_CFLAGS = $(AM_CFLAGS) $(xlnet_cflags) $(CHECK_CFLAGS)
tests_unit_test_xlnet_probe_LDADD = $(tests_unit_test_xlnet_netlink_LDADD) -lpthread
TESTS += tests/unit/test_xl_dispatch.sh tests/unit/test_xl_net_vfs.sh
EXTRA_DIST += tests/unit/test_xl_dispatch.sh tests/unit/test_xl_net_vfs.sh
# credit-adjust: the policy alone.
check_PROGRAMS += tests/unit/test_credit_policy
TESTS += tests/unit/test_credit_policy
tests_unit_test_credit_policy_SOURCES = tests/unit/test_credit_policy.c
tests_unit_test_credit_policy_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
tests_unit_test_credit_policy_LDADD = credit-adjust/libpolicy.a $(check_libs)
# Its files, and the whole of it over the embedded Xen.
credit_tests = tests/unit/test_credit_state tests/unit/test_credit_adjust tests/unit/test_credit_net
check_PROGRAMS += $(credit_tests)
TESTS += $(credit_tests)
tests_unit_test_credit_state_SOURCES = tests/unit/test_credit_state.c $(config_rig)
tests_unit_test_credit_state_CFLAGS = $(AM_CFLAGS) $(credit_adjust_cflags) $(CHECK_CFLAGS)
tests_unit_test_credit_state_LDADD = $(credit_adjust_libs) $(check_libs)
tests_unit_test_credit_net_SOURCES = tests/unit/test_credit_net.c
tests_unit_test_credit_net_CFLAGS = $(AM_CFLAGS) $(credit_adjust_cflags) $(CHECK_CFLAGS)
tests_unit_test_credit_net_LDADD = $(credit_adjust_libs) $(check_libs)
tests_unit_test_credit_adjust_SOURCES = tests/unit/test_credit_adjust.c tests/unit/test_credit_request.c \
	tests/unit/credit_rig.c tests/unit/credit_rig.h $(config_rig) $(xensim_test_sources)
tests_unit_test_credit_adjust_CFLAGS = $(AM_CFLAGS) $(credit_adjust_cflags) $(CHECK_CFLAGS)
tests_unit_test_credit_adjust_LDADD = $(credit_adjust_libs) $(xensim_test_libs)
TESTS += tests/unit/test_credit_sim.sh
EXTRA_DIST += tests/unit/test_credit_sim.sh
