# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# takes: 1000
# run: in turn 4
# needs: migration sriov
# deadline: 2400
# The hosts' bridges are Open vSwitch's: a bonded guest goes vif -> VF -> vif, LAB_ROUNDS times, and to the other host and
# back, under ping -i 0.01 and an open TCP stream; a guest on its vif, netback-ngd's, reaches it on both paths. Killed on
# its way, too. In a VLAN, its VF is in it.
LAB_GUEST_MEMORY=${LAB_GUEST_MEMORY:-128}
rounds=${LAB_ROUNDS:-3}
for h in a b; do check "Open vSwitch on $h" on $h "/opt/lab/openvswitch on"; done
check "start the daemon" daemon a start
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1" guest_create a g1 bridge=ovs0,script=vif-openvswitch
check "create g2" guest_create a g2 bridge=ovs0,script=vif-ng
[ "$(vif_owner a g2)" = netback-ngd ] || fail "g2's vif is not netback-ngd's"
one=$(guest_address a g1) two=$(guest_address a g2)
pf=$(pf_name a) mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
check "ping" ping_guest a "$one"
check "ping g2" ping_guest a "$two"
check "net-check names the bridge" on a "xl-net net-check -j | jq -e '.bridges == [\"xenbr0\", \"ovs0\"] and .free_vfs[0].bridges == [\"ovs0\"]'"
# Where Open vSwitch sends g1's frames: an interface, or nothing.
place() {
	on "$1" "n=\$(ovs-appctl fdb/show ovs0 | awk '\$3 == \"$mac\" { print \$1 }'); [ -z \"\$n\" ] ||
		ovs-vsctl -f table -d bare --no-headings --columns=name find interface ofport=\$n"
}
reach_two() { guest_exec a g1 "ping -q -c 3 -i 0.2 -W 2 $two"; }
reach_one() { guest_exec a g2 "ping -q -c 3 -i 0.2 -W 2 $one"; }
switch() { on a "xl-net net-switch g1 $1 --timeout 180"; }
stream_begin a "$one" 100k
for ((i = 0; i < rounds; i++)); do
	for path in vf pv; do
		probe_begin a "$one"
		probe_mark switch
		check "net-switch $path" switch $path
		check "traffic after: $path" ping_guest a "$one"
		probe_end
		probe_phase switch
		figures to "$path" lost "$lost" gap_ms "$gap" seconds "$seconds"
		stream_lives || fail "the TCP stream broke at a switch to $path"
		wait_for 30 "g2 from g1 on $path" reach_two
		wait_for 30 "g1 on $path from g2" reach_one
		at=$(place a)
		case $path:$at in vf:"$pf" | pv:vif*.0) ;; *) fail "on $path, Open vSwitch sends its frames to $at" ;; esac
	done
done

# Killed as it waits for the guest, as it tells the bridge, and after; to the vif as the guest lets go.
for n in 5 6 7 8; do
	on a "ping -i 0.1 $one >/dev/null 2>&1 </dev/null & echo \$! >/run/ping.pid"
	path=vf
	[ "$n" != 7 ] || path=pv
	[ $path = vf ] || check "to the VF" switch vf
	check "kill at record $n, to $path" killed_at a "$n" "xl-net net-switch g1 $path --timeout 180"
	check "recover at record $n, to $path" on a "xl-net net-recover"
	check "ping after $n, to $path" ping_guest a "$one"
	check "to the vif after $n" switch pv
	on a "kill \$(cat /run/ping.pid); rm /run/ping.pid"
	check "ping on the vif after $n" ping_guest a "$one"
	stream_lives || fail "the TCP stream broke at a kill at record $n, to $path"
done

check "to a VF" on a "ping -q -i 0.2 -w 60 $one >/dev/null </dev/null & xl-net net-switch g1 vf --timeout 180; rc=\$?; kill %1; exit \$rc"
for way in "a b" "b a"; do
	# shellcheck disable=SC2086 # two words
	set -- $way
	probe_begin b "$one"
	xlnet_migrate "$1" "$2"
	check "ping on $2" ping_guest "$2" "$one"
	probe_end
	for phase in to-pv migrate to-vf; do
		probe_phase $phase
		figures from "$1" to "$2" phase $phase seconds "$seconds" pings "$pings" lost "$lost" gap_ms "$gap"
	done
	[ "$(path_of "$2")" = vf ] || fail "on $2 it is on $(path_of "$2")"
	stream_lives || fail "the TCP stream broke on the way to $2"
done
check "g2 reaches g1" reach_one
check "destroy g1" guest_destroy a g1

# In VLAN 10, where the host has an address, too.
check "the host is in VLAN 10" on a "ovs-vsctl add-port ovs0 vlan10 tag=10 -- set interface vlan10 type=internal &&
	ip address del 10.77.0.1/24 dev ovs0 && ip address add 10.77.0.1/24 dev vlan10 && ip link set vlan10 up"
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1 in VLAN 10" guest_create a g1 bridge=ovs0.10,script=vif-openvswitch
one=$(guest_address a g1)
check "ping in VLAN 10" ping_guest a "$one"
check "to a VF in VLAN 10" on a "ping -q -i 0.2 -w 60 $one >/dev/null </dev/null & xl-net net-switch g1 vf --timeout 60; rc=\$?; kill %1; exit \$rc"
check "its VF is in VLAN 10" on a "ip link show $pf | grep -q 'vlan 10'"
check "ping on the VF in VLAN 10" ping_guest a "$one"
check "to the vif in VLAN 10" switch pv
check "ping on the vif in VLAN 10" ping_guest a "$one"
check "destroy g1" guest_destroy a g1
check "no alarm of the kernel" no_alarm a
