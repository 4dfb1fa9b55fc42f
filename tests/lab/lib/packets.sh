# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# 60-byte frames from a guest's kernel (pktgen), counted where they arrive: a program that sends each with a
# system call would measure itself.

# pktgen_script INTERFACE MAC SECONDS SETTING...: what a shell does: send to MAC, then print the microseconds that it took.
# The IP address is nobody's, so that nobody answers.
pktgen_script() {
	local setting
	printf 'cd /proc/net/pktgen && echo rem_device_all >kpktgend_0 && echo add_device %s >kpktgend_0' "$1"
	for setting in "count 0" "pkt_size 60" "delay 0" "dst_mac $2" "dst 10.77.250.250" "${@:4}"; do
		printf ' && echo %s >%s' "$setting" "$1"
	done
	# "start" returns when all is over.
	printf ' && { echo start >pgctrl & sleep %s; echo stop >pgctrl; wait; sed -n "s/^Result: OK: *\\([0-9]*\\).*/\\1/p" %s; }' "$3" "$1"
}
# A driver that keeps frames in a list of its own, as xen-netback does, takes no frame twice: hence no clones to a vif.
pktgen_guest=("clone_skb 64" "burst 16")
pktgen_host=("xmit_mode queue_xmit" "clone_skb 0")

# packets_from HOST GUEST MAC SECONDS COUNT...: COUNT is a command that prints how many frames have arrived.
# Prints the rate in kpps, and how many there were.
packets_from() {
	local h=$1 guest=$2 mac=$3 seconds=$4 before after usecs
	shift 4
	before=$("$@")
	usecs=$(guest_exec "$h" "$guest" "$(pktgen_script eth0 "$mac" "$seconds" "${pktgen_guest[@]}")" | tr -d '\r' | tail -n 1)
	after=$("$@")
	[ -n "$before" ] && [ -n "$after" ] && [ -n "$usecs" ] || fail "pktgen in $guest: $usecs"
	awk "BEGIN { n = $after - $before; print n / $usecs * 1e3, n }"
}
# packets_to_host GUEST SECONDS: to Dom0 of host a, by the guest's first vif.
packets_to_host() {
	packets_from a "$1" "$(on a cat /sys/class/net/xenbr0/address)" "$2" packets_at_host a "$(vif_name a "$1")"
}
# packets_to_guest GUEST SECONDS: from Dom0 of host a, by the queue of the guest's first vif, as a bridge sends them.
packets_to_guest() {
	local mac before after usecs
	mac=$(guest_mac "$(on a cat "/run/guests/$1.number")" 0)
	before=$(packets_at_guest a "$1")
	usecs=$(on a "modprobe pktgen && $(pktgen_script "$(vif_name a "$1")" "$mac" "$2" "${pktgen_host[@]}")" | tail -n 1)
	after=$(packets_at_guest a "$1")
	[ -n "$before" ] && [ -n "$after" ] && [ -n "$usecs" ] || fail "pktgen to $1: $usecs"
	awk "BEGIN { n = $after - $before; print n / $usecs * 1e3, n }"
}
# packets_at_host HOST INTERFACE, packets_at_guest HOST GUEST: frames that came so far.
packets_at_host() { on "$1" "cat /sys/class/net/$2/statistics/rx_packets"; }
packets_at_guest() { guest_exec "$1" "$2" "cat /sys/class/net/eth0/statistics/rx_packets" | tr -d '\r'; }
