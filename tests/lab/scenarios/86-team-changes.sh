# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# deadline: 3000
# needs: sriov
# What happens to an interface of a vif and a VF: a back end that stops in the middle of bulk traffic, a back end
# that changes its state without end, another address, another namespace, a second VF, an XDP program. The interface keeps the
# path that serves it, and the VF is used only where it is as the interface is. LAB_CHANGES: some of them only.
changes=${LAB_CHANGES:-stopped_backend changing_backend address second_vf namespace xdp vlan}
check "start the daemon" daemon a start
LAB_GUEST_PCI=1 LAB_GUEST_EXTRA=lab.netfront=ng check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping before" ping_guest a "$one"
pf=$(pf_name a) mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
domid=$(on a xl domid g1)
backend=backend/vif/$domid/0 front=/local/domain/$domid/device/vif/0
for n in 0 1; do
	check "make VF $n assignable" on a "xl pci-assignable-add $(vf_address a $n)"
done

datapath_is() { [ "$(on a xenstore-read "$front/datapath")" = "$1" ]; }
ask() { check "ask for the $1" on a "xenstore-write $backend/request-datapath $1"; }
attach() { check "VF $1 has the vif's MAC" on a "ip link set $pf vf $1 mac $mac" && check "attach VF $1" on a "xl pci-attach g1 $(vf_address a "$1")"; }
detach() { check "detach VF $1" on a "xl pci-detach g1 $(vf_address a "$1")"; }
to() { ask "$1" && wait_for 90 "the guest moves to the $1 ($2)" datapath_is "$1"; }
inside() { check "$1" guest_exec a g1 "$2"; }
says() { guest_exec a g1 "dmesg | grep -q '$1'"; }
# True where frames of the guest's take the VF, and are answered.
sends_by_vf() {
	local before
	before=$(module_counter a g1 vf_tx_packets)
	guest_exec a g1 "ping -q -c 3 -i 0.2 -W 5 10.77.0.1" && [ "$(module_counter a g1 vf_tx_packets)" -ge $((before + 3)) ]
}

# What the ring holds when its back end stops is never answered, and must not hold back what the VF can send.
stopped_backend() {
	attach 0
	to pv "before its back end stops"
	check "bulk traffic" iperf_begin a -c "$one" -t 600 -R
	wait_for 60 "bulk traffic" guest_exec a g1 "[ \$(cat /sys/class/net/eth0/statistics/tx_bytes) -gt 20000000 ]"
	check "stop the back end" on a "kill -STOP \$(pidof netback-ngd)"
	wait_for 60 "the queue is held" guest_exec a g1 "[ \$(cat /sys/class/net/eth0/queues/tx-0/byte_queue_limits/inflight) -gt 0 ]"
	to vf "while its back end is stopped"
	wait_for 60 "frames by the VF, the back end stopped" sends_by_vf
	check "go on" on a "kill -CONT \$(pidof netback-ngd)"
	to pv "its back end goes on"
	wait_for 60 "traffic by the vif" ping_guest a "$one" 3
	check "end it" on a "kill \$(cat /run/iperf.pid); rm -f /run/iperf.pid"
	guest_well a g1 "after a back end that stopped"
	detach 0
}

# It answers nothing and says without end that it is connected: the guest's network can be configured all the while.
changing_backend() {
	local before calls
	before=$(module_counter a g1 control_calls)
	check "stop the back end" on a "kill -STOP \$(pidof netback-ngd)"
	check "let it change" on a "(for i in \$(seq 300); do xenstore-write $backend/state 2; xenstore-write $backend/state 4; sleep 0.05; done) >/dev/null 2>&1 </dev/null & echo \$! >/run/path.pid"
	inside "configure meanwhile" "for i in \$(seq 40); do ip link set lo mtu 60000; ip link set lo mtu 65536; sleep 0.1; done"
	wait_for 120 "all changes" on a "! kill -0 \$(cat /run/path.pid)"
	calls=$(($(module_counter a g1 control_calls) - before))
	check "go on" on a "rm /run/path.pid; kill -CONT \$(pidof netback-ngd)"
	[ "$calls" -lt 200 ] || fail "600 changes of the back end's state made the guest ask $calls times"
	wait_for 60 "traffic with the back end" ping_guest a "$one" 3
	guest_well a g1 "after a back end that changed its state"
	figures what changing_backend changes 600 control_calls "$calls"
}

