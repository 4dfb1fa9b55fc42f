# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the hypervisor is asked to do for a packet, as the embedded Xen counted it:
# no grant operation with static grants, batched copies without, few notifications under load.
#
#   g1 (stock), g2 (ng) -- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# Frames that crossed guest D's rings, both directions.
frames() { vif_sum "$1" '.tx_frames + .rx_frames'; }

# Counters of Dom0, then of the guest (as g_NAME).
counters="map_pages unmap_pages copy_calls copy_segments notify_sent"
guest_counters="granted_copies notify_sent"

snapshot() {
	local c d=${1#g}
	for c in $counters; do NOW[$c]=$(xen_count 0 "$c"); done
	for c in $guest_counters; do NOW[g_$c]=$(xen_count "$d" "$c"); done
	NOW[frames]=$(frames "$d")
}

# measure FROM TO [IPERF-OPTION...]: what happened meanwhile, in DELTA.
measure() {
	local c
	declare -gA NOW=() BEFORE=() DELTA=()
	snapshot "$1"
	for c in "${!NOW[@]}"; do BEFORE[$c]=${NOW[$c]}; done
	flows "$@"
	snapshot "$1"
	for c in "${!NOW[@]}"; do
		DELTA[$c]=$((NOW[$c] - BEFORE[$c]))
		echo "  $c ${DELTA[$c]}"
	done
}

# The guest's own count: broadcasts are copied to the stock guest meanwhile.
static_path() {
	measure g2 outside "$@"
	local ops=$((DELTA[map_pages] + DELTA[unmap_pages] + DELTA[g_granted_copies]))
	[ $ops = 0 ] || fail "$ops grant operations for ${DELTA[frames]} frames"
}

copy_path() {
	measure g1 outside "$@"
	[ $((DELTA[map_pages] + DELTA[unmap_pages])) = 0 ] || fail "the copy path mapped pages"
}

burst=240
device() { if [ "$1" = outside ]; then echo out0; else echo eth0; fi; }
link_address() { ip -j -n "$1" link show "$(device "$1")" | jq -r '.[0].address'; }
moved() { [ "$(frames 1)" -ge $((BEFORE[frames] + burst)) ]; }
# Frames on their way to the daemon so far: in g1's ring, or in the TAP.
waiting() {
	if [ "$1" = g1 ]; then
		guest_sum 1 .tx_packets
	else
		tc -s -j qdisc show dev vif1.0 | jq '[.[].packets] | max'
	fi
}
all_wait() { [ "$(waiting "$1")" -ge $((BEFORE[waiting] + burst)) ]; }
daemon_is() { grep -q "^State:.$1" "/proc/$(cat "$DIR/netback-ngd.pid")/status"; }

# copy_batch FROM TO: one call for all that is there, however fast each side is. The daemon stands still while
# frames come, to an address that nobody has, so that nothing answers.
copy_batch() {
	local calls segments
	declare -gA NOW=() BEFORE=()
	ip -n "$1" neigh replace 10.9.0.200 lladdr "$(link_address "$2")" dev "$(device "$1")" nud permanent
	snapshot g1
	BEFORE=([frames]=${NOW[frames]} [copy_calls]=${NOW[copy_calls]} [copy_segments]=${NOW[copy_segments]}
		[waiting]=$(waiting "$1"))
	kill -STOP "$(cat "$DIR/netback-ngd.pid")"
	until_ok 5 daemon_is T || fail "the daemon does not stop"
	in_ns "$1" bash -c "for ((i = 0; i < $burst; i++)); do echo -n x >/dev/udp/10.9.0.200/9; done"
	until_ok 10 all_wait "$1" || {
		kill -CONT "$(cat "$DIR/netback-ngd.pid")"
		fail "$(($(waiting "$1") - BEFORE[waiting])) of $burst frames came as far as the daemon"
	}
	kill -CONT "$(cat "$DIR/netback-ngd.pid")"
	until_ok 5 moved || fail "$(frames 1) frames, $burst more than ${BEFORE[frames]} were to come"
	snapshot g1
	calls=$((NOW[copy_calls] - BEFORE[copy_calls])) segments=$((NOW[copy_segments] - BEFORE[copy_segments]))
	echo "  $segments segments in $calls calls"
	[ "$segments" -ge $((32 * calls)) ] || fail "$segments segments in $calls calls for $burst frames"
}

# Under load: packets come faster than one side handles them one by one.
notifications() {
	measure "$@"
	[ $((32 * DELTA[notify_sent])) -le "${DELTA[frames]}" ] ||
		fail "${DELTA[notify_sent]} notifications by the back end for ${DELTA[frames]} frames"
}

must network_start
daemon_configure
must daemon_start
must guest_start 1 stock 1
must guest_start 2 ng 1
must reach g1 outside
must reach g2 outside
case_run static-grants-tx static_path
case_run static-grants-rx static_path -R
case_run copy-path-tx copy_path -P 4
case_run copy-path-rx copy_path -P 4 -R
case_run copy-batch-tx copy_batch g1 outside
case_run copy-batch-rx copy_batch outside g1
case_run notifications-stock notifications g1 outside -u -b 0 -l 64
case_run notifications-ng notifications g2 outside -u -b 0 -l 64
