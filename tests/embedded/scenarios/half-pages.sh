# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Half-page receive buffers: g1 asks for them, g2 does not. Frames of all sizes arrive, copied or over
# static grants, from the outside and from each other; a daemon that is started anew goes by what was
# agreed on before; where it is not offered, whole pages serve; a guest that says nonsense loses its frame.
#
#   g1 (ng, half pages)  --+
#   g2 (ng, whole pages) --+-- netback-ngd -- xenbr0 (mtu 9000) -- outside (mtu 9000)
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

half_slots() { vif_sum "$1" .rx_half_slots; }
pages() { guest_sum "$1" '.static_grants + .ordinary_grants'; }

# The front end's own word, and what it costs its two queues: each 256 pages to send from, and 128 or
# 256 to receive into.
has_pages() {
	[ "$(pages "$1")" = $((2 * $2)) ] || fail "g$1 has $(pages "$1") pages, not $((2 * $2))"
	jq -e ".features.half_pages == $3" "$DIR/guest-$1.json" >/dev/null || fail "g$1: half_pages is not $3"
}

all_flow() {
	reach "$1" "$2"
	pings "$1" "$2" 20
	pings "$1" "$2" 20 -M "do" -s 1472
	pings "$1" "$2" 20 -M "do" -s 2007
	pings "$1" "$2" 20 -M "do" -s 8972
	flows "$1" "$2"
	flows "$1" "$2" -R
	flows "$1" "$2" -6 -R
	flows "$1" "$2" -u -l 64 -b 5M -R
}

in_halves() {
	local before
	has_pages 1 384 true
	has_pages 2 512 false
	before=$(half_slots 1)
	all_flow g1 outside
	all_flow g2 outside
	all_flow g1 g2
	[ $(($(half_slots 1) - before)) -gt 1000 ] || fail "only $(($(half_slots 1) - before)) slots of g1 were half pages"
	[ "$(half_slots 2)" = 0 ] || fail "g2 was given half pages"
	[ "$(guest_sum 1 '.rx_dropped + ([.errors[]] | add)')" = 0 ] || fail "g1 refused frames"
}

# boot OPTION...: g1 anew.
boot() {
	stop guest-1
	guest_boot 1 ng 2 --mtu 9000 "$@"
}

# The key is off by now, but g1 did agree on it: it is offered to nobody new.
restarted() {
	local before
	daemon_stop KILL
	daemon_configure 'switch_bridges = {"xenbr0"}' 'rx_half_pages = false'
	daemon_start
	reach g1 outside
	in_halves
	boot --half-pages on
	before=$(half_slots 1)
	has_pages 1 512 false
	all_flow g1 outside
	[ "$(half_slots 1)" = "$before" ] || fail "half pages without an offer"
	daemon_stop
	daemon_configure 'switch_bridges = {"xenbr0"}'
	daemon_start
	boot --half-pages on
	has_pages 1 384 true
}

evil_errors() { vif_sum 1 '.errors.rx_buffer // 0'; }
evil_seen() { [ "$(evil_errors)" -gt 0 ]; }

# Buffers that are no part of a page: counted by name, each a frame lost, and no more than that.
nonsense() {
	stop guest-1
	xenstore-write "$(frontend 1)/state" 1
	until_ok 5 xs_is "$(backend 1)/state" 2
	ip -n outside neigh replace 10.9.0.11 lladdr "$(mac 1)" dev out0
	spawn knock outside ping -n -i 0.01 10.9.0.11
	in_ns g1 timeout $PATIENCE env XENSIM_DOMID=1 "$EVIL" --mode ng --attack rx-buffer
	until_ok 5 evil_seen || fail "no rx_buffer was counted"
	stop knock
	ip -n outside neigh del 10.9.0.11 dev out0
	daemon_alive || fail "the daemon died"
	guest_boot 1 ng 2 --mtu 9000 --half-pages on
	all_flow g1 outside
}

must network_start 9000
daemon_configure 'switch_bridges = {"xenbr0"}'
must daemon_start
must guest_new 1 mtu=9000
must guest_new 2 mtu=9000
must guest_boot 1 ng 2 --mtu 9000 --half-pages on
must guest_boot 2 ng 2 --mtu 9000
case_run static in_halves
must boot --half-pages on --static off
case_run copied in_halves
must boot --half-pages on
case_run restarted restarted
must boot --half-pages on --no-tso
case_run no-tso in_halves
case_run nonsense nonsense
