# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# The daemon is killed under traffic and started again: the stock guest's traffic resumes, without
# a reboot, and a connection that was open goes on.
check "start the daemon" daemon a start
check "create g1 on netback-ngd" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping before" ping_guest a "$one"
gaps=()
for round in 1 2 3; do
	check "pings, round $round" ping_begin a "$one" 0.05
	stream_begin a "$one" 0
	wait_for 20 "traffic before the kill" ping_seen a 20
	check "kill and restart, round $round" daemon a kill
	wait_for 30 "traffic after the kill, round $round" ping_guest a "$one" 3
	stream_goes_on "round $round"
	stream_end >/dev/null
	read -r sent lost gap <<<"$(ping_end a)"
	gaps+=("$gap")
	[ "$(guest_exec a g1 'cat /sys/class/net/eth0/carrier')" = 1 ] || fail "no carrier in the guest after round $round"
done
figures restarts 3 longest_gap_s "$(median "${gaps[@]}")"
check "network-attach after restarts" on a "xl network-attach g1 mac=00:16:3e:77:01:99 bridge=xenbr0 script=vif-ng"
check "destroy" guest_destroy a g1
