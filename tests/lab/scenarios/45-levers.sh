# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# What each setting is worth to a stock guest: every round measures the kernel's back end, netback-ngd as
# it comes, and netback-ngd with one setting changed at a time. One line per setting and direction, with the
# CPU seconds of Dom0 and guest, and what the daemon counted in the last round, per GB or per million packets.
# LAB_LEVERS: rows (all); LAB_ROWS: more of them, lines "NAME CONFIGURATION"; LAB_WHAT: tcp_to tcp_from udp64_to udp64_from; LAB_DOM0_VCPUS=2 is for "lab up".
rounds=${LAB_ROUNDS:-1}
seconds=${LAB_SECONDS:-4}
what=${LAB_WHAT:-tcp_to tcp_from}
# NAME CONFIGURATION
rows="\
kernel -
default
io_uring port=\"io_uring\"
vhost port=\"vhost\"
split port=\"split\"
copy_batch_16 copy_batch=16
copy_grants_off copy_grants=false
aligned_copy_off aligned_copy=false
early_response_off early_response=false
hold_off_off coalesce_usecs=0
polling_off poll_usecs=0
gso_off gso=false
quantum_65536 quantum_bytes=65536
two_workers workers=2
${LAB_ROWS:-}"
# A stall: a second with less than a twentieth of the mean.
stalls='([.intervals[].sum.bits_per_second] | (add / length / 20) as $few | map(select(. < $few)) | length) as $stalls |'
tcp="$stalls .end.sum_received | \"\\(.bits_per_second / 1e6) \\(.bytes) \\(\$stalls)\""
udp="$stalls .end.sum | \"\\((.packets - .lost_packets) / .seconds / 1e3) \\(.packets - .lost_packets) \\(\$stalls)\""
counted="tx_copy_calls tx_copy_segments tx_bursts tx_notifies rx_copy_calls rx_copy_segments rx_bursts rx_notifies \
events tap_submits tap_calls tx_frames rx_frames"
declare -A got

chosen() { printf '%s\n' "$rows" | while read -r name rest; do
	[ -n "$name" ] || continue
	case " ${LAB_LEVERS:-$name} " in *" $name "*) echo "$name $rest" ;; esac
done; }
reached() { on a "ping -q -c 1 -W 2 $(guest_address a "$1")"; }
# configure LINE: the daemon with this one setting; the guest comes back by itself.
configure() {
	on a "mkdir -p /etc/xen; printf '%s\n' '$1' >/etc/xen/netback-ng.conf"
	[ "$1" != "${running-}" ] || return 0
	daemon a stop
	check "start the daemon with $1" daemon a start
	wait_for 60 "the guest's vif with $1" reached ng
	running=$1
}
# Sums over queues and earlier connections, in the order of $counted.
counters() {
	on a "netback-ngctl -j stats $ng_vif" | jq -r --arg names "$counted" '[.vifs[0].data | .queues[], .past] as $q
		| [$names | split(" ")[] | . as $k | [$q[][$k] // 0] | add] | map(tostring) | join(" ")'
}
# iperf GUEST WHAT
iperf() {
	local filter=$tcp arguments=""
	case $2 in udp64*) filter=$udp arguments="-u -l 64 -b 0" ;; esac
	case $2 in *_from) arguments+=" -R" ;; esac
	# shellcheck disable=SC2086 # words
	iperf_host a "$filter" -c "$(guest_address a "$1")" -t "$seconds" $arguments
}
# measure_row ROW GUEST WHAT: the rate, its stalls, and what the daemon counted meanwhile.
measure_row() {
	local key=$1.$3 per began amount stalls
	per=$(per_of "$3") began=$(counters)
	measure "$key" "$2" "$per" iperf "$2" "$3"
	read -r _ amount stalls <<<"$measured"
	got[$key.stalls]=$((${got[$key.stalls]:-0} + stalls))
	[ "$1" != kernel ] || return 0
	got[$key.counts]=$(awk -v names="$counted" -v b="$began" -v e="$(counters)" -v n="$amount" -v per="$per" 'BEGIN {
		split(names, k, " "); split(b, x, " "); split(e, y, " ")
		for (i = 1; i in k; i++) printf "%s %.0f ", k[i], (y[i] - x[i]) / n * per }')
}

daemon a stop
on a "rm -f /etc/xen/netback-ng.conf; modprobe xen-gntalloc; echo 16384 >/sys/module/xen_gntalloc/parameters/limit"
check "start the daemon" daemon a start
check "create the guest on the kernel" guest_create a kernel
LAB_GUEST_EXTRA=${LAB_NG_EXTRA:-} check "create the guest on netback-ngd" guest_create a ng script=vif-ng
ng_vif=$(vif_name a ng)
for ((round = 1; round <= rounds; round++)); do
	while read -r name setting <&3; do
		guest=ng
		if [ "$name" = kernel ]; then guest=kernel; else configure "$setting"; fi
		for w in $what; do measure_row "$name" $guest "$w"; done
		note "round $round: $name: $(for w in $what; do printf '%s %s; ' "$w" "$(measured_last "$name.$w")"; done)"
	done 3< <(chosen)
done
while read -r name setting; do
	for w in $what; do
		# shellcheck disable=SC2046,SC2086 # words
		figures row "$name" what "$w" rounds "$rounds" $(medians "$name.$w" "$(per_of "$w")") stalls "${got[$name.$w.stalls]}" ${got[$name.$w.counts]:-}
	done
done < <(chosen)
daemon a stop
on a "rm -f /etc/xen/netback-ng.conf"
