# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# A guest is destroyed in the middle of heavy traffic, both ways, three times: the daemon keeps running, its
# neighbour loses no ping, nothing of the guest is left, and a new guest can be made.
check "start the daemon" daemon a start
pid=$(daemon a status)
check "create the neighbour" guest_create a g2 script=vif-ng
two=$(guest_address a g2)
check "pings to the neighbour" ping_begin a "$two"
times=()
for round in 1 2 3; do
	check "create g1, round $round" guest_create a g1 script=vif-ng
	one=$(guest_address a g1)
	domid=$(on a xl domid g1)
	check "a stream, round $round" iperf_begin a -c "$one" -t 30 --bidir
	check "frames flow, round $round" on a "n=0; until [ \$(cat /sys/class/net/vif$domid.0/statistics/tx_packets) -gt 500 ]; do
		[ \$n -lt 300 ] || exit 1; n=\$((n + 1)); sleep 0.05; done"
	ms=$(on a "s=\$(date +%s%3N); xl destroy g1 >&2 || exit 1; echo \$((\$(date +%s%3N) - s))") || fail "destroy, round $round"
	times+=("$ms")
	on a "rm -f /run/guests/g1.*; kill -9 \$(cat /run/iperf.pid); rm /run/iperf.pid"
	check "nothing of it is left, round $round" on a "! ip link show vif$domid.0 && ! xenstore-exists backend/vif/$domid"
	gone() { on a "! xl list | grep -q ' $domid '"; }
	wait_for 30 "Xen lets go of its memory, round $round" gone
done
[ "$(daemon a status)" = "$pid" ] || fail "the daemon is another one than before"
read -r sent lost gap <<<"$(ping_end a)"
[ "$lost" -le 2 ] || fail "the neighbour lost $lost of $sent pings"
check "no alarm of the kernel" no_alarm a
figures rounds 3 destroy_ms "$(median "${times[@]}")" neighbour_pings "$sent" neighbour_lost "$lost" neighbour_gap_s "$gap"
