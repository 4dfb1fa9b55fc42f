# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# Scenarios: scenarios/NAME.sh says which hosts it needs (a line "# hosts: a" or "# hosts: both")
# and runs in a shell of its own with these functions. It ends with status 0, or with "fail WHY";
# figures it gives with "figures KEY VALUE..." go out as one JSON line.

# ---- for scenarios ----

fail() {
	printf '%s\n' "$*" >"$scenario_dir/why"
	exit 1
}
figures() {
	local text="" comma=""
	while [ $# -gt 1 ]; do
		case $2 in
		'' | *[!0-9.-]*) text+="$comma\"$1\":\"$2\"" ;;
		*) text+="$comma\"$1\":$2" ;;
		esac
		comma=,
		shift 2
	done
	printf "%s" "$text" >"$(printf "%s/figures.%02d" "$scenario_dir" "$(find "$scenario_dir" -name "figures.*" | wc -l)")"
}
note() { printf '    %s\n' "$*" >&2; }
# wait_for SECONDS WHAT COMMAND...
wait_for() {
	local seconds=$1 what=$2
	shift 2
	until_true "$seconds" "$@" >/dev/null 2>&1 || fail "$what: not within $seconds s"
}
# check WHAT COMMAND...
check() {
	local what=$1
	shift
	"$@" >"$scenario_dir/output" 2>&1 || fail "$what: $(tail -n 3 "$scenario_dir/output" | tr '\n' ' ')"
}
on() { host_ssh "$@"; }
median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { printf "%.4g", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
daemon() { on "$1" /opt/lab/netback-ngd-unit "${@:2}"; }
# The TAP or kernel interface of a guest's vif.
vif_name() { echo "vif$(on "$1" xl domid "$2").${3:-0}"; }
# Whose is it? "netback-ngd" or "kernel".
vif_owner() {
	local path
	path=backend/vif/$(on "$1" xl domid "$2")/${3:-0}
	if [ "$(on "$1" xenstore-read "$path/served-by" 2>/dev/null)" = netback-ngd ]; then
		echo netback-ngd
	else
		echo kernel
	fi
}
vif_state() { on "$1" xenstore-read "backend/vif/$(on "$1" xl domid "$2")/${3:-0}/state"; }
# The host's NIC with virtual functions, and the PCI address of its Nth (0...).
pf_name() { on "$1" "basename \$(dirname \$(dirname \$(ls -d /sys/class/net/*/device/sriov_numvfs)))"; }
vf_address() { on "$1" "basename \$(readlink /sys/class/net/*/device/virtfn$2)"; }
# Dom0 and guest seconds of CPU time so far: "DOM0 GUEST".
cpu_seconds() { on "$1" "xl list" | awk -v g="$2" '$1 == "Domain-0" { d = $NF } $1 == g { n = $NF } END { print d, n }'; }
ping_guest() { on "$1" "ping -q -c ${3:-5} -i 0.2 -W 5 $2"; }
# iperf JSON on the host; prints a jq expression of the result. iperf_host HOST FILTER IPERF-ARGUMENTS...
iperf_host() {
	local h=$1 filter=$2
	shift 2
	on "$h" "iperf3 -J $* >/run/iperf.json; jq -r 'if .error then \"error: \" + .error else ($filter) end' /run/iperf.json"
}

# ---- the runner ----

# A line "# needs: migration": skipped, and counted so, where the hypervisor cannot.
scenario_can_run() { ! grep -q '^# needs: migration' "$1" || can_migrate; }
scenario_hosts() { sed -n 's/^# hosts: //p' "$1" | head -n 1; }

clean_host() {
	host_ssh "$1" "for d in \$(xl list | awk 'NR > 2 { print \$1 }'); do xl destroy \$d; done
		for f in ping iperf; do [ ! -e /run/\$f.pid ] || kill -9 \$(cat /run/\$f.pid); rm -f /run/\$f.pid; done
		/opt/lab/netback-ngd-unit stop; rm -rf /run/guests; dmesg -C >/dev/null" >/dev/null 2>&1
}

print_figures() {
	local f
	for f in "$scenario_dir"/figures.*; do
		[ -e "$f" ] && printf '{"scenario":"%s",%s}\n' "$1" "$(cat "$f")"
	done
}

run_scenario() {
	local name=$1 file=$2 began=$SECONDS
	scenario_dir=$run_dir/scenario
	rm -rf "$scenario_dir" && mkdir -p "$scenario_dir"
	if (
		set -u
		# shellcheck disable=SC1090 # chosen by name
		. "$file"
	); then
		say "ok $name ($((SECONDS - began)) s)"
		passed=$((passed + 1))
	else
		say "not ok $name: $(cat "$scenario_dir/why" 2>/dev/null || echo "it ended early")"
		failed=$((failed + 1))
		hosts_logs >"$cache/log/failed-$name" 2>&1
		say "    | logs: $cache/log/failed-$name"
	fi
	print_figures "$name"
}

# In the order of their numbers.
all_scenarios() { find "$lab_dir/scenarios" -name '*.sh' -printf '%f\n' | sort | sed 's/^[0-9]*-//; s/\.sh$//'; }

lab_run() {
	local name file h passed=0 failed=0 skipped=0
	# shellcheck disable=SC2046 # a list of words
	[ $# -gt 0 ] || set -- $(all_scenarios)
	lab_build
	[ -n "${LAB_KEEP:-}" ] || trap hosts_down EXIT
	trap 'exit 130' INT TERM HUP
	for name in "$@"; do
		file=$(find "$lab_dir/scenarios" -name "$name.sh" -o -name "[0-9]*-$name.sh" | head -n 1)
		[ -n "$file" ] || die "no scenario \"$name\"; there are: $(all_scenarios | tr '\n' ' ')"
		scenario_can_run "$file" || {
			say "skipped $name: this hypervisor cannot migrate PV guests (tests/lab/README)"
			skipped=$((skipped + 1))
			continue
		}
		hosts_up "$(scenario_hosts "$file")"
		for h in $(hosts_alive); do clean_host "$h"; done
		run_scenario "$name" "$file"
	done
	say "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
	[ $failed = 0 ]
}
