# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon is killed or stopped under traffic, and started again. No guest does anything about
# it: as Linux's netfront, the front ends stay connected, and their rings are taken over. Pings
# pass again, TCP streams go on, and static grants are static again. A reload loses no ping at all.
# (How soon pings pass is the benchmark restart's.)
#
#   g1 (stock, 1 queue)  --+
#   g2 (ng, 1 queue)     --+-- netback-ngd (killed, restarted) -- xenbr0 -- outside
#   g3 (stock, 2 queues) --+
#   g4 (ng, 2 queues)    --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

kinds=([1]=stock [2]=ng [3]=stock [4]=ng)

# TCP streams that the restart must not end: NAME is the guest's number and the direction.
stream_start() {
	local name=$1 port=$2
	shift 2
	stop "stream-$name" KILL
	stop "stream-server-$name" KILL
	spawn "stream-server-$name" outside iperf3 -s -p "$port"
	until_ok 5 listening outside "$port" || fail "stream $name: no server"
	spawn "stream-$name" "g${name%-*}" iperf3 -c 10.9.0.1 -p "$port" -t 600 -b 20M "$@"
	until_ok 10 stream_moved "$name" 0 || fail "stream $name does not start"
}

# Bytes that have arrived, at whichever end receives.
stream_bytes() {
	case $1 in
	*-from) in_ns outside ss -Htin state established "sport = :590${1%-*}" ;;
	*-to) in_ns "g${1%-*}" ss -Htin state established "dport = :591${1%-*}" ;;
	esac | grep -o 'bytes_received:[0-9]*' | cut -d: -f2 | sort -n | tail -n 1
}

stream_moved() { [ "$(stream_bytes "$1")" -gt $(($2 + 100000)) ]; }

streams_start() {
	stream_start "$1-from" "590$1"
	stream_start "$1-to" "591$1" -R
}

streams_go_on() {
	local name from
	for name in "$1-from" "$1-to"; do
		alive "stream-$name" || fail "TCP stream $name ended"
		from=$(stream_bytes "$name")
		until_ok 10 stream_moved "$name" "$from" || fail "TCP stream $name stands still"
		stop "stream-$name" KILL
		stop "stream-server-$name" KILL
	done
}

# Each front end says how often the one connection was resumed; a new connection would be said too.
stayed_connected() {
	local log=$DIR/guest-$1.log
	[ "$(grep -c ' connected, ' "$log")" = 1 ] || fail "g$1 has connected anew: $(tail -n 1 "$log")"
	until_ok 5 resumed "$1" "$2" || fail "g$1 was not resumed for the ${2}th time: $(tail -n 1 "$log")"
}

resumed() { [ "$(grep -c ' resumed, ' "$DIR/guest-$1.log")" -ge "$2" ]; }

copies() { vif_sum "$1" '.tx_copy_segments + .rx_copy_segments'; }

# A second of traffic each way, and not a page of it copied by Xen.
static_again() {
	local before
	before=$(copies "$1")
	flows "g$1" outside
	flows "g$1" outside -R
	[ "$(copies "$1")" = "$before" ] || fail "g$1: $(($(copies "$1") - before)) grant copies with static grants"
}

# resumes COUNT SIGNAL...: each is followed by a start; then COUNT restarts, at least, were seen.
resumes() {
	local count=$1 d signal
	shift
	for d in 1 2 3 4; do
		streams_start $d
		steady_start $d g$d outside
	done
	for signal; do
		daemon_stop "$signal"
		daemon_start
	done
	for d in 1 2 3 4; do
		until_ok 10 in_ns g$d ping -q -c 1 -W 1 10.9.0.1 || fail "g$d: no ping after the restart"
	done
	for d in 1 2 3 4; do
		streams_go_on $d
		echo "g$d: $(steady_stop $d) pings lost"
		stayed_connected $d "$count"
		if [ ${kinds[d]} = ng ]; then static_again $d; else flows g$d outside -R; fi
	done
}

reloads() {
	steady_start stock g1 outside
	steady_start ng g2 outside
	daemon_configure "coalesce_usecs = 100" "mac_filter = true"
	kill -HUP "$(cat "$DIR/netback-ngd.pid")"
	until_ok 5 grep -qi reload "$DIR/netback-ngd.log" || fail "no log line about the reload"
	pings g1 outside 50
	steady_lost_none stock
	steady_lost_none ng
	connected 1 || fail "g1's vif was lost"
	connected 2 || fail "g2's vif was lost"
}

reload_refused() {
	steady_start ng g2 outside
	daemon_configure "coalesce_usecs = 100" "no_such_key = 1"
	kill -HUP "$(cat "$DIR/netback-ngd.pid")"
	until_ok 5 grep -q "netback-ng.conf:[0-9]*:.*no_such_key" "$DIR/netback-ngd.log" ||
		fail "the error does not name file, line and key"
	daemon_alive || fail "the daemon died of a bad configuration"
	pings g2 outside 50
	steady_lost_none ng
	daemon_configure
}

must network_start
daemon_configure
must daemon_start
for d in 1 2 3 4; do
	must guest_start $d ${kinds[d]} $(((d + 1) / 2))
done
case_run reload reloads
case_run reload-with-an-error reload_refused
case_run kill-9 resumes 1 KILL
case_run kill-9-again resumes 2 KILL
case_run sigterm resumes 3 TERM
case_run twice-in-a-row resumes 4 KILL TERM
