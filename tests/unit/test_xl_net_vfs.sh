#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# xl-net-vfs with a made-up /sys.
set -eu
script=${srcdir:-.}/hotplug/xl-net-vfs
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sys=$dir/sys conf=$dir/conf failed=0
mkdir -p "$sys/class/net/eth0" "$sys/class/net/eth1" "$sys/class/net/lo" "$sys/bus/pci/devices/pf0" "$sys/bus/pci/devices/pf1" \
	"$sys/bus/pci/devices/vf0" "$sys/bus/pci/devices/vf1"
for n in 0 1; do
	ln -s "$sys/bus/pci/devices/pf$n" "$sys/class/net/eth$n/device"
	ln -s "$sys/bus/pci/devices/pf$n" "$sys/bus/pci/devices/vf$n/physfn"
	echo 7 >"$sys/bus/pci/devices/pf$n/sriov_totalvfs"
	echo 0 >"$sys/bus/pci/devices/pf$n/sriov_numvfs"
done
check() {
	what=$1 want=$2 status=0
	shift 2
	"$script" -s "$sys" -c "$conf" "$@" 2>"$dir/err" || status=$?
	[ "$status" = "$want" ] || {
		echo "$what: status $status, not $want; $(cat "$dir/err")"
		failed=1
	}
}
number() { cat "$sys/class/net/$1/device/sriov_numvfs"; }
check "no file" 0 start
printf '# PFs\neth0 4   # for guests\n\n' >"$conf"
check "enable" 0 start
[ "$(number eth0)$(number eth1)" = 40 ] || { echo "VFs: $(number eth0) $(number eth1)"; failed=1; }
check "enabled already" 0 start
check "a VF of a PF that is named" 0 owns vf0
check "a VF of another" 1 owns vf1
check "no VF" 1 owns pf0
echo 'eth0 5' >"$conf"
check "another number while some are in use" 1 start
[ "$(number eth0)" = 4 ] || { echo "VFs of eth0: $(number eth0)"; failed=1; }
printf 'eth9 1\nlo 1\neth1 eight\neth1 8\neth1 2 3\n' >"$conf"
check "nonsense" 1 start
[ "$(number eth1)" = 0 ] || { echo "VFs of eth1: $(number eth1)"; failed=1; }
printf 'eth9 1\neth1 2\n' >"$conf"
check "what can be done is" 1 start
[ "$(number eth1)" = 2 ] || { echo "VFs of eth1: $(number eth1)"; failed=1; }
check "usage" 2
exit $failed
