# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# One physical CPU for Dom0, an I/O guest and CPU hogs, the adjuster off and on in alternating rounds of one boot.
# The scheduler is the boot's: LAB_XEN_OPTIONS=sched=credit or sched=credit2 (Xen's default).
rounds=${LAB_ROUNDS:-3}
seconds=${LAB_SECONDS:-8}
hogs=${LAB_HOGS:-3}
log=/var/log/credit-adjustd.log

# The second CPU leaves the pool: what is pinned instead would still count as a share of two CPUs.
check "leave one CPU in the pool" on a "xl cpupool-list -c | grep -q '0,1\|0-1' && xl cpupool-cpu-remove Pool-0 1; true"
scheduler=$(on a xl info | awk '$1 == "xen_scheduler" { print $3 }')
check "create the I/O guest" guest_create a io
for ((i = 1; i <= hogs; i++)); do
	check "create hog $i" guest_create a "hog$i"
done
for ((i = 1; i <= hogs; i++)); do
	check "start hog $i" guest_exec a "hog$i" 'yes >/dev/null 2>&1 &'
done
address=$(guest_address a io)

adjuster_on() {
	on a "mkdir -p /var/lib/xen-net-ng; setsid credit-adjustd >>$log 2>&1 </dev/null & echo \$! >/run/credit-adjustd.pid"
	wait_for 30 "credit-adjustd answers" on a credit-adjustctl version
}
adjuster_off() {
	on a "[ ! -e /run/credit-adjustd.pid ] || kill \$(cat /run/credit-adjustd.pid); rm -f /run/credit-adjustd.pid"
	wait_for 30 "credit-adjustd ends" on a "! pidof credit-adjustd"
	[ "$(on a "xl sched-$scheduler" | awk '$1 == "Domain-0" { print $3 }')" = 256 ] ||
		fail "Dom0's weight is not its baseline after a stop"
}
# CPU seconds so far: "NAME SECONDS" lines.
cpu_times() { on a "xl list" | awk 'NR > 1 { print $1, $NF }'; }
# Mean share of all CPU time that a hog got between two files of cpu_times.
hog_share() {
	awk 'NR == FNR { before[$1] = $2; next } { d = $2 - before[$1]; all += d; if ($1 ~ /^hog/) { h += d; n++ } }
		END { print h / n / all }' "$1" "$2"
}

declare -A got
pings=$scenario_dir/pings
# measure MODE DIRECTION IPERF-OPTION...: throughput, pings meanwhile, the hogs' share. Five seconds to settle first.
measure() {
	local mode=$1 direction=$2 out
	shift 2
	on a "iperf3 -J -c $address -t $((seconds + 6)) -O 6 $* >/run/iperf.json & iperf=\$!
		sleep 6; xl list >/run/before; ping -n -i 0.05 -w $seconds $address >/run/pings; xl list >/run/after; wait \$iperf"
	out=$(on a "jq -r '.end.sum_received.bits_per_second / 1e6' /run/iperf.json")
	case $out in null | '') fail "iperf3 $direction: $(on a "jq -r .error /run/iperf.json")" ;; esac
	got[$direction.$mode]+="$out "
	on a "cat /run/pings" | sed -n 's/.*time=\([0-9.]*\) ms/\1/p' >>"$pings.$direction.$mode"
	on a "cat /run/before" | awk 'NR > 1 { print $1, $NF }' >"$scenario_dir/before"
	on a "cat /run/after" | awk 'NR > 1 { print $1, $NF }' >"$scenario_dir/after"
	got[$direction.$mode.hog]+="$(hog_share "$scenario_dir/before" "$scenario_dir/after") "
}
p99() { sort -g "$1" | awk '{ v[NR] = $1 } END { i = int(NR * 0.99 + 0.999); print v[i > NR ? NR : i] }'; }

for ((round = 1; round <= rounds; round++)); do
	for mode in off on; do
		"adjuster_$mode"
		measure $mode to
		measure $mode from -R
		[ $mode = off ] || on a credit-adjustctl status >&2
	done
	adjuster_off
	note "round $round, $scheduler: to $(set -- ${got[to.off]}; echo "${!#}") -> $(set -- ${got[to.on]}; echo "${!#}") Mb/s," \
		"from $(set -- ${got[from.off]}; echo "${!#}") -> $(set -- ${got[from.on]}; echo "${!#}") Mb/s"
done
for direction in to from; do
	for mode in off on; do
		# shellcheck disable=SC2086 # lists
		figures scheduler "$scheduler" direction $direction adjuster $mode rounds "$rounds" hogs "$hogs" \
			mbps "$(median ${got[$direction.$mode]})" each "$(echo ${got[$direction.$mode]})" \
			ping_p99_ms "$(p99 "$pings.$direction.$mode")" pings "$(wc -l <"$pings.$direction.$mode")" \
			hog_share "$(median ${got[$direction.$mode.hog]})"
	done
done
note "the adjuster's log: $(on a "grep -c weight $log") changes of weights"
on a "xl cpupool-cpu-add Pool-0 1" >/dev/null 2>&1 || :
