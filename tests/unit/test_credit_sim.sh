#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The simulator, whose time is its own and whose random numbers are fixed: the adjuster helps the I/O domain,
# no CPU-bound one loses more than the share, and a thousand domains are no problem.
set -eu
sim=credit-adjust/sim/credit-adjust-sim

# value KEY LINE: of one JSON line
value() { printf '%s\n' "$2" | sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }

# compare SCHEDULER OPTION...: more frames by 15 %, no later answers, hogs keep 79 % (the share is 20 %, and whole weights)
compare() {
	out=$($sim -s "$@")
	plain=$(printf '%s\n' "$out" | head -n 1)
	adjusted=$(printf '%s\n' "$out" | tail -n 1)
	printf '%s\n' "$out"
	awk -v f0="$(value frames_per_s "$plain")" -v f1="$(value frames_per_s "$adjusted")" \
		-v l0="$(value p99_ms "$plain")" -v l1="$(value p99_ms "$adjusted")" \
		-v h0="$(value hogs_share "$plain")" -v h1="$(value hogs_share "$adjusted")" \
		'BEGIN { exit !(f1 > f0 * 1.15 && l1 <= l0 && h1 > h0 * 0.79) }' ||
		{ echo "FAIL: $*" >&2; exit 1; }
}

for scheduler in credit credit2; do
	for hogs in 2 3 5; do
		compare $scheduler -t 30 -n $hogs
	done
done
compare credit -t 12 -c 64 -i 300 -n 700 -d 8
! $sim -s rtds 2>/dev/null
! $sim -n 5000 2>/dev/null
