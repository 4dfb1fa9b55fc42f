# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The built-in switch obeys the bridge: whatever an operator does to a port cuts its guest off, or takes its
# frames through the bridge, with the switch as without; and the short cut is back afterwards.
#
#   g1 --+            +-- vif1.0 --+
#        | netback-ngd|            +-- xenbr0 -- outside
#   g2 --+  (switch)  +-- vif2.0 --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

direct_frames() { vif_sum "$1" '.tx_to_vif'; }
word() { ngctl -j stats "vif$1.0" | jq -r '.vifs[0].data.switch'; }
word_is() { [ "$(word "$1")" = "$2" ]; }
word_becomes() { until_ok 30 word_is "$1" "$2" || fail "vif$1.0 is $(word "$1") on the switch, not $2"; }
guest_mac() { ip -n "g$1" -j link show eth0 | jq -r '.[0].address'; }
one_ping() { in_ns "g$1" ping -q -c 1 -W 1 "${@:3}" "$(ip4 "g$2")" >/dev/null; }

# Who has talked before knows the other's address.
neighbours() {
	ip -n g1 neigh replace 10.9.0.12 lladdr "$(guest_mac 2)" dev eth0 nud permanent
	ip -n g2 neigh replace 10.9.0.11 lladdr "$(guest_mac 1)" dev eth0 nud permanent
}

goes_directly() {
	local before
	before=$(direct_frames 1)
	one_ping 1 2 && [ "$(direct_frames 1)" -gt "$before" ]
}

both_direct() {
	word_becomes 1 direct
	word_becomes 2 direct
	until_ok 30 goes_directly || fail "frames do not take the switch"
}

cut_off() {
	not in_ns g1 ping -q -c 5 -i 0.05 -W 1 "$@" "$(ip4 g2)" >/dev/null || fail "g1 still reaches g2"
}

by_the_bridge() {
	local before
	before=$(direct_frames 1)
	pings g1 g2 10
	[ "$(direct_frames 1)" = "$before" ] || fail "frames still take the switch"
}

# What an operator does, the vif and the word for it, what becomes of its frames, and the way back.
obeys() { # DO VIF WORD cut_off|by_the_bridge UNDO
	neighbours
	both_direct
	eval "$1"
	word_becomes "$2" "$3"
	$4
	eval "$5"
	both_direct
}

port() { bridge link set dev "$@"; }

isolate() { port vif1.0 isolated "$1" && port vif2.0 isolated "$1"; }

lock() { port vif1.0 locked on && ip link set vif1.0 type bridge_slave fdb_flush; }

shrinks() {
	neighbours
	both_direct
	ip link set vif2.0 mtu 1000
	until_ok 30 not one_ping 1 2 -s 1200 || fail "a frame passes that is longer than the port's MTU"
	cut_off -s 1200
	one_ping 1 2 || fail "a short frame does not pass"
	ip link set vif2.0 mtu 1500
	until_ok 30 one_ping 1 2 -s 1200
	both_direct
}

filtered() { tc qdisc add dev vif1.0 clsact && tc filter add dev vif1.0 ingress matchall action drop; }

# Blank checksums of TCP, and frames to be segmented, are the bridge's to finish where the operator says so.
tcp_by_the_bridge() {
	local before
	before=$(direct_frames 1)
	flows g1 g2
	[ $(($(direct_frames 1) - before)) -le 20 ]
}

checksums() {
	neighbours
	both_direct
	ethtool -K vif2.0 tx off
	until_ok 60 tcp_by_the_bridge || fail "frames with blank checksums still take the switch"
	ethtool -K vif2.0 tx on
	until_ok 60 not tcp_by_the_bridge || fail "TCP does not take the switch again"
}

# Its address is said to be elsewhere, as xl-net does when a guest goes to a VF.
pinned_elsewhere() {
	neighbours
	both_direct
	bridge fdb replace "$(guest_mac 2)" dev up0 master static sticky
	until_ok 30 not goes_directly || fail "the switch does not heed the bridge's table"
	bridge fdb del "$(guest_mac 2)" dev up0 master
	both_direct
}

# A guest sends with the address of the gateway: its neighbours lose no more than by the bridge, which
# has the address back with the next frame from there, whoever that is for.
impostor() {
	local gateway own
	gateway=$(ip -n outside -j link show out0 | jq -r '.[0].address')
	own=$(guest_mac 1)
	reach g2 outside
	ip -n g1 link set eth0 address "$gateway"
	in_ns g1 ping -q -c 3 -i 0.05 -W 1 10.9.0.99 >/dev/null || true # ARP, from the gateway's address
	ip -n g1 link set eth0 address "$own"
	in_ns outside ping -q -c 1 -W 1 10.9.0.99 >/dev/null || true # not for g2
	pings g2 outside 20
	both_direct
}

must network_start
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
must guest_start 1 stock 1
must guest_start 2 ng 1
case_run link-down obeys "ip link set vif2.0 down" 2 down cut_off "ip link set vif2.0 up"
case_run no-bridge obeys "ip link set vif2.0 nomaster" 2 no-bridge cut_off "ip link set vif2.0 master xenbr0"
must bridge_new xenbr9
case_run other-bridge obeys "ip link set vif2.0 master xenbr9" 2 other-bridge cut_off "ip link set vif2.0 master xenbr0"
case_run bridge-down obeys "ip link set xenbr0 down" 2 bridge-down cut_off "ip link set xenbr0 up"
case_run isolated obeys "isolate on" 2 isolated cut_off "isolate off"
case_run blocked obeys "port vif2.0 state 0" 2 stp cut_off "port vif2.0 state 3"
if bridge link set dev vif1.0 locked off 2>/dev/null; then
	case_run locked obeys lock 1 locked cut_off "port vif1.0 locked off"
else
	skip locked "this kernel or iproute2 has no locked ports"
fi
case_run no-learning obeys "port vif1.0 learning off" 1 learning by_the_bridge "port vif1.0 learning on"
case_run no-flood obeys "port vif2.0 flood off" 2 flood by_the_bridge "port vif2.0 flood on"
case_run mtu shrinks
case_run promiscuous obeys "ip link set vif2.0 promisc on" 2 capture by_the_bridge "ip link set vif2.0 promisc off"
case_run shaped obeys "tc qdisc add dev vif2.0 root pfifo" 2 tc by_the_bridge "tc qdisc del dev vif2.0 root"
if tc qdisc add dev lo clsact 2>/dev/null && tc filter add dev lo ingress matchall action pass 2>/dev/null; then
	case_run filtered obeys filtered 1 tc cut_off "tc qdisc del dev vif1.0 clsact"
else
	skip filtered "this kernel has no clsact or matchall"
fi
if ip link set xenbr9 type bridge vlan_filtering 1 2>/dev/null; then
	case_run vlans obeys "ip link set xenbr0 type bridge vlan_filtering 1; bridge vlan del dev vif2.0 vid 1; bridge vlan add dev vif2.0 vid 20 pvid untagged" \
		2 vlans cut_off "ip link set xenbr0 type bridge vlan_filtering 0"
else
	skip vlans "this kernel's bridge does not filter VLANs"
fi
case_run checksums checksums
case_run pinned-elsewhere pinned_elsewhere
case_run impostor impostor
