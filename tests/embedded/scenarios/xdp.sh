# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What Linux' xen-netback has beside the rest, and a stock guest may ask for while it runs: a headroom before each frame
# (as xen-netfront does for an XDP program: state 7, the key, our 8, state 4) and a multicast filter that comes and goes.
# Frames of all sizes, TCP with GSO frames, copied and over static grants; a daemon that is killed between 7 and 8.
#
#   g1 (stock, headroom 256)          --+
#   g2 (ng, half pages, headroom 256) --+-- netback-ngd -- xenbr0 (mtu 9000) -- outside (mtu 9000)
#   g3 (stock)                        --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

headroom_is() { [ "$(ngctl -j vifs "vif$1.0" | jq '.vifs[0].headroom')" = "$2" ]; }
filters() { [ "$(ngctl -j vifs "vif$1.0" | jq '.vifs[0].multicast_control')" = "$2" ]; }
in_state() { xs_is "$(backend "$1")/state" "$2" && xs_is "$(frontend "$1")/state" "$3"; }
front_is() { xs_is "$(frontend "$1")/state" "$2"; }

# toggle D HEADROOM: the program goes, or comes back.
toggle() {
	kill -USR2 "$(cat "$DIR/guest-$1.pid")"
	until_ok 5 headroom_is "$1" "$2" || fail "g$1's headroom is not $2"
	until_ok 5 in_state "$1" 8 4 || fail "g$1 is not back in 4, or its back end not in 8"
}

all_flow() {
	reach "$1" "$2"
	pings "$1" "$2" 20
	pings "$1" "$2" 20 -M "do" -s 1472
	pings "$1" "$2" 20 -M "do" -s 3798
	pings "$1" "$2" 20 -M "do" -s 3799
	pings "$1" "$2" 20 -M "do" -s 8972
	flows "$1" "$2"
	flows "$1" "$2" -R
	flows "$1" "$2" -6 -R
	flows "$1" "$2" -u -l 64 -b 5M -R
}

# As of the last guest_sum, so that all are of one time.
counted() { jq "[.queues[] | ($2)] | add" "$DIR/guest-$1.json"; }

# behind D COMMAND...: each frame that the guest receives meanwhile lies behind its headroom, GSO frames too.
behind() {
	local d=$1 frames with gso bad
	shift
	frames=$(guest_sum "$d" .rx_packets)
	with=$(counted "$d" .rx_headroom)
	gso=$(counted "$d" .rx_gso)
	# A frame that was in the ring before the answer may have been read after it.
	bad=$(counted "$d" '.rx_misplaced, .rx_dropped, .errors[]')
	"$@"
	frames=$(($(guest_sum "$d" .rx_packets) - frames))
	with=$(($(counted "$d" .rx_headroom) - with))
	gso=$(($(counted "$d" .rx_gso) - gso))
	echo "g$d: $frames frames, $with of them behind a headroom, $gso GSO frames"
	# Counters are read while they count on; those that must not move tell of each single frame.
	[ "$with" -ge $((frames - 5)) ] || fail "g$d: $with of $frames frames lay behind a headroom"
	[ "$gso" -gt 20 ] || fail "g$d: only $gso GSO frames"
	[ "$(counted "$d" '.rx_misplaced, .rx_dropped, .errors[]')" = "$bad" ] ||
		fail "g$d: frames elsewhere than agreed on, or refused"
}

handshake() {
	in_state 1 8 4 || fail "the states are $(xs_read "$(backend 1)/state") and $(xs_read "$(frontend 1)/state")"
	headroom_is 1 256 || fail "netback-ngctl does not show the headroom"
	ngctl stats vif1.0 | grep -q '^ *headroom *256' || fail "netback-ngctl stats does not show it"
	headroom_is 3 0 || fail "g3 asked for none"
	xs_is "$(backend 1)/feature-xdp-headroom" 1 || fail "it is not offered"
}

frames() {
	behind 1 all_flow g1 outside
	behind 2 all_flow g2 outside
	[ "$(guest_sum 3 .rx_headroom)" = 0 ] || fail "g3 has a headroom that it did not ask for"
}

between() {
	behind 1 all_flow g2 g1
	behind 2 all_flow g1 g2
	behind 1 all_flow g3 g1
}

# The program is exchanged again and again while pings and TCP go on: nothing is lost.
toggled() {
	steady_start toggle outside g1
	load_start outside g1
	for _ in 1 2 3 4 5; do
		toggle 1 0
		toggle 1 256
	done
	load_flows g1 || fail "TCP does not go on"
	load_stop
	steady_lost_none toggle
	[ "$(grep -c ' connected, ' "$DIR/guest-1.log")" = 1 ] || fail "g1 has connected anew"
	behind 1 all_flow g1 outside
}

