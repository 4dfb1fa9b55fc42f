# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: in turn 7
# deadline: 3000
# The project's front end in the guest's kernel, first on the kernel's back end, then on netback-ngd:
# traffic, save and restore, unloading under traffic; with netback-ngd its death, and no grant operation.
unloads=${LAB_UNLOADS:-5}
rate='.end.sum_received.bits_per_second / 1e6 | round'
check "start the daemon" daemon a start

# Copies through grants that the daemon made for the one vif there is.
daemon_copies() { on a "netback-ngctl stats | awk '/_copy_calls/ { n += \$2 } END { print n + 0 }'"; }
driver_is() { [ "$(guest_exec a "$1" 'basename $(readlink /sys/class/net/eth0/device/driver)')" = "$2" ]; }
reach() { ping_guest a "$one" 3 && guest_exec a "$1" "ping -q -c 3 -i 0.2 10.77.0.1"; }
iperf_both() {
	local to from
	to=$(iperf_host a "$rate" -c "$one" -t 4)
	from=$(iperf_host a "$rate" -c "$one" -t 4 -R)
	case $to$from in *error* | '') fail "iperf3 with $1: $to $from" ;; esac
	figures backend "$1" to_guest_mbps "$to" from_guest_mbps "$from"
}

steady_state() {
	local before after
	before="$(module_counter a g1 grant_operations) $(daemon_copies)"
	iperf_both netback-ngd
	check "pings" ping_guest a "$one" 20
	after="$(module_counter a g1 grant_operations) $(daemon_copies)"
	[ "$before" = "$after" ] || fail "grants of the guest and copies of the daemon went from $before to $after under traffic"
	[ "$(module_counter a g1 q0_static_pages)" -ge 512 ] || fail "the daemon mapped $(module_counter a g1 q0_static_pages) pages only"
	figures what grant_operations_under_load guest 0 daemon_copy_calls 0
}

# Unloading the driver closes the connection in order; loading it makes a new one.
reload() {
	local i
	on a "ping -q -i 0.01 $one >/dev/null 2>&1 & echo \$! >/run/ping.pid"
	for ((i = 1; i <= unloads; i++)); do
		check "unload and load, round $i" module_reload a g1 "$one"
		wait_for 60 "traffic after loading, round $i" ping_guest a "$one" 1
	done
	on a "kill \$(cat /run/ping.pid)"
	check "the guest's memory is not used up" guest_exec a g1 "[ \$(sed -n 's/^MemFree: *\\([0-9]*\\).*/\\1/p' /proc/meminfo) -gt 30000 ]"
}

save_restore() {
	check "save" on a "xl save g1 /var/tmp/g1.saved"
	check "restore" on a "xl restore /var/tmp/g1.saved"
	on a "rm -f /var/tmp/g1.saved"
	wait_for 60 "traffic after the restore" ping_guest a "$one" 3
}

killed() {
	local messages
	check "an endless ping" on a "ping -q -i 0.05 $one >/run/ping.log 2>&1 & echo \$! >/run/ping.pid"
	check "kill and restart" daemon a kill
	wait_for 60 "traffic after the kill" ping_guest a "$one" 3
	on a "kill \$(cat /run/ping.pid)"
	mapped_again() { [ "$(on a "netback-ngctl stats" | awk '/static_grants/ { print $2 }')" -ge 512 ]; }
	wait_for 60 "the new daemon has the static grants" mapped_again
	driver_is g1 xen-netfront-ng || fail "another driver has the interface"
}

# with BACKEND [VIF]
with() {
	export LAB_GUEST_EXTRA=lab.netfront=ng
	check "create g1 on $1" guest_create a g1 "${@:2}"
	one=$(guest_address a g1)
	[ "$(vif_owner a g1)" = "$1" ] || fail "g1's vif is not ${1}'s"
	driver_is g1 xen-netfront-ng || fail "g1's eth0 is not the module's"
	check "pings both ways" reach g1
	if [ "$1" = netback-ngd ]; then
		steady_state
		killed
	else
		iperf_both "$1"
	fi
	check "a larger MTU" guest_exec a g1 "ip link set eth0 mtu 9000 && ip link set eth0 mtu 1500"
	check "offloads off and on" guest_exec a g1 "ethtool -K eth0 tso off tx off sg off && ping -q -c 2 10.77.0.1 && ethtool -K eth0 sg on tx on tso on"
	check "down and up" guest_exec a g1 "ip link set eth0 down && ip link set eth0 up && ping -q -c 2 -W 10 10.77.0.1"
	save_restore
	check "pings after the restore" reach g1
	reload
	guest_well a g1 "on $1"
	protocol_kept a g1
	guest_leaks_nothing a g1
	check "destroy" guest_destroy a g1
}

with kernel
with netback-ngd script=vif-ng
