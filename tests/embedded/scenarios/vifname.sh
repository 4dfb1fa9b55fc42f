# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A vif whose interface has a name of its own (vifname=web0): served, found, and switched as any other, before
# and after a restart of the daemon.
#
#   g1 --+            +-- web0 (vif1.0) --+
#        | netback-ngd|                   +-- xenbr0 -- outside
#   g2 --+  (switch)  +-- vif2.0 ---------+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

switch_word() { ngctl -j stats "$1" | jq -r '.vifs[0].data.switch'; }
is_direct() { [ "$(switch_word "$1")" = direct ]; }

works() {
	ip link show web0
	reach g1 outside
	flows g1 outside
	flows g1 outside -R
	until_ok 30 is_direct web0 || fail "web0 is $(switch_word web0) on the switch"
	until_ok 30 is_direct vif2.0
	reach g1 g2
	flows g1 g2
}

found() {
	[ "$(ngctl -j stats web0 | jq -c '[.vifs[0] | .name, .data.interface]')" = '["vif1.0","web0"]' ]
	[ "$(ngctl -j stats vif1.0 | jq -r '.vifs[0].data.interface')" = web0 ]
	ngctl vifs web0 | grep -q '^vif1.0 .*Connected'
	not ngctl stats web1 2>"$DIR/said"
	grep -q 'no vif or interface "web1"' "$DIR/said"
}

restarted() {
	daemon_stop KILL
	daemon_start
	until_ok 60 connected 1
	works
	found
}

must network_start
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
must guest_new 1 vifname=web0
must guest_boot 1 stock 2
must guest_start 2 ng 1
case_run works works
case_run found found
case_run restarted restarted
