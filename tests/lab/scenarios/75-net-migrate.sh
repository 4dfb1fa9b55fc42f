# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# run: by name
# needs: migration sriov
# deadline: 1200
# A guest with a VF goes to the other host and back with net-migrate, under ping and an open TCP stream; then a
# migration fails half-way (the target refuses, ssh is cut), and the tool is killed meanwhile: the guest keeps its VF.
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1" guest_create a g1
one=$(guest_address a g1)
check "the hosts reach each other" on a "ping -q -c 3 -i 0.2 10.77.0.2 && ssh lab-b true"
check "ping before, from b" ping_guest b "$one"
on b "ping -D -i 0.05 -W 2 $one >/run/ping.log 2>&1 </dev/null & echo \$! >/run/ping.pid" || fail "cannot ping from b"
path_of() { on "$1" "xl-net net-list -j | jq -r '.[0].path'"; }
check "to a VF on a" on a "xl-net net-switch g1 vf --timeout 180"
check "a dry run asks b" on a "xl-net net-migrate g1 lab-b --dry-run"
on a "iperf3 -c $one -t 3600 -b 100k >/run/stream.log 2>&1 </dev/null & echo \$! >/run/iperf.pid" || fail "no stream"
stream_lives() { on a "kill -0 \$(cat /run/iperf.pid)" && ! on a "grep -q error /run/stream.log"; }

# lost_since LINE: pings lost and the longest gap in b's log from there on.
log_line() { on b "wc -l </run/ping.log"; }
lost_since() {
	read -r lost gap <<<"$(on b "tail -n +$1 /run/ping.log | awk '/DUP/ { next } /bytes from/ { t = substr(\$1, 2) + 0
		s = \$0; sub(/.*icmp_seq=/, \"\", s); s += 0; if (last && t - last > g) g = t - last
		if (!first) first = s; last = t; end = s; n++ } END { printf \"%d %d\", end - first + 1 - n, g * 1000 }'")"
}
go() {
	local from=$1 to=$2 line
	line=$(log_line)
	check "net-migrate $from -> $to" on "$from" "xl-net -j net-migrate g1 lab-$to --timeout 180 >/run/migrate.json"
	on "$from" "xl domid g1" >/dev/null 2>&1 && fail "g1 is still on $from"
	[ "$(path_of "$to")" = vf ] || fail "on $to it is on $(path_of "$to")"
	check "ping on $to" ping_guest "$to" "$one"
	stream_lives || fail "the TCP stream broke on the way to $to"
	check "nothing is left on $from" on "$from" "! ls /var/lib/xen-net-ng/journal/*.switch /var/lib/xen-net-ng/journal/*.migrate 2>/dev/null"
	lost_since "$line"
	figures from "$from" to "$to" lost "$lost" longest_gap_ms "$gap" \
		to_pv_ms "$(on "$from" jq .to_pv_ms /run/migrate.json)" migrate_ms "$(on "$from" jq .migrate_ms /run/migrate.json)" \
		to_vf_ms "$(on "$from" jq .to_vf_ms /run/migrate.json)"
}
for ((i = 0; i < ${LAB_ROUNDS:-1}; i++)); do
	go a b
	go b a
done

# The target has no such bridge: refused before anything happens.
on b "ip link set xenbr0 name other0" || fail "cannot rename b's bridge"
check "a target without the bridge is refused" on a "! xl-net net-migrate g1 10.77.0.2 2>/run/refused && grep -q 'bridge' /run/refused"
on b "ip link set other0 name xenbr0" || fail "cannot rename b's bridge back"
[ "$(path_of a)" = vf ] || fail "a refused migration moved the guest"
# ssh answers the check and then breaks the migration's stream.
on a "printf '#!/bin/sh\ncase \"\$*\" in *migrate-receive*) head -c 100000 >/dev/null; exit 1 ;; esac\nexec ssh \"\$@\"\n' >/run/bad-ssh && chmod +x /run/bad-ssh"
check "a broken stream fails" on a "! xl-net net-migrate g1 lab-b -s /run/bad-ssh --timeout 180"
[ "$(path_of a)" = vf ] || fail "after a broken migration it is on $(path_of a)"
check "ping after a broken migration" ping_guest a "$one"
# Killed while xl migrates: the guest stays locked until xl is done, then recovery brings its VF.
on a "setsid xl-net net-migrate g1 lab-b --timeout 180 >/run/killed.log 2>&1 </dev/null & echo \$! >/run/killed.pid"
wait_for 240 "xl migrate at work" on a "pgrep -f '[x]l migrate g1'"
on a "kill -9 \$(cat /run/killed.pid)"
check "locked while xl works" on a "! pgrep -f '[x]l migrate g1' || ! xl-net net-recover"
moved() { ! on a "pgrep -f '[x]l migrate g1'"; }
wait_for 400 "xl migrate done" moved
check "recover" on a "xl-net net-recover"
[ "$(path_of b)" = vf ] || fail "after a kill it is on $(path_of b) on b"
check "ping on b at last" ping_guest b "$one"
stream_lives || fail "the TCP stream broke in the end"
check "destroy" on b "xl destroy g1"
