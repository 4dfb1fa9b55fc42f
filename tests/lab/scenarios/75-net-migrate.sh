# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# takes: 650
# run: in turn 5
# needs: migration sriov
# deadline: 3000
# A guest with a VF goes to the other host and back, LAB_ROUNDS times, with net-migrate and, where LAB_HAND=1 asks for the
# comparison, by hand (xl pci-detach, xl migrate, xl pci-attach), under ping -i 0.01 from b and an open TCP stream from a:
# for each phase its seconds, pings lost and the longest gap. A target that cannot take it is refused before anything happens.
LAB_GUEST_MEMORY=${LAB_GUEST_MEMORY:-128}
rounds=${LAB_ROUNDS:-1}
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1" guest_create a g1
one=$(guest_address a g1) mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
check "the hosts reach each other" on a "ping -q -c 3 -i 0.2 10.77.0.2 && ssh lab-b true"
check "ping before, from b" ping_guest b "$one"
stream_begin a "$one" 100k
check "to a VF on a" on a "xl-net net-switch g1 vf --timeout 180"
check "a dry run asks b" on a "xl-net net-migrate g1 lab-b --dry-run"

# go HOW FROM TO
go() {
	local how=$1 from=$2 to=$3 phase
	probe_begin b "$one"
	"${how}_migrate" "$from" "$to"
	if [ "$how" = hand ]; then
		# The bridge may go on sending to the old place for as long as the guest only answers.
		wait_for 180 "ping on $to (by hand)" ping_guest "$to" "$one" 3
	else
		check "ping on $to" ping_guest "$to" "$one"
	fi
	probe_end
	for phase in to-pv migrate to-vf after; do
		probe_phase $phase
		figures how "$how" from "$from" to "$to" phase $phase seconds "$seconds" pings "$pings" lost "$lost" gap_ms "$gap"
	done
	stream_lives || fail "the TCP stream broke on the way to $to ($how)"
}
go_there() {
	go xlnet "$1" "$2"
	on "$1" "xl domid g1" >/dev/null 2>&1 && fail "g1 is still on $1"
	[ "$(path_of "$2")" = vf ] || fail "on $2 it is on $(path_of "$2")"
	check "nothing is left on $1" on "$1" "! ls /var/lib/xen-net-ng/journal/*.switch /var/lib/xen-net-ng/journal/*.migrate 2>/dev/null"
}
for ((i = 0; i < rounds; i++)); do
	go_there a b
	go_there b a
	[ -n "${LAB_HAND:-}" ] || continue
	go hand a b
	go hand b a
done

# The target has no such bridge. Linux before 6.2 renames only what is down.
rename_bridge() { on b "ip link set $1 down && ip link set $1 name $2; rc=\$?; ip link set $2 up; exit \$rc"; }
rename_bridge xenbr0 other0 || fail "cannot rename b's bridge"
check "a target without the bridge is refused" on a "! xl-net net-migrate g1 10.77.0.2 2>/run/refused && grep -q 'bridge' /run/refused"
rename_bridge other0 xenbr0 || fail "cannot rename b's bridge back"
[ "$(path_of a)" = vf ] || fail "a refused migration moved the guest"
stream_lives || fail "the TCP stream broke in the end"
check "destroy" on a "xl destroy g1"
