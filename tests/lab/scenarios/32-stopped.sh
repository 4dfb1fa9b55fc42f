# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 3
# The daemon stopped, or killed for good: new vifs come up on the kernel, those that ask for netback-ngd too; those
# that it served are taken up again by its next start, those on the kernel stay there.
check "start the daemon" daemon a start
check "create g1 on netback-ngd" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "ping g1" ping_guest a "$one"
check "stop the daemon" daemon a stop
check "create g2 without the daemon" guest_create a g2 script=vif-ng
two=$(guest_address a g2)
[ "$(vif_owner a g2)" = kernel ] || fail "g2's vif is not the kernel's"
check "ping g2" ping_guest a "$two"
check "start the daemon again" daemon a start
wait_for 30 "g1's traffic is back" ping_guest a "$one" 3
[ "$(vif_owner a g1)" = netback-ngd ] || fail "g1's vif is not netback-ngd's any more"
[ "$(vif_owner a g2)" = kernel ] || fail "g2's vif was taken from the kernel"
check "ping g2 on" ping_guest a "$two"
check "the daemon is killed and stays dead" daemon a kill-for-good
check "create g3 without the daemon" guest_create a g3
[ "$(vif_owner a g3)" = kernel ] || fail "g3's vif is not the kernel's"
check "ping g3" ping_guest a "$(guest_address a g3)"
check "network-attach without the daemon" on a "xl network-attach g2 mac=00:16:3e:77:01:99 bridge=xenbr0"
check "ping g2 at the end" ping_guest a "$two"
check "start the daemon a third time" daemon a start
wait_for 30 "g1's traffic is back once more" ping_guest a "$one" 3
check "no alarm of the kernel" no_alarm a
