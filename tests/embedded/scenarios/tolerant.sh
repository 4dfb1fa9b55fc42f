# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Front ends that are not Linux' write their keys and walk through their states in ways of their own. What the
# kernel's back end serves is served. A front end that does so without end costs the log a few lines.
#
#   g1 (stock, its keys changed behind its back) -- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

as_g1() { XENSIM_DOMID=1 "$@"; }
state_becomes() { until_ok 20 xs_is "$(backend 1)/state" "$1" || fail "back end: $(xs_read "$(backend 1)/state"), not $1"; }

# boot_with KEY=VALUE|KEY=...: the front end has written its keys, but the back end, which waits for the
# hotplug script, has not read them; then these are written over them, or removed.
boot_with() {
	local change
	"$XENSIM" domain create 1 && ns_new g1
	"$XENSIM" vif-attach 1 0 mac="$(mac 1 0)" bridge=xenbr0 script=/run/scripts/vif-silent
	spawn guest-1 g1 env XENSIM_DOMID=1 "$FRONT" --mode stock --queues 1 --tap eth0 "${OPTIONS[@]}"
	until_ok 20 xs_is "$(frontend 1)/state" 4 || fail "the front end does not answer"
	for change; do
		as_g1 xenstore-rm "device/vif/0/${change%%=*}" || :
		[ -z "${change#*=}" ] || as_g1 xenstore-write "device/vif/0/${change%%=*}" "${change#*=}"
	done
	xenstore-write "$(backend 1)/hotplug-status" connected
	until_ok 20 connected 1 || fail "refused: $(xs_read /local/domain/0/error/backend/vif/1/0/error)"
	until_ok 20 ip -n g1 link show eth0
	addr g1 eth0 11
}

served_with() {
	boot_with "$@"
	reach g1 outside
	pings g1 outside 20
	flows g1 outside
	flows g1 outside -R
}

### States

goes_on() {
	guest_boot 1 stock 1
	reach g1 outside
	flows g1 outside
}

# Windows closes what it finds, connected or not, and waits for each answer.
closes_first() {
	as_g1 xenstore-write device/vif/0/state 5
	state_becomes 5
	as_g1 xenstore-write device/vif/0/state 6
	state_becomes 6
	as_g1 xenstore-write device/vif/0/state 1
	state_becomes 2
	goes_on
}

windows_is_born() {
	guest_new 1
	closes_first
}

windows_finds_it_connected() {
	stop guest-1 KILL
	closes_first
}

# iPXE and MirageOS: Closed without Closing.
closed_at_once() {
	stop guest-1 KILL
	as_g1 xenstore-write device/vif/0/state 6
	state_becomes 6
	as_g1 xenstore-write device/vif/0/state 1
	state_becomes 2
	goes_on
}

# kexec: 1 over 4.
straight_to_1() {
	stop guest-1 KILL
	as_g1 xenstore-write device/vif/0/state 1
	state_becomes 2
	goes_on
}

### Without end

lines() { wc -l <"$DIR/netback-ngd.log"; }

# flaps STATE...: in turns, as fast as xenstore takes them; "+" before one waits for the back end's answer.
flaps() {
	local from to turn s
	kill -STOP "$(cat "$DIR/guest-1.pid")" # its rings stay, and it has no word in this
	from=$(lines)
	for turn in $(seq 100); do
		for s; do as_g1 xenstore-write device/vif/0/state "$s"; done
		[ "$turn" -lt 50 ] || sleep 0.03
	done
	to=$(lines)
	echo "$((to - from)) lines: $(tail -n $((to - from)) "$DIR/netback-ngd.log" | sed 's/,.*//' | sort | uniq -c | sort -rn | head -n 5)"
	# Ten lines of trouble and ten of news, each with the word about those held back, in each 10 s that this may take.
	[ $((to - from)) -le $((22 * (2 + SECONDS / 10))) ] || fail "$((to - from)) lines by $*"
	stop guest-1 KILL
	as_g1 xenstore-write device/vif/0/state 1
	state_becomes 2
	goes_on
}

timed_flaps() {
	SECONDS=0
	flaps "$@"
}

must network_start
sed '/hotplug-status/d' "$here/vif-script" >/run/scripts/vif-silent
chmod +x /run/scripts/vif-silent
daemon_configure
must daemon_start
OPTIONS=()
case_run as-it-is served_with
guest_end 1
OPTIONS=(--no-tso --no-csum --no-sg --single-event)
case_run mini-os served_with feature-rx-notify= feature-sg= feature-gso-tcpv4= feature-gso-tcpv6= \
	feature-ipv6-csum-offload= feature-no-csum-offload=
guest_end 1
OPTIONS=()
case_run no-rx-notify served_with feature-rx-notify=
guest_end 1
case_run flags-are-numbers served_with feature-sg=2 feature-gso-tcpv4=61440 request-rx-copy=3
guest_end 1
case_run flags-are-words served_with feature-gso-tcpv6=yes request-multicast-control=none
guest_end 1
case_run spaces-and-zeros served_with "feature-sg= 01 " "request-rx-copy=1 "
guest_end 1
case_run windows-is-born windows_is_born
case_run windows-finds-it-connected windows_finds_it_connected
case_run closed-at-once closed_at_once
case_run initialising-over-connected straight_to_1
case_run flap-1-4 timed_flaps 1 4
case_run flap-4-6-1 timed_flaps 4 6 1
case_run flap-bad-keys timed_flaps 1 5 4 7 0 junk 3
