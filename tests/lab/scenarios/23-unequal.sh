# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# takes: 280
# run: in turn 6
# Unequal guests on the daemon's built-in switch: a stock one, whose frames are copied by grant, one with the project's
# module, whose pages the daemon has mapped, and one with its half-page receive buffers. Each with each, from both ends:
# pings of all sizes up to 46 fragments, and TCP both ways. Frames pass from vif to vif.
sizes="0 64 86 87 128 200 512 1000 1400 1472 1473 4000 9000 30000 65000"
# An emulated guest may not run for longer than the millisecond that a sender waits for its buffers (rx_drop_no_slots).
on a "mkdir -p /etc/xen; printf 'switch_bridges = { \"xenbr0\" }\nstall_usecs = 200000\n' >/etc/xen/netback-ng.conf"
check "start the daemon" daemon a start
check "create a stock guest" guest_create a stock script=vif-ng
LAB_GUEST_EXTRA=lab.netfront=ng check "create a guest with netfront-ng" guest_create a ng script=vif-ng
LAB_GUEST_EXTRA="lab.netfront=ng lab.options=half_pages=1" check "create a guest with half pages" guest_create a half script=vif-ng
mapped() { [ "$(module_counter a "$1" q0_static_pages)" -ge 512 ]; }
for guest in ng half; do wait_for 30 "static grants of $guest" mapped $guest; done
declare -A address
for guest in stock ng half; do address[$guest]=$(guest_address a $guest); done

passed_on() {
	on a "netback-ngctl -j stats $(vif_name a "$1")" | jq '[.vifs[0].data | .queues[], .past | .tx_to_vif // 0] | add'
}
# pings FROM TO: the sizes that did not pass, or nothing. The guest that answers may drop one of 46 fragments itself: each
# size has three tries to lose none.
pings() {
	local try="ping -q -c 4 -i 0.1 -W 10 -s \$s ${address[$2]} | grep -q ' 0% packet loss'"
	LAB_EXEC_DEADLINE=400 guest_exec a "$1" "for s in $sizes; do $try || $try || $try || echo \$s; done" | tr -d '\r'
}
# stream FROM TO [-R]: Mb/s.
stream() { guest_exec a "$1" "iperf3 -f m -c ${address[$2]} -t 2 ${3:-} | grep receiver" | tr -d '\r' | awk '/receiver/ { print $7 }'; }
pair() {
	local before lost to from
	before=$(passed_on "$1")
	lost=$(pings "$1" "$2" | tr '\n' ',')
	[ -z "$lost" ] || fail "pings from $1 to $2 lose those of $lost bytes"
	to=$(stream "$1" "$2") from=$(stream "$1" "$2" -R)
	awk "BEGIN { exit !(${to:-0} > 1 && ${from:-0} > 1) }" || fail "TCP from $1 to $2 and back: ${to:-nothing} and ${from:-nothing} Mb/s"
	[ "$(passed_on "$1")" -gt $((before + 60)) ] || fail "what $1 sends to $2 does not take the switch"
	figures from "$1" to "$2" to_mbps "$to" from_mbps "$from"
}
for pair in "stock ng" "ng stock" "stock half" "half stock" "ng half" "half ng"; do
	# shellcheck disable=SC2086 # two words
	pair $pair
done
for guest in ng half; do
	guest_well a $guest "at the end"
	protocol_kept a $guest
done
check "no alarm of the kernel" no_alarm a
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
