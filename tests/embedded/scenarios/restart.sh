# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon is killed or stopped under traffic, and started again. No guest does anything about
# it: as Linux's netfront, the front ends stay connected, and their rings are taken over. Pings
# pass again within 1 s of the daemon being up, TCP streams go on, and static grants are static
# again. A reload loses no ping at all.
#
#   g1 (stock, 1 queue)  --+
#   g2 (ng, 1 queue)     --+-- netback-ngd (killed, restarted) -- xenbr0 -- outside
#   g3 (stock, 2 queues) --+
#   g4 (ng, 2 queues)    --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

kinds=([1]=stock [2]=ng [3]=stock [4]=ng)

# A stream of the guest's, to outside and back, that the restart must not end.
stream_start() {
	spawn "stream-server-$1" outside iperf3 -s -p "590$1"
	until_ok 5 listening outside "590$1" || fail "g$1: no server"
	spawn "stream-$1" "g$1" iperf3 -c 10.9.0.1 -p "590$1" -t 600 -b 20M --bidir
	until_ok 10 stream_moved "$1" 0
}

# Bytes that both ends of the stream have received.
stream_bytes() {
	{
		in_ns "g$1" ss -Htin state established "dport = :590$1"
		in_ns outside ss -Htin state established "sport = :590$1"
	} | grep -o 'bytes_received:[0-9]*' | cut -d: -f2 | sort -n | tail -n 2
}

# Both directions are past their count by 100 kB.
stream_moved() { [ "$(stream_bytes "$1" | head -n 1)" -gt $(($2 + 100000)) ]; }

stream_goes_on() {
	local from
	alive "stream-$1" || fail "g$1: its TCP stream ended"
	from=$(stream_bytes "$1" | tail -n 1)
	until_ok 10 stream_moved "$1" "$from" || fail "g$1: its TCP stream stands still"
	stop "stream-$1" KILL
	stop "stream-server-$1" KILL
}

# Each front end says how often the one connection was resumed; a new connection would be said too.
stayed_connected() {
	local log=$DIR/guest-$1.log
	[ "$(grep -c ' connected, ' "$log")" = 1 ] || fail "g$1 has connected anew: $(tail -n 1 "$log")"
	until_ok 5 resumed "$1" "$2" || fail "g$1 was not resumed for the ${2}th time: $(tail -n 1 "$log")"
}

resumed() { [ "$(grep -c ' resumed, ' "$DIR/guest-$1.log")" -ge "$2" ]; }

copies() { vif_sum "$1" '.tx_copy_segments + .rx_copy_segments'; }

# A second of traffic, and not a page of it copied by Xen.
static_again() {
	local before
	before=$(copies "$1")
	flows "g$1" outside --bidir
	[ "$(copies "$1")" = "$before" ] || fail "g$1: $(($(copies "$1") - before)) grant copies with static grants"
}

# resumes COUNT SIGNAL...: each is followed by a start; then COUNT restarts, at least, were seen.
resumes() {
	local count=$1 up first d signal
	shift
	for d in 1 2 3 4; do
		stream_start $d
		steady_start $d g$d outside
	done
	for signal; do
		daemon_stop "$signal"
		daemon_start
	done
	up=$(now_ms)
	for d in 1 2 3 4; do
		until_ok 10 in_ns g$d ping -q -c 1 -W 0.1 10.9.0.1 || fail "g$d: no ping after the restart"
	done
	first=$(($(now_ms) - up))
	echo "traffic resumed $first ms after the daemon was up"
	[ $first -le $((1000 * SLOW)) ] || fail "traffic resumed only $first ms after the daemon was up"
	for d in 1 2 3 4; do
		stream_goes_on $d
		echo "g$d: $(steady_stop $d) pings lost"
		stayed_connected $d "$count"
		if [ ${kinds[d]} = ng ]; then static_again $d; fi
		flows g$d outside -R
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
