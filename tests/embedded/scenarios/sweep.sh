# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Every call that the daemon makes of xenstore, of grants, event channels, TAPs, io_uring and its event loop fails once
# while a guest comes, sets up its hash and static grants, and goes, with readers of the statistics all the time: the daemon
# lives, nothing is left behind, the guest comes again, and its neighbour has noticed nothing.
#
#   g1 (netfront-ng-sweep), g2 (ng) -- netback-ngd -- xenbr0 -- outside
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

SWEEP=$(built netfront-ng-sweep)
# Every call, or every third, where the others were tried already.
STEP=${SWEEP_STEP:-3}

failing_daemon_start() {
	# What is preloaded comes before a sanitizer's own library, and that is as it should be.
	spawn netback-ngd dom0 env XENSIM_FAILING=netback-ngd LD_PRELOAD="$BUILD/tests/xensim/lib/libxensim-failing.so" \
		ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}" "$NETBACK" -c $CONF
	until_ok 10 daemon_ready || problem "netback-ngd does not serve: $(tail -n 1 "$DIR/netback-ngd.log")"
}

read_statistics() { while :; do "$NGCTL" -j stats; "$NGCTL" vifs; done; }

# sweep KIND MODE QUEUES [OPTION...]
sweep() {
	local kind=$1 mode=$2 queues=$3
	shift 3
	daemon_alive || failing_daemon_start
	env XENSIM_DOMID=1 "$SWEEP" --daemon "$(cat "$DIR/netback-ngd.pid")" --kind "$kind" --mode "$mode" \
		--queues "$queues" --xensim "$XENSIM" --options "mac=$(mac 1 0) bridge=xenbr0 script=$VIF_SCRIPT" "$@" 10.9.0.11 10.9.0.1 10.9.0.12 >"$DIR/sweep.out" || {
		cat "$DIR/sweep.out"
		fail "$(head -n 1 "$DIR/sweep.out")"
	}
	cat "$DIR/sweep.out"
	"$XENSIM" fault 0 clear
	daemon_alive || fail "the daemon died"
}

must network_start
daemon_configure "workers = 2"
must failing_daemon_start
must guest_new 1
must guest_start 2 ng 1
read_statistics >/dev/null 2>&1 &
for kind in store grant evtchn tap loop uring; do
	case_run "$kind-ng" sweep $kind-call ng 2
done
case_run operation-ng sweep uring-op ng 1
# What is left of these where no static grants are and vhost-net is tried first, and where the vif itself comes and goes.
for kind in store grant evtchn tap uring; do
	case_run "$kind-stock" sweep $kind-call stock 1 --step "$STEP"
done
case_run operation-stock sweep uring-op stock 1 --step "$STEP"
for kind in store tap loop; do
	case_run "$kind-plug" sweep $kind-call ng 1 --plug --step "$STEP"
done
