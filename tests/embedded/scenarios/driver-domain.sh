# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon in a driver domain: an ordinary guest, domain 5, serves the vifs of others (backend=5). It sees and may do
# what such a domain sees and may do, in xenstore and with grants and event channels.
#
#   g1 (stock), g2 (ng) -- netback-ngd in domain 5 -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

backend() { echo "/local/domain/5/backend/vif/$1/${2:-0}"; }

# As domain 5: its handles are that domain's.
driver_start() {
	XENSIM_DOMID=5 daemon_start
}

carries() {
	reach g1 outside
	reach g2 outside
	pings g1 g2 50
	flows g1 outside
	flows g2 outside -R
	[ "$(xen_count 5 map_pages)" -gt 0 ] || fail "domain 5 has mapped nothing"
	[ "$(xen_count 0 map_pages)" = 0 ] || fail "Dom0 has mapped something"
}

restarts() {
	daemon_stop KILL
	driver_start
	until_ok 30 reach g1 outside
	until_ok 30 reach g2 outside
	pings g1 outside 20
	pings g2 outside 20
}

plugged_again() {
	stop guest-1
	"$XENSIM" vif-detach 1 0
	until_ok 10 not ip link show vif1.0 || fail "vif1.0 is still there"
	vif_attach 1 0 backend=5
	guest_boot 1 ng 2
	pings g1 outside 20
}

domain_dies() {
	"$XENSIM" domain destroy 1
	until_ok 10 not ip link show vif1.0 || fail "vif1.0 is still there"
	pings g2 outside 20
}

must network_start
daemon_configure
must "$XENSIM" domain create 5 name=driver
must driver_start
must guest_new 1 backend=5
must guest_boot 1 stock 1
must guest_new 2 backend=5
must guest_boot 2 ng 2
case_run carries carries
case_run restart restarts
case_run plug plugged_again
case_run domain-dies domain_dies
