# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# For scenarios: what a guest's clients notice while it is moved about. One stream of pings, one TCP connection, both
# from one host throughout; marks say when, by that host's clock, a phase began; then what was lost in each.

# probe_begin HOST ADDRESS [INTERVAL]; the phase "before" begins with the fiftieth answer.
probe_begin() {
	probe_host=$1
	: >"$scenario_dir/marks"
	ping_begin "$1" "$2" "${3:-0.01}" || fail "cannot ping from $1"
	wait_for 60 "pings from $1" ping_seen "$1" 50
	probe_mark before
}
probe_now() { on "$probe_host" 'echo $EPOCHREALTIME'; }
# probe_mark NAME [TIME]
probe_mark() { echo "${2:-$(probe_now)} $1" >>"$scenario_dir/marks"; }
probe_earlier() { awk -v t="$1" -v ms="$2" 'BEGIN { printf "%.3f", t - ms / 1000 }'; }
# Seconds since that mark.
probe_since() { probe_now | awk -v name="$1" 'NR == FNR { now = $1; next } $2 == name { printf "%.1f", now - $1 }' - "$scenario_dir/marks"; }

# The last phase ends, and so do the pings: their log goes to the scenario's directory.
probe_end() {
	probe_mark end
	on "$probe_host" "kill -INT \$(cat /run/ping.pid); rm /run/ping.pid; until grep -q 'packets transmitted' /run/ping.log; do :; done"
	on "$probe_host" "cat /run/ping.log" >"$scenario_dir/ping.log"
}
# Lines "NAME SECONDS PINGS LOST GAP_MS", of the whole or so far.
probe_phases() { awk -f "$lab_dir/lib/phases.awk" "$scenario_dir/marks" "$scenario_dir/ping.log"; }
# probe_phase NAME: sets seconds, pings, lost and gap (ms).
probe_phase() { read -r _ seconds pings lost gap <<<"$(probe_phases | grep "^$1 ")"; }

# stream_begin HOST ADDRESS BITS [IPERF-ARGUMENT...]: one connection, BITS a second (0: all it can); stream_lives is true
# while nothing broke it.
stream_begin() {
	stream_host=$1
	on "$1" "iperf3 -c $2 -t 3600 -b $3 -l 8K ${*:4} --forceflush >/run/stream.log 2>&1 </dev/null & echo \$! >/run/iperf.pid"
	wait_for 60 "a TCP connection from $1" on "$1" "grep -q ' connected to ' /run/stream.log"
}
stream_lives() { on "$stream_host" "kill -0 \$(cat /run/iperf.pid) && ! grep -q error /run/stream.log"; }
# It carries bytes in a second that begins now or later. After a silence TCP waits as long again before it tries.
stream_goes_on() {
	local lines
	lines=$(on "$stream_host" "wc -l </run/stream.log")
	wait_for 120 "the open TCP connection goes on, $1" on "$stream_host" \
		"tail -n +$((lines + 2)) /run/stream.log | grep ' sec ' | grep -qv ' 0\.00 Bytes'"
	stream_lives || fail "the TCP stream broke, $1"
}
# What it has carried so far, as "12.3 MBytes".
stream_end() {
	on "$stream_host" "kill -INT \$(cat /run/iperf.pid); while kill -0 \$(cat /run/iperf.pid) 2>/dev/null; do read -r -t 0.1 <> <(:); done
		rm /run/iperf.pid; sed -n 's/.*sec *\([0-9.]* [KMG]*Bytes\).*sender.*/\1/p' /run/stream.log"
}

# On which path g1 is, "vf" or "pv", as the host that it is on sees it.
path_of() { on "$1" "xl-net net-list -j | jq -r '.[] | select(.domain == \"g1\") | .path'"; }

# xlnet_migrate FROM TO: net-migrate, its phases as the marks to-pv, migrate and to-vf. xl-net says how long each took.
xlnet_migrate() {
	local end to_pv migrate to_vf
	check "net-migrate $1 -> $2" on "$1" "xl-net -j net-migrate g1 lab-$2 --timeout 180 >/run/migrate.json"
	end=$(probe_now)
	read -r to_pv migrate to_vf <<<"$(on "$1" "jq -r '\"\\(.to_pv.ms) \\(.migrate.ms) \\(.to_vf.ms)\"' /run/migrate.json")"
	probe_mark to-pv "$(probe_earlier "$end" $((to_pv + migrate + to_vf)))"
	probe_mark migrate "$(probe_earlier "$end" $((migrate + to_vf)))"
	probe_mark to-vf "$(probe_earlier "$end" "$to_vf")"
	probe_mark after "$end"
}
