# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# takes: 250
# run: in turn 3
# needs: migration
# deadline: 3000
# LAB_ROUNDS live migrations, to and fro, of a guest with the kernel module on netback-ngd: under pings from b and one TCP
# connection from a, which must be the same at the end. On each host it has its static grants again, and no grant operation.
LAB_GUEST_MEMORY=${LAB_GUEST_MEMORY:-128}
rounds=${LAB_ROUNDS:-5}
check "start the daemon on a" daemon a start
check "start the daemon on b" daemon b start
LAB_GUEST_EXTRA=lab.netfront=ng check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping before" ping_guest b "$one"
stream_begin a "$one" 1M
counter() { module_counter "$1" g1 "$2"; }
# in_force HOST: the pages are mapped, and traffic costs no grant operation.
in_force() {
	local before
	wait_for 60 "static pages on $1" eval "[ \"\$(counter $1 q0_static_pages)\" -ge 512 ]"
	before=$(counter "$1" grant_operations)
	check "pings on $1" ping_guest "$1" "$one" 20
	[ "$(counter "$1" grant_operations)" = "$before" ] || fail "on $1 traffic costs grant operations"
}
in_force a
from=a to=b
probe_begin b "$one"
for ((i = 1; i <= rounds; i++)); do
	probe_mark "migration-$i"
	check "migration $i, $from -> $to" on "$from" "timeout 300 xl migrate g1 lab-$to"
	wait_for 60 "traffic on $to" ping_guest "$to" "$one" 3
	[ "$(vif_owner "$to" g1)" = netback-ngd ] || fail "on $to the vif is not netback-ngd's"
	in_force "$to"
	stream_lives || fail "the TCP stream broke at migration $i"
	h=$from from=$to to=$h
done
probe_end
for ((i = 1; i <= rounds; i++)); do
	probe_phase "migration-$i"
	figures migration $i seconds "$seconds" pings "$pings" lost "$lost" gap_ms "$gap"
done
guest_well "$from" g1 "after the migrations"
protocol_kept "$from" g1
guest_leaks_nothing "$from" g1
check "destroy" on "$from" "xl destroy g1"
