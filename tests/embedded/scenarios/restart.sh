# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon is killed or stopped under traffic, and started again. No guest does anything about
# it, and pings pass again within 1 s of the daemon being up. A reload loses no ping at all.
#
#   g1 (stock) --+
#   g2 (ng)    --+-- netback-ngd (killed, restarted) -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

resumes() {
	local up first
	load_start g1 outside
	steady_start ng g2 outside
	daemon_stop "$1"
	load_stop
	daemon_start
	up=$(now_ms)
	until_ok 10 in_ns g1 ping -q -c 1 -W 0.1 10.9.0.1 || fail "g1: no ping after the restart"
	until_ok 10 in_ns g2 ping -q -c 1 -W 0.1 10.9.0.1 || fail "g2: no ping after the restart"
	first=$(($(now_ms) - up))
	echo "traffic resumed $first ms after the daemon was up"
	[ $first -le $((1000 * SLOW)) ] || fail "traffic resumed only $first ms after the daemon was up"
	steady_stop ng
	pings g1 outside 50
	flows g1 outside
	flows g2 outside -R
	alive guest-1 || fail "g1's front end ended"
	alive guest-2 || fail "g2's front end ended"
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
must guest_start 1 stock 2
must guest_start 2 ng 2
case_run reload reloads
case_run reload-with-an-error reload_refused
case_run kill-9 resumes KILL
case_run kill-9-again resumes KILL
case_run sigterm resumes TERM
