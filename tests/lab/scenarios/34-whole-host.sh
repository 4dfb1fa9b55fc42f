# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 9
# Whole-host mode: xen-netback is not even loaded, plain xl configurations with the stock script vif-bridge are
# the daemon's; xentop and xl tell of its vifs; a restart keeps them; disks stay the kernel's.
check "unload xen-netback" on a "modprobe -r xen-netback && ! grep -q ^xen_netback /proc/modules"
check "configure whole-host mode" on a "echo 'mode = whole-host' >/run/whole-host.conf"
check "start the daemon" daemon a start --config /run/whole-host.conf
disk=$(on a "truncate -s 64M /run/disk.img && losetup -j /run/disk.img | grep -o '^[^:]*' || losetup -f --show /run/disk.img")
LAB_GUEST_DISK="'phy:$disk,xvda,w'" check "create g1" guest_create a g1
check "create g2 with two vifs" guest_create a g2 bridge=xenbr0 script=vif-ng
for vif in "g1 0" "g2 0" "g2 1"; do
	# shellcheck disable=SC2086 # two words
	[ "$(vif_owner a $vif)" = netback-ngd ] || fail "vif $vif is not netback-ngd's"
done
one=$(guest_address a g1) two=$(guest_address a g2)
check "ping g1" ping_guest a "$one"
check "ping g2" ping_guest a "$two"
check "ping from g1 to g2" guest_exec a g1 "ping -q -c 5 -i 0.2 $two"
check "g1's disk" guest_exec a g1 "dd if=/dev/xvda of=/dev/null bs=64k count=16 2>/dev/null"
to=$(iperf_host a '.end.sum_received.bits_per_second / 1e6 | round' -c "$one" -t 4)
from=$(iperf_host a '.end.sum_received.bits_per_second / 1e6 | round' -c "$one" -t 4 -R)
case $to$from in *error* | '') fail "iperf3: $to $from" ;; esac
# xentop counts what /proc/net/dev says of an interface named vifDOMID.N: at least what iperf3 moved.
kb=$(on a "TERM=dumb xentop -b -f -i 1" | awk '$1 == "g1" { print $11 + $12 }')
[ "${kb:-0}" -gt 10000 ] || fail "xentop tells of ${kb:-no} KB of traffic"
check "network-attach" on a "xl network-attach g1 mac=00:16:3e:77:01:99 bridge=xenbr0"
check "network-list of two" on a "[ \$(xl network-list g1 | grep -c ' 4 ') = 2 ]"
check "network-detach" on a "xl network-detach g1 1"
check "kill and restart" daemon a kill
wait_for 30 "g1's traffic after the restart" ping_guest a "$one" 3
wait_for 30 "g2's traffic after the restart" ping_guest a "$two" 3
check "destroy g1" guest_destroy a g1
check "destroy g2" guest_destroy a g2
check "xen-netback was never loaded" on a "! grep -q ^xen_netback /proc/modules"
check "no alarm of the kernel" no_alarm a
figures to_guest_mbps "$to" from_guest_mbps "$from" xentop_kb "$kb"
