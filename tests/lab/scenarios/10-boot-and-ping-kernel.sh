# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# The lab itself: a guest on the kernel's back end, and a command run in it.
check "create" guest_create a g1
[ "$(vif_owner a g1)" = kernel ] || fail "the vif is not the kernel's"
address=$(guest_address a g1)
check "ping to the guest" ping_guest a "$address"
check "ping from the guest" guest_exec a g1 "ping -q -c 5 -i 0.2 10.77.0.1"
check "destroy" guest_destroy a g1
