# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# run: in turn 8
# needs: sriov
# deadline: 1200
# Hybrid: g1 has a VF, g2 is on the same host, b is another. Whether what g1 and g2 send each other takes the vifs
# (hybrid) or g1's VF and the NIC's switch, in alternating rounds; what g1 sends to b takes the VF in both.
rounds=${LAB_ROUNDS:-1}
seconds=${LAB_SECONDS:-3}
declare -A got
check "a server on b" on b "iperf3 -s -D -I /run/iperf.pid"
check "start the daemon" daemon a start
LAB_GUEST_PCI=1 LAB_GUEST_EXTRA=lab.netfront=ng check "create g1" guest_create a g1 script=vif-ng
LAB_GUEST_EXTRA=lab.netfront=ng check "create g2" guest_create a g2 script=vif-ng
two=$(guest_address a g2)
mac2=$(guest_mac "$(on a cat /run/guests/g2.number)" 0)
pf=$(pf_name a)
reaches_two() { guest_exec a g1 "ping -q -c 2 -i 0.2 -W 2 $two"; }
switch() { on a "xl-net net-switch g1 $1 --timeout 180"; }
# The guest's parameter; at the next switch to the VF the toolstack goes by it.
hybrid() {
	local on=0
	[ "$1" = off ] || on=1
	check "hybrid $1 in g1" guest_exec a g1 "echo $on >/sys/module/xen_netfront_ng/parameters/hybrid"
	check "to the vif" switch pv
	check "to the VF" switch vf
	check "the PF takes what g1 sends to g2" on a "bridge fdb show dev $pf | grep -q '$mac2 .*self'"
	check "net-list says so" on a "xl-net net-list -j | jq -e '.[0].path == \"$([ "$1" = on ] && echo hybrid || echo vf)\"'"
	wait_for 60 "g2 with hybrid $1" reaches_two
}
# The receiver's line of iperf3: Mb/s.
tcp() { guest_exec a g1 "iperf3 -f m -c $1 -t $seconds ${2:-} | grep receiver" | tr -d '\r' | awk '/receiver/ { print $7 }'; }
packets() { packets_from a g1 "$mac2" "$seconds" packets_at_guest a g2 | cut -d ' ' -f 1; }
# measure_path MODE WHAT COMMAND...: its rate, and the share of frames that took the VF.
measure_path() {
	local key=$1.$2 vf all rate
	shift 2
	vf=$(module_counter a g1 vf_tx_packets) all=$(packets_sent)
	rate=$("$@")
	vf=$(($(module_counter a g1 vf_tx_packets) - vf)) all=$(($(packets_sent) - all))
	[ -n "$rate" ] || fail "$key gave nothing"
	got[$key]+="$rate " got[$key.vf]+="$((100 * vf / all)) "
}
packets_sent() { guest_exec a g1 "cat /sys/class/net/eth0/statistics/tx_packets" | tr -d '\r'; }
whats="tcp_to tcp_from packets ping_ms tcp_out"
check "to the VF" switch vf
for ((round = 1; round <= rounds; round++)); do
	for mode in off on; do
		hybrid $mode
		measure_path $mode tcp_to tcp "$two"
		measure_path $mode tcp_from tcp "$two" -R
		measure_path $mode packets packets
		measure_path $mode ping_ms round_trip g1 "$two" -i 0.1
		measure_path $mode tcp_out tcp 10.77.0.2
		note "round $round, hybrid $mode: $(for w in $whats; do echo "$w ${got[$mode.$w]} (VF ${got[$mode.$w.vf]}%);"; done)"
	done
done
for mode in off on; do
	for w in $whats; do
		# shellcheck disable=SC2086 # lists
		figures hybrid $mode what "$w" rounds "$rounds" median "$(median ${got[$mode.$w]})" each "${got[$mode.$w]}" vf_percent "$(median ${got[$mode.$w.vf]})"
	done
done
[ "$(median ${got[on.tcp_to.vf]})" -lt 10 ] || fail "with hybrid on, frames to g2 take the VF"
[ "$(median ${got[on.tcp_out.vf]})" -gt 90 ] || fail "with hybrid on, frames to b do not take the VF"
