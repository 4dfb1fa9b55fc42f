# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# 100 vifs on one daemon: all connect, all carry traffic, all go away again.
#
#   g1..g100 (every second one ng) -- netback-ngd -- vifD.0 -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"
VIFS=100

all_up() {
	local d kind
	for d in $(seq $VIFS); do
		kind=stock
		[ $((d % 2)) = 0 ] && kind=ng
		guest_start "$d" $kind 1
	done
}

all_ping() {
	local d failed=0
	for d in $(seq $VIFS); do
		reach "g$d" outside || failed=$((failed + 1))
	done
	[ $failed = 0 ] || fail "$failed of $VIFS guests do not reach the outside"
}

# Of all threads: how often they have gone to sleep, and whether each sleeps now.
sleeps() { cat "/proc/$(cat "$DIR/netback-ngd.pid")"/task/*/status | awk '/^voluntary_ctxt_switches/ { n += $2 } END { print n }'; }
asleep() { ! grep -qv '^State:.S' <(grep -h '^State:' "/proc/$(cat "$DIR/netback-ngd.pid")"/task/*/status); }

# Nothing to do costs nothing: there are 2 s in which no frame moves (new interfaces announce themselves for some
# seconds, each to all others) and the daemon wakes less than once in ten vifs; and all its threads sleep.
frames() { ngctl -j stats | jq -e '[.vifs[].data | .queues[], .past | .tx_frames + .rx_frames] | add'; }
rests() {
	local moved woken
	moved=$(frames)
	woken=$(sleeps)
	sleep 2
	woken=$(($(sleeps) - woken))
	echo "$VIFS vifs, $(($(frames) - moved)) frames: woke $woken times in 2 s" | tee "$DIR/rest" >&2
	[ "$(frames)" = "$moved" ] && [ $woken -le $((VIFS / 10)) ]
}

# IPv6 announces itself, and asks for routers, for minutes: with 100 guests there is always one that does.
without_ipv6() {
	local d
	for d in "" outside $(seq -f g%.0f $VIFS); do
		# shellcheck disable=SC2016 # expanded by the inner shell
		${d:+in_ns $d} sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done'
	done
}

idle() {
	without_ipv6
	until_ok 60 rests || fail "it does not come to rest: $(cat "$DIR/rest")"
	cat "$DIR/rest"
	until_ok 5 asleep || fail "a thread of the daemon with nothing to do never sleeps"
}

all_gone() {
	local d
	for d in $(seq $VIFS); do
		"$XENSIM" domain destroy "$d"
	done
	until_ok 20 no_vif || fail "vifs are still there: $(ip -br link | grep -c '^vif')"
	daemon_alive || fail "the daemon died"
}

no_vif() { ! ip -br link | grep -q '^vif'; }

must network_start
daemon_configure
must daemon_start
case_run connect all_up
case_run ping all_ping
case_run idle idle
case_run destroy all_gone
