# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A front end that posts few receive buffers, as boot loaders do and guests that are short of memory:
# what its buffers can hold arrives, from the outside and from the switch; what they cannot is lost, and nothing else.
#
#   g1 (--rx-buffers N) -- netback-ngd -- xenbr0 -- outside
#   g2                  --+  (switch)
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

# boots N KIND OPTION...: g1 with N buffers is reached by the outside and by g2.
boots() {
	local n=$1 kind=$2
	shift 2
	guest_new 1 mtu=16000
	guest_boot 1 "$kind" 1 --mtu 1500 --rx-buffers "$n" "$@"
	reach g1 outside
	pings g1 outside 50 -s 1400
	reach g1 g2
	pings g2 g1 50 -s 1400
	flows g1 outside -R
	flows g1 outside
	steps_aside
	guest_end 1
}

receiver_drops() { vif_sum 2 .tx_drop_receiver; }
none_connects() { xs_is "$(backend 3)/state" 4; }
dropped_for_g3() { [ "$(receiver_drops)" -gt "$1" ]; }

# A guest that takes no frames at all, and keeps none of the host's memory: another one sends it 100 MB, by the switch.
takes_none() {
	local memory before
	guest_new 3
	spawn evil g3 env XENSIM_DOMID=3 "$EVIL" --attack no-buffers
	until_ok 10 none_connects || fail "it does not connect"
	bridge fdb replace "$(mac 3)" dev vif3.0 master static
	reach g2 outside
	memory=$(daemon_memory) before=$(receiver_drops || true)
	datagrams g2 eth0 3 75000
	until_ok 10 dropped_for_g3 $((${before:-0} + 1000)) || fail "g2's frames did not go by the switch"
	daemon_grew_little "$memory" "frames that nobody takes"
	pings g2 outside 50
	stop evil
}

drops() { vif_sum 1 .rx_drop_no_slots; }
dropped_since() { [ "$(drops)" -gt "$1" ]; }

# A frame bigger than all buffers together keeps nobody waiting for good.
steps_aside() {
	local before
	[ "$n" -le 2 ] && [ "$big" = 1 ] || return 0
	before=$(drops)
	in_ns outside ping -q -c 1 -W 1 -s 12000 "$(ip4 g1)" >/dev/null || true
	until_ok 10 dropped_since "$before" || fail "the frame of three pages was not given up"
	reach g1 outside
}

must network_start 16000
# On a busy machine g1 may not post its one buffer again within the millisecond that g2 waits by default.
daemon_configure 'switch_bridges = {"xenbr0"}' 'stall_usecs = 500000'
must daemon_start
must guest_start 2 stock 1
big=1
for n in 64 18 4 1; do
	case_run "sg-$n" boots $n stock --no-tso
done
case_run "gso-18" boots 18 stock
case_run "ng-4" boots 4 ng --no-tso
case_run "halves-2" boots 2 ng --no-tso --half-pages on
big=0
case_run "no-sg-1" boots 1 stock --no-tso --no-csum --no-sg
case_run "none" takes_none
