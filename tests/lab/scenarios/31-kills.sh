# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 9
# LAB_KILLS times (20) the daemon is killed at whatever it does under big frames (GSO) both ways. A stock guest finds every
# answer in its rings as it should be: it says nothing, its interface works, and its two TCP connections go on.
kills=${LAB_KILLS:-20}
check "start the daemon" daemon a start
check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1) vif=$(vif_name a g1)
check "streams" iperf_begin a -c "$one" -t 3600 --bidir
frames() { on a "cat /sys/class/net/$vif/statistics/{rx,tx}_packets" | tr '\n' ' '; }
# Both ways, since the frames that "before" counted.
flows() { frames | awk -v before="$before" '{ split(before, b, " "); exit !($1 > b[1] + 100 && $2 > b[2] + 100) }'; }
flow() {
	before=$(frames)
	wait_for 60 "big frames both ways, $1" flows
}
flow "at first"
on a "netback-ngctl -j stats $vif" | jq -e '[.vifs[0].data | .queues[], .past] | (map(.tx_gso_frames // 0) | add) > 0 and (map(.rx_gso_frames // 0) | add) > 0' \
	>/dev/null || fail "the streams are not of big frames"
for ((kill = 1; kill <= kills; kill++)); do
	check "kill $kill" daemon a kill
	flow "after kill $kill"
done
check "the streams are still there" on a "kill -0 \$(cat /run/iperf.pid)"
on a "kill -INT \$(cat /run/iperf.pid)"
wait_for 30 "the streams end" iperf_ended a
check "the TCP connections went on" on a "jq -e '(.end.sum_sent.bytes > 0) and (.intervals[-3:] | map(.sum.bytes + .sum_bidir_reverse.bytes) | add > 0)' /run/stream.json"
[ "$(guest_exec a g1 'cat /sys/class/net/eth0/carrier' | tr -d '\r')" = 1 ] || fail "no carrier in the guest"
said=$(guest_exec a g1 "dmesg | grep -iE 'vif|eth0|netfront' | grep -iE 'invalid|missing|bad|too many|need|unhandled|disabled|error|broke' | head -n 3")
[ -z "$said" ] || fail "the guest's driver says: $said"
guest_well a g1 "at the end"
check "ping both ways" ping_guest a "$one"
check "no alarm of the kernel" no_alarm a
figures kills "$kills"
