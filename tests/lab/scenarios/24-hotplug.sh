# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# A vif comes and goes four times while another one of the same guest carries a TCP stream without a pause.
check "start the daemon" daemon a start
check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
check "an address for the second vif on the bridge" on a "ip address replace 10.77.1.1/24 dev xenbr0"
second_is() { [ "$(vif_state a g1 1)" = "$1" ]; }
second_gone() { on a "! xenstore-exists backend/vif/$domid/1 && ! ip link show vif$domid.1"; }
domid=$(on a xl domid g1)
check "pings" ping_begin a "$one"
check "a stream" iperf_begin a -c "$one" -t 500 -i 1
wait_for 20 "traffic" ping_seen a 10
attach_ms=0 detach_ms=0
# timed COMMAND: milliseconds of the host's clock.
timed() { on a "s=\$(date +%s%3N); $1 >/dev/null || exit 1; echo \$((\$(date +%s%3N) - s))"; }
for round in 1 2 3 4; do
	ms=$(timed "xl network-attach g1 mac=00:16:3e:77:01:99 bridge=xenbr0 script=vif-ng") || fail "attach, round $round"
	attach_ms=$((attach_ms + ms))
	wait_for 30 "the second vif connects, round $round" second_is 4
	# The interface keeps its name: the guest's driver lets it go with the vif.
	check "its address, round $round" guest_exec a g1 "ip address add 10.77.1.11/24 dev eth1 && ip link set eth1 up"
	check "ping over it, round $round" ping_guest a 10.77.1.11 3
	ms=$(timed "xl network-detach g1 1") || fail "detach, round $round"
	detach_ms=$((detach_ms + ms))
	wait_for 30 "nothing of the second vif is left, round $round" second_gone
done
check "the stream is still there" on a "kill -0 \$(cat /run/iperf.pid)"
on a "kill -INT \$(cat /run/iperf.pid)"
wait_for 20 "the stream ends" iperf_ended a
read -r sent lost gap <<<"$(ping_end a)"
# On a busy machine a second may pass in which the emulated host sends nothing.
quiet=$(on a "jq '[.intervals[].sum.bytes] | reduce .[] as \$b ({run: 0, most: 0}; .run = (if \$b == 0 then .run + 1 else 0 end)
	| .most = ([.run, .most] | max)) | .most' /run/stream.json")
rate=$(on a "jq '[.intervals[].sum.bits_per_second] | add / length / 1e6 | round' /run/stream.json")
[ "$quiet" -lt 10 ] || fail "the stream stood still for $quiet s"
[ "$lost" -le 2 ] || fail "$lost of $sent pings over the first vif were lost"
check "no alarm of the kernel" no_alarm a
figures rounds 4 attach_ms $((attach_ms / 4)) detach_ms $((detach_ms / 4)) stream_mbps "$rate" stream_quiet_s "$quiet" longest_gap_s "$gap"
