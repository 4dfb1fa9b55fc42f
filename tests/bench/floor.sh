# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How much of the floor is reached: one guest's traffic with the outside through the daemon,
# beside a minimal copier between two TAPs, in alternating rounds of one run.
#
#   c1 -- tap-copier -- TAP c1 --+
#   g1 (stock) -- netback-ngd ---+-- xenbr0 -- outside
#   g2 (ng)    -- netback-ngd ---+
#
# Environment: ROUNDS (5), SECONDS_EACH (2), CONF_LINES (netback-ng.conf, one a line), QUEUES (1).
# Prints one JSON line a measurement and a table of medians at the end.
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../embedded/lib.sh"

rounds=${ROUNDS:-5} each=${SECONDS_EACH:-2} queues=${QUEUES:-1} paths=${PATHS:-c1 g1 g2}
results=$DIR/results.json
: >"$results"

ip4() {
	case $1 in
	outside) echo 10.9.0.1 ;;
	c1) echo 10.9.0.9 ;;
	*) echo "10.9.0.$((10 + ${1#g}))" ;;
	esac
}

copier_start() {
	ns_new c1
	spawn copier dom0 "$(built tap-copier)" eth0 c1 /run/netns/c1 /run/netns/dom0
	until_ok 5 ip -n c1 link show eth0 && until_ok 5 ip link show c1 || return 1
	ip link set c1 master xenbr0 up
	ip -n c1 link set eth0 address 00:16:3e:00:09:00
	addr c1 eth0 9
}

# record PATH WHAT VALUE
record() {
	printf '{"path":"%s","what":"%s","value":%s}\n' "$@" | tee -a "$results"
}

tcp() { iperf "$1" outside "$each" "${@:3}" | jq '.end.sum_received.bits_per_second / 1e9' | { read -r v; record "$1" "$2" "${v:-0}"; }; }
udp() {
	iperf "$1" outside "$each" -u -b 0 -l 22 "${@:3}" |
		jq '.end.sum_received // .end.sum | (.packets - .lost_packets) / .seconds / 1e3' |
		{ read -r v; record "$1" "$2" "${v:-0}"; }
}
rtt() {
	in_ns "$1" ping -q -c 100 -i 0.01 10.9.0.1 |
		sed -n 's,.*= [0-9.]*/\([0-9.]*\)/.*,\1,p' | { read -r v; record "$1" rtt_ms "${v:-0}"; }
}

must network_start
# shellcheck disable=SC2086
daemon_configure ${CONF_LINES:-}
must daemon_start
must copier_start
must guest_start 1 stock "$queues"
must guest_start 2 ng "$queues"
for p in $paths; do must reach "$p" outside; done
for ((round = 0; round < rounds; round++)); do
	for p in $paths; do
		tcp "$p" tcp_out_gbps
		tcp "$p" tcp_in_gbps -R
		udp "$p" udp64_out_kpps
		udp "$p" udp64_in_kpps -R
		rtt "$p"
	done
done
jq -rs '
	def median: sort | if length == 0 then 0 else .[length / 2 | floor] end;
	group_by(.what)[] | .[0].what as $w | group_by(.path) |
	map({key: .[0].path, value: (map(.value) | median)}) | from_entries |
	"\($w)\t" + (to_entries | map("\(.key) \(.value * 1000 | round / 1000)" +
		(if .key != "c1" then "" else "" end)) | join("\t"))' "$results" | tee "$DIR/table" >&3
for p in $paths; do [ "$p" = c1 ] || jq -rs --arg p "$p" '
	def median: sort | .[length / 2 | floor];
	[group_by(.what)[] | .[0].what as $w |
	 (map(select(.path == "c1").value) | median) as $c | (map(select(.path == $p).value) | median) as $g |
	 "\($w) \($g / $c * 100 | round / 100)"] | "\($p) of the floor: " + join(", ")' "$results" >&3; done
ngctl stats >"$DIR/stats"
$XENSIM stats >>"$DIR/stats"
echo "ok floor" >&3
