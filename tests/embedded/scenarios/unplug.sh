# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Hot-unplug under load, in both directions, and the vif plugged in again. What libxl waits for holds:
# the back end reaches Closed within 10 s, and the other guest loses nothing.
#
#   g1 (unplugged) --+
#   g2             --+-- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

unplug() {
	if [ "$1" = to ]; then load_start outside g1; else load_start g1 outside; fi
	steady_start other g2 outside
	"$XENSIM" vif-detach 1 0 || fail "vif-detach failed"
	until_ok 10 not ip link show vif1.0 || fail "vif1.0 is still there"
	load_stop
	until_ok 10 other_answers 100
	steady_lost_none other
	daemon_alive || fail "the daemon died"
}

other_answers() { [ "$(steady_answers other)" -ge "$1" ]; }

plug_again() {
	stop guest-1
	vif_attach 1 0
	guest_boot 1 "$1" 2
	reach g1 outside
	flows g1 outside
}

must network_start
daemon_configure
must daemon_start
must guest_start 2 ng 1
for kind in stock ng; do
	must guest_start 1 $kind 2
	for direction in to from; do
		case_run "$kind-load-$direction-guest" unplug $direction
		case_run "$kind-plug-again-$direction" plug_again $kind
	done
	must guest_end 1
done
