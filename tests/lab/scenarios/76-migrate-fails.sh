# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# takes: 900
# run: in turn 6
# needs: migration sriov
# deadline: 3600
# A migration that fails half-way leaves the guest where it is, on its VF: the stream breaks, ssh is cut, the receiver
# dies, xl-net is killed at each step, and at last the target itself is. Killed while xl migrates or while the target
# attaches the VF, recovery ends it there. One TCP stream lives through all of it.
LAB_GUEST_MEMORY=${LAB_GUEST_MEMORY:-128}
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1" guest_create a g1
one=$(guest_address a g1)
check "ping before" ping_guest a "$one"
stream_begin a "$one" 100k
check "to a VF on a" on a "xl-net net-switch g1 vf --timeout 180"

# on_vf HOST WHAT: it works there, and nothing is left to do on either host.
on_vf() {
	local h
	check "ping after: $2" ping_guest "$1" "$one"
	[ "$(path_of "$1")" = vf ] || fail "after: $2: it is on $(path_of "$1")"
	for h in $(hosts_alive); do
		check "nothing is left on $h after: $2" on "$h" "! ls /var/lib/xen-net-ng/journal/*.switch /var/lib/xen-net-ng/journal/*.migrate 2>/dev/null"
	done
	stream_lives || fail "the TCP stream broke: $2"
	note "ok: $2"
}
# migrate_begin FROM TO: net-migrate in the background, until xl sends the guest's memory.
migrate_begin() {
	on "$1" "rm -f /run/migrate.status; setsid sh -c 'xl-net net-migrate g1 lab-$2 --timeout 180; echo \$? >/run/migrate.status' \
		>/run/migrate.log 2>&1 </dev/null &"
	wait_for 240 "xl migrate at work" on "$1" "pgrep -f '[l]ibxl-save-helper'"
}
# fails WHAT SECONDS: what was begun ends in failure, and the guest is as it was.
fails() {
	wait_for "$2" "the end of net-migrate: $1" on a "[ -s /run/migrate.status ]"
	on a "[ \$(cat /run/migrate.status) = 1 ]" || fail "net-migrate succeeded: $1"
	on_vf a "$1"
}

# ssh answers the check, and then carries only the beginning of the guest's memory.
on a "printf '#!/bin/sh\ncase \"\$*\" in *migrate-receive*) head -c 3000000 | ssh \"\$@\"; exit ;; esac\nexec ssh \"\$@\"\n' >/run/bad-ssh && chmod +x /run/bad-ssh"
check "a broken stream fails" on a "! xl-net net-migrate g1 lab-b -s /run/bad-ssh --timeout 180"
on_vf a "the stream breaks"
migrate_begin a b
on a "pkill -f '[s]sh .*migrate-receive'" || fail "there is no ssh to cut"
fails "ssh is cut" 240
migrate_begin a b
on b "pkill -9 -f '[x]l migrate-receive'" || fail "there is no receiver to kill"
fails "the receiver is killed" 240
check "what the receiver left is named" on a "! xl-net net-migrate g1 lab-b 2>/run/refused && grep -q 'xl destroy g1--incoming on lab-b' /run/refused"
[ "$(path_of a)" = vf ] || fail "a refused migration moved the guest"
check "destroy what the receiver left" on b "xl destroy g1--incoming"

# An xl that fails: what is killed here is on its way to the vif (10 records), or back to the VF (8). LAB_KILLS: which records.
on a "mkdir -p /run/no-xl && printf '#!/bin/sh\nexit 1\n' >/run/no-xl/xl && chmod +x /run/no-xl/xl"
for n in ${LAB_KILLS:-$(seq 18)}; do
	check "kill at record $n" killed_at a $n "env PATH=/run/no-xl:\$PATH xl-net net-migrate g1 lab-b --timeout 180"
	check "recover at record $n" on a "xl-net net-recover"
	on_vf a "killed at record $n"
done

# Killed while xl migrates: the guest stays locked until xl is done, recovery passes it by; then recovery brings its VF.
migrate_begin a b
on a "pkill -9 -f '^[x]l-net net-migrate'" || fail "there is no xl-net to kill"
xl_works="pgrep -f '[x]l migrate'"
check "passed by while xl works" on a "! $xl_works || { xl-net net-recover && ls /var/lib/xen-net-ng/journal/*.migrate; } || ! $xl_works"
check "no other operation while xl works" on a "! $xl_works || ! xl-net net-switch g1 vf --timeout 5 || ! $xl_works"
xl_gone() { ! on "$1" "$xl_works"; }
wait_for 400 "xl migrate done" xl_gone a
check "recover" on a "xl-net net-recover"
on_vf b "killed while xl migrates"

# Killed while the target attaches the VF.
migrate_begin b a
wait_for 400 "net-switch on the target" on a "pgrep -f '^[x]l-net .*net-switch'"
on b "pkill -9 -f '^[x]l-net net-migrate'" || fail "there is no xl-net to kill"
switched() { ! on a "pgrep -f '^[x]l-net .*net-switch'"; }
wait_for 240 "net-switch done" switched
check "recover on b" on b "xl-net net-recover"
on_vf a "killed while the target attaches the VF"

migrate_begin a b
kill -9 "$(host_pid b)"
fails "the target is killed" 400
check "destroy" on a "xl destroy g1"
