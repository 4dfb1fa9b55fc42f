# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 1
# deadline: 1800
# The data plane in the kernel: a stock guest and one with netfront-ng, both ways and to each other; the daemon
# is killed under it and nobody notices; a guest dies while there is no daemon; the module is unloaded. Between two
# guests with netfront-ng frames go past the bridge, but only while it would pass them.
rate='.end.sum_received.bits_per_second / 1e6 | round'
stat_of() { on a "netback-ngctl -j stats $(vif_name a "$1")" | jq "[.vifs[0].data.queues[].$2 // 0] | add"; }
both_ways() {
	local guest=$1 one to from
	one=$(guest_address a "$guest")
	wait_for 60 "$guest answers" ping_guest a "$one" 3
	to=$(iperf_host a "$rate" -c "$one" -t 2)
	from=$(iperf_host a "$rate" -c "$one" -t 2 -R)
	case $to$from in *error* | '') fail "iperf3 with $guest: $to $from" ;; esac
	figures guest "$guest" to_guest_mbps "$to" from_guest_mbps "$from"
}
all_sizes() {
	local size
	for size in 56 1000 1472 4000 9000 20000 65000; do
		on a "ping -q -c 3 -i 0.2 -W 10 -s $size $1" || return
	done
}
isolated() { ! peers 2 56; }
module_unload() { on a "rmmod xen-netback-ng"; }
check "configure and load" kernel_plane a
on a "echo 'switch_bridges = { \"xenbr0\" }' >>/etc/xen/netback-ng.conf"
check "start the daemon" daemon a start
check "create a stock guest" guest_create a stock script=vif-ng
LAB_GUEST_EXTRA=lab.netfront=ng check "create a guest with netfront-ng" guest_create a ng script=vif-ng
for guest in stock ng; do
	both_ways $guest
	check "packets of all sizes to $guest" all_sizes "$(guest_address a $guest)"
done
check "guest to guest" guest_exec a stock "ping -q -c 5 -i 0.2 -s 9000 $(guest_address a ng)"
LAB_GUEST_EXTRA=lab.netfront=ng check "create another with netfront-ng" guest_create a ng2 script=vif-ng
wait_for 60 "ng2 answers" ping_guest a "$(guest_address a ng2)" 3
# peers COUNT SIZE: from ng to ng2, and back; none is lost.  One after the other: ping's own buffer holds two big answers.
peers() { guest_exec a ng "i=0; while [ \$i -lt $1 ] && ping -q -c 1 -W 10 -s $2 $(guest_address a ng2); do i=\$((i + 1)); done; [ \$i = $1 ]"; }
direct() { stat_of ng tx_direct_frames; }
more_direct() { [ "$(direct)" -gt "$was" ]; }
goes_direct() { peers 5 56 && more_direct; }
was=0
wait_for 60 "frames go past the bridge" goes_direct
for size in 56 1472 9000 65000; do check "pings of $size bytes past the bridge" peers 20 $size; done
# by_bridge WHY SET UNSET: with that set, all frames still come, and none past the bridge; without it they do again.
by_bridge() {
	on a "$2" || fail "$1: $2"
	wait_for 60 "$1: the daemon knows" quiet_direct
	check "$1: pings" peers 20 1472
	[ "$(direct)" = "$was" ] || fail "$1: frames went past the bridge"
	on a "$3" || fail "$1: $3"
	wait_for 60 "$1: past the bridge again" goes_direct
}
# Nothing went past the bridge meanwhile.
quiet_direct() { was=$(direct) && peers 3 56 && [ "$(direct)" = "$was" ]; }
vif=$(vif_name a ng2)
by_bridge "a capture" "tcpdump -U -i $vif -w /dev/null >/dev/null 2>&1 </dev/null & echo \$! >/run/path.pid; sleep 1" "kill \$(cat /run/path.pid); rm /run/path.pid"
by_bridge "flooding off" "ip link set $vif type bridge_slave flood off" "ip link set $vif type bridge_slave flood on"
by_bridge "VLAN filtering" "ip link set xenbr0 type bridge vlan_filtering 1" "ip link set xenbr0 type bridge vlan_filtering 0"
by_bridge "a filter" "nft add table bridge lab && nft add chain bridge lab f '{ type filter hook forward priority 0; }'" "nft delete table bridge lab"
on a "ip link set $vif type bridge_slave isolated on; ip link set $(vif_name a ng) type bridge_slave isolated on"
wait_for 60 "isolated ports hear nothing of each other" isolated
on a "ip link set $vif type bridge_slave isolated off; ip link set $(vif_name a ng) type bridge_slave isolated off"
wait_for 60 "past the bridge after isolation" goes_direct
check "destroy ng2" guest_destroy a ng2
[ "$(stat_of ng tx_copy_calls)" = 0 ] && [ "$(stat_of ng rx_copy_calls)" = 0 ] || fail "grant copies for a guest with static grants"
[ "$(stat_of ng rx_static_slots)" -gt 0 ] || fail "nothing went by static grants"
check "a statistic of ethtool" on a "ethtool -S $(vif_name a ng) | grep -q 'q0_tx_frames: [1-9]'"
check "pings while the daemon is killed" ping_begin a "$(guest_address a ng)" 0.01
check "a stream" iperf_begin a -c "$(guest_address a stock)" -t 10
wait_for 20 "pings before" ping_seen a 50
for _ in 1 2 3; do check "kill" daemon a kill; done
wait_for 60 "iperf3 ends" iperf_ended a
read -r sent lost gap <<<"$(ping_end a)"
[ "$lost" = 0 ] || fail "$lost of $sent pings lost while the daemon was killed"
figures kills 3 sent "$sent" lost "$lost" longest_gap_s "$gap"
for guest in stock ng; do both_ways $guest; done
[ "$(stat_of ng tx_copy_calls)" = 0 ] || fail "grant copies after the kills"
! module_unload 2>/dev/null || fail "the module was unloaded with vifs in it"
check "a vif of a dead daemon" daemon a kill-for-good
check "the guest is destroyed meanwhile" on a "xl destroy stock || true"
wait_for 60 "its interface goes" on a "[ \$(ls -d /sys/class/net/vif*.0 | wc -l) = 1 ]"
wait_for 60 "its domain is gone" on a "! xl list | grep -q '(null)'"
check "start the daemon again" daemon a start
both_ways ng
check "destroy the other" guest_destroy a ng
daemon a stop
wait_for 60 "no interface is left" on a "! ls -d /sys/class/net/vif*.0"
check "unload the module" module_unload
check "no alarm of the kernel" no_alarm a
on a "rm -f /etc/xen/netback-ng.conf"
