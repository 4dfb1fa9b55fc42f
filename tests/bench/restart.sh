# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How soon a daemon that was killed under traffic, and started again, moves the guests' packets: milliseconds from its
# being up, and from the kill, until each of four guests has had an answer.
#
#   g1, g3 (stock), g2, g4 (ng) -- netback-ngd (kill -9, started again) -- xenbr0 -- outside
#
# Environment: ROUNDS (20).
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"

# answered SINCE: each guest has an answer to a ping that it sent after that many answers.
answered() {
	local d
	for d in 1 2 3 4; do [ "$(steady_answers $d)" -gt "$(cut -d' ' -f$d <<<"$1")" ] || return 1; done
}

answers() {
	local d
	for d in 1 2 3 4; do printf '%s ' "$(steady_answers $d)"; done
}

must network_start
daemon_configure
must daemon_start
for d in 1 2 3 4; do
	must guest_start $d "$([ $((d % 2)) = 1 ] && echo stock || echo ng)" 1
	must steady_start $d g$d outside
done
for ((round = 0; round < ${ROUNDS:-20}; round++)); do
	killed=$(now_ms)
	daemon_stop KILL
	since=$(answers)
	daemon_start
	up=$(now_ms)
	must until_ok 10 answered "$since"
	echo $(($(now_ms) - up)) | record restart ms_from_up
	echo $(($(now_ms) - killed)) | record restart ms_from_kill
done
{
	echo "medians of ${ROUNDS:-20} rounds; the longest: $(jq -rs 'group_by(.what)[] | "\(.[0].what) \(map(.value) | max)"' "$results" | tr '\n' ' ')"
	table restart
	echo "ok restart"
} >&3
