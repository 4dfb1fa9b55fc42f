# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The built-in switch between guests that are not alike: pages that the daemon has mapped on one side,
# granted ones on the other, whole and half ones. Frames of all sizes go both ways, none is lost, and none
# takes the way around by the bridge.
#
#   g1 --+            +-- vif1.0 --+
#        | netback-ngd|            +-- xenbr0 (mtu 9000)
#   g2 --+  (switch)  +-- vif2.0 --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# ICMP payloads: around the 128 bytes of a frame's head, a packet, one and two pages, a jumbo frame, the biggest.
sizes="22 86 87 1400 1472 4054 4055 8150 8151 8972 20000 65000"

mtu() { ip -n "$1" link set eth0 mtu "$2"; }
refused() { vif_sum "$1" '.rx_drop_grant + .tx_drop_grant'; }
direct() { vif_sum "$1" .tx_to_vif; }

all_sizes() {
	local size
	for size in $sizes; do
		pings g1 g2 3 -s "$size"
		pings g2 g1 3 -s "$size"
	done
}

pair() {
	local m before
	for m in 1500 9000; do
		mtu g1 $m
		mtu g2 $m
		reach g1 g2
		before=$(direct 1)
		all_sizes
		flows g1 g2
		[ $m = 1500 ] || flows g1 g2 -R
		[ $(($(direct 1) - before)) -gt 200 ] || fail "only $(($(direct 1) - before)) frames took the direct path"
		[ "$(refused 1)" = 0 ] || fail "$(refused 1) frames from or to g1 were lost for their grants"
		[ "$(refused 2)" = 0 ] || fail "$(refused 2) frames from or to g2 were lost for their grants"
	done
}

# start D KIND: stock; ng; halves: ng that posts half pages.
start() {
	guest_new "$1" mtu=9000
	case $2 in
	halves) guest_boot "$1" ng 2 --mtu 9000 --half-pages on ;;
	*) guest_boot "$1" "$2" 2 --mtu 9000 ;;
	esac
}

# pairs OPTION A B...: each A with its B, the daemon with that option.
pairs() {
	local name=$1
	daemon_configure 'switch_bridges = {"xenbr0"}' "$2"
	must daemon_start
	shift 2
	while [ $# -gt 0 ]; do
		must start 1 "$1"
		must start 2 "$2"
		case_run "$1-$2$name" pair
		must guest_end 1
		must guest_end 2
		shift 2
	done
	must daemon_stop
}

must network_start 9000
pairs "" "" stock ng ng stock stock halves halves stock stock stock
# Where the daemon cannot grant its own pages to itself, they are named by address.
pairs "-by-address" "copy_grants = false" stock ng
