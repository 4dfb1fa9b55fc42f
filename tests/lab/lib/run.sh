# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# Scenarios: scenarios/NAME.sh says which hosts it needs ("# hosts: a" or "# hosts: both"), what these must
# be able to ("# needs: migration sriov", any of them), what it takes here ("# takes: SECONDS", 200: LAB_DEADLINE plans with
# it) and what it may take ("# deadline: SECONDS", 600). One that measures for long and asserts little ("# run: by name") is
# not among "all". A scenario runs in
# a shell of its own with these functions and ends with status 0, or with "fail WHY"; figures it gives with
# "figures KEY VALUE..." go out as one JSON line. Before it, its hosts have no guest and no daemon.

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
# Four digits at least, never with an exponent: "figures" takes that for a text.
median() {
	printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END {
		m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		printf m < 1e4 ? "%.4g" : "%.0f", m }'
}
daemon() { on "$1" /opt/lab/netback-ngd-unit "${@:2}"; }
# Before its daemon starts: with port = "kernel" the module moves the packets.
kernel_plane() {
	on "$1" "mkdir -p /etc/xen; echo 'port = \"kernel\"' >/etc/xen/netback-ng.conf
		[ -e /sys/module/xen_netback_ng ] || insmod /opt/lab/xen-netback-ng.ko"
}
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
uuid_of() { on "$1" "basename \$(xenstore-read /local/domain/\$(xl domid $2)/vm)"; }
# killed_at HOST N COMMAND: kill -9 as xl-net is about to make its Nth record in the journal of g1's switches; the first
# is a plan, the others are a step's each. False if it ended before.
killed_at() {
	on "$1" "strace -f -qq -o /dev/null -P /var/lib/xen-net-ng/journal/$(uuid_of "$1" g1).switch~ -e trace=rename \
		-e inject=rename:signal=KILL:when=$2 $3 >/run/killed.log 2>&1 </dev/null; [ \$? = 137 ]"
}
# A stream of pings in the background, one a HOST; ping_end prints "SENT LOST GAP", the longest silence in seconds.
ping_begin() { on "$1" "ping -D -i ${3:-0.1} -W 1 $2 >/run/ping.log 2>&1 </dev/null & echo \$! >/run/ping.pid"; }
ping_seen() { on "$1" "[ \$(grep -c 'bytes from' /run/ping.log) -ge $2 ]"; }
ping_end() {
	on "$1" "kill -INT \$(cat /run/ping.pid); while kill -0 \$(cat /run/ping.pid) 2>/dev/null; do sleep 0.05; done
		rm /run/ping.pid; awk '
			/bytes from/ { t = substr(\$1, 2) + 0; if (last && t - last > g) g = t - last; last = t; n++ }
			/packets transmitted/ { sent = \$1 } END { printf \"%d %d %.2f\", sent, sent - n, g }' /run/ping.log"
}
ping_guest() { on "$1" "ping -q -c ${3:-5} -i 0.2 -W 5 $2"; }
# A TCP stream in the background, one a HOST: iperf_begin HOST IPERF-ARGUMENTS...
iperf_begin() { on "$1" "iperf3 -J ${*:2} >/run/stream.json 2>&1 </dev/null & echo \$! >/run/iperf.pid"; }
iperf_ended() { on "$1" "! kill -0 \$(cat /run/iperf.pid) 2>/dev/null"; }
# What the kernel and the daemon complain of when a page, a grant or a lock went wrong.
no_alarm() { on "$1" "! dmesg | grep -E 'BUG|WARNING|Oops|Call Trace|hung task'"; }
# iperf JSON on the host; prints a jq expression of the result. iperf_host HOST FILTER IPERF-ARGUMENTS...
iperf_host() {
	local h=$1 filter=$2
	shift 2
	on "$h" "iperf3 -J $* >/run/iperf.json; jq -r 'if .error then \"error: \" + .error else ($filter) end' /run/iperf.json"
}

# ---- the runner ----

bounded_group="" bounded_watchdog=""

# The first of what FILE needs that is not there, as a reason; "" if it can run. What only a host can tell counts
# once it is up.
scenario_lacks() {
	local need
	for need in $(sed -n 's/^# needs: //p' "$1"); do
		case $need in
		migration) [ -z "$no_migration" ] || echo "$no_migration" ;;
		sriov) ! host_alive a || host_ssh a test -e /run/lab-sriov || echo "the NIC has no virtual functions" ;;
		*) echo "it needs \"$need\", which nobody knows" ;;
		esac
	done | head -n 1
}
scenario_field() { sed -n "s/^# $2: //p" "$1" | head -n 1; }

