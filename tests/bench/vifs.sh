# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Vif to vif, no kernel in the path: a generator in one guest, a sink in the other, through the
# built-in switch; static grants (ng) beside grant copy (stock).
#
#   g1, g2 (stock) -- netback-ngd, switch
#   g3, g4 (ng)    -- netback-ngd, switch
#
# Environment: ROUNDS (5), SECONDS_EACH (2).
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"
GEN=$(built netfront-ng-gen)

# pair MODE SENDER RECEIVER BYTES: records what arrived of frames of so many bytes (without FCS).
pair() {
	local mode=$1 from=$2 to=$3 bytes=$4 before frames
	before=$(sink_frames "$to")
	in_ns "g$from" env XENSIM_DOMID="$from" "$GEN" --mode "$mode" --tx "$bytes" \
		--dst "$(mac "$to")" --seconds "$seconds"
	frames=$(($(sink_frames "$to") - before))
	echo "$frames $seconds" | awk '{ print $1 / $2 / 1e6 }' | record "$mode" "mpps_$bytes"
	echo "$frames $bytes $seconds" | awk '{ print $1 * $2 * 8 / $3 / 1e9 }' | record "$mode" "gbps_$bytes"
}

# Frames that the sink guest has got, as the daemon counted them into its ring.
sink_frames() { vif_sum "$1" .rx_frames; }

must network_start
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
for d in 1 2 3 4; do must guest_new $d; done
for d in 2 4; do
	kind=stock
	[ $d = 4 ] && kind=ng
	spawn "sink-$d" "g$d" env XENSIM_DOMID=$d "$GEN" --mode $kind --rx --seconds 600
	must until_ok 10 connected $d
done
for ((round = 0; round < ${ROUNDS:-5}; round++)); do
	for bytes in 60 1514; do
		pair stock 1 2 $bytes
		pair ng 3 4 $bytes
	done
done
{
	echo "vif to vif through the switch, one generator, one sink; medians of ${ROUNDS:-5} rounds"
	table stock
	echo "ok vifs"
} >&3
ngctl stats >"$DIR/stats"
"$XENSIM" stats >>"$DIR/stats"
