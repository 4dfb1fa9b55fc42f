# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2086,SC2154 # variables are shared between the parts of the lab; lists of words
# For scenarios that compare, in rounds: a rate, and the CPU time that it took on host a. What was found is in got[],
# which the scenario declares, by keys of its own.

# Dom0's and the guests' seconds of CPU time so far: "DOM0 GUESTS". cpu_seconds HOST GUEST...
cpu_seconds() {
	on "$1" "xl list" | awk -v guests=" ${*:2} " '
		$1 == "Domain-0" { d = $NF }
		index(guests, " " $1 " ") { n += $NF }
		END { print d, n }'
}
# measure KEY GUESTS PER COMMAND...: COMMAND prints a rate, and of how many bytes or packets. The rate goes to got[KEY],
# the CPU seconds for each PER of those (1e9 bytes, 1e6 packets) to got[KEY.dom0] and got[KEY.guest]; all that COMMAND
# printed is in "measured".
measure() {
	local key=$1 guests=$2 per=$3 before after
	before=$(cpu_seconds a $guests)
	measured=$("${@:4}")
	case $measured in *error* | '') fail "$key: $measured" ;; esac
	after=$(cpu_seconds a $guests)
	set -- $before $after $measured
	got[$key]+="$5 "
	got[$key.dom0]+="$(awk "BEGIN { print ($3 - $1) / $6 * $per }") "
	got[$key.guest]+="$(awk "BEGIN { print ($4 - $2) / $6 * $per }") "
}
# The last round's.
measured_last() { set -- ${got[$1]}; printf '%.3g' "${!#}"; }
lowest() { printf '%s\n' "$@" | sort -g | awk 'NR == 1 { printf "%.4g", $1 }'; }
highest() { printf '%s\n' "$@" | sort -gr | awk 'NR == 1 { printf "%.4g", $1 }'; }
# All rounds' medians, and the least and the highest rate, as words for "figures". medians KEY PER
medians() {
	local unit=Mbps per=GB
	[ "$2" = 1e9 ] || unit=kpps per=Mpackets
	echo rate "$(median ${got[$1]})" least "$(lowest ${got[$1]})" most "$(highest ${got[$1]})" unit $unit dom0_s "$(median ${got[$1.dom0]})" guest_s "$(median ${got[$1.guest]})" per $per
}
# round_trip GUEST ADDRESS PING-OPTIONS...: the mean of 20 from a guest of host a, in milliseconds ("... min/avg/max = 1.2/3.4/5.6 ms").
round_trip() {
	guest_exec a "$1" "ping -q -c 20 ${*:3} $2 | grep min/avg" | tr -d '\r' | sed 's/.*= *[0-9.]*\/\([0-9.]*\)\/.*/\1/'
}
# What a measured rate is of, by its name.
per_of() { case $1 in tcp*) echo 1e9 ;; *) echo 1e6 ;; esac; }
