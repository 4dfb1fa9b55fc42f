# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# Mixed mode: netback-ngd serves the vifs whose script is vif-ng, through libxl's normal path;
# a guest beside it stays on the kernel's back end, and so do disks.
check "start the daemon" daemon a start

# A block device of the host, as xen-blkback wants it.
disk=$(on a "truncate -s 64M /run/disk.img && losetup -j /run/disk.img | grep -o '^[^:]*' || losetup -f --show /run/disk.img")
[ -n "$disk" ] || fail "no disk for the guest"
LAB_GUEST_DISK="'phy:$disk,xvda,w'" check "create g1 on netback-ngd" guest_create a g1 script=vif-ng
check "create g2 on the kernel" guest_create a g2
[ "$(vif_owner a g1)" = netback-ngd ] || fail "g1's vif is not netback-ngd's"
[ "$(vif_owner a g2)" = kernel ] || fail "g2's vif is not the kernel's"
one=$(guest_address a g1) two=$(guest_address a g2)

check "ping to g1" ping_guest a "$one"
check "ping to g2" ping_guest a "$two"
check "ping from g1 to Dom0" guest_exec a g1 "ping -q -c 5 -i 0.2 10.77.0.1"
check "ping from g1 to g2" guest_exec a g1 "ping -q -c 5 -i 0.2 $two"
check "g1's disk" guest_exec a g1 "dd if=/dev/urandom of=/tmp/d bs=64k count=16 2>/dev/null && dd if=/tmp/d of=/dev/xvda bs=64k conv=fsync 2>/dev/null && echo 3 >/proc/sys/vm/drop_caches && cmp -n 1048576 /tmp/d /dev/xvda"
to=$(iperf_host a '.end.sum_received.bits_per_second / 1e6 | round' -c "$one" -t 5)
from=$(iperf_host a '.end.sum_received.bits_per_second / 1e6 | round' -c "$one" -t 5 -R)
case $to$from in *error*) fail "iperf3: $to $from" ;; esac
figures to_guest_mbps "$to" from_guest_mbps "$from"

# xentop shows /proc/net/dev as the host has it: its NETTX is what went to the guest. A direction must show at least a
# tenth of what iperf3 moved in it.
read -r in_kb out_kb <<<"$(on a "TERM=dumb xentop -b -f -i 1" | awk '$1 == "g1" { print $11, $12 }')"
[ "${out_kb:-0}" -gt $((from * 60)) ] && [ "${in_kb:-0}" -gt $((to * 60)) ] ||
	fail "xentop tells of ${out_kb:-no} KB from and ${in_kb:-no} KB to the guest ($from and $to Mbit/s for 5 s)"
check "network-list" on a "xl network-list g1 | grep -q ' 4 '"
check "network-attach" on a "xl network-attach g1 mac=00:16:3e:77:01:99 bridge=xenbr0 script=vif-ng"
second_connected() { [ "$(vif_state a g1 1)" = 4 ]; }
wait_for 30 "second vif connected" second_connected
check "second vif's address" guest_exec a g1 "ip address add 10.77.1.11/24 dev eth1 && ip link set eth1 up"
check "an address for it on the bridge" on a "ip address replace 10.77.1.1/24 dev xenbr0"
check "ping over the second vif" ping_guest a 10.77.1.11
check "network-list of two" on a "[ \$(xl network-list g1 | grep -c ' 4 ') = 2 ]"
check "network-detach" on a "xl network-detach g1 1"
check "network-list of one" on a "[ \$(xl network-list g1 | grep -c ' 4 ') = 1 ]"
check "ping g1 after detach" ping_guest a "$one"

domid=$(on a xl domid g1)
check "destroy g1" guest_destroy a g1
check "no TAP left" on a "! ip link show vif$domid.0"
check "no xenstore nodes left" on a "! xenstore-exists backend/vif/$domid"
check "ping g2 at the end" ping_guest a "$two"
check "destroy g2" guest_destroy a g2
check "the daemon ends" daemon a stop
check "create g3 on the kernel, without the daemon" guest_create a g3
check "ping g3" ping_guest a "$(guest_address a g3)"
