# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The main job: guests of both kinds, with 1, 2 and 4 queues, talk to the outside and to each other.
#
#   g1 (stock) --+
#   g2 (ng)    --+-- netback-ngd -- vifD.0 -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

both_ways() {
	local a=$1 b=$2 queues=$3
	reach "$a" "$b" 4
	reach "$a" "$b" 6
	pings "$a" "$b" 50 -s 56
	pings "$a" "$b" 20 -s 1400
	flows "$a" "$b" -P "$queues"
	flows "$a" "$b" -P "$queues" -R
	flows "$a" "$b" -6
	flows "$a" "$b" -6 -R
}

udp_both_ways() {
	flows "$1" "$2" -u -b 50M -l 64
	flows "$1" "$2" -u -b 50M -l 1400 -R
}

icmp() { in_ns g2 nstat -asz "$1" | awk -v name="$1" '$1 == name { print $2 }'; }
icmp_beyond() { [ "$(icmp "$1")" -ge "$2" ]; }
answers_beyond() { [ "$(steady_answers "$1")" -gt "$2" ]; }

# Frames that wait for a guest that stands still all arrive, and more answers at once than the pinging process has room for
# are not taken for lost ones, if it does not come to read them.
held_up() {
	local ping guest
	guest_start 2 ng 1
	steady_start held g2 outside
	ping=$(cat "$DIR/steady-held.pid") guest=$(cat "$DIR/guest-2.pid")
	kill -STOP "$guest"
	until_ok 30 icmp_beyond IcmpOutEchos $(($(icmp IcmpOutEchos) + 400))
	kill -STOP "$ping"
	kill -CONT "$guest"
	until_ok 30 icmp_beyond IcmpInEchoReps "$(icmp IcmpOutEchos)"
	echo "$(no_room "$ping") answers had no room"
	[ "$(no_room "$ping")" -gt 0 ] || fail "all answers had room"
	kill -CONT "$ping"
	until_ok 30 answers_beyond held $(($(steady_answers held) + 200))
	steady_lost_none held
	guest_end 2
}

must network_start
daemon_configure "max_queues = 4"
must daemon_start
for queues in 1 2 4; do
	must guest_start 1 stock $queues
	must guest_start 2 ng $queues
	case_run "stock-outside-$queues-queues" both_ways g1 outside $queues
	case_run "ng-outside-$queues-queues" both_ways g2 outside $queues
	case_run "stock-ng-$queues-queues" both_ways g1 g2 $queues
	case_run "udp-stock-$queues-queues" udp_both_ways g1 outside
	case_run "udp-ng-$queues-queues" udp_both_ways g2 outside
	must guest_end 1
	must guest_end 2
done
case_run held-up held_up
