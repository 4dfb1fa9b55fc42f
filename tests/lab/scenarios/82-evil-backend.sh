# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 8
# deadline: 3000
# The project's front end in the guest's kernel against a back end that breaks the rules, one way after the
# other: netback-ng-evil takes the vif over from a daemon that was stopped. The module goes on or shuts the interface, as it
# should, says and counts why, and its kernel never complains; after each, the daemon serves the guest again.
# LAB_ATTACKS: some only.
export LAB_GUEST_EXTRA="lab.netfront=ng lab.options=half_pages=1"
check "start the daemon" daemon a start
check "create g1" guest_create a g1 script=vif-ng
one=$(guest_address a g1)
domid=$(on a xl domid g1)
# A lie about frames that were sent needs some.
check "frames to send" guest_exec a g1 "ping -i 0.2 10.77.0.1 >/dev/null 2>&1 </dev/null &"

errors() { guest_exec a g1 "ethtool -S eth0 | sed -n 's/^ *error_.*: //p' | awk '{ n += \$1 } END { print n }'"; }
broken_lines() { guest_exec a g1 "dmesg | grep -c 'broke the protocol'"; }
# What has no error's name: lies about grants and states, and frames that are well-formed but of no use.
uncounted() {
	case $1 in
	ctrl-* | store-* | page-* | event-storm | vanish | rx-flip | rx-crumbs | rx-gso-junk | rx-csum-junk | tx-errors) return 0 ;;
	*) return 1 ;;
	esac
}

attack() {
	local name=$1 verdict=$2 before lines rc
	before=$(errors) lines=$(broken_lines)
	check "$name: stop the daemon" daemon a stop
	on a "/opt/lab/netback-ng-evil --domid $domid --attack $name --settle 3000" >"$scenario_dir/evil" 2>&1
	rc=$?
	[ $rc = 0 ] || [ "$name" = vanish ] || fail "$name: status $rc: $(tail -n 1 "$scenario_dir/evil")"
	guest_well a g1 "$name"
	uncounted "$name" || [ "$(errors)" -gt "$before" ] || fail "$name: nothing was counted"
	case $verdict in
	shuts) [ "$name" = store-states ] || [ "$(broken_lines)" -gt "$lines" ] || fail "$name: the guest's log does not say why" ;;
	stays) [ "$(broken_lines)" = "$lines" ] || fail "$name: the guest shut its interface" ;;
	esac
	check "$name: start the daemon" daemon a start
	check "$name: the interface anew" guest_exec a g1 "ip link set eth0 down && ip link set eth0 up"
	wait_for 60 "$name: traffic with the daemon" ping_guest a "$one" 1
	count=$((count + 1))
}

count=0
while read -r name verdict _; do
	# The module, once closed, waits for its administrator to bring it back.
	[ "$name" != page-keep ] || continue
	case " ${LAB_ATTACKS:-$name} " in *" $name "*) attack "$name" "$verdict" </dev/null ;; esac
done < <(on a "/opt/lab/netback-ng-evil --list")
[ $count -gt 0 ] || fail "there is no such attack: ${LAB_ATTACKS:-}"
[ "$(module_counter a g1 q0_static_pages)" -ge 512 ] || fail "the daemon mapped $(module_counter a g1 q0_static_pages) pages only"
guest_well a g1 "at the end"
guest_leaks_nothing a g1
check "no alarm of the host's kernel" no_alarm a
figures attacks "$count" errors_counted "$(errors)"
