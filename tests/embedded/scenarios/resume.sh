# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon comes back in a bad moment: the host is short of something, a hotplug script fails, the
# hypervisor cannot map, or the configuration is another one. No running guest pays for that: its front end
# stays connected (stock Linux does not come back from Closed), and is served once the trouble is over.
#
#   g1, g2, g3 (stock) -- netback-ngd (killed, restarted) -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

LOG=$DIR/netback-ngd.log
descriptors() { find "/proc/$(cat "$DIR/netback-ngd.pid")/fd" -type l | wc -l; }
said() { until_ok 20 grep -q "$1" "$LOG" || fail "no line in the log: $1"; }
stayed_connected() { [ "$(grep -c ' connected, ' "$DIR/guest-$1.log")" = 1 ] || fail "g$1 has connected anew"; }

# The front ends are not scheduled meanwhile, as guests on a busy host; else they would act on a Closed at once.
freeze() { for d; do kill -STOP "$(cat "$DIR/guest-$d.pid")"; done; }
thaw() { for d; do kill -CONT "$(cat "$DIR/guest-$d.pid")"; done; }

all_served() {
	local d
	thaw 1 2 3
	for d in 1 2 3; do
		until_ok 30 connected $d || fail "g$d is not served: $("$XENSIM" state $d 0)"
		reach g$d outside
		stayed_connected $d
	done
}

# restart_limited DESCRIPTORS
restart_limited() {
	daemon_stop KILL
	: >"$LOG"
	spawn netback-ngd dom0 prlimit "--nofile=$1:" "$NETBACK" -c $CONF
	until_ok 20 daemon_alive
}

# Descriptors for all but the last of the three, which takes some; then enough, for the running daemon or for the next.
descriptors_short() {
	local limit=$(($(descriptors) - 4))
	freeze 1 2 3
	restart_limited "$limit"
	said '^<3>vif[123].0: .*\(Too many open files\|Cannot allocate memory\).*it is \(tried\|run\) again'
	if [ "$1" = raised ]; then
		prlimit --pid "$(cat "$DIR/netback-ngd.pid")" --nofile=1024:
	else
		daemon_stop KILL
		daemon_start
	fi
	all_served
	if [ "$1" = raised ]; then said '^<6>vif[123].0: .* tries that failed before: [0-9]'; fi
}

map_fails() {
	freeze 1 2 3
	daemon_stop KILL
	: >"$LOG"
	"$XENSIM" fault 0 map-fail count=1
	daemon_start
	said '^<3>vif[123].0: cannot connect yet: mapping'
	all_served
	said '^<6>vif[123].0: can connect again'
}

### A hotplug script that fails

script_by_hand() {
	env XENBUS_PATH=backend/vif/1/0 XENBUS_BASE_PATH=backend XENBUS_TYPE=vif vif=vif1.0 script=$VIF_SCRIPT \
		$VIF_SCRIPT online type_if=vif
}

restart_without_bridge() {
	touch /run/script-fails
	daemon_stop KILL
	: >"$LOG"
	daemon_start
	for d in 1 2 3; do said "^<3>vif$d.0: its hotplug script failed (1)"; done
	[ "$(xs_read "$(backend 1)/state")" = 2 ] || fail "g1: $("$XENSIM" state 1 0)"
	rm /run/script-fails
}

script_itself() {
	restart_without_bridge
	all_served
	said '^<6>vif1.0: its hotplug script has succeeded'
}

# What the log and the manual advise; each must help at once, not only the timer in the end.
script_mended() {
	restart_without_bridge
	"$@"
	all_served
}

### Other terms: what the daemon before agreed to stays valid

# resumes_with KIND QUEUES BEFORE AFTER [COMMAND...]: the daemon with the one configuration, then with the other;
# COMMAND runs the second one.
resumes_with() {
	local kind=$1 queues=$2 before=$3 after=$4
	shift 4
	daemon_stop
	daemon_configure "$before"
	daemon_start
	rm -f "$DIR/guest-4.log"
	guest_start 4 "$kind" "$queues"
	reach g4 outside
	freeze 4
	daemon_stop KILL
	daemon_configure "$after"
	: >"$LOG"
	spawn netback-ngd dom0 "$@" "$NETBACK" -c $CONF
	until_ok 20 daemon_ready || fail "the daemon does not serve"
	said '^<.>vif4.0: \(connected\|cannot connect\)'
	! grep 'vif4.0: cannot connect' "$LOG" || fail "$(grep 'vif4.0: cannot' "$LOG")"
	thaw 4
	until_ok 20 connected 4 || fail "g4 is not served: $("$XENSIM" state 4 0)"
	reach g4 outside
	flows g4 outside
	flows g4 outside -R
	stayed_connected 4
}

must network_start
rm $VIF_SCRIPT
printf '#!/bin/sh\n[ ! -e /run/script-fails ] || exit 1\nexec %s/vif-script "$@"\n' "$here" >$VIF_SCRIPT
chmod +x $VIF_SCRIPT
daemon_configure "workers = 1"
must daemon_start
for d in 1 2 3; do must guest_start $d stock 1; done
case_run descriptors-short descriptors_short raised
case_run descriptors-short-next-daemon descriptors_short next
case_run map-fail map_fails
case_run script-once script_itself
case_run script-by-hand script_mended script_by_hand
case_run script-reload script_mended ngctl reload
for d in 1 2 3; do guest_end $d; done
case_run fewer-queues resumes_with stock 4 "max_queues = 4" "max_queues = 2"
guest_end 4
case_run fewer-queues-ng resumes_with ng 4 "max_queues = 4" "max_queues = 1"
guest_end 4
case_run fewer-cpus resumes_with stock "$(nproc | awk '{ print $1 < 4 ? $1 : 4 }')" "max_queues = 0" "max_queues = 0" taskset -c 0
guest_end 4
for key in sg gso csum split_events multicast_control; do
	case_run "no-$key" resumes_with stock 2 "$key = true" "$key = false"
	guest_end 4
done
for key in ctrl_ring static_grants; do
	case_run "no-$key" resumes_with ng 2 "$key = true" "$key = false"
	guest_end 4
done