clean_host() {
	host_ssh "$1" "for d in \$(xl list | awk 'NR > 2 { print \$1 }'); do xl destroy \$d; done
		for f in ping iperf path credit-adjustd; do [ ! -e /run/\$f.pid ] || kill -9 \$(cat /run/\$f.pid); rm -f /run/\$f.pid; done
		for d in \$(xl pci-assignable-list); do xl pci-assignable-remove \$d; done
		/opt/lab/openvswitch off
		for v in /sys/class/net/*/device/virtfn*; do [ ! -e \$v ] || ip link set \$(basename \${v%/device*}) vf \${v##*virtfn} mac 00:00:00:00:00:00; done
		bridge fdb show br xenbr0 | awk '/^00:16:3e:/ && !/ vlan / { print \$1, \$3 }' | while read mac d; do bridge fdb del \$mac dev \$d master; done
		/opt/lab/netback-ngd-unit stop; rm -rf /run/guests /etc/xen/netback-ng.conf; rmmod xen-netback-ng; dmesg -C; ip neigh flush all; xl cpupool-cpu-add Pool-0 all
		modprobe xen-netback; echo 1 >/sys/bus/xen-backend/drivers_autoprobe" >/dev/null 2>&1
}

# False where a scenario that failed left what only a boot takes away: a guest, a module in use, an interface.
is_clean() {
	host_ssh "$1" "[ \$(xl list | wc -l) = 2 ] && ! [ -e /sys/module/xen_netback_ng ] && ! ls -d /sys/class/net/vif*" >/dev/null 2>&1
}

print_figures() {
	local f
	for f in "$scenario_dir"/figures.*; do
		[ -e "$f" ] && printf '{"scenario":"%s",%s}\n' "$1" "$(cat "$f")"
	done
}

# bounded SECONDS COMMAND...: in a process group of its own, which is ended after the deadline (status 124).
bounded() {
	local seconds=$1 rc
	shift
	rm -f "$run_dir/late"
	set -m
	("$@") </dev/null 8>&- &
	bounded_group=$!
	(bounded_watch "$seconds" "$bounded_group") </dev/null >/dev/null 2>&1 8>&- &
	bounded_watchdog=$!
	disown "$bounded_watchdog" # its end is no news
	set +m
	wait "$bounded_group" 2>/dev/null
	rc=$?
	bounded_end
	[ ! -e "$run_dir/late" ] || rc=124
	return $rc
}
bounded_watch() {
	set +m
	local end=$((SECONDS + $1))
	# Not longer than the lab itself, whatever ended that.
	while [ "$SECONDS" -lt "$end" ] && [ -d "/proc/$$" ]; do read -r -t 1 <> <(:); done
	touch "$run_dir/late"
	kill -KILL -- "-$2"
}
bounded_end() {
	local group
	for group in $bounded_watchdog $bounded_group; do
		kill -KILL -- "-$group"
		until_true 5 process_gone "$group"
	done 2>/dev/null
	bounded_group="" bounded_watchdog=""
}

scenario_body() {
	set -u
	# shellcheck disable=SC1090 # chosen by name
	. "$1"
}

# Status 1, uncounted, if a host fell silent meanwhile: that is the emulator's failure until it happens again.
# So is any other failure where LAB_AGAIN is set, as in CI.
run_scenario() {
	local name=$1 file=$2 again=$3 began=$SECONDS deadline rc
	deadline=$(scenario_field "$file" deadline)
	deadline=${deadline:-600}
	[ $((SECONDS + deadline)) -le "$run_ends" ] || deadline=$((run_ends > SECONDS ? run_ends - SECONDS : 1))
	scenario_dir=$run_dir/scenario
	rm -rf "$scenario_dir" && mkdir -p "$scenario_dir"
	bounded "$deadline" scenario_body "$file"
	rc=$?
	time_for "$file" || again=late
	[ $rc = 0 ] || [ -n "$again" ] || ! end_silent_hosts || return 1
	[ $rc = 0 ] || [ -n "$again" ] || [ -z "${LAB_AGAIN:-}" ] || ! begin_anew "$name" || return 1
	case $rc in
	0)
		say "ok $name ($((SECONDS - began)) s)"
		passed=$((passed + 1))
		;;
	124) not_ok "$name" "not done after $deadline s" ;;
	*) not_ok "$name" "$(cat "$scenario_dir/why" 2>/dev/null || echo "it ended early")" ;;
	esac
	print_figures "$name"
	return 0
}

# LAB_AGAIN: what failed once gets hosts that were just booted; it says so, and keeps what the first try left.
begin_anew() {
	say "  $1 failed: $(cat "$scenario_dir/why" 2>/dev/null || echo "it ended early, or not in time"); its hosts are booted anew"
	hosts_logs >"$cache/log/failed-first-$1" 2>&1
	hosts_down
}

not_ok() {
	say "not ok $1: $2"
	failed=$((failed + 1))
	hosts_logs >"$cache/log/failed-$1" 2>&1
	say "    | logs: $cache/log/failed-$1"
}

# In the order of their numbers.
all_scenarios() { find "$lab_dir/scenarios" -name '*.sh' -printf '%f\n' | sort | sed 's/^[0-9]*-//; s/\.sh$//'; }
# Those that always run, then those whose turn it is (LAB_TURN: a number, or all).
usual_scenarios() {
	scenarios_with ""
	[ -z "${LAB_TURN:-}" ] || scenarios_with "in turn ${LAB_TURN/all/*}"
}
scenarios_with() {
	local name
	for name in $(all_scenarios); do
		# shellcheck disable=SC2053 # a pattern
		[[ $(scenario_field "$(scenario_file "$name")" run) != $1 ]] || echo "$name"
	done
}
scenario_file() { find "$lab_dir/scenarios" -name "[0-9][0-9]-$1.sh"; }

# Hosts that run but do not answer any more are ended, with what Xen says of them kept. True if there was one.
end_silent_hosts() {
	local h rc=1
	for h in $(hosts_alive); do
		host_answers "$h" && continue
		host_autopsy "$h" >"$cache/log/silent-$h" 2>&1
		say "  host $h does not answer any more and was ended; what Xen says of it: $cache/log/silent-$h"
		host_down "$h"
		rc=0
	done
	return $rc
}

# LAB_DEADLINE: the second at which a run ends at the latest. What would take longer does not begin, a second try neither.
run_ends=${LAB_DEADLINE:-86400}
time_for() {
	local takes
	takes=$(scenario_field "$1" takes)
	[ $((SECONDS + ${takes:-200})) -le "$run_ends" ]
}
too_late="not begun, too little time is left of this run's"
# Counts itself as passed, failed or skipped.
lab_run_one() {
	local name=$1 file=$2 why
	why=$(scenario_lacks "$file")
	time_for "$file" || why="$too_late $run_ends s"
	if [ -z "$why" ]; then
		end_silent_hosts
		hosts_ready "$file" || {
			not_ok "$name" "the hosts do not come up"
			return
		}
		why=$(scenario_lacks "$file")
	fi
	if [ -n "$why" ]; then
		not_run "$name" "$why"
		return
	fi
	run_scenario "$name" "$file" "" && return
	say "  $name begins once more"
	hosts_ready "$file" || {
		not_ok "$name" "the hosts do not come up again"
		return
	}
	run_scenario "$name" "$file" again
}
not_run() {
	if [ -n "${LAB_STRICT:-}" ] && ! excused "$1" "$2"; then
		not_ok "$1" "not run: $2"
	else
		say "skipped $1: $2"
		skipped=$((skipped + 1))
	fi
}
# What even LAB_STRICT skips: what nothing on this machine could run, and a turn that came too late.
excused() {
	case $2 in
	"$no_source") return 0 ;;
	"$too_late"*) grep -q '^# run: in turn' "$(scenario_file "$1")" ;;
	*) return 1 ;;
	esac
}
hosts_ready() {
	local h
	hosts_up "$(scenario_field "$1" hosts)" || return 1
	for h in $(hosts_alive); do
		bounded 120 clean_host "$h"
		bounded 60 until_true 20 is_clean "$h" && continue
		say "  host $h cannot be cleaned; the hosts are booted anew"
		hosts_down
		hosts_up "$(scenario_field "$1" hosts)" || return 1
		break
	done
	for h in $(hosts_alive); do
		bounded 60 host_ssh "$h" /opt/lab/vfs "$(grep -q '^# needs:.*sriov' "$1" && echo 4 || echo 0)"
	done
	return 0
}

# Hosts that this run starts end with it, even if it is killed; those that were up before only on its way out.
lab_run() {
	local name passed=0 failed=0 skipped=0
	# shellcheck disable=SC2046 # a list of words
	[ $# -gt 0 ] || set -- $(usual_scenarios)
	for name in "$@"; do
		[ -n "$(scenario_file "$name")" ] || die "no scenario \"$name\"; there are: $(all_scenarios | tr '\n' ' ')"
	done
	lab_build
	exec 8>"$run_dir/lock"
	flock -n 8 || die "another \"lab run\" is at work in $cache; LAB_CACHE names another place"
	[ -n "${LAB_KEEP:-}" ] || host_parent=("${with_parent[@]}")
	trap run_end EXIT
	trap 'exit 130' INT TERM HUP
	for name in "$@"; do
		lab_run_one "$name" "$(scenario_file "$name")"
	done
	say "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
	[ $failed = 0 ]
}
run_end() {
	trap - INT TERM HUP
	bounded_end
	[ -n "${LAB_KEEP:-}" ] || hosts_down
}
