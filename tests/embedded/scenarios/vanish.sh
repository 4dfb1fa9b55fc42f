# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A guest disappears in the middle of traffic: its front end is killed, or its whole domain.
# The daemon stays, the other guest loses nothing, and a guest can come again under that number.
#
#   g1 (dies) --+
#   g2        --+-- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# disappears KIND METHOD DIRECTION
disappears() {
	if [ "$3" = to ]; then load_start outside g1; else load_start g1 outside; fi
	steady_start other g2 outside
	"$2"
	until_ok 10 steady_grows 100
	steady_lost_none other
	load_stop
	daemon_alive || fail "the daemon died"
	pings g2 outside 20
}

steady_grows() { [ "$(steady_answers other)" -ge "$1" ]; }

front_end_killed() { stop guest-1 KILL; }

domain_destroyed() {
	"$XENSIM" domain destroy 1
	stop guest-1 KILL
	until_ok 10 not ip link show vif1.0 || fail "vif1.0 is still there"
}

comes_again() {
	guest_boot 1 "$1" 2
	reach g1 outside
	pings g1 outside 20
}

must network_start
daemon_configure
must daemon_start
must guest_start 2 ng 2
for kind in stock ng; do
	for direction in to from; do
		must guest_start 1 $kind 2
		case_run "$kind-front-end-killed-$direction-guest" disappears $kind front_end_killed $direction
		case_run "$kind-comes-again-after-$direction" comes_again $kind
		case_run "$kind-domain-destroyed-$direction-guest" disappears $kind domain_destroyed $direction
		must ip netns del g1
	done
done
