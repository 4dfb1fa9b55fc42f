# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The pair beside DPDK's memif on the same two CPUs, alternating: frames a second of 64 bytes and Gb/s of 1514.
#
#   memif: testpmd txonly (CPU 1) ------------> testpmd rxonly (CPU 0)
#   hop:   generator (ng, CPU 1) -------------> netback-ngd's worker (CPU 0), which takes, checks and drops them
#   vifs:  generator (ng, CPU 1) -> netback-ngd's worker (CPU 0) -> sink (ng, CPU 1): one hop and one process more
#
# A hop's frames are dropped by the filter of source addresses, the last check before they would be forwarded; it
# moves no payload, so 1514 bytes are compared between memif, which copies twice, and vifs, which copies once.
# testpmd never sleeps, so a hop's generator does not either, and the daemon polls. In vifs the generator shares
# its CPU with the sink: both sleep.
# Needs dpdk-testpmd (package dpdk-dev). Environment: ROUNDS (5), SECONDS_EACH (2).
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"
GEN=$(built netfront-ng-gen)
command -v dpdk-testpmd >/dev/null || {
	skip memif "dpdk-testpmd is not installed (package dpdk-dev)"
	exit
}

# testpmd NAME CPU ROLE OPTION...: until its standard input ends.
testpmd() {
	local name=$1 cpu=$2 role=$3
	shift 3
	spawn "$name" dom0 sh -c 'seconds=$1; shift; sleep "$seconds" | exec "$@"' testpmd $((seconds + 3)) \
		dpdk-testpmd --lcores "0@$cpu,1@$cpu" --no-huge -m 256 --no-pci --file-prefix "$name" \
		--vdev "net_memif0,role=$role,socket=$DIR/memif.sock,socket-abstract=no,rsize=10,bsize=2048" \
		-- --auto-start --stats-period 1 --no-mlockall --total-num-mbufs=16384 --no-numa "$@"
}
# The best full second: the first and the last are not whole.
memif() {
	local bytes=$1 pps
	: >"$DIR/rxonly.log"
	testpmd rxonly 0 server --forward-mode=rxonly
	until_ok 10 test -S "$DIR/memif.sock"
	testpmd txonly 1 client --forward-mode=txonly --txpkts="$bytes"
	until_ok 30 not alive txonly && until_ok 30 not alive rxonly
	pps=$(sed -n 's/.*Rx-pps: *\([0-9]*\).*/\1/p' "$DIR/rxonly.log" | sort -n | tail -n 1)
	figures memif "$bytes" "${pps:-0}"
}

# figures WHO BYTES FRAMES-A-SECOND
figures() {
	echo "$3" | awk '{ print $1 / 1e6 }' | record "$1" "mpps_$2"
	echo "$3 $2" | awk '{ print $1 * $2 * 8 / 1e9 }' | record "$1" "gbps_$2"
}

# generate WHO FROM TO BYTES COUNTER-OF: the daemon's count of what arrived.
generate() {
	local who=$1 from=$2 to=$3 bytes=$4 before frames spin=""
	shift 4
	[ "$who" != hop ] || spin=--spin
	before=$(vif_sum "$@")
	# shellcheck disable=SC2086 # a word or none
	in_ns "g$from" taskset -c 1 env XENSIM_DOMID="$from" "$GEN" --mode ng --tx "$bytes" $spin \
		--dst "$(mac "$to")" --seconds "$seconds"
	frames=$(($(vif_sum "$@") - before))
	figures "$who" "$bytes" $((frames / seconds))
}
hop() { generate hop 1 2 "$1" 1 .tx_drop_source_mac; }
vifs() { generate vifs 2 3 "$1" 3 .rx_frames; }

must network_start
daemon_configure 'switch_bridges = {"xenbr0"}' 'workers = 1' 'worker_cpus = {"0"}' 'mac_filter = true' 'poll_usecs = 10000'
must daemon_start
for d in 1 2 3; do must guest_new $d; done
# What guest 1 takes for its address is not what the toolstack gave to the back end.
must xenstore-write "$(frontend 1)/mac" 00:16:3e:00:77:77
spawn sink g3 taskset -c 1 env XENSIM_DOMID=3 "$GEN" --mode ng --rx --seconds 3600
must until_ok 10 connected 3
for ((round = 0; round < ${ROUNDS:-5}; round++)); do
	for bytes in 64 1514; do
		memif $bytes
		hop $bytes
		vifs $bytes
	done
done
{
	echo "memif: testpmd to testpmd; hop: generator to daemon; vifs: generator to sink; medians of ${ROUNDS:-5} rounds"
	table memif
	echo "ok memif"
} >&3
ngctl stats >"$DIR/stats"
"$XENSIM" stats >>"$DIR/stats"
