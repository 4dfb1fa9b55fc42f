# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# The data plane in the kernel: a stock guest and one with netfront-ng, both ways and to each other; the daemon
# is killed under it and nobody notices; a guest dies while there is no daemon; the module is unloaded.
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
module_unload() { on a "rmmod xen-netback-ng"; }
check "configure and load" kernel_plane a
check "start the daemon" daemon a start
check "create a stock guest" guest_create a stock script=vif-ng
LAB_GUEST_EXTRA=lab.netfront=ng check "create a guest with netfront-ng" guest_create a ng script=vif-ng
for guest in stock ng; do
	both_ways $guest
	check "packets of all sizes to $guest" all_sizes "$(guest_address a $guest)"
done
check "guest to guest" guest_exec a stock "ping -q -c 5 -i 0.2 -s 9000 $(guest_address a ng)"
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
