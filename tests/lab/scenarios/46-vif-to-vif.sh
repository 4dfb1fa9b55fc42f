# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# Guest to guest on one host: two on the kernel's back end over a Linux bridge, two on netback-ngd over the same
# bridge, and two on its built-in switch; TCP, 64-byte UDP, small packets and ping, alternating rounds.
rounds=${LAB_ROUNDS:-2}
seconds=${LAB_SECONDS:-4}
declare -A got

on a "mkdir -p /etc/xen; rm -f /etc/xen/netback-ng.conf"
check "start the daemon" daemon a start
for g in kernel1 kernel2; do check "create $g" guest_create a $g; done
for g in ng1 ng2; do LAB_GUEST_EXTRA=${LAB_NG_EXTRA:-} check "create $g" guest_create a $g script=vif-ng; done
reached() { on a "ping -q -c 1 -W 2 $(guest_address a "$1")"; }
# bridges LIST: those that the daemon switches itself; the guests come back by themselves.
bridges() {
	on a "echo 'switch_bridges = { $1 }' >/etc/xen/netback-ng.conf"
	daemon a stop
	check "start the daemon, switch_bridges $1" daemon a start
	wait_for 60 "ng1" reached ng1
	wait_for 60 "ng2" reached ng2
}
cpu() { on a "xl list" | awk -v a="$1" -v b="$2" '$1 == "Domain-0" { d = $NF } $1 == a || $1 == b { n += $NF } END { print d, n }'; }
# The receiver's line of iperf3, without its units: "BYTES RATE" and for UDP the packets that came.
tcp='/receiver/ { print $5 * 1e6, $7 }'
udp='/receiver/ { split($(NF - 2), p, "/"); n = p[2] - p[1]; print n, n / '$seconds' / 1e3 }'
# traffic ROW FROM TO WHAT
traffic() {
	local key=$1.$4 filter=$tcp unit=1e9 arguments="" before after line
	[ "$4" = tcp ] || { filter=$udp unit=1e6 arguments="-u -l 64 -b 0"; }
	before=$(cpu "$2" "$3")
	line=$(guest_exec a "$2" "iperf3 -f m -c $(guest_address a "$3") -t $seconds $arguments | grep receiver" | tr -d '\r' | awk "$filter")
	after=$(cpu "$2" "$3")
	[ -n "$line" ] || fail "iperf3 $key from $2 to $3 gave nothing"
	# shellcheck disable=SC2086 # words
	set -- $line $before $after
	got[$key]+="$2 "
	got[$key.dom0]+="$(awk "BEGIN { print ($5 - $3) / $1 * $unit }") "
	got[$key.guests]+="$(awk "BEGIN { print ($6 - $4) / $1 * $unit }") "
}
# "round-trip min/avg/max = 1.2/3.4/5.6 ms": the average in microseconds.
round_trip() {
	local ms
	ms=$(guest_exec a "$2" "ping -q -c 20 $(guest_address a "$3") | grep -E 'min/avg'" | tr -d '\r' | sed 's/.*= *[0-9.]*\/\([0-9.]*\)\/.*/\1/')
	[ -n "$ms" ] || fail "no ping from $2 to $3"
	got[$1.ping]+="$(awk "BEGIN { print $ms * 1000 }") "
}
# By pktgen: packets that arrive, sent by the guest's kernel.
packets() {
	local mac line
	mac=$(guest_mac "$(on a cat "/run/guests/$3.number")" 0)
	line=$(packets_from a "$2" "$mac" "$seconds" packets_at_guest a "$3")
	[ -n "$line" ] || fail "no packets from $2 to $3"
	got[$1.packets]+="${line% *} "
}
measure() {
	traffic "$1" "$2" "$3" tcp
	packets "$1" "$2" "$3"
	traffic "$1" "$2" "$3" udp64
	round_trip "$1" "$2" "$3"
	# shellcheck disable=SC2086 # a list
	note "round $round: $1: TCP $(set -- ${got[$1.tcp]}; echo "${!#}") Mb/s, packets $(set -- ${got[$1.packets]}; echo "${!#}") kpps"
}
for ((round = 1; round <= rounds; round++)); do
	measure kernel kernel1 kernel2
	bridges '"xenbr0"'
	measure switch ng1 ng2
	bridges ''
	measure bridge ng1 ng2
done
vif=$(vif_name a ng1)
for row in kernel bridge switch; do
	for w in tcp udp64; do
		# shellcheck disable=SC2086 # lists
		figures row $row what $w rounds "$rounds" rate "$(median ${got[$row.$w]})" unit "$([ $w = tcp ] && echo Mbps || echo kpps)" \
			dom0_s "$(median ${got[$row.$w.dom0]})" guests_s "$(median ${got[$row.$w.guests]})" per "$([ $w = tcp ] && echo GB || echo Mpackets)"
	done
	# shellcheck disable=SC2086 # lists
	figures row $row what packets rounds "$rounds" rate "$(median ${got[$row.packets]})" unit kpps
	# shellcheck disable=SC2086 # lists
	figures row $row what ping rounds "$rounds" us "$(median ${got[$row.ping]})"
done
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
