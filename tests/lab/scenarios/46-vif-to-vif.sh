# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# deadline: 2400
# run: by name
# Guest to guest on one host: two on the kernel's back end over a Linux bridge, two on netback-ngd over the same
# bridge, and two on its built-in switch; TCP, 64-byte UDP, small packets and ping, alternating rounds. With LAB_KERNEL_PLANE
# they are on the kernel's data plane: by the bridge, and past it.
rounds=${LAB_ROUNDS:-2}
seconds=${LAB_SECONDS:-4}
declare -A got

on a "mkdir -p /etc/xen; rm -f /etc/xen/netback-ng.conf"
rows="kernel switch bridge"
if [ -n "${LAB_KERNEL_PLANE:-}" ]; then
	rows="kernel plane direct"
	check "the kernel's data plane" kernel_plane a
fi
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
# The receiver's line of iperf3, without its units: rate and bytes, or for UDP the packets that came.
tcp='/receiver/ { print $7, $5 * 1e6 }'
udp='/receiver/ { split($(NF - 2), p, "/"); n = p[2] - p[1]; print n / '$seconds' / 1e3, n }'
# iperf FROM TO FILTER IPERF-ARGUMENTS...
iperf() {
	guest_exec a "$1" "iperf3 -f m -c $(guest_address a "$2") -t $seconds ${*:4} | grep receiver" | tr -d '\r' | awk "$3"
}
# By pktgen: packets that arrive, sent by the guest's kernel.
packets() { packets_from a "$1" "$(guest_mac "$(on a cat "/run/guests/$2.number")" 0)" "$seconds" packets_at_guest a "$2"; }
# measure_row ROW FROM TO
measure_row() {
	local ms
	measure "$1.tcp" "$2 $3" 1e9 iperf "$2" "$3" "$tcp"
	measure "$1.packets" "$2 $3" 1e6 packets "$2" "$3"
	measure "$1.udp64" "$2 $3" 1e6 iperf "$2" "$3" "$udp" -u -l 64 -b 0
	ms=$(round_trip "$2" "$(guest_address a "$3")")
	[ -n "$ms" ] || fail "no ping from $2 to $3"
	got[$1.ping]+="$(awk "BEGIN { print $ms * 1000 }") "
	note "round $round: $1: TCP $(measured_last "$1.tcp") Mb/s, packets $(measured_last "$1.packets") kpps"
}
prepare() {
	case $1 in
	switch | direct) bridges '"xenbr0"' ;;
	bridge | plane) bridges '' ;;
	esac
}
# Whoever goes first loses: the order turns with the rounds.
order=$rows
for ((round = 1; round <= rounds; round++)); do
	for row in $order; do
		prepare $row
		case $row in
		kernel) measure_row kernel kernel1 kernel2 ;;
		*) measure_row $row ng1 ng2 ;;
		esac
	done
	order="${order#* } ${order%% *}"
done
for row in $rows; do
	for w in tcp packets udp64; do
		# shellcheck disable=SC2046 # words
		figures row $row what $w rounds "$rounds" $(medians $row.$w "$(per_of $w)")
	done
	# shellcheck disable=SC2086 # lists
	figures row $row what ping rounds "$rounds" us "$(median ${got[$row.ping]})"
done
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
