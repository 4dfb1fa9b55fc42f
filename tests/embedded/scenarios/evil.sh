# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Every attack that netfront-ng-evil knows costs its own vif at most: the daemon lives, the other
# guest loses no ping, and an honest front end is served on the attacked vif afterwards. What is
# fatal shuts the vif, with a line in the log and an error node in xenstore.
#
#   g11, g12... (evil) --+
#   g2                 --+-- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# What an honest front end can never do; the rest is refused, packet by packet or message by message.
FATAL="tx-overrun rx-overrun open-chain slots-22 cross-page bad-extra extra-missing
gso-type gso-size ctrl-overrun store-text store-huge store-gref store-event store-queues-0
store-queues-1000 store-long store-no-copy store-ctrl"

is_fatal() { case " ${FATAL//$'\n'/ } " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# Each attack is another guest's: the daemon writes no more than 10 lines in 10 s about a vif.
victim=10

attack() {
	local lines
	lines=$(wc -l <"$DIR/netback-ngd.log")
	guest_new $victim
	in_ns g$victim timeout $((2 * PATIENCE)) env XENSIM_DOMID=$victim "$EVIL" --mode "$2" --attack "$1" >"$DIR/evil.json" ||
		[ "$1" = vanish ] || fail "netfront-ng-evil ended with status $?"
	cat "$DIR/evil.json"
	daemon_alive || fail "the daemon died"
	! is_fatal "$1" || shut_loudly
	ping_goes_on
	serves_again "$2"
	"$XENSIM" domain destroy $victim
	ip netns del g$victim
	! tail -n +$((lines + 1)) "$DIR/netback-ngd.log" | grep -qF vif2.0 || fail "vif2.0 was touched"
	[ "$(tail -n +$((lines + 1)) "$DIR/netback-ngd.log" | wc -l)" -le 40 ] || fail "the guest flooded the log"
}

# The daemon's main thread waits for its workers when a vif comes or goes, and for no message of a guest.
waits() { ngctl -j workers | jq '[.workers[].calls] | add'; }

no_waits() {
	local before
	before=$(waits)
	attack "$1" ng
	echo "$(($(waits) - before)) times the main thread waited for a worker"
	[ $(($(waits) - before)) -le 100 ] || fail "$(($(waits) - before)) waits for workers"
}

said() { grep -q "^<3>vif$victim.0: " "$DIR/netback-ngd.log"; }

shut_loudly() {
	jq -e '.error != null' "$DIR/evil.json" >/dev/null || fail "no error node"
	until_ok 5 said || fail "no line in the log"
	! xs_is "$(backend $victim)/state" 4 || fail "the vif is still connected"
}

ping_goes_on() {
	local n
	n=$(steady_answers other)
	until_ok 5 answers_beyond $((n + 10)) || fail "the other guest's ping stands still"
}

answers_beyond() { [ "$(steady_answers other)" -gt "$1" ]; }

serves_again() {
	guest_boot $victim "$1" 1
	reach g$victim outside
	stop guest-$victim
}

must network_start
daemon_configure
must daemon_start
must guest_start 2 ng 1
must steady_start other g2 outside
for name in $("$EVIL" --list | awk '{ print $1 }'); do
	victim=$((victim + 1))
	case $name in
	ctrl-flood | ctrl-churn) case_run "$name" no_waits "$name" ;;
	*) case_run "$name" attack "$name" ng ;;
	esac
done
for name in slots-22 bad-gref flip event-storm; do
	victim=$((victim + 1))
	case_run "stock-$name" attack "$name" stock
done
case_run other-guest-lost-nothing steady_lost_none other 1000
