# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What many vifs cost: memory of the daemon for one vif of one queue, and its CPU time while all of them are idle.
#
#   256 guests (half stock, half ng), one vif each -- netback-ngd
#
# Environment: VIFS (256), SECONDS_EACH (10).
# shellcheck source=tests/bench/bench.sh
. "$(dirname "$0")/bench.sh"
GEN=$(built netfront-ng-gen)
vifs=${VIFS:-256} idle=${SECONDS_EACH:-10}

daemon_pid() { cat "$DIR/netback-ngd.pid"; }
# Its own memory: mapped guest pages are the guests'.
own_kib() { awk '/^RssAnon:/ { print $2 }' "/proc/$(daemon_pid)/status"; }
# CPU time so far, in clock ticks.
ticks() { awk '{ print $14 + $15 }' "/proc/$(daemon_pid)/stat"; }
all_connected() { [ "$(ngctl -j vifs | jq '[.. | objects | select(.state? == "Connected")] | length')" = "$vifs" ]; }

must network_start
daemon_configure 'huge_pages = false'
must daemon_start
for ((d = 1; d <= vifs; d++)); do
	must "$XENSIM" domain create $d
	must vif_attach $d 0
	if ((d == 1)); then before=$(own_kib); fi
	kind=stock
	((d % 2)) || kind=ng
	spawn "guest-$d" dom0 env XENSIM_DOMID=$d "$GEN" --mode $kind --rx --seconds 3600
done
must until_ok 120 all_connected
after=$(own_kib) from=$(ticks)
sleep "$idle"
to=$(ticks)
{
	echo "$vifs vifs of one queue: $(((after - before) / (vifs - 1))) KiB of its own a vif," \
		"$((after / 1024)) MiB in all;" \
		"idle: $(echo "$((to - from)) $idle $(getconf CLK_TCK)" | awk '{ printf "%.2f", $1 / $3 / $2 * 100 }') % of a CPU"
	echo "ok many"
} >&3
