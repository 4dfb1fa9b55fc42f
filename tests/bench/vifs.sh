# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Vif to vif, no kernel in the path: a generator in one guest, a sink in the other, through the
# built-in switch; static grants (ng) beside grant copy (stock), and, for the sink, whole pages beside
# half pages.
#
#   g1 -> g2 (stock)                  -- netback-ngd, switch
#   g3 -> g4 (ng), g5 (ng, half pages) -- netback-ngd, switch
#
# Environment: ROUNDS (5), SECONDS_EACH (2).
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"
GEN=$(built netfront-ng-gen)

# pair WHO SENDER RECEIVER BYTES: records what arrived of frames of so many bytes (without FCS).
pair() {
	local mode=$1 from=$2 to=$3 bytes=$4 before frames
	before=$(sink_frames "$to")
	in_ns "g$from" env XENSIM_DOMID="$from" "$GEN" --mode "${mode%-half}" --tx "$bytes" \
		--dst "$(mac "$to")" --seconds "$seconds"
	frames=$(($(sink_frames "$to") - before))
	echo "$frames $seconds" | awk '{ print $1 / $2 / 1e6 }' | record "$mode" "mpps_$bytes"
	echo "$frames $bytes $seconds" | awk '{ print $1 * $2 * 8 / $3 / 1e9 }' | record "$mode" "gbps_$bytes"
}

# Frames that the sink guest has got, as the daemon counted them into its ring.
sink_frames() { vif_sum "$1" .rx_frames; }

grants_of() { ngctl -j stats | jq --arg vif "vif$1.0" '[first(.. | objects | select(.name? == $vif and .data)).data.queues[].static_grants] | add'; }

must network_start
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
for d in 1 2 3 4 5; do must guest_new $d; done
kinds=([2]="stock" [4]="ng" [5]="ng --half-pages")
for d in "${!kinds[@]}"; do
	# shellcheck disable=SC2086 # a mode and options
	spawn "sink-$d" "g$d" env XENSIM_DOMID=$d "$GEN" --mode ${kinds[$d]} --rx --seconds 1200
	must until_ok 10 connected "$d"
done
for ((round = 0; round < ${ROUNDS:-5}; round++)); do
	for bytes in 60 1514; do
		pair stock 1 2 $bytes
		pair ng 3 4 $bytes
		pair ng-half 3 5 $bytes
	done
done
{
	echo "vif to vif through the switch, one generator, one sink; medians of ${ROUNDS:-5} rounds"
	table stock
	for d in 4 5; do echo "g$d: $(grants_of $d) pages mapped for good (256 to send from, the rest to receive into)"; done
	echo "ok vifs"
} >&3
ngctl stats >"$DIR/stats"
"$XENSIM" stats >>"$DIR/stats"
