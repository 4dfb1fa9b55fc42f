# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each technique of the daemon on and off: the same guests, the same traffic, the daemon restarted
# with one key changed, in alternating rounds. The guests' drivers start anew too: what is negotiated
# when they connect (queues, offloads) would otherwise stay.
#
#   g1 (stock), g2 (ng), g3 (ng) -- netback-ngd -- xenbr0 -- outside
#
# Environment: ROUNDS (3), SECONDS_EACH (1), LEVERS (names, default all).
# shellcheck source=tests/bench/bench.sh
: "${SECONDS_EACH:=1}"
. "$(dirname "$0")/bench.sh"

# NAME  KEY  ON  OFF  MEASUREMENTS (FROM:TO:WHAT)
levers='
static-grants           static_grants      true  false  g2:outside:tcp,outside:g2:tcp,g2:g3:udp64
batched-copies          copy_batch         128   1      g1:outside:tcp,outside:g1:tcp,g1:outside:udp64
aligned-copies          aligned_copy       true  false  g1:outside:tcp,outside:g1:tcp
prefetch                prefetch           true  false  g2:outside:udp64,g2:outside:tcp
huge-pages              huge_pages         true  false  g1:outside:tcp,outside:g1:tcp
segmentation            gso                true  false  g2:outside:tcp,outside:g2:tcp
coalescing              coalesce_usecs     100   0      g2:outside:tcp,outside:g2:tcp,g2:outside:rtt
adaptive-rate           coalesce_adaptive  true  false  g2:outside:tcp,g2:outside:rtt
polling                 poll_usecs         50    0      g2:outside:tcp,outside:g2:tcp,g2:outside:rtt
switch                  switch_bridges     {"xenbr0"} {} g2:g3:tcp,g2:g3:udp64,g2:g3:rtt
multi-queue             max_queues         2     1      g2:outside:tcp,outside:g2:tcp
early-response          early_response     true  false  g1:outside:tcp
direct-read             direct_read        true  false  outside:g2:tcp
half-pages              rx_half_pages      true  false  outside:g2:tcp,outside:g2:udp64,outside:g2:udp1400,g3:g2:udp1400
'

# restart KEY VALUE: one changed key, and every guest connected again.
restart() {
	local options=
	[ "$1" != rx_half_pages ] || options="--half-pages on"
	daemon_configure "$1 = $2"
	[ "$1" = max_queues ] || echo "max_queues = 1" >>$CONF
	for d in 1 2 3; do stop guest-$d || return; done
	daemon_stop
	daemon_start || return
	for d in 1 2 3; do
		# shellcheck disable=SC2086 # an option and its value
		guest_boot $d "$([ $d = 1 ] && echo stock || echo ng)" 2 $options && reach g$d outside || return
	done
	reach g2 g3
}

# measure LEVER on|off FROM:TO:WHAT
measure() {
	local from to what
	IFS=: read -r from to what <<<"$3"
	"$what" "$from" "$to" | record "$2" "$1 $from-$to $what"
}

must network_start
daemon_configure
must daemon_start
must guest_start 1 stock 2
must guest_start 2 ng 2
must guest_start 3 ng 2
for ((round = 0; round < ${ROUNDS:-3}; round++)); do
	while read -r name key on off list; do
		[ -n "$name" ] || continue
		case " ${LEVERS:-$name} " in *" $name "*) ;; *) continue ;; esac
		for state in on off; do
			if [ $state = on ]; then value=$on; else value=$off; fi
			must restart "$key" "$value"
			for m in ${list//,/ }; do measure "$name" $state "$m"; done
		done
	done <<<"$levers"
done
{
	echo "each technique on and off; tcp in Gb/s, udp64 in thousand frames a second, rtt in us; medians of ${ROUNDS:-3}"
	table off
	echo "ok levers"
} >&3