# The VF refuses another address than the PF gave it, unless the PF trusts it.
address() {
	local other=02:16:3e:77:00:99
	inside "another address" "ip link set eth0 address $other"
	ask vf
	attach 0
	wait_for 90 "the VF is not used" says 'cannot have its address'
	datapath_is pv || fail "the guest sends by a VF with another address than its own"
	wait_for 60 "traffic by the vif" ping_guest a "$one" 3
	inside "its own address" "ip link set eth0 address $mac"
	wait_for 90 "the VF is used once it can be" datapath_is vf
	wait_for 60 "frames by the VF" sends_by_vf
	detach 0
	wait_for 60 "the guest goes back" datapath_is pv
	check "trust the VF" on a "ip link set $pf vf 0 trust on"
	inside "another address" "ip link set eth0 address $other"
	attach 0
	wait_for 90 "the guest moves to the VF with its new address" datapath_is vf
	inside "the VF has it" "for d in /sys/class/net/eth*; do [ \$(cat \$d/address) = $other ] || exit 1; done"
	wait_for 60 "frames by the VF, with the new address" sends_by_vf
	detach 0
	check "trust it no more" on a "ip link set $pf vf 0 trust off"
	inside "its own address" "ip link set eth0 address $mac"
	wait_for 60 "traffic by the vif" ping_guest a "$one" 3
}

second_vf() {
	ask vf
	attach 0
	wait_for 90 "the guest moves to the VF" datapath_is vf
	attach 1
	wait_for 60 "both are there" guest_exec a g1 "[ \$(ls -d /sys/class/net/eth* | wc -l) = 3 ]"
	detach 0
	wait_for 60 "the first leaves" says 'sends through the vif now'
	wait_for 90 "the second takes its place" datapath_is vf
	wait_for 60 "frames by the second" sends_by_vf
	detach 1
	wait_for 60 "the guest goes back" datapath_is pv
	check "VF 1 has its MAC no more" on a "ip link set $pf vf 1 mac 00:00:00:00:00:00"
}

# Moving the interface takes the VF along, there and back.
namespace() {
	ask vf
	attach 0
	wait_for 90 "the guest moves to the VF" datapath_is vf
	inside "into a namespace" "mkdir -p /var/run && ip netns add n1 && ip link set eth0 netns n1 && ip -n n1 address add $one/24 dev eth0 && ip -n n1 link set eth0 up"
	wait_for 60 "the VF goes along" guest_exec a g1 "ip -n n1 link show | grep -q 'master eth0'"
	wait_for 90 "the guest sends by it" datapath_is vf
	wait_for 60 "frames from the namespace" guest_exec a g1 "ip netns exec n1 ping -q -c 3 -i 0.2 -W 5 10.77.0.1"
	inside "and back" "ip -n n1 link set eth0 netns 1 && ip address add $one/24 dev eth0 && ip link set eth0 up"
	wait_for 60 "the VF comes back" guest_exec a g1 "ip link show | grep -q 'master eth0'"
	wait_for 90 "the guest sends by it" datapath_is vf
	wait_for 60 "frames by the VF" sends_by_vf
	inside "no namespace" "ip netns del n1"
	detach 0
}

# The VF's driver has no XDP: a program that filters the interface must not be passed by.
xdp() {
	ask vf
	attach 0
	wait_for 90 "the guest moves to the VF" datapath_is vf
	inside "a program" "/modules/xdp-drop-icmp eth0 >/tmp/xdp 2>&1 </dev/null & echo \$! >/tmp/xdp.pid"
	wait_for 60 "the program is attached" guest_exec a g1 "grep -q attached /tmp/xdp"
	wait_for 60 "the VF is not used any more" datapath_is pv
	wait_for 60 "TCP passes" on a "iperf3 -c $one -t 1"
	[ "$(on a "ping -q -c 5 -i 0.2 -W 2 $one >/run/ping.log; grep -c ' 0 received' /run/ping.log")" = 1 ] ||
		fail "ICMP passes a program that drops it: $(on a "tail -n 2 /run/ping.log")"
	inside "no program" "kill \$(cat /tmp/xdp.pid)"
	wait_for 90 "the VF is used again" datapath_is vf
	wait_for 60 "frames by the VF" sends_by_vf
	detach 0
	wait_for 60 "the guest goes back" datapath_is pv
	wait_for 60 "pings by the vif" ping_guest a "$one" 3
}

vlan() {
	inside "both kinds of VLANs are filtered" "[ \$(ethtool -k eth0 | grep -cE 'rx-vlan-(stag-)?filter: on') = 2 ]"
	inside "an 802.1ad VLAN" "ip link add link eth0 name v5 type vlan proto 802.1ad id 5 && ip link set v5 up"
	ask vf
	attach 0
	wait_for 90 "the guest moves to the VF" datapath_is vf
	inside "no VLAN" "ip link del v5"
	detach 0
}

for change in $changes; do
	"$change"
	guest_well a g1 "$change"
	note "$change"
done
protocol_kept a g1
guest_leaks_nothing a g1
check "no alarm of the host's kernel" no_alarm a
check "destroy" guest_destroy a g1
