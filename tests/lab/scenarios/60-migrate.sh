# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# needs: migration
# Live migration a -> b -> a of a guest whose only interface is netback-ngd's, while it is pinged
# from host b throughout: pings lost, and the longest silence, as one line.
check "start the daemon on a" daemon a start
check "start the daemon on b" daemon b start
check "the hosts reach each other" on a "ping -q -c 3 -i 0.2 10.77.0.2"
check "create g1 on netback-ngd" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
# The configuration travels with the guest; the number gives the address on both hosts.
check "ping before" ping_guest a "$one"
check "ping before, from b" ping_guest b "$one"
check "a mark in the guest's memory" guest_exec a g1 "echo remembered >/tmp/mark"

on b "ping -D -i 0.1 -W 1 $one >/run/ping.log 2>&1 </dev/null & echo \$! >/run/ping.pid" || fail "cannot ping from b"
times=()
# go FROM TO
go() {
	local from=$1 to=$2 began=$SECONDS
	check "migrate $from -> $to" on "$from" "timeout 240 xl migrate g1 lab-$to"
	times+=($((SECONDS - began)))
	on "$from" "xl domid g1" >/dev/null 2>&1 && fail "g1 is still on $from"
	[ "$(vif_owner "$to" g1)" = netback-ngd ] || fail "on $to the vif is not netback-ngd's"
	wait_for 60 "traffic on $to" ping_guest "$to" "$one" 3
	[ "$(guest_exec "$to" g1 'cat /tmp/mark')" = remembered ] || fail "the guest that answers on $to is another"
}
go a b
go b a
on b "kill -INT \$(cat /run/ping.pid)"
read -r lost gap <<<"$(on b "awk '/bytes from/ { t = substr(\$1, 2) + 0; if (last && t - last > g) g = t - last; last = t; n++ }
	/packets transmitted/ { sent = \$1 } END { printf \"%d %.2f\", sent - n, g }' /run/ping.log")"
check "ping from the guest" guest_exec a g1 "ping -q -c 5 -i 0.2 10.77.0.1"
figures migrate_a_b_s "${times[0]}" migrate_b_a_s "${times[1]}" pings_lost "$lost" longest_gap_s "$gap"
check "destroy" on a "xl destroy g1"
