# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 2
# needs: sriov
# deadline: 1200
# A netfront-ng guest follows xl-net's requests: vif -> VF -> vif, LAB_ROUNDS times, under ping -i 0.01 from Dom0.
rounds=${LAB_ROUNDS:-3}
check "start the daemon" daemon a start
LAB_GUEST_PCI=1 LAB_GUEST_EXTRA=lab.netfront=ng check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping before" ping_guest a "$one"
check "xl-net sees it" on a "xl-net net-list -j | jq -e '.[0] | .guest_switches and .backend == \"netback-ngd\" and .path == \"pv\"'"
total=0 mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
for ((i = 0; i < rounds; i++)); do
	for path in vf pv; do
		ping_begin a "$one" 0.01
		wait_for 60 "pings before the switch to $path" ping_seen a 50
		check "net-switch $path" on a "xl-net -j net-switch g1 $path --timeout 180 >/run/switch.json"
		check "traffic on $path" ping_guest a "$one"
		read -r sent lost gap <<<"$(ping_end a)"
		check "the guest reports $path" on a "xl-net net-list -j | jq -e '.[0].guest_reports == \"$path\" and .[0].path == \"$path\"'"
		figures to "$path" sent "$sent" lost "$lost" longest_gap_s "$gap" ms "$(on a jq .total_ms /run/switch.json)"
		total=$((total + lost))
	done
done
figures rounds "$rounds" lost_in_all "$total"
# One may be under way when each ping ends.
[ "$total" -le $((2 * rounds)) ] || fail "$total pings lost in $((2 * rounds)) switches"
check "destroy on the VF" on a "xl-net net-switch g1 vf --timeout 180 && xl destroy g1"
check "create it again, with the same MAC" guest_create a g1
check "its MAC leaves the VF that nobody has" on a "xl-net net-recover && xl-net net-vf-list -j | jq -e '[.[].vfs[] | select(.mac == \"$mac\")] == []'"
