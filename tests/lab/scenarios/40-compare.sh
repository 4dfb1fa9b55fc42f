# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# A stock guest on the kernel's back end against one on netback-ngd: one boot, alternating rounds.
rounds=${LAB_ROUNDS:-5}
seconds=${LAB_SECONDS:-6}
check "start the daemon" daemon a start ${LAB_NGD_OPTIONS:-}
check "create the guest on the kernel" guest_create a kernel
LAB_GUEST_EXTRA=${LAB_NG_EXTRA:-} check "create the guest on netback-ngd" guest_create a ng script=vif-ng

declare -A got
all="tcp_to tcp_from udp64_to udp64_from packets_from" # the last one by pktgen in the guest's kernel
tcp='.end.sum_received | "\(.bits_per_second / 1e6) \(.bytes)"'
udp='.end.sum | "\((.packets - .lost_packets) / .seconds / 1e3) \(.packets - .lost_packets)"'
iperf() { iperf_host a "$2" -c "$(guest_address a "$1")" -t "$seconds" "${@:3}"; }
packets() { packets_from a "$1" "$(on a cat /sys/class/net/xenbr0/address)" "$seconds" packets_at_host a "$(vif_name a "$1")"; }
# measure LABEL GUEST COMMAND...: what COMMAND GUEST ... prints, a rate and how many bytes or packets there were, and
# the CPU seconds of Dom0 and guest per GB or per million packets.
measure() {
	local label=$1 guest=$2 before after line
	before=$(cpu_seconds a "$guest")
	line=$("$3" "$guest" "${@:4}")
	case $line in *error* | '') fail "$label $guest: $line" ;; esac
	after=$(cpu_seconds a "$guest")
	# shellcheck disable=SC2086 # words
	set -- $line $before $after
	got[$label.$guest]+="$1 "
	got[$label.$guest.dom0]+="$(awk "BEGIN { print ($5 - $3) / $2 * ${unit:-1e9} }") "
	got[$label.$guest.domU]+="$(awk "BEGIN { print ($6 - $4) / $2 * ${unit:-1e9} }") "
}
for ((round = 1; round <= rounds; round++)); do
	for guest in kernel ng; do
		measure tcp_to "$guest" iperf "$tcp"
		measure tcp_from "$guest" iperf "$tcp" -R
		unit=1e6 measure udp64_to "$guest" iperf "$udp" -u -l 64 -b 0
		unit=1e6 measure udp64_from "$guest" iperf "$udp" -u -l 64 -b 0 -R
		unit=1e6 measure packets_from "$guest" packets
	done
	note "round $round: $(for k in $all; do
		printf '%s %s / %s; ' $k "$(set -- ${got[$k.ng]}; printf '%.0f' "${!#}")" "$(set -- ${got[$k.kernel]}; printf '%.0f' "${!#}")"
	done)(netback-ngd / kernel)"
done
for k in $all; do
	# shellcheck disable=SC2086 # lists
	for guest in kernel ng; do
		rate=$(median ${got[$k.$guest]})
		figures what $k backend $guest rounds "$rounds" rate "$rate" unit "$([ "${k#tcp}" = "$k" ] && echo kpps || echo Mbps)" \
			dom0_s "$(median ${got[$k.$guest.dom0]})" guest_s "$(median ${got[$k.$guest.domU]})" \
			per "$([ "${k#tcp}" = "$k" ] && echo Mpackets || echo GB)"
	done
done
