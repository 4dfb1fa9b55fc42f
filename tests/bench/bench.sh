# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the benchmarks share: measurements as JSON lines in $DIR/results.json, medians as a table.
# Rounds alternate between what is compared, since the machine's speed drifts.
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../embedded/lib.sh"

results=$DIR/results.json
: >"$results"
seconds=${SECONDS_EACH:-2}

# record WHO WHAT: the value comes on stdin, one number.
record() {
	local v
	read -r v
	printf '{"who":"%s","what":"%s","value":%s}\n' "$1" "$2" "${v:-null}" | tee -a "$results"
}

# tcp FROM TO [CLIENT-OPTION...]: Gb/s that arrived.
tcp() { iperf "$1" "$2" "$seconds" "${@:3}" | jq '.end.sum_received.bits_per_second / 1e9'; }

# udp64 FROM TO [CLIENT-OPTION...]: thousands of 64-byte frames a second that arrived.
udp64() {
	iperf "$1" "$2" "$seconds" -u -b 0 -l 22 "${@:3}" |
		jq '.end.sum_received // .end.sum | (.packets - .lost_packets) / .seconds / 1e3'
}

# udp1400 FROM TO: thousands of frames of MTU size a second that arrived.
udp1400() { udp64 "$@" -l 1400; }

# rtt FROM TO: median round trip in microseconds of 200 pings, one every 5 ms.
rtt() {
	in_ns "$1" ping -n -c 200 -i 0.005 "$(ip4 "$2")" |
		sed -n 's/.*time=\([0-9.]*\) ms/\1/p' | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] * 1000 }'
}

# table BASE: medians by WHAT and WHO, each WHO also as its ratio to BASE.
table() {
	jq -rs --arg base "$1" '
		def median: map(values) | sort | if length == 0 then null else .[length / 2 | floor] end;
		def show: if . == null then "-" else . * 100 | round / 100 | tostring end;
		group_by(.what)[] | .[0].what as $what
		| (map(select(.who == $base).value) | median) as $b
		| group_by(.who) | map({ who: .[0].who, n: length, value: (map(.value) | median) })
		| "\($what)\t" + (map("\(.who) \(.value | show)" +
			(if .who == $base or $b == null or .value == null then "" else " (x\(.value / $b | show))" end)) | join("\t"))
		' "$results" | column -t -s "$(printf '\t')" | tee "$DIR/table"
}
