# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How much of the floor is reached: a guest's traffic with the outside through the daemon, beside a
# minimal copier between two TAPs.
#
#   c1 eth0 -- tap-copier -- c1 ---+
#   g1 (stock) -- netback-ngd -----+-- xenbr0 -- outside
#   g2 (ng) ----- netback-ngd -----+
#
# Environment: ROUNDS (5), SECONDS_EACH (2), QUEUES (1), CONF (lines of netback-ng.conf, one a word).
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"

ip4() {
	case $1 in
	outside) echo 10.9.0.1 ;;
	c1) echo 10.9.0.9 ;;
	*) echo "10.9.0.$((10 + ${1#g}))" ;;
	esac
}

copier_start() {
	ns_new c1
	spawn copier dom0 "$(built tap-copier)" eth0 c1 /run/netns/c1 /run/netns/dom0
	until_ok 5 ip -n c1 link show eth0 && until_ok 5 ip link show c1 || return 1
	ip link set c1 master xenbr0 up
	ip -n c1 link set eth0 address 00:16:3e:00:09:00
	addr c1 eth0 9
}

must network_start
# shellcheck disable=SC2086 # one line of configuration a word
daemon_configure ${CONF_LINES:-}
must daemon_start
must copier_start
must guest_start 1 stock "${QUEUES:-1}"
must guest_start 2 ng "${QUEUES:-1}"
for p in c1 g1 g2; do must reach $p outside; done
for ((round = 0; round < ${ROUNDS:-5}; round++)); do
	for p in c1 g1 g2; do
		tcp $p outside | record $p tcp_out_gbps
		tcp $p outside -R | record $p tcp_in_gbps
		udp64 $p outside | record $p udp64_out_kpps
		udp64 $p outside -R | record $p udp64_in_kpps
		rtt $p outside | record $p ping_us
	done
done
{
	echo "c1: TAP-to-TAP copier, g1: stock guest, g2: netfront-ng guest; medians of ${ROUNDS:-5} rounds"
	table c1
	echo "ok floor"
} >&3
ngctl stats >"$DIR/stats"
"$XENSIM" stats >>"$DIR/stats"
