# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Mixed mode, beside a kernel back end that is a fake: /sys/bus/xen-backend is a tmpfs here, and a
# shell loop stands for the kernel: it binds what is written to its bind file. Vifs that ask for
# script vif-ng are the daemon's; all others, and other device types, go to the kernel at once.
#
#   vif1.0 script=vif-ng     -- netback-ngd
#   vif5.0 script=vif-bridge -- drivers/vif/bind -- "kernel"
#   vbd-5-51712              -- drivers_probe    -- "kernel"
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"
BUS=/sys/bus/xen-backend

# The part of the kernel that hears what is written to a file of the bus.
kernel_hears() {
	local name
	exec 5<>"$BUS/$1"
	while name=$(dd bs=64 count=1 status=none <&5); do
		echo "kernel: $1 $name"
		mkdir -p "$BUS/devices/$name/driver"
		case $name in
		vif-*)
			name=${name#vif-}
			xenstore-write "/local/domain/0/backend/vif/${name/-//}/state" 2
			;;
		esac
	done
}

kernel_start() {
	mount -t tmpfs none /sys/bus
	mkdir -p $BUS/devices $BUS/drivers/vif
	echo 1 >$BUS/drivers_autoprobe
	mkfifo $BUS/drivers/vif/bind $BUS/drivers_probe
	kernel_hears drivers/vif/bind 3>&- &
	kernel_hears drivers_probe 3>&- &
}

# Autoprobe is off while the daemon runs: the device appears and nobody binds it.
kernel_sees() { mkdir -p "$BUS/devices/$1"; }
kernel_has() { [ -e "$BUS/devices/$1/driver" ]; }

kernel_vif() {
	"$XENSIM" domain create "$1" && ns_new "g$1" &&
		"$XENSIM" vif-attach "$1" 0 --no-wait bridge=xenbr0 script=vif-bridge && kernel_sees "vif-$1-0"
}

mixed() { sed -i 's/^mode = .*/mode = "mixed"/' $CONF; }

handed_over() {
	until_ok 10 kernel_has vif-5-0 || fail "vif-5-0 was not bound to the kernel's driver"
	until_ok 10 xs_is "$(backend 5)/state" 2 || fail "vif5.0 is not in InitWait"
	until_ok 10 kernel_has vbd-5-51712 || fail "the disk was not probed"
	! ip link show vif5.0 2>/dev/null || fail "the daemon made a TAP for a vif that is not its own"
	[ "$(cat $BUS/drivers_autoprobe)" = 0 ] || fail "autoprobe is on while the daemon runs"
}

ours_served() {
	reach g1 outside
	flows g1 outside
	! kernel_has vif-1-0 || fail "our vif was given to the kernel"
}

restored() {
	daemon_stop "$1"
	[ "$(cat $BUS/drivers_autoprobe)" = 1 ] || fail "autoprobe is not back to 1"
	xs_is "$(backend 5)/state" 2 || fail "the kernel's vif was touched"
}

must network_start
must kernel_start
must kernel_vif 5
must kernel_sees vbd-5-51712
daemon_configure
must mixed
must daemon_start
case_run others-go-to-the-kernel handed_over
must guest_start 1 ng 1
# The device is there once the toolstack has written its nodes.
must kernel_sees vif-1-0
case_run ours-are-served ours_served
case_run autoprobe-back-on-stop restored TERM
must daemon_start
case_run again-after-restart ours_served
case_run still-the-kernels handed_over
