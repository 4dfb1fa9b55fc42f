# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A guest that floods the bridge with broadcasts pays for the copies: beside it a neighbour's frames have their
# turn, to the outside and from it. The order in which frames leave the host is counted, no time: the daemon
# stands still until as many of both wait.
#
#   g1 (broadcasts) --+
#   g2 (neighbour)  --+-- netback-ngd (one worker) -- xenbr0 -- outside
#   g3              --+
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

burst=240
# Of the storm's frames, so many may leave before the neighbour's last: two turns of g1's; without a charge for the
# copies it is all of them.
most=180

address() { ip -j -n "$1" link show "$2" | jq -r '.[0].address'; }

# Frames that arrive outside, by the last byte but one of their source: a guest's number.
listener='
	socket(my $s, 17, 3, 0x0300) or die "socket: $!";
	setsockopt($s, 1, 33, pack("i", 8 << 20));
	$| = 1;
	while (defined recv($s, my $f, 100, 0)) {
		my ($dst, $src, $type) = unpack("H12 H12 n", $f);
		print hex(substr($src, 8, 2)), "\n" if $type == 0x0800;
	}'

arrived() { grep -cx "$1" "$DIR/listener.log"; }
all_arrived() { [ "$(arrived 1)" -ge $burst ] && [ "$(arrived 2)" -ge $burst ]; }
queued() { [ "$(guest_sum "$1" .tx_packets)" -ge "$2" ]; }
daemon_is() { grep -q "^State:.$1" "/proc/$(cat "$DIR/netback-ngd.pid")/status"; }

# sends GUEST ADDRESS
sends() {
	local want
	want=$(($(guest_sum "${1#g}" .tx_packets) + burst))
	in_ns "$1" bash -c "for ((i = 0; i < $burst; i++)); do echo -n x >/dev/udp/$2/9; done"
	until_ok 10 queued "${1#g}" "$want"
}

# Both rings are as good as full when the daemon goes on.
beside_a_storm() {
	local before
	: >"$DIR/listener.log"
	kill -STOP "$(cat "$DIR/netback-ngd.pid")"
	until_ok 5 daemon_is T || fail "the daemon does not stop"
	sends g1 10.9.0.200 && sends g2 10.9.0.201 || {
		kill -CONT "$(cat "$DIR/netback-ngd.pid")"
		fail "the guests' rings do not fill"
	}
	kill -CONT "$(cat "$DIR/netback-ngd.pid")"
	until_ok 10 all_arrived || fail "$(arrived 1) and $(arrived 2) of $burst frames arrived"
	before=$(awk -v all=$burst '$1 == 1 { storm++ } $1 == 2 && ++n == all { print storm + 0; exit }' "$DIR/listener.log")
	echo "$before of $burst broadcasts before the last of $burst frames of the neighbour's"
	[ "$before" -le $most ] || fail "$before broadcasts went before the neighbour's last frame"
}

must network_start
daemon_configure "workers = 1" "$@"
must daemon_start
for d in 1 2 3; do must guest_start $d stock 1; done
for d in 1 2 3; do must reach g$d outside; done
ip -n g1 neigh replace 10.9.0.200 lladdr ff:ff:ff:ff:ff:ff dev eth0 nud permanent
ip -n g2 neigh replace 10.9.0.201 lladdr "$(address outside out0)" dev eth0 nud permanent
must spawn listener outside perl -e "$listener"
case_run by-the-bridge beside_a_storm
daemon_configure "workers = 1" 'switch_bridges = {"xenbr0"}'
must ngctl reload
case_run by-the-switch beside_a_storm
