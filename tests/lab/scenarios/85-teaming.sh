# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 7
# deadline: 3000
# needs: sriov
# A VF with the vif's MAC comes and goes under the guest's pings to Dom0: frames take the VF while it is there, the
# interface stays the same, and no ping is lost when the toolstack asks for the vif before it takes the VF away.
rounds=${LAB_ROUNDS:-3}
check "start the daemon" daemon a start
LAB_GUEST_PCI=1 LAB_GUEST_EXTRA=lab.netfront=ng check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping before" ping_guest a "$one"
pf=$(pf_name a) vf=$(vf_address a 0) mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
domid=$(on a xl domid g1)
backend=backend/vif/$domid/0 front=/local/domain/$domid/device/vif/0
check "the VF has the vif's MAC" on a "ip link set $pf vf 0 mac $mac"
check "make it assignable" on a "xl pci-assignable-add $vf"

datapath_is() { [ "$(on a xenstore-read "$front/datapath")" = "$1" ]; }
check "the guest can switch" on a "[ \$(xenstore-read $front/feature-datapath-switch) = 1 ]"
datapath_is pv || fail "a guest without a VF says its path is not pv"

# The last answer so far, and what is missing of those before the last one: "SEQ...". One that is under way when
# ping ends is not lost.
at() { guest_exec a g1 "sed -n 's/.*bytes from.*icmp_seq=\([0-9]*\) .*/\1/p' /tmp/ping.log | tail -n 1" | tr -d '\r'; }
missing() {
	guest_exec a g1 "sed -n 's/.*bytes from.*icmp_seq=\([0-9]*\) .*/\1/p' /tmp/ping.log" | tr -d '\r' | sort -un |
		awk 'NR > 1 { for (i = last + 1; i < $1; i++) printf "%d ", i } { last = $1 }'
}
# The bridge's entry is the toolstack's business (xl-net): here it follows what the guest announces.
lost=0
for ((round = 1; round <= rounds; round++)); do
	check "ask for the VF" on a "xenstore-write $backend/request-datapath vf"
	check "start pings" guest_exec a g1 "ping -D -i 0.01 -W 5 10.77.0.1 >/tmp/ping.log 2>&1 & echo \$! >/tmp/ping.pid"
	check "attach the VF, round $round" on a "xl pci-attach g1 $vf"
	wait_for 90 "the guest moves to the VF, round $round" datapath_is vf
	moved=$(at) before=$(module_counter a g1 vf_tx_packets)
	check "let it send" guest_exec a g1 "sleep 2"
	[ "$(module_counter a g1 vf_tx_packets)" -gt "$before" ] || fail "the guest sends nothing through the VF"
	asked=$(at)
	check "ask for the vif" on a "xenstore-write $backend/request-datapath pv"
	wait_for 60 "the guest moves to the vif, round $round" datapath_is pv
	back=$(at)
	check "detach the VF" on a "xl pci-detach g1 $vf"
	check "end pings" guest_exec a g1 "kill -INT \$(cat /tmp/ping.pid); sleep 2; tail -n 3 /tmp/ping.log"
	answered=$(at) gone=$(missing)
	note "round $round: $answered pings, moved at $moved, asked back at $asked, back at $back; lost: ${gone:-none}"
	lost=$((lost + $(wc -w <<<"$gone")))
done
figures rounds "$rounds" lost_pings "$lost" switches "$(module_counter a g1 vf_switches)"
[ "$lost" = 0 ] || fail "$lost pings lost in $rounds rounds"

check "attach once more" on a "xl pci-attach g1 $vf"
check "ask for the VF" on a "xenstore-write $backend/request-datapath vf"
wait_for 90 "the guest moves to the VF" datapath_is vf
check "detach without asking" on a "xl pci-detach g1 $vf"
wait_for 60 "the guest goes back by itself" datapath_is pv
check "ping at the end" ping_guest a "$one"
guest_well a g1 "at the end"
guest_leaks_nothing a g1
check "destroy" guest_destroy a g1
