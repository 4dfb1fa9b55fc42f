# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# Eight vifs of one stock guest, all on netback-ngd: each carries its own traffic, and removing the guest
# removes all eight.
check "start the daemon" daemon a start
began=$SECONDS
check "create g1 with 8 vifs" guest_create a g1 script=vif-ng script=vif-ng script=vif-ng script=vif-ng \
	script=vif-ng script=vif-ng script=vif-ng script=vif-ng
created=$((SECONDS - began))
domid=$(on a xl domid g1)
check "network-list of eight" on a "[ \$(xl network-list g1 | grep -c ' 4 ') = 8 ]"
for k in 0 1 2 3 4 5 6 7; do
	[ "$(vif_owner a g1 $k)" = netback-ngd ] || fail "vif $k is not netback-ngd's"
done
check "addresses for them on the bridge" on a "for k in 1 2 3 4 5 6 7; do ip address replace 10.77.\$k.1/24 dev xenbr0; done"
check "ping to all eight at once" on a "for k in 0 1 2 3 4 5 6 7; do ping -q -c 10 -i 0.2 -W 5 10.77.\$k.11 & p=\"\$p \$!\"; done
	for i in \$p; do wait \$i || exit 1; done"
seen=$(guest_exec a g1 "cd /sys/class/net && cat eth[0-7]/statistics/rx_packets" | awk '$1 >= 10' | wc -l)
[ "$seen" = 8 ] || fail "only $seen of the vifs got the pings to them"
check "ping out of the last" guest_exec a g1 "ping -q -c 5 -i 0.2 -I eth7 10.77.7.1"
check "destroy" guest_destroy a g1
check "no TAP left" on a "! ip -br link | grep vif$domid"
check "no xenstore nodes left" on a "! xenstore-exists backend/vif/$domid"
check "no alarm of the kernel" no_alarm a
figures vifs 8 create_s "$created"
