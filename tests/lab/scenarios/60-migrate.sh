# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# takes: 300
# run: in turn 3
# needs: migration
# deadline: 900
# Live migration a -> b -> a of a guest whose only interface is netback-ngd's, while it is pinged from host b
# throughout: pings lost, and the longest silence; the same with the kernel's back end to compare. Both ends of "xl migrate"
# go through the dispatcher, as every "xl" of the lab does.
LAB_GUEST_MEMORY=${LAB_GUEST_MEMORY:-128}
dispatched() {
	on "$1" "[ \$(command -v xl) = /usr/local/sbin/xl ] && xl net-list >/run/ours && xl-net net-list | cmp - /run/ours &&
		xl help >/run/through && /usr/sbin/xl help | cmp - /run/through && ! xl no-such-command"
}
check "xl is the dispatcher on a" dispatched a
check "xl is the dispatcher on b" dispatched b
check "start the daemon on a" daemon a start
check "start the daemon on b" daemon b start
check "the hosts reach each other" on a "ping -q -c 3 -i 0.2 10.77.0.2"
# go GUEST FROM TO OWNER
go() {
	local guest=$1 from=$2 to=$3 owner=$4 began=$SECONDS
	check "migrate $guest $from -> $to" on "$from" "timeout 300 xl migrate $guest lab-$to"
	times+=($((SECONDS - began)))
	on "$from" "xl domid $guest" >/dev/null 2>&1 && fail "$guest is still on $from"
	[ "$(vif_owner "$to" "$guest")" = "$owner" ] || fail "on $to the vif of $guest is not the ${owner}'s"
	wait_for 60 "traffic on $to" ping_guest "$to" "$address" 3
	[ "$(guest_exec "$to" "$guest" 'cat /tmp/mark')" = remembered ] || fail "the guest that answers on $to is another"
}
# there_and_back GUEST OWNER VIF
there_and_back() {
	local guest=$1 owner=$2 address sent lost gap times=()
	check "create $guest" guest_create a "$guest" "$3"
	address=$(guest_address a "$guest")
	check "ping before" ping_guest a "$address"
	check "a mark in its memory" guest_exec a "$guest" "echo remembered >/tmp/mark"
	check "pings from b" ping_begin b "$address"
	wait_for 20 "pings from b" ping_seen b 10
	go "$guest" a b "$owner"
	go "$guest" b a "$owner"
	read -r sent lost gap <<<"$(ping_end b)"
	check "ping from $guest" guest_exec a "$guest" "ping -q -c 5 -i 0.2 10.77.0.1"
	figures backend "$owner" migrate_a_b_s "${times[0]}" migrate_b_a_s "${times[1]}" \
		pings "$sent" pings_lost "$lost" longest_gap_s "$gap"
	check "destroy $guest" on a "xl destroy $guest"
}
there_and_back ng netback-ngd script=vif-ng
there_and_back kernel kernel bridge=xenbr0
check "no alarm of the kernel on a" no_alarm a
check "no alarm of the kernel on b" no_alarm b
