# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# deadline: 3000
# What each technique is worth to the pair: a guest with the kernel module on netback-ngd, every round as it comes and
# with one technique changed at a time, by the daemon's configuration, the module's parameters or ethtool in the guest.
# One line per row and direction, with the CPU seconds of Dom0 and guest per GB or per million packets.
# LAB_LEVERS: rows (all); LAB_GUEST_VCPUS=2 for the row two_queues, LAB_STREAMS=N connections at a time (1).
rounds=${LAB_ROUNDS:-1}
seconds=${LAB_SECONDS:-3}
# NAME|CONFIGURATION|MODULE PARAMETERS|COMMAND
rows="\
default|||
static_grants_off||static_grants=0|
half_pages||half_pages=1|
direct_read_off|direct_read=false||
prefetch_off|prefetch=false||
huge_pages|huge_pages=true||
hold_off_off|coalesce_usecs=0||ethtool -C eth0 rx-usecs 0
adaptive_off|coalesce_adaptive=false||ethtool -C eth0 adaptive-rx off
polling_off|poll_usecs=0||
gso_off|||ethtool -K eth0 tso off gso off
gro_off|||ethtool -K eth0 gro off
checksum_off|||ethtool -K eth0 tx off rx off
two_queues|max_queues=2||"
tcp='.end.sum_received | "\(.bits_per_second / 1e6) \(.bytes)"'
declare -A got

chosen() { printf '%s\n' "$rows" | while IFS='|' read -r name rest; do
	[ "$name" != two_queues ] || [ "${LAB_GUEST_VCPUS:-1}" -gt 1 ] || continue
	case " ${LAB_LEVERS:-$name} " in *" $name "*) echo "$name|$rest" ;; esac
done; }
reached() { on a "ping -q -c 1 -W 2 $one"; }
set_row() {
	on a "mkdir -p /etc/xen; printf '%s\n' '$2' >/etc/xen/netback-ng.conf"
	daemon a stop
	check "start the daemon with $1" daemon a start
	check "load the module with $1" module_reload a ng "$one" "$3"
	wait_for 60 "the guest's vif with $1" reached
	[ -z "$4" ] || check "$4" guest_exec a ng "$4"
	wait_for 60 "the guest's vif with $1" reached
}
tcp_to() { iperf_host a "$tcp" -c "$one" -t "$seconds" -P "${LAB_STREAMS:-1}"; }
tcp_from() { iperf_host a "$tcp" -c "$one" -t "$seconds" -P "${LAB_STREAMS:-1}" -R; }
packets() { packets_to_host ng "$seconds"; }

daemon a stop
on a "rm -f /etc/xen/netback-ng.conf; modprobe xen-gntalloc; echo 16384 >/sys/module/xen_gntalloc/parameters/limit"
check "start the daemon" daemon a start
LAB_GUEST_EXTRA=lab.netfront=ng check "create the guest" guest_create a ng script=vif-ng
one=$(guest_address a ng)
for ((round = 1; round <= rounds; round++)); do
	while IFS='|' read -r name config parameters command <&3; do
		set_row "$name" "$config" "$parameters" "$command"
		for w in tcp_to tcp_from packets; do measure "$name.$w" ng "$(per_of $w)" $w; done
		note "round $round: $name: $(for w in tcp_to tcp_from packets; do printf '%s %s; ' $w "$(measured_last "$name.$w")"; done)"
	done 3< <(chosen)
done
while IFS='|' read -r name _; do
	for w in tcp_to tcp_from packets; do
		# shellcheck disable=SC2046,SC2086 # words
		figures row "$name" what "$w" rounds "$rounds" each "$(printf "%.0f " ${got[$name.$w]})" $(medians "$name.$w" "$(per_of $w)")
	done
done < <(chosen)
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
