# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The built-in switch: frames between two guests of one bridge do not cross their TAPs,
# while the outside is reached as before.
#
#   g1 --+            +-- vif1.0 --+
#        | netback-ngd|            +-- xenbr0 -- outside
#   g2 --+  (switch)  +-- vif2.0 --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

tap_frames() { vif_sum "$1" '.tx_to_tap'; }
direct_frames() { vif_sum "$1" '.tx_to_vif'; }

past_the_taps() {
	local t1 t2 d1
	reach g1 g2
	pings g1 g2 5
	t1=$(tap_frames 1) t2=$(tap_frames 2) d1=$(direct_frames 1)
	pings g1 g2 100
	flows g1 g2
	flows g1 g2 -R
	flows g1 g2 -6
	t1=$(($(tap_frames 1) - t1)) t2=$(($(tap_frames 2) - t2)) d1=$(($(direct_frames 1) - d1))
	echo "g1 sent $d1 frames directly; over the TAPs: $t1 and $t2"
	[ $d1 -gt 500 ] || fail "only $d1 frames took the direct path"
	# ARP and neighbour discovery go by the bridge: it stays the authority.
	[ $((20 * (t1 + t2))) -le $d1 ] || fail "$((t1 + t2)) frames crossed the TAPs"
}

outside_as_before() {
	reach "$1" outside
	pings "$1" outside 20
	flows "$1" outside
	flows "$1" outside -R
}

# A guest that moved: its address answers from another vif, frames follow it.
follows() {
	local mac2
	mac2=$(in_ns g2 cat /sys/class/net/eth0/address 2>/dev/null || ip -n g2 -j link show eth0 | jq -r '.[0].address')
	stop guest-2
	guest_boot 2 "$1" 2
	echo "g2 came again as $mac2"
	reach g1 g2
	pings g1 g2 20
}

must network_start
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
for pair in "stock stock" "ng ng" "stock ng" "ng stock"; do
	read -r a b <<<"$pair"
	must guest_start 1 "$a" 2
	must guest_start 2 "$b" 2
	case_run "$a-$b-direct" past_the_taps
	case_run "$a-$b-outside" outside_as_before g1
	case_run "$a-$b-reconnect" follows "$b"
	must guest_end 1
	must guest_end 2
done
