# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f phases.awk MARKS PING-LOG: what each phase of a story cost, from one "ping -D" that went on throughout.
# MARKS has a line "TIME NAME" where each phase begins, in order; the last only ends the one before. Prints for each
# NAME, its seconds, pings sent, lost, and the longest silence that began in it, in ms.
function phase_of(t, i) {
	for (i = n; i > 0 && at[i] > t; i--)
		;
	return i
}

FILENAME == ARGV[1] { at[++n] = $1; name[n] = $2; next }
/DUP/ || !/bytes from/ { next }
{
	t = substr($1, 2) + 0
	# The number has 16 bits, and answers may overtake each other.
	seq = $0
	sub(/.*icmp_seq=/, "", seq)
	seq = seq + turns * 65536
	if (answers && seq < highest - 32768) {
		turns++
		seq += 65536
	} else if (answers && seq > highest + 32768) {
		seq -= 65536
	}
	rtt = $0
	sub(/.*time=/, "", rtt)
	sent[seq] = t - rtt / 1000
	if (!answers++)
		lowest = highest = seq
	if (seq > highest)
		highest = seq
	p = phase_of(last)
	if (last && t - last > gap[p])
		gap[p] = t - last
	last = t
}

END {
	# A lost one was sent between its neighbours.
	for (seq = before = lowest; seq <= highest; seq++) {
		if (!(seq in sent))
			continue
		pings[phase_of(sent[seq])]++
		for (k = before + 1; k < seq; k++) {
			p = phase_of(sent[before] + (sent[seq] - sent[before]) * (k - before) / (seq - before))
			pings[p]++
			lost[p]++
		}
		before = seq
	}
	for (i = 1; i < n; i++)
		printf "%s %.1f %d %d %d\n", name[i], at[i + 1] - at[i], pings[i], lost[i], gap[i] * 1000
}
