# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Every lie that netback-ng-evil knows, to the userspace front end: it goes on or ends the connection, as it
# should, it counts what was wrong by name, and an honest daemon serves the same vif afterwards.
#
#   g1 -- netback-ng-evil, then netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# What is counted, where a lie has a name: that of the error, or of a counter.
declare -A counted=(
	[rx-id]=rsp_id [rx-id-far]=rsp_id [rx-twice]=rsp_id [rx-overrun]=ring_overrun [rx-backwards]=ring_overrun
	[rx-size]=rsp_bounds [rx-size-max]=rsp_bounds [rx-offset]=rsp_bounds [rx-offset-max]=rsp_bounds
	[rx-half]=rsp_bounds [rx-empty]=rsp_bounds [rx-runt]=rsp_bounds [rx-status]=rx_bad_gref
	[rx-open-chain]=rsp_chain [rx-long-chain]=rsp_chain [rx-extra-missing]=rsp_extra
	[rx-extra-chain]=rsp_extra [rx-extra-type]=rsp_extra [rx-gso-type]=rsp_extra [rx-gso-size]=rsp_extra
	[rx-gso-junk]=rx_refused [rx-csum-junk]=rx_refused
	[tx-id]=rsp_id [tx-id-free]=rsp_id [tx-twice]=rsp_id [tx-null]=rsp_null [tx-overrun]=ring_overrun
	[tx-backwards]=ring_overrun [tx-errors]=tx_errors
)

# The front end that is attacked, with something to send.
victim() {
	rm -f "$DIR/guest-1.json"
	spawn guest-1 g1 env XENSIM_DOMID=1 "$FRONT" --mode ng --tap eth0 --stats "$DIR/guest-1.json" \
		--half-pages "$1"
	until_ok 10 ip -n g1 link show eth0
	until_ok 10 link_up || return 0 # it may have been shut by now
	addr g1 eth0 11 || return 0
	# Nobody answers who asks for an address.
	ip -n g1 neigh replace 10.9.0.1 lladdr 00:16:3e:00:00:01 dev eth0 || return 0
	spawn chatter g1 ping -n -i 0.01 10.9.0.1
}

link_up() { ip -n g1 -br link show eth0 | grep -q UP || not alive guest-1; }
count_of() { jq -e --arg n "$1" '[.queues[] | .errors[$n] // .[$n] // 0] | add' "$DIR/guest-1.json"; }

# What it must have ended with, or still be at.
victim_is() {
	case $1 in
	shuts)
		until_ok 10 not alive guest-1 || fail "the front end goes on"
		grep -q 'back end: ' "$DIR/guest-1.log" || fail "it does not say why"
		;;
	stays)
		alive guest-1 || fail "the front end ended: $(tail -n 1 "$DIR/guest-1.log")"
		tail -n 1 "$DIR/evil.log" | jq -e '.echoed > 0' >/dev/null || fail "it was not served on"
		;;
	esac
	stop guest-1
	[ -z "${counted[$2]:-}" ] || count_of "${counted[$2]}" | grep -qv '^0$' ||
		fail "no ${counted[$2]} was counted"
}

serves_again() {
	daemon_start
	guest_boot 1 ng 1
	reach g1 outside
	pings g1 outside 5
	stop guest-1
	daemon_stop
}

# A daemon finds the rings as the killed one left them, with the front end still there; which ends before the
# daemon does, as without one it would wait for its answers.
taken_over() {
	daemon_start
	until_ok 10 connected 1
	ip -n g1 neigh del 10.9.0.1 dev eth0
	reach g1 outside
	pings g1 outside 5
	stop guest-1
	daemon_stop
}

attack() {
	local name=$1 verdict=$2 halves=off
	# Whatever a case before this one left.
	stop guest-1
	daemon_stop
	: >"$DIR/guest-1.log"
	[ "$name" != rx-half ] || halves=on
	spawn evil dom0 "$EVIL_BACK" --domid 1 --settle $((1000 * PATIENCE)) --attack "$name"
	victim $halves
	until_ok 120 not alive evil || fail "netback-ng-evil does not end: $(tail -n 1 "$DIR/evil.log")"
	tail -n 1 "$DIR/evil.log"
	wait "$(cat "$DIR/evil.pid")" || [ "$name" = vanish ] || fail "$(tail -n 2 "$DIR/evil.log")"
	[ ! -e "$DIR/chatter.pid" ] || stop chatter KILL
	! grep -E 'Sanitizer|runtime error' "$DIR/guest-1.log" || fail "see its log"
	case $name in
	vanish) taken_over ;;
	# Of its own will it comes back and waits, where nothing but a state was wrong.
	store-states) ;;
	*) victim_is "$verdict" "$name" ;;
	esac
	stop guest-1
	serves_again
}

must network_start
daemon_configure
must daemon_start
must guest_new 1
must daemon_stop
while read -r -u 4 name verdict _; do
	case_run "$name" attack "$name" "$verdict"
done 4< <("$EVIL_BACK" --list)
