# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# 100 vifs on one daemon: all connect, all carry traffic, all go away again.
#
#   g1..g100 (every second one ng) -- netback-ngd -- vifD.0 -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"
VIFS=100

all_up() {
	local d kind
	for d in $(seq $VIFS); do
		kind=stock
		[ $((d % 2)) = 0 ] && kind=ng
		guest_start "$d" $kind 1
	done
}

all_ping() {
	local d failed=0
	for d in $(seq $VIFS); do
		reach "g$d" outside || failed=$((failed + 1))
	done
	[ $failed = 0 ] || fail "$failed of $VIFS guests do not reach the outside"
}

# New interfaces announce themselves for some seconds, each to all others: that is no idling yet.
frames() { ngctl -j stats | jq -e '[.vifs[].data | .queues[], .past | .tx_frames + .rx_frames] | add'; }
quiet() {
	local before
	before=$(frames)
	until_ok 1 false || [ "$(frames)" = "$before" ]
}

idle() {
	local a b t
	until_ok 30 quiet || fail "$VIFS vifs with nothing to do still move frames"
	a=$(daemon_ticks)
	until_ok 2 false || :
	b=$(daemon_ticks)
	t=$((b - a))
	echo "$t ticks of CPU in 2 s with $VIFS idle vifs"
	[ $t -le $((10 * SLOW)) ] || fail "the idle daemon used $t ticks of CPU in 2 s"
}

daemon_ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$DIR/netback-ngd.pid")/stat"; }

all_gone() {
	local d
	for d in $(seq $VIFS); do
		"$XENSIM" domain destroy "$d"
	done
	until_ok 20 no_vif || fail "vifs are still there: $(ip -br link | grep -c '^vif')"
	daemon_alive || fail "the daemon died"
}

no_vif() { ! ip -br link | grep -q '^vif'; }

must network_start
daemon_configure
must daemon_start
case_run connect all_up
case_run ping all_ping
case_run idle idle
case_run destroy all_gone
