# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# deadline: 3600
# What each parameter of xen-netback-ng.ko is worth, in one boot: a stock guest on xen-netback, and a stock one and one with
# netfront-ng on the module, every round as it comes and with one parameter changed at a time. The order turns.
# LAB_LEVERS: rows (all); LAB_GUESTS: stock, ng (both); LAB_WHAT: what is measured.
rounds=${LAB_ROUNDS:-1}
seconds=${LAB_SECONDS:-3}
what=${LAB_WHAT:-tcp_to tcp_from packets_from packets_to}
# NAME PARAMETER OFF ON
rows="\
default - - -
gro_off gro 0 1"
tcp='.end.sum_received | "\(.bits_per_second / 1e6) \(.bytes)"'
declare -A got

chosen() { printf '%s\n' "$rows" | while read -r name rest; do
	case " ${LAB_LEVERS:-$name} " in *" $name "*) echo "$name $rest" ;; esac
done; }
parameter() { [ "$1" = - ] || on a "echo $2 >/sys/module/xen_netback_ng/parameters/$1"; }
run_one() {
	case $2 in
	tcp_to) iperf_host a "$tcp" -c "$(guest_address a "$1")" -t "$seconds" ;;
	tcp_from) iperf_host a "$tcp" -c "$(guest_address a "$1")" -t "$seconds" -R ;;
	packets_from) packets_to_host "$1" "$seconds" ;;
	packets_to) packets_to_guest "$1" "$seconds" ;;
	esac
}
measure_row() {
	local w
	for w in $what; do measure "$1.$2.$w" "$2" "$(per_of "$w")" run_one "$2" "$w"; done
	note "round $round: $1, $2: $(for w in $what; do printf '%s %s; ' "$w" "$(measured_last "$1.$2.$w")"; done)"
}
measure_parameter() {
	local guest
	parameter "$2" "$3"
	for guest in ${LAB_GUESTS:-stock ng}; do measure_row "$1" "$guest"; done
	parameter "$2" "$4"
}

check "the kernel's data plane" kernel_plane a
check "start the daemon" daemon a start
check "create the guest on xen-netback" guest_create a kernel
check "create the stock guest" guest_create a stock script=vif-ng
LAB_GUEST_EXTRA=lab.netfront=ng check "create the guest with netfront-ng" guest_create a ng script=vif-ng
wait_for 60 "the guests answer" ping_guest a "$(guest_address a ng)" 3
mapfile -t list < <(chosen)
for ((round = 1; round <= rounds; round++)); do
	[ $((round % 2)) = 0 ] || measure_row xen-netback kernel
	# The first of one round is the last of the next.
	for ((i = 0; i < ${#list[@]}; i++)); do
		# shellcheck disable=SC2086 # words
		measure_parameter ${list[(i + round) % ${#list[@]}]}
	done
	[ $((round % 2)) = 1 ] || measure_row xen-netback kernel
done
for key in "${!got[@]}"; do
	case $key in *.dom0 | *.guest) continue ;; esac
	# shellcheck disable=SC2046 # words
	figures row "${key%%.*}" guest "$(cut -d. -f2 <<<"$key")" what "${key##*.}" rounds "$rounds" $(medians "$key" "$(per_of "${key##*.}")")
done
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
