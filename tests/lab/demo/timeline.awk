# SPDX-License-Identifier: GPL-2.0-or-later
# awk -v lead=SECONDS -v dir=DIR -f timeline.awk MARKS PING-LOG PATH-A PATH-B: latency.dat, path.dat and phases.dat in
# DIR, in seconds since the first mark. PATH-X: a host's "TIME FRAMES", what the guest has sent over its vif there; a's
# clock is ahead by "lead". The guest is on a vif whose counter moved; else, when pings were answered, on a VF, but
# not between the two vifs. A counter may be read late, so a VF takes a second without a vif.
function bin(t) { return int((t - zero) * 5) }
function on_vif(b, i) {
	for (i = b - 5; i <= b + 5; i++)
		if (moved[3, i] || moved[4, i])
			return 1
	return 0
}

FNR == 1 { file++ }
file == 1 {
	if (FNR == 1)
		zero = $1
	end = $1 - zero
	t = $1
	$1 = ""
	print t - zero $0 >(dir "/phases.dat")
}
file == 2 && /bytes from/ && !/DUP/ {
	t = substr($1, 2) + 0
	rtt = $0
	sub(/.*time=/, "", rtt)
	answered[bin(t)] = 1
	if (t - zero <= end)
		printf "%.3f %.3f\n", t - zero - rtt / 1000, rtt >(dir "/latency.dat")
}
file >= 3 {
	t = $1 - (file == 3 ? lead : 0)
	if (FNR > 1 && $2 != frames) {
		moved[file, bin(t)] = 1
		if (file == 3)
			left = bin(t)
		if (file == 4 && !arrived)
			arrived = bin(t)
	}
	frames = $2
}

END {
	for (b = 0; b < end * 5; b++) {
		lane = moved[4, b] ? 2 : moved[3, b] ? 3 : !answered[b] || on_vif(b) ? 0 : arrived && b > arrived ? 1 : b < left ? 4 : 0
		if (lane)
			printf "%.1f %d\n", b / 5, lane >(dir "/path.dat")
	}
}
