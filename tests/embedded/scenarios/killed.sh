# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon is killed 25 times in the midst of large TSO frames, as fast as they go, in both directions: also
# between writing its answers into a ring and publishing them (each such moment by itself: make check). Whatever the moment was,
# no guest is blamed for what it finds in the rings, and no front end meets an answer that it did not ask for.
#
#   g1 (stock, 1 queue)  --+
#   g2 (ng, 2 queues)    --+-- netback-ngd (killed 25 times) -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

ROUNDS=25
LOG=$DIR/netback-ngd.log
streams=(1-from 1-to 2-from 2-to)

stream_start() {
	local port=590${1%-*} how=""
	[ "${1#*-}" = from ] || { port=591${1%-*} how=-R; }
	spawn "server-$1" outside iperf3 -s -p "$port"
	until_ok 30 listening outside "$port" || fail "stream $1: no server"
	# shellcheck disable=SC2086
	spawn "stream-$1" "g${1%-*}" iperf3 -c 10.9.0.1 -p "$port" -t 3000 $how
}

# Bytes that have arrived, at whichever end receives.
stream_bytes() {
	case $1 in
	*-from) in_ns outside ss -Htin state established "sport = :590${1%-*}" ;;
	*-to) in_ns "g${1%-*}" ss -Htin state established "dport = :591${1%-*}" ;;
	esac | grep -o 'bytes_received:[0-9]*' | cut -d: -f2 | sort -n | tail -n 1
}

stream_moved() { [ "$(stream_bytes "$1")" -gt $(($2 + 1000000)) ]; }

# All of them at full speed again; a stream that met the outage with all its data in flight waits for TCP's timer.
streams_move() {
	local name from
	for name in "${streams[@]}"; do
		alive "stream-$name" || fail "TCP stream $name ended: $(tail -n 1 "$DIR/stream-$name.log")"
		from=$(stream_bytes "$name")
		until_ok 60 stream_moved "$name" "${from:-0}" || fail "TCP stream $name stands still"
	done
}

no_complaint() {
	! grep -E 'broke the protocol|Sanitizer|runtime error' "$LOG" || fail "a guest is blamed"
	for d in 1 2; do
		alive "guest-$d" || fail "g$d's front end ended: $(tail -n 1 "$DIR/guest-$d.log")"
		[ "$(grep -c ' connected, ' "$DIR/guest-$d.log")" = 1 ] || fail "g$d has connected anew"
		! grep 'back end: ' "$DIR/guest-$d.log" || fail "g$d complains of its back end"
	done
}

kills() {
	local name
	for name in "${streams[@]}"; do stream_start "$name"; done
	for _ in $(seq $ROUNDS); do
		streams_move
		daemon_stop KILL
		daemon_start
		no_complaint
	done
	streams_move
	for d in 1 2; do
		until_ok 60 in_ns g$d ping -q -c 1 -W 1 10.9.0.1 || fail "g$d: no ping"
	done
	no_complaint
	echo "answers that a killed daemon had not published: $(grep -c 'answers that the daemon before' "$LOG") times"
	[ "$(vif_sum 1 '.tx_gso_frames + .rx_gso_frames')" -gt 0 ] || fail "there were no TSO frames"
}

# What a daemon leaves in its folder when nothing of it is needed any more.
leaves_nothing() {
	stop guest-1
	stop guest-2
	daemon_stop
	[ -z "$(ls /run/netback-ng/rings)" ] || fail "left: $(ls /run/netback-ng/rings)"
}

must network_start
daemon_configure
must daemon_start
must guest_start 1 stock 1
must guest_start 2 ng 2
case_run kill-25-times kills
case_run leaves-nothing leaves_nothing
