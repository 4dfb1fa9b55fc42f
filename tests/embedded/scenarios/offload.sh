# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# TSO and checksum offload on and off, at three MTUs, over IPv4 and IPv6.
#
#   g1 -- netback-ngd -- vif1.0 -- xenbr0 (mtu M) -- outside (mtu M)
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

all_flow() {
	reach g1 outside
	pings g1 outside 5 -M "do" -s $(($1 - 28))
	flows g1 outside
	flows g1 outside -R
	flows g1 outside -6
	flows g1 outside -6 -R
}

# GSO frames that crossed the rings, as the front end counted them.
gso_frames() { guest_sum 1 '.tx_gso + .rx_gso'; }

with_tso() {
	all_flow "$1"
	[ "$(gso_frames)" -gt 0 ] || fail "TSO is on, but no GSO frame crossed the rings"
}

without_tso() {
	all_flow "$1"
	[ "$(gso_frames)" = 0 ] || fail "TSO is off, but GSO frames crossed the rings"
}

must network_start 9000
daemon_configure
must daemon_start
for mtu in 1500 4000 9000; do
	must ip -n outside link set out0 mtu $mtu
	for kind in stock ng; do
		must guest_new 1 mtu=$mtu
		must guest_boot 1 $kind 2 --mtu $mtu
		case_run "$kind-tso-$mtu" with_tso $mtu
		must stop guest-1
		must guest_boot 1 $kind 2 --mtu $mtu --no-tso
		case_run "$kind-no-tso-$mtu" without_tso $mtu
		must stop guest-1
		must guest_boot 1 $kind 2 --mtu $mtu --no-tso --no-csum --no-sg
		case_run "$kind-no-offload-$mtu" all_flow 1500
		must guest_end 1
	done
done
