# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# port = "vhost". Where the machine has no usable /dev/vhost-net, vifs use io_uring, and the log says so once
# and what to do; where it has one, they use it. Either way everything flows, also after a kill.
#
#   g1 (stock, 1 queue) --+
#   g2 (ng, 2 queues)   --+-- netback-ngd -- vifN.0 -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

port_here() { if [ -c /dev/vhost-net ] && (exec 3<>/dev/vhost-net) 2>/dev/null; then echo vhost; else echo io_uring; fi; }
port_of() { ngctl vifs "vif$1.0" | awk 'NR == 2 { print $3 }'; }
port_is() { [ "$(port_of "$1")" = "$2" ]; }
complaints() { grep -c '/dev/vhost-net cannot be used' "$DIR/netback-ngd.log"; }

# shown LIVES: the port of both vifs, and one line of the log for each life of the daemon that fell back.
shown() {
	local d want=0
	for d in 1 2; do
		until_ok 5 port_is $d "$port" || fail "vif$d.0 has port $(port_of $d), not $port"
	done
	[ "$port" = vhost ] || want=$1
	[ "$(complaints)" = "$want" ] || fail "the log says $(complaints) times that there is no vhost-net, not $want"
	[ "$want" = 0 ] || grep -q 'instead. .*port = "io_uring"' "$DIR/netback-ngd.log" || fail "the log has no remedy"
}

all_flow() {
	local d
	for d in 1 2; do
		reach g$d outside
		pings g$d outside 20
		flows g$d outside
		flows g$d outside -R
		flows g$d outside -u -l 64 -b 5M
		flows g$d outside -u -l 64 -b 5M -R
	done
}

killed() {
	daemon_stop KILL
	daemon_start
	reach g1 outside
	reach g2 outside
}

port=$(port_here)
must network_start
daemon_configure 'port = "vhost"'
must daemon_start
must guest_start 1 stock 1
must guest_start 2 ng 2
case_run "shown-$port" shown 1
case_run "flow-$port" all_flow
case_run "kill-$port" killed
case_run "shown-again-$port" shown 2
case_run "flow-again-$port" all_flow
