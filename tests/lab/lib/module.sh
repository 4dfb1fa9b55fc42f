# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # variables are shared between the parts of the lab
# For scenarios: a guest with the project's kernel module, seen from inside.

# module_counter HOST GUEST NAME: of eth0, by ethtool -S.
module_counter() { guest_exec "$1" "$2" "ethtool -S eth0 | sed -n 's/^ *$3: //p'" | tr -d '\r'; }

# module_reload HOST GUEST ADDRESS [PARAMETERS]: unloaded, loaded, and the address on eth0 again.
module_reload() {
	guest_exec "$1" "$2" "{ [ ! -e /sys/bus/xen/drivers/xen-netfront-ng/vif-0 ] || echo vif-0 >/sys/bus/xen/drivers/xen-netfront-ng/unbind; } && \
rmmod xen_netfront_ng && insmod /modules/xen-netfront-ng.ko ${4:-} && \
for t in 1 2 3 4 5 6 7 8 9; do [ ! -e /sys/class/net/eth0 ] || break; sleep 1; done; ip address add $3/24 dev eth0 && ip link set eth0 up"
}

# guest_well HOST GUEST WHEN: its kernel complains of nothing; with LAB_GUEST_DEBUG it looks out for more. Linux 6.1's own
# xen-pcifront warns when a VF leaves (it takes the root bus's device away twice): that is left out.
guest_well() {
	local bad
	bad=$(guest_exec "$1" "$2" "dmesg | sed '/cut here/,/end trace/{H;/cut here/{x;s/.*//;x;h};/end trace/!d;g;/pcifront_free_roots/d}' | grep -E 'WARN|BUG|Oops|Call Trace|general protection|list_del|refcount|ODEBUG|corruption' | head -n 3")
	[ -z "$bad" ] || fail "$3: the guest's kernel says: $bad"
}

# protocol_kept HOST GUEST: its back end did nothing that the module shuts the interface for.
protocol_kept() { check "nothing broke the protocol" guest_exec "$1" "$2" "! dmesg | grep 'broke the protocol'"; }

# guest_leaks_nothing HOST GUEST: as kmemleak sees it, where the kernel has it; twice, since what is on its way looks lost.
guest_leaks_nothing() {
	local leaks
	[ -n "${LAB_GUEST_DEBUG:-}" ] || return 0
	check "look for leaks" guest_exec "$1" "$2" "mount -t debugfs debugfs /sys/kernel/debug; cd /sys/kernel/debug && echo scan >kmemleak && sleep 6 && echo scan >kmemleak"
	leaks=$(LAB_EXEC_DEADLINE=120 guest_exec "$1" "$2" "grep -A 14 -B 2 netfront_ng /sys/kernel/debug/kmemleak | head -n 40")
	[ -z "$leaks" ] || fail "the guest's kernel lost memory: $leaks"
}
