# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemon cannot start, or not serve a new vif: the log says what failed and what to do.
#
#   g1 -- netback-ngd (with too few descriptors, too little memory, a taken name) -- xenbr0
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

LOG=$DIR/netback-ngd.log
ended_or_ready() { not daemon_alive || daemon_ready; }

# With each limit it serves, or ends with an error that names the part and the remedy before the last word.
starts_or_says_why() {
	local option=$1 remedy=$2 n ended=0
	shift 2
	for n; do
		: >"$LOG"
		spawn netback-ngd dom0 prlimit "$option=$n:" "$NETBACK" -c $CONF
		until_ok 60 ended_or_ready || fail "$option=$n: neither serves nor ends"
		if daemon_alive; then
			daemon_stop
			continue
		fi
		ended=$((ended + 1))
		echo "$option=$n: $(grep '^<3>' "$LOG" | head -n 1)"
		# With next to nothing the loader itself ends it.
		! grep -q 'error while loading shared libraries' "$LOG" || continue
		grep -v '^<3>cannot start' "$LOG" | grep -q "^<3>.*: .*$remedy" || fail "$option=$n: $(cat "$LOG")"
	done
	[ $ended -gt 0 ] || fail "no limit was too small"
}

### A new vif

attached() {
	"$XENSIM" domain create 1 && ns_new g1
	vif_attach 1 0 >"$DIR/attach.log" 2>&1 &
	attaching=$!
	until_ok 30 grep -q "$1" "$LOG" || fail "the log does not say: $1"
}

name_taken() {
	daemon_start
	ip link add vif1.0 type bridge
	attached '^<3>vif1.0: cannot create its TAP: File exists; another interface has that name'
	ip link del vif1.0
	served
}

descriptors_short() {
	daemon_start
	prlimit --pid "$(cat "$DIR/netback-ngd.pid")" --nofile="$(find "/proc/$(cat "$DIR/netback-ngd.pid")/fd" -type l | wc -l)":
	attached '^<3>vif1.0: cannot create its TAP: Too many open files.*LimitNOFILE'
	prlimit --pid "$(cat "$DIR/netback-ngd.pid")" --nofile=1024:
	served
}

# The toolstack was still waiting.
served() {
	wait $attaching
	guest_boot 1 stock 1
	reach g1 outside
	guest_end 1
	daemon_stop
}

must network_start
daemon_configure "workers = 1"
case_run descriptors starts_or_says_why --nofile "LimitNOFILE" 5 6 7 8 9 10 11 12 13 14 16 18 20 22 24
if [ $SLOW = 1 ]; then # a sanitizer needs terabytes of addresses
	case_run memory starts_or_says_why --as "short of memory" 20000000 50000000 100000000 200000000
fi
case_run name-taken name_taken
case_run descriptors-for-a-vif descriptors_short
