# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# rate= limits what a guest may send, whatever the guest, other domains and the operator do meanwhile;
# only the toolstack changes it. The bytes are counted, against the time that has passed: a busy
# machine makes them fewer.
#
#   g1 (rate=) -- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

BYTES_PER_S=125000
BURST=$((128 << 10))
# Credit is looked at before a burst is taken: so many bytes may go too early, and are waited for afterwards.
RING=$((256 * 1442))

# As fast as it can, without end: there is always something to send. No TCP, which would take time to find its pace.
flood_start() { spawn flood g1 iperf3 -c 10.9.0.1 -p 5999 -u -b 200M -l 1400 -t 600; }

sent() { vif_sum 1 .tx_bytes; }

# within_rate COMMAND...: for some seconds, again and again to its end, in the background; then once more without it.
within_rate() {
	local from start bytes ms most pid=
	rm -f "$DIR/enough"
	start=$(now_ms)
	from=$(sent)
	if [ $# -gt 0 ]; then
		(until [ -e "$DIR/enough" ] || ! "$@"; do sleep 0.01; done) >/dev/null 2>&1 &
		pid=$!
	fi
	sleep 3
	bytes=$(($(sent) - from))
	ms=$(($(now_ms) - start))
	most=$((BYTES_PER_S * ms / 1000 + 2 * RING))
	echo "$* : $bytes bytes in $ms ms, at most $most"
	[ "$bytes" -le $most ] || fail "$bytes bytes in $ms ms with a limit of $BYTES_PER_S bytes/s: $*"
	: >"$DIR/enough"
	[ -z "$pid" ] || wait $pid
	until_ok 60 beyond "$from" || fail "nothing was sent"
}

guest_writes() { XENSIM_DOMID=1 xenstore-write device/vif/0/state 4; }
domains_come_and_go() { "$XENSIM" domain create 9 && "$XENSIM" domain destroy 9; }
script_again() { xenstore-write "$(backend 1)/hotplug-status" connected; }
same_rate() { xenstore-write "$(backend 1)/rate" $((BYTES_PER_S / 20)),50000; }

# Connecting anew is no way to a new burst either: the old state's rings are taken up at once.
guest_reconnects() {
	XENSIM_DOMID=1 xenstore-write device/vif/0/state 1
	until_ok 60 offered_again
	XENSIM_DOMID=1 xenstore-write device/vif/0/state 4
	until_ok 60 xs_is "$(backend 1)/state" 4
}
# Or connected by the front end itself, which was quicker.
offered_again() { xs_is "$(backend 1)/state" 2 || { xs_is "$(frontend 1)/state" 4 && xs_is "$(backend 1)/state" 4; }; }

# The toolstack's word counts, within the second.
toolstack_changes() {
	local from
	xenstore-write "$(backend 1)/rate" "$((BYTES_PER_S * 100 / 20)),50000"
	from=$(sent)
	until_ok 30 beyond $((from + 20 * BYTES_PER_S)) || fail "a rate that was raised stays as it was"
	same_rate
	sent >/dev/null
	within_rate
}

beyond() { [ "$(sent)" -gt "$1" ]; }

must network_start
daemon_configure "workers = 1"
must daemon_start
must guest_new 1 rate=$((BYTES_PER_S / 20)),50000
must guest_boot 1 stock 1
must reach g1 outside
must spawn flood-server outside iperf3 -s -p 5999
must until_ok 10 listening outside 5999
must flood_start
must until_ok 20 beyond $((2 * BURST))
case_run alone within_rate
case_run guest-writes-its-state within_rate guest_writes
case_run domains-come-and-go within_rate domains_come_and_go
case_run reloads within_rate ngctl reload
case_run script-run-again within_rate script_again
case_run the-same-rate-again within_rate same_rate
case_run toolstack-changes-it toolstack_changes
case_run guest-reconnects within_rate guest_reconnects
