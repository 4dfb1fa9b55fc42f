# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# No packet is lost silently: what one end of the daemon took in, the other gave out or a drop
# counter holds. Under overload, in both directions, and between two guests.
#
#   g1 (flooded, floods) -- netback-ngd -- vif1.0 -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# Frames the kernel handed to (tx of the device) and took from (rx) the TAP of vif D.
tap_tx() { cat "/sys/class/net/vif$1.0/statistics/tx_packets"; }
tap_rx() { cat "/sys/class/net/vif$1.0/statistics/rx_packets"; }
tap_rx_dropped() { cat "/sys/class/net/vif$1.0/statistics/rx_dropped"; }

sent_by_guest() { guest_sum "$1" .tx_packets; }
received_by_guest() { guest_sum "$1" .rx_packets; }

# What a guest sent is what left by the TAP, went to another vif, or was dropped and counted.
tx_balanced() {
	local sent out dropped
	sent=$(sent_by_guest 1)
	out=$(vif_sum 1 '.tx_to_tap + .tx_to_vif')
	dropped=$(vif_sum 1 '[to_entries[] | select(.key | startswith("tx_drop_")) | .value] | add')
	echo "sent $sent, delivered $out, dropped and counted $dropped; the kernel saw $(tap_rx 1)"
	[ "$sent" -gt 1000 ] && [ "$sent" = $((out + dropped)) ] && [ "$(tap_rx 1)" = "$out" ]
}

# What the kernel put into the TAP reached the guest or was dropped and counted.
rx_balanced() {
	local given out dropped
	given=$(tap_tx 1)
	out=$(received_by_guest 1)
	dropped=$(vif_sum 1 '[to_entries[] | select(.key | startswith("rx_drop_") or startswith("rx_filtered_")) | .value] | add')
	echo "given $given, received $out, dropped and counted $dropped"
	[ "$given" -gt 1000 ] && [ "$given" = $((out + dropped)) ]
}

balanced() {
	# The look that balanced is the one that counts: the next may catch a frame on its way.
	until_ok 10 eval "$1 >$DIR/balance" || fail "$(cat "$DIR/balance")"
	cat "$DIR/balance"
}

# floods ENOUGH ARGUMENT...: until so many frames were sent.
floods() {
	local enough=$1
	shift
	flows "$@"
	until [ "$($enough 1)" -gt 1000 ]; do flows "$@"; done
}

tx_flood() {
	floods sent_by_guest g1 outside -u -b 0 -l 64
	balanced tx_balanced
}

rx_flood() {
	floods tap_tx g1 outside -u -b 0 -l 64 -R
	balanced rx_balanced
	flows g1 outside
	flows g1 outside -R
	balanced tx_balanced
	balanced rx_balanced
}

must network_start
daemon_configure
must daemon_start
for kind in stock ng; do
	must guest_start 1 $kind 1
	must reach g1 outside
	case_run "$kind-guest-floods" tx_flood
	case_run "$kind-guest-is-flooded" rx_flood
	must guest_end 1
	must until_ok 10 not ip link show vif1.0
done
