# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# deadline: 3000
# Front ends that break the rules, one way after the other, against the data plane in the kernel. netfront-ng-evil runs in
# Dom0, whose vifs of its own are served as any guest's. Each attack costs its own vif at most: what no honest front end does
# shuts it, with an error node; another guest loses no ping, the kernel does not complain, and no page stays mapped.
# LAB_ATTACKS: some only.
FATAL="tx-overrun rx-overrun open-chain slots-22 cross-page bad-extra extra-missing gso-type gso-size ctrl-overrun store-text
store-huge store-gref store-event store-queues-0 store-queues-1000 store-long store-no-copy store-ctrl"
is_fatal() { case " ${FATAL//$'\n'/ } " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

check "configure and load" kernel_plane a
check "start the daemon" daemon a start
LAB_GUEST_EXTRA=lab.netfront=ng check "create a guest" guest_create a ng script=vif-ng
one=$(guest_address a ng)
wait_for 60 "the guest answers" ping_guest a "$one" 3
# xl and libxl give Dom0 no vif of its own: what they would write for vif N, and what the hotplug script does.
vif_make() {
	on a "front=/local/domain/0/device/vif/$1 back=/local/domain/0/backend/vif/0/$1 mac=00:16:3e:ee:00:$(printf %02x "$1")
		modprobe xen-gntalloc
		xenstore-write \$front/backend \$back \$front/backend-id 0 \$front/handle $1 \$front/mac \$mac \$front/state 1 \
			\$back/frontend \$front \$back/frontend-id 0 \$back/online 1 \$back/handle $1 \$back/mac \$mac \
			\$back/bridge xenbr0 \$back/script /etc/xen/scripts/vif-ng \$back/type vif \$back/state 1"
	wait_for 30 "vif0.$1" on a "[ -e /sys/class/net/vif0.$1 ] && [ \$(xenstore-read backend/vif/0/$1/state) = 2 ]"
	on a "ip link set vif0.$1 master xenbr0 up; xenstore-write backend/vif/0/$1/hotplug-status connected"
}
# As libxl: one that does not close in 10 s, since its front end is no more, is taken away.
vif_end() {
	on a "xenstore-write backend/vif/0/$1/online 0 backend/vif/0/$1/state 5"
	until_true 10 on a "! [ -e /sys/class/net/vif0.$1 ]"
	on a "xenstore-rm backend/vif/0/$1; xenstore-rm device/vif/$1; xenstore-rm error/backend/vif/0/$1 2>/dev/null || true"
	wait_for 60 "vif0.$1 goes" on a "! [ -e /sys/class/net/vif0.$1 ]"
}
# Pages of guests' that the module keeps mapped: those of the other guest only.
mapped() { on a "netback-ngctl -j stats $(vif_name a ng)" | jq '.vifs[0].data.queues[0].static_grants'; }
module_lives() { on a "[ -n \"\$(netback-ngctl vifs)\" ]" && no_alarm a; }
# result JQ: of what the attack tells.
result() { jq -e "$1" "$scenario_dir/evil" >/dev/null; }
attack() {
	local name=$1 mode=$2 rc
	n=$((n + 1))
	vif_make "$n"
	on a "timeout 120 /opt/lab/netfront-ng-evil --mode $mode --devid $n --attack $name" >"$scenario_dir/evil" 2>"$scenario_dir/output"
	rc=$?
	[ $rc = 0 ] || [ "$name" = vanish ] || fail "$name: status $rc: $(tail -n 2 "$scenario_dir/output" | tr '\n' ' ')"
	if is_fatal "$name"; then
		result '.error != null and .state != 4' || fail "$name does not shut its vif: $(cat "$scenario_dir/evil")"
	fi
	module_lives || fail "$name: $(on a "dmesg | tail -n 5" | tr '\n' ' ')"
	vif_end "$n"
	count=$((count + 1))
}
n=0 count=0
check "pings" ping_begin a "$one" 0.05
while read -r name _; do
	# These need what only the embedded Xen's test has: frames for a group, frames without end, a vif taken away meanwhile.
	case $name in multicast-churn | no-buffers | broken-removed) continue ;; esac
	case " ${LAB_ATTACKS:-$name} " in *" $name "*) attack "$name" ng </dev/null ;; esac
done < <(on a "/opt/lab/netfront-ng-evil --list")
for name in slots-22 bad-gref flip event-storm refused-flood tiny-slots; do
	case " ${LAB_ATTACKS:-$name} " in *" $name "*) attack "$name" stock ;; esac
done
[ $count -gt 0 ] || fail "there is no such attack: ${LAB_ATTACKS:-}"
read -r sent lost gap <<<"$(ping_end a)"
[ "$lost" = 0 ] || fail "the other guest lost $lost of $sent pings"
[ "$(mapped)" -ge 512 ] || fail "the other guest has $(mapped) static pages only"
check "destroy the guest" guest_destroy a ng
daemon a stop
wait_for 60 "no interface is left" on a "! ls -d /sys/class/net/vif*.*"
check "unload the module" on a "rmmod xen-netback-ng"
check "no alarm of the kernel" no_alarm a
figures attacks "$count" sent "$sent" lost "$lost" longest_gap_s "$gap"
on a "rm -f /etc/xen/netback-ng.conf"
