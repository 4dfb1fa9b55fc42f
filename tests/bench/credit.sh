#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What credit-adjustd costs: CPU time of the daemon with 100 domains, a vif each, half of them computing, and how
# soon it answers a change of the load. On the embedded Xen, whose hypercalls are messages: dearer than Xen's own.
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../embedded/lib.sh"

domains=${CREDIT_DOMAINS:-100} seconds=${CREDIT_SECONDS:-20}
ADJUSTD=$(built credit-adjustd)
ADJUSTCTL=$(built credit-adjustctl)

world() {
	local d
	mkdir -p /run/adjust-state
	ip netns attach dom0 $$
	ns_new g1 && ip link add vif1.0 type veth peer name peer0 netns g1 &&
		ip addr add 10.8.0.1/24 dev vif1.0 && ip link set vif1.0 up &&
		ip -n g1 addr add 10.8.0.2/24 dev peer0 && ip -n g1 link set peer0 up || return
	for ((d = 1; d <= domains; d++)); do
		"$XENSIM" domain create $d && "$XENSIM" domain load $d 50 $((d % 2 * 50 + 50)) || return
		[ $d = 1 ] || ip link add vif$d.0 type veth peer name p$d netns g1 || return
	done
	"$XENSIM" domain load 1 20 50
	printf '%s\n' 'control_socket = "/run/adjust/control"' 'state_dir = "/run/adjust-state"' >/run/credit-adjust.conf
}

# CPU time of the daemon so far, in ticks of 10 ms.
ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$DIR/credit-adjustd.pid")/stat"; }
changed() { [ "$("$XENSIM" weight 3)" != 256 ]; }
back() { [ "$("$XENSIM" weight 3)" = 256 ]; }
answered() { "$ADJUSTCTL" -s /run/adjust/control version; }

must world
spawn credit-adjustd dom0 "$ADJUSTD" -c /run/credit-adjust.conf
must until_ok 10 answered
sleep 3 # it knows all domains
before=$(ticks)
sleep "$seconds"
after=$(ticks)
changed && fail "a weight changed without a load"
spawn flood dom0 ping -f -q 10.8.0.2
began=$(now_ms)
must until_ok 30 changed
up=$(($(now_ms) - began))
sleep 3
busy=$(ticks)
sleep "$seconds"
loaded=$(ticks)
stop flood
began=$(now_ms)
must until_ok 30 back
down=$(($(now_ms) - began))
printf '{"bench":"credit","domains":%s,"cpu_percent_at_rest":%s,"cpu_percent_adjusting":%s,"settles_ms":%s,"returns_ms":%s}\n' \
	"$domains" "$(awk "BEGIN { print ($after - $before) / $seconds }")" \
	"$(awk "BEGIN { print ($loaded - $busy) / $seconds }")" "$up" "$down" | tee /dev/fd/3
echo "ok credit" >&3
