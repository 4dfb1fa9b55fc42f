# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Faults that a hypervisor can have: the embedded Xen injects them into one guest's or Dom0's
# operations. Each costs what it must and no more, and all is well once it ends.
#
#   g1 (stock), g2 (ng) -- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

fault() { "$XENSIM" fault "$@"; }

well_again() {
	fault 0 clear
	fault 1 clear
	fault 2 clear
	daemon_alive || fail "the daemon died"
	reach g1 outside
	reach g2 outside
	pings g1 outside 50
	pings g2 outside 50
	flows g1 outside
	flows g2 outside -R
}

# A grant copy that fails costs its packet, and is counted.
copies_fail() {
	local before after
	before=$(vif_sum 1 '.tx_drop_grant + .rx_drop_grant')
	fault 0 copy-fail every=50
	in_ns g1 ping -q -c 200 -i 0.005 -W 1 10.9.0.1 | grep received
	after=$(vif_sum 1 '.tx_drop_grant + .rx_drop_grant')
	echo "$((after - before)) packets dropped and counted"
	[ "$after" -gt "$before" ] || fail "copies failed, but no drop was counted"
	connected 1 || fail "the vif was shut for a failed copy"
	well_again
}

# A ring that cannot be mapped: the vif is refused with an error; the guest may try again.
map_fails() {
	stop guest-1
	fault 0 map-fail count=1
	guest_boot 1 stock 1 || true
	grep -q '^<3>vif1.0: .*map' "$DIR/netback-ngd.log" || fail "no log line about the failed mapping"
	fault 0 clear
	alive guest-1 && stop guest-1
	guest_boot 1 stock 1
	well_again
}

# Static grants that cannot be mapped: the guest is told so and its pages are copied instead.
static_map_fails() {
	stop guest-2
	# Three rings are mapped before.
	fault 0 map-fail every=4
	guest_boot 2 ng 1
	[ "$(guest_sum 2 .static_grants)" = 0 ] || fail "its grants are static all the same"
	grep -q 'no static grants .*: the back end copies' "$DIR/guest-2.log" || fail "the guest does not say so"
	reach g2 outside
	flows g2 outside
	fault 0 clear
	stop guest-2
	guest_boot 2 ng 1
	[ "$(guest_sum 2 .static_grants)" = 512 ] || fail "its grants are not static again"
	well_again
}

# One event in 20 is lost, from the guest to the daemon or the other way. No real hypervisor does
# that. Neither side repeats an event that was not answered, so a ring stands still until something
# else wakes its owner: a frame in the other direction does.
events_lost() {
	fault "$1" evtchn-lost every=20
	in_ns g1 ping -q -c 200 -i 0.005 -W 1 10.9.0.1 | grep received
	in_ns g2 ping -q -c 200 -i 0.005 -W 1 10.9.0.1 | grep received
	fault 0 clear
	fault 1 clear
	until_ok 5 in_ns outside ping -q -c 1 -W 1 "$(ip4 g1)" || fail "a frame in the other direction does not wake g1"
	until_ok 5 in_ns outside ping -q -c 1 -W 1 "$(ip4 g2)" || fail "a frame in the other direction does not wake g2"
	well_again
}

# Events without end on the attacked domain's ports.
event_storm() {
	steady_start other g2 outside
	fault "$1" evtchn-storm count=500
	pings g1 outside 100
	until_ok 5 answers_beyond 100
	steady_lost_none other
	well_again
}

answers_beyond() { [ "$(steady_answers other)" -gt "$1" ]; }

# Transactions conflict: the state machine tries again.
store_busy() {
	stop guest-1
	fault 0 store-eagain every=2
	fault 1 store-eagain every=2
	guest_boot 1 stock 2
	well_again
}

domain_dies() {
	load_start g1 outside
	steady_start other g2 outside
	"$XENSIM" domain destroy 1
	until_ok 10 not ip link show vif1.0 || fail "vif1.0 is still there"
	until_ok 10 answers_beyond 20
	steady_lost_none other
	load_stop
	stop guest-1 KILL
	ip netns del g1
	guest_start 1 stock 1
	well_again
}

must network_start
daemon_configure
must daemon_start
must guest_start 1 stock 1
must guest_start 2 ng 1
case_run copy-fail copies_fail
case_run map-fail map_fails
case_run map-fail-static static_map_fails
case_run evtchn-lost-to-guests events_lost 0
case_run evtchn-lost-from-guest events_lost 1
case_run evtchn-storm-daemon event_storm 0
case_run evtchn-storm-guest event_storm 1
case_run store-eagain store_busy
case_run domain-dies domain_dies
