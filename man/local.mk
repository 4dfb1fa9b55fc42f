# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += man/xl-net.8 man/xl-net-list.8 man/xl-net-status.8 man/xl-net-vf-list.8 \
	man/xl-net-switch.8 man/xl-net-migrate.8 man/xl-net-recover.8 man/xl-net-check.8 \
	man/xl-net-top.8 man/xl-net-auto.8 man/xl-net-credit-status.8 man/xl-net-credit-set.8
dist_man_MANS += man/netback-ngd.8 man/netback-ngctl.8 man/netback-ng.conf.5 man/netif-ng.7 man/netfront-ng.4 man/xen-netback-ng.4
dist_man_MANS += man/credit-adjustd.8 man/credit-adjustctl.8 man/credit-adjust.conf.5
