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

result() { jq -e "$1" "$DIR/evil.json" >/dev/null || fail "not so: $1: $(cat "$DIR/evil.json")"; }

# Thousands of refused requests cost nothing that stays: a page for each would be more than 50 MB.
refused_flood() {
	local before
	before=$(daemon_memory)
	attack refused-flood "$1"
	result '.answered == .expected and .refused == .expected and .expected > 10000 and .error == null'
	daemon_grew_little "$before" "$(jq .refused "$DIR/evil.json") refused requests"
}

# What was sent in tiny pieces arrives whole: each frame was a question, and is answered.
tiny_slots() {
	attack tiny-slots "$1"
	result '.answered == .expected and .refused == 0 and .received >= 13'
}

# No place beyond the table is believed.
hash_overflow() {
	attack ctrl-hash-overflow ng
	result '.ctrl_status > 0'
}

# evil_begin ATTACK: in the background, for what goes on meanwhile.
evil_begin() {
	guest_new $victim
	spawn evil g$victim env XENSIM_DOMID=$victim "$EVIL" --attack "$1"
}

evil_state() { xs_is "$(backend $victim)/state" "$1"; }
evil_shut() { evil_state 5 || evil_state 6; }

# A guest that takes no frames keeps none of the host's memory: 100 MB come for it.
no_buffers() {
	local before
	evil_begin no-buffers
	until_ok 10 evil_state 4 || fail "it does not connect"
	bridge fdb replace "$(mac $victim)" dev vif$victim.0 master static
	before=$(daemon_memory)
	datagrams outside out0 $victim 75000
	daemon_grew_little "$before" "frames that nobody takes"
	daemon_alive || fail "the daemon died"
	ping_goes_on
	stop evil
	serves_again stock
	"$XENSIM" domain destroy $victim
	ip netns del g$victim
}

# Grants of guests' that the daemon has mapped: none but the other guests' ones may be left.
mapped() { echo $(($(xen_count 0 map_pages) - $(xen_count 0 unmap_pages))); }
mapped_is() { [ "$(mapped)" = "$1" ]; }

# A vif that has shut one of its queues goes for good: by the toolstack's hand, and with its domain.
broken_removed() {
	local before i
	before=$(mapped)
	for i in detach destroy detach destroy; do
		evil_begin broken-removed
		until_ok 10 evil_shut || fail "the vif is not shut: $(xs_read "$(backend $victim)/state")"
		[ $i = destroy ] || "$XENSIM" vif-detach $victim 0 --force || true
		"$XENSIM" domain destroy $victim
		until_ok 10 not ip link show vif$victim.0 || fail "vif$victim.0 is still there"
		until_ok 10 mapped_is "$before" || fail "$(mapped) pages are mapped, not $before"
		stop evil
		ip netns del g$victim
		daemon_alive || fail "the daemon died"
		victim=$((victim + 1))
	done
	ping_goes_on
	guest_new $victim
	serves_again ng
	"$XENSIM" domain destroy $victim
	ip netns del g$victim
}

# While frames for one of the groups come all the time.
multicast_churn() {
	ip -n outside route replace 239.0.0.0/8 dev out0
	spawn group outside ping -n -i 0.002 239.1.2.3
	attack multicast-churn ng
	stop group KILL
	result '.connect == 0 and .unasked == 0 and .received > 0 and .answered > 100'
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
	refused-flood | tiny-slots) case_run "$name" "${name//-/_}" ng ;;
	ctrl-hash-overflow) case_run "$name" hash_overflow ;;
	no-buffers | multicast-churn) case_run "$name" "${name//-/_}" ;;
	broken-removed)
		case_run "$name" broken_removed
		victim=$((victim + 5)) # it takes several
		;;
	*) case_run "$name" attack "$name" ng ;;
	esac
done
for name in slots-22 bad-gref flip event-storm; do
	victim=$((victim + 1))
	case_run "stock-$name" attack "$name" stock
done
for name in refused-flood tiny-slots; do
	victim=$((victim + 1))
	case_run "stock-$name" "${name//-/_}" stock
done
case_run other-guest-lost-nothing steady_lost_none other 1000
