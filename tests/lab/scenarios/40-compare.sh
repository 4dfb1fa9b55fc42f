# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 2
# A stock guest on the kernel's back end against one on netback-ngd: one boot, alternating rounds.
rounds=${LAB_ROUNDS:-5}
seconds=${LAB_SECONDS:-6}
[ -z "${LAB_KERNEL_PLANE:-}" ] || check "the kernel's data plane" kernel_plane a
check "start the daemon" daemon a start ${LAB_NGD_OPTIONS:-}
check "create the guest on the kernel" guest_create a kernel
LAB_GUEST_EXTRA=${LAB_NG_EXTRA:-} check "create the guest on netback-ngd" guest_create a ng script=vif-ng

declare -A got
all="tcp_to tcp_from udp64_to udp64_from packets_from packets_to" # the last two by pktgen in a kernel
tcp='.end.sum_received | "\(.bits_per_second / 1e6) \(.bytes)"'
udp='.end.sum | "\((.packets - .lost_packets) / .seconds / 1e3) \(.packets - .lost_packets)"'
iperf() { iperf_host a "$2" -c "$(guest_address a "$1")" -t "$seconds" "${@:3}"; }
for ((round = 1; round <= rounds; round++)); do
	# Whoever goes first loses: each is first every other round.
	order="kernel ng"
	[ $((round % 2)) = 1 ] || order="ng kernel"
	for guest in $order; do
		measure tcp_to.$guest $guest 1e9 iperf $guest "$tcp"
		measure tcp_from.$guest $guest 1e9 iperf $guest "$tcp" -R
		measure udp64_to.$guest $guest 1e6 iperf $guest "$udp" -u -l 64 -b 0
		measure udp64_from.$guest $guest 1e6 iperf $guest "$udp" -u -l 64 -b 0 -R
		measure packets_from.$guest $guest 1e6 packets_to_host $guest "$seconds"
		measure packets_to.$guest $guest 1e6 packets_to_guest $guest "$seconds"
	done
	note "round $round: $(for k in $all; do printf '%s %s / %s; ' "$k" "$(measured_last $k.ng)" "$(measured_last $k.kernel)"; done)(netback-ngd / kernel)"
done
for k in $all; do
	for guest in kernel ng; do
		# shellcheck disable=SC2046 # words
		figures what $k backend $guest rounds "$rounds" $(medians $k.$guest "$(per_of $k)")
	done
done
