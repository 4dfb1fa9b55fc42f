# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 2
# needs: sriov
# deadline: 1200
# A stock guest with a bond goes vif -> VF -> vif, LAB_ROUNDS times, with xl-net and by hand (xl pci-attach and
# pci-detach, MAC set with ip; the bridge learns by itself), under ping -i 0.01 and an open TCP stream: pings lost and the longest gap, a line
# for each switch, and their medians. Then the tool is killed at each step, and the guest goes on.
rounds=${LAB_ROUNDS:-3}
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1" guest_create a g1
one=$(guest_address a g1)
pf=$(pf_name a) mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
check "ping" ping_guest a "$one"
check "net-check" on a "xl-net net-check -j | jq -e '.iommu and .log_dirty_pv and (.free_vfs | length) > 0'"
check "net-list" on a "xl-net net-list -j | jq -e '.[0].path == \"pv\" and .[0].backend == \"kernel\"'"

# A guest that stays on its vif.
check "create g2" guest_create a g2
two=$(guest_address a g2) mac2=$(guest_mac "$(on a cat /run/guests/g2.number)" 0)
taken() { on a "bridge fdb show dev $pf | grep -q '$mac2 .*self'"; }
not_taken() { ! taken; }
reach_two() { guest_exec a g1 "ping -q -c 3 -i 0.2 -W 2 $two"; }

# One stream over the whole of it, both ways of a switch included: it must be the same connection at the end.
stream_begin a "$one" 200k

# under_ping WHAT COMMAND...: its lost pings and longest gap (ms) in $lost and $gap, its seconds in $took.
under_ping() {
	local what=$1
	probe_begin a "$one"
	probe_mark switch
	"${@:2}"
	took=$(probe_since switch)
	check "traffic after: $what" ping_guest a "$one"
	probe_end
	probe_phase switch
}
switch_ng() { under_ping "net-switch $1" check "net-switch $1" on a "xl-net net-switch g1 $1 --timeout 180"; }
switch_hand() { under_ping "by hand: $1" "hand_to_$1" a; }
declare -A losses gaps
for ((i = 0; i < rounds; i++)); do
	for how in ng hand; do
		for path in vf pv; do
			"switch_$how" $path
			losses[$how$path]+=" $lost" gaps[$how$path]+=" $gap"
			figures how "$how" to "$path" lost "$lost" gap_ms "$gap" seconds "$took"
			stream_lives || fail "the TCP stream broke at a switch to $path ($how)"
			[ "$how" = hand ] && continue
			wait_for 30 "g2 from g1 on $path" reach_two
			if [ $path = vf ]; then check "the PF takes g2's MAC" taken; else check "the PF does not take g2's MAC" not_taken; fi
			check "net-list says $path" on a "xl-net net-list -j | jq -e '.[0].path == \"$path\"'"
		done
	done
done
# shellcheck disable=SC2086 # lists of numbers
figures rounds "$rounds" vf_lost "$(median ${losses[ngvf]})" vf_gap_ms "$(median ${gaps[ngvf]})" \
	pv_lost "$(median ${losses[ngpv]})" pv_gap_ms "$(median ${gaps[ngpv]})" \
	hand_vf_lost "$(median ${losses[handvf]})" hand_vf_gap_ms "$(median ${gaps[handvf]})" \
	hand_pv_lost "$(median ${losses[handpv]})" hand_pv_gap_ms "$(median ${gaps[handpv]})"

# switch PATH: a bond that nobody talks to moves to its VF only when it sends.
switch() { echo "ping -q -i 0.2 -w 400 $one >/dev/null </dev/null & xl-net net-switch g1 $1 --timeout 180; rc=\$?; kill %1; exit \$rc"; }
# recovers_at PATH N: killed at its Nth record, then net-recover.
recovers_at() {
	on a "ping -i 0.1 $one >/dev/null 2>&1 </dev/null & echo \$! >/run/ping.pid"
	check "kill at record $2, to $1" killed_at a "$2" "xl-net net-switch g1 $1 --timeout 180"
	check "recover at record $2, to $1" on a "xl-net net-recover"
	on a "kill \$(cat /run/ping.pid); rm /run/ping.pid"
	check "nothing is left of it at $2, to $1" on a "! ls /var/lib/xen-net-ng/journal/*.switch 2>/dev/null && ! bridge fdb show dev $pf | grep -q '$mac.*self'"
	check "ping after $2, to $1" ping_guest a "$one"
	stream_lives || fail "the TCP stream broke at a kill at record $2, to $1"
}
# A plan and the steps that "net-switch --dry-run" lists: 7 to the VF, 9 to the vif.
for ((n = 1; n <= 8; n++)); do
	recovers_at vf $n
	check "to pv after $n" on a "$(switch pv)"
done
for ((n = 1; n <= 10; n++)); do
	check "to vf before $n" on a "$(switch vf)"
	recovers_at pv $n
done
check "the daemonless end" guest_destroy a g1
