# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 1
# A stock guest with two vcpus: two queues, both used, in both directions.
# By default a vif gets a queue per CPU of Dom0, and the lab's has one.
check "configure two queues" on a "echo 'max_queues = 2' >/run/queues.conf"
check "start the daemon" daemon a start --config /run/queues.conf
LAB_GUEST_VCPUS=2 check "create g1 with 2 vcpus" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
[ "$(vif_owner a g1)" = netback-ngd ] || fail "the vif is not netback-ngd's"
domid=$(on a xl domid g1)
queues=$(on a xenstore-read "/local/domain/$domid/device/vif/0/multi-queue-num-queues")
[ "$queues" = 2 ] || fail "the guest asked for ${queues:-no} queues instead of 2"
to=$(iperf_host a '.end.sum_received.bits_per_second / 1e6 | round' -c "$one" -t 5 -P 8)
from=$(iperf_host a '.end.sum_received.bits_per_second / 1e6 | round' -c "$one" -t 5 -P 8 -R)
case $to$from in *error* | '') fail "iperf3: $to $from" ;; esac
# One interrupt line per queue and direction in the guest.
used=$(guest_exec a g1 "grep -E 'vif0-q[01]-(rx|tx)' /proc/interrupts | awk '\$2 + \$3 > 20' | wc -l")
[ "$used" = 4 ] || fail "only $used of 4 interrupts of the queues fired: $(guest_exec a g1 "grep vif0 /proc/interrupts" | tr '\n' ' ')"
check "restart with two queues" daemon a kill
wait_for 30 "traffic after the restart" ping_guest a "$one" 3
check "stream after the restart" on a "iperf3 -c $one -t 2 -P 8"
check "no alarm of the kernel" no_alarm a
figures queues "$queues" to_guest_mbps "$to" from_guest_mbps "$from"