# The key alone, as nobody writes it: the guest gets what it says, or what leaves room for a frame.
nonsense() {
	local value lines
	lines=$(wc -l <"$DIR/netback-ngd.log")
	steady_start nonsense outside g1
	for value in -1 text 70000 0 99999999999999999999 " 256" 3840 4096 1 "" 0x100 256; do
		for _ in 1 2 3 4 5 6 7 8; do
			xenstore-write -- "$(frontend 1)/xdp-headroom" "$value"
			xenstore-write -- "$(frontend 1)/xdp-headroom" "1${value#-}"
		done
		reach outside g1
	done
	xenstore-write "$(frontend 1)/xdp-headroom" 256
	until_ok 5 headroom_is 1 256 || fail "its headroom is not 256 in the end"
	steady_lost_none nonsense
	connected 1 || fail "the vif was shut"
	lines=$(($(wc -l <"$DIR/netback-ngd.log") - lines))
	[ $lines -le 60 ] || fail "$lines lines in the log"
}

restarted() {
	daemon_stop KILL
	daemon_start
	reach outside g1
	reach outside g2
	headroom_is 1 256 || fail "the headroom was forgotten"
	behind 1 all_flow g1 outside
	behind 2 all_flow g2 outside
}

# The guest waits for 8, from a daemon that was killed after 7; another one answers.
killed_in_7() {
	local to
	for to in 0 256; do
		daemon_stop KILL
		kill -USR2 "$(cat "$DIR/guest-1.pid")"
		until_ok 5 front_is 1 7 || fail "g1 does not go to 7"
		daemon_start
		# It goes back to 4 on an 8 only; where that came before the TAP's script was done, ours is 4 as well.
		until_ok 10 connected 1 || fail "7 was not answered by 8"
		until_ok 5 headroom_is 1 $to || fail "g1's headroom is not $to"
		reach outside g1
	done
	[ "$(grep -c ' connected, ' "$DIR/guest-1.log")" = 1 ] || fail "g1 has connected anew"
	behind 1 all_flow g1 outside
}

answers_group() { in_ns outside ping -q -c 1 -W 1 -t 4 -I out0 239.1.2.3 >/dev/null; }
filtered() { vif_sum 3 '.rx_filtered_multicast // 0'; }

# request D VALUE ON: and wait until it is in force.
request() {
	xenstore-write "$(frontend "$1")/request-multicast-control" "$2"
	until_ok 5 filters "$1" "$3" || fail "request-multicast-control=$2 did not take effect"
}

# g3 has joined a group, and answers who asks it; its front end adds no group to the back end's list.
multicast() {
	local before value
	in_ns g3 sysctl -q -w net.ipv4.icmp_echo_ignore_broadcasts=0
	ip -n g3 addr add 239.1.2.3/32 dev eth0 autojoin
	until_ok 5 answers_group || fail "g3 does not get its group's pings"
	for value in 1 yes 7; do
		before=$(filtered)
		case $value in yes) request 3 $value false ;; *) request 3 $value true ;; esac
		if filters 3 true; then
			! answers_group || fail "with request-multicast-control=$value it gets them"
			[ "$(filtered)" -gt "$before" ] || fail "what was filtered is not counted"
			ip -n outside neigh flush dev out0
			pings outside g3 5 # a broadcast asks for its address, as ever
		else
			until_ok 5 answers_group || fail "with request-multicast-control=$value it does not get them"
		fi
	done
	request 3 0 false
	until_ok 5 answers_group || fail "it does not get them again"
	[ "$(grep -c ' connected, ' "$DIR/guest-3.log")" = 1 ] || fail "g3 has connected anew"
}

# The list was lost with the daemon, so all pass; off and on begins anew.
multicast_restarted() {
	request 3 1 true
	daemon_stop KILL
	daemon_start
	until_ok 10 connected 3
	filters 3 false || fail "it filters by a list that is lost"
	until_ok 5 answers_group || fail "g3 does not get its group's pings"
	request 3 0 false
	request 3 1 true
	! answers_group || fail "the filter is not in force"
	request 3 0 false
}

must network_start 9000
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
must guest_new 1 mtu=9000
must guest_new 2 mtu=9000
must guest_new 3 mtu=9000
must guest_boot 1 stock 2 --mtu 9000 --headroom 256
must guest_boot 2 ng 2 --mtu 9000 --half-pages on --headroom 256
must guest_boot 3 stock 1 --mtu 9000
must until_ok 10 in_state 1 8 4
must until_ok 10 in_state 2 8 4
case_run handshake handshake
case_run frames frames
case_run between between
case_run toggled toggled
case_run nonsense nonsense
case_run restarted restarted
case_run killed-in-7 killed_in_7
case_run multicast multicast
case_run multicast-restarted multicast_restarted
