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

offload() { [ "$(ethtool -k vif1.0 | awk -v f="$1:" '$1 == f { print $2 }')" = "$2" ] || fail "$1 is not $2"; }
rx_gso() { guest_sum 1 .rx_gso; }

# A guest that completes IPv4's checksums only: it still gets big frames of IPv4, and IPv6's sums are whole.
ipv4_only() {
	local before
	reach g1 outside 6
	flows g1 outside -6 -R
	before=$(rx_gso)
	flows g1 outside -R
	[ "$(rx_gso)" -gt "$before" ] || fail "no GSO frame reached a guest that takes those of IPv4"
	flows g1 outside
	flows g1 outside -6
	in_ns g1 cat /proc/net/snmp6 | grep -E "Udp6InCsumErrors|Udp6InErrors" || true
	flows g1 outside -6 -u -b 5M -l 1200 -R
	[ "$(in_ns g1 awk '$1 == "Udp6InCsumErrors" { print $2 }' /proc/net/snmp6)" = 0 ] || fail "UDP over IPv6 had blank checksums"
}

# What an operator turned off on the vif stays off for the next start of the guest's interface; so does what was turned on.
operator() {
	reach g1 outside
	offload tx-checksumming on
	ethtool -K vif1.0 tx off
	stop guest-1
	guest_boot 1 stock 1
	reach g1 outside
	offload tx-checksumming off
	flows g1 outside -R
	ethtool -K vif1.0 tx on tso off
	stop guest-1
	guest_boot 1 stock 1
	reach g1 outside
	offload tx-checksumming on
	offload tcp-segmentation-offload off
	ethtool -K vif1.0 tso on
	stop guest-1
	guest_boot 1 stock 1
	offload tcp-segmentation-offload on
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
for kind in stock ng; do
	must guest_new 1
	must guest_boot 1 $kind 1 --ipv4-offload
	case_run "$kind-ipv4-only" ipv4_only
	must guest_end 1
done
must guest_new 1
must guest_boot 1 stock 1
case_run operator operator
