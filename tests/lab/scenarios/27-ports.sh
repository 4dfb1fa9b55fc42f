# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 5
# takes: 300
# The ports that need vhost-net, which only a real Dom0 has: a stock guest's and netfront-ng's traffic both ways, a kill
# under it, a vif that goes and comes back. Every frame of the guests is accounted for.
rate='.end.sum_received.bits_per_second / 1e6 | round'
port_of() { on a "netback-ngctl vifs $(vif_name a "$1") | awk 'NR == 2 { print \$3 }'"; }
port_is() { [ "$(port_of "$1")" = "$2" ]; }
# What a guest sent went to the host or to another vif, or is counted as dropped behind the ring.
accounted() {
	on a "netback-ngctl -j stats $(vif_name a "$1")" | jq -e '.vifs[0].data | [.queues[], .past]
		| (map(.tx_frames // 0) | add) as $sent
		| [.[] | .tx_to_tap, .tx_to_vif, .tx_drop_tap_down, .tx_drop_tap_full, .tx_drop_tap_error, .tx_drop_receiver | . // 0]
		| $sent > 0 and add == $sent'
}
# iperf's own connection can starve beside its packets, on a host that shares its CPU: it is begun again.
small_packets() {
	local _
	for _ in 1 2 3; do
		on a "iperf3 -c $1 -t 1 -u -l 64 -b 2M && iperf3 -c $1 -t 1 -u -l 64 -b 2M -R" && return
	done
	return 1
}
both_ways() {
	local guest=$1 port=$2 to from one
	one=$(guest_address a "$guest")
	wait_for 60 "$guest by $port" ping_guest a "$one" 3
	port_is "$guest" "$port" || fail "$guest has port $(port_of "$guest"), not $port"
	to=$(iperf_host a "$rate" -c "$one" -t 2)
	from=$(iperf_host a "$rate" -c "$one" -t 2 -R)
	case $to$from in *error* | '') fail "iperf3 with $port: $to $from" ;; esac
	check "64-byte packets by $port" small_packets "$one"
	figures port "$port" guest "$guest" to_guest_mbps "$to" from_guest_mbps "$from"
}
set_port() {
	on a "printf 'port = \"%s\"\n' $1 >/etc/xen/netback-ng.conf"
	daemon a stop
	check "start the daemon with $1" daemon a start
}
on a "mkdir -p /etc/xen"
set_port auto
check "create a stock guest" guest_create a stock script=vif-ng
LAB_GUEST_EXTRA=lab.netfront=ng check "create a guest with netfront-ng" guest_create a ng script=vif-ng
wait_for 10 "auto is split for a stock guest" port_is stock split
wait_for 10 "auto is io_uring for a guest with static grants" port_is ng io_uring
for port in vhost split; do
	set_port $port
	both_ways stock $port
	both_ways ng $port
	for guest in stock ng; do
		wait_for 10 "all frames of $guest by $port accounted for" accounted $guest
	done
	one=$(guest_address a stock)
	stream_begin a "$one" 0 -R
	check "kill under it" daemon a kill
	wait_for 30 "traffic after the kill by $port" ping_guest a "$one" 3
	stream_goes_on "by $port"
	stream_end >/dev/null
	both_ways ng $port
	check "a second vif by $port" on a "xl network-attach stock mac=00:16:3e:77:01:98 bridge=xenbr0 script=vif-ng && xl network-detach stock 1"
	check "ping after it" ping_guest a "$one" 3
done
check "no alarm of the kernel" no_alarm a
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
