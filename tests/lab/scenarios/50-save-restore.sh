# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 9
# A guest on netback-ngd is saved and restored: it comes back on netback-ngd with its connection.
LAB_GUEST_MEMORY=${LAB_GUEST_MEMORY:-128}
check "start the daemon" daemon a start
check "create g1 on netback-ngd" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping before" ping_guest a "$one"
check "a mark in the guest's memory" guest_exec a g1 "echo remembered >/tmp/mark"
before=$(on a xl domid g1)
began=$SECONDS
check "save" on a "xl save g1 /run/g1.saved"
saved=$((SECONDS - began))
check "nothing of it left" on a "! xl domid g1 && ! xenstore-exists backend/vif/$before && ! ip link show vif$before.0"
began=$SECONDS
check "restore" on a "xl restore /run/g1.saved"
on a "rm -f /run/g1.saved"
[ "$(vif_owner a g1)" = netback-ngd ] || fail "the restored vif is not netback-ngd's"
wait_for 60 "traffic after the restore" ping_guest a "$one" 3
restored=$((SECONDS - began))
check "ping from the guest" guest_exec a g1 "ping -q -c 5 -i 0.2 10.77.0.1"
[ "$(guest_exec a g1 'cat /tmp/mark')" = remembered ] || fail "the guest did not come back, another did"
check "iperf3 after the restore" on a "iperf3 -c $one -t 2"
figures save_s "$saved" restore_s "$restored"
check "destroy" guest_destroy a g1
