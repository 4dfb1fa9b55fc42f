# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# The pieces: for each, inputs_NAME prints what goes in (beside its make_NAME itself), and
# make_NAME makes it, with set -e, at the path it is given; "here" is where the others of its suite are.

emulator_packages="qemu-system-x86 qemu-utils"
tools_packages="e2fsprogs cpio kmod xz-utils busybox-static build-essential flex bison python3 libelf-dev bc
autoconf automake libtool pkgconf libxen-dev liburing-dev libconfuse-dev libjansson-dev libsystemd-dev check
libnl-3-dev libnl-genl-3-dev libnl-route-3-dev linux-headers-amd64 sparse"
dom0_packages="xenstore-utils openssh-server openssh-client iproute2 iputils-ping iperf3
ethtool busybox-static kmod procps pciutils jq tcpdump strace util-linux nftables openvswitch-switch
liburing2 libconfuse2 libjansson4 libsystemd0 libnl-3-200 libnl-genl-3-200 libnl-route-3-200"
# Nothing in the lab has such hardware; without them the image is a third of its size.
unused_modules="drivers/gpu drivers/media drivers/staging drivers/infiniband drivers/iio drivers/scsi
drivers/usb drivers/hid drivers/input drivers/platform drivers/net/wireless drivers/net/ethernet/mellanox
drivers/net/ethernet/broadcom drivers/net/ethernet/chelsio drivers/net/usb drivers/mtd drivers/hwmon
drivers/comedi drivers/target drivers/bluetooth sound net/wireless net/mac80211 net/bluetooth
fs/xfs fs/btrfs fs/ocfs2 fs/ceph fs/f2fs fs/bcachefs"

# ---- base: what a suite's trees start from ----

inputs_base() { echo "$suite"; }
make_base() {
	"${nice[@]}" "${with_parent[@]}" unshare --mount --propagation private debootstrap --variant=minbase "$suite" "$1" "$mirror"
	printf 'force-unsafe-io\n' >"$1/etc/dpkg/dpkg.cfg.d/lab"
	printf 'deb %s %s main\n' "$mirror" "$suite" >"$1/etc/apt/sources.list"
	# No service starts in a chroot.
	printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
	chmod +x "$1/usr/sbin/policy-rc.d"
	cp /etc/resolv.conf "$1/etc/resolv.conf"
	in_root "$1" apt-get -q update
}

# ---- emulator: QEMU ----

inputs_emulator() { key_of base && echo "$emulator_packages"; }
make_emulator() {
	cp -a "$here/base" "$1"
	# shellcheck disable=SC2086 # a list
	tree_apt "$1" $emulator_packages
}

# ---- tools: compilers of the hosts' distribution, and what makes disks ----

inputs_tools() { key_of base && echo "$tools_packages"; }
make_tools() {
	cp -a "$here/base" "$1"
	# shellcheck disable=SC2086 # a list
	tree_apt "$1" $tools_packages
}

# ---- xen: with the shadow paging that a PV guest's migration needs, which Debian's own lacks ----

# The version decides, not where its source was found: what was built once stays.
inputs_xen() { key_of tools; }
# Debian's source; where the mirror lacks it, a tree of the same version that LAB_XEN_SOURCE names.
xen_source() {
	if source_fetch "$suite"; then
		# The archive suffices: no patch of Debian's is needed for the hypervisor.
		tar -C "$1" --strip-components=1 -xf "$cache/source/$suite"/xen_*.orig.tar.*
	elif [ -n "${LAB_XEN_SOURCE:-}" ]; then
		cp -a "$LAB_XEN_SOURCE/." "$1/"
	else
		echo "the mirror has no source of xen in $suite"
		return 1
	fi
}
xen_compile() {
	echo CONFIG_SHADOW_PAGING=y >"$1/source/xen/.config"
	in_tools sh -ec 'cd "$1/source"; make -C xen olddefconfig
		grep -q ^CONFIG_SHADOW_PAGING=y xen/.config; make -C xen -j"$(nproc)"' xen "$(inside "$1")"
	cp "$1/source/xen/xen" "$1/xen"
	echo migration >"$1/features"
}
xen_of_debian() {
	in_tools sh -ec 'cd "$1"; apt-get -q download "xen-hypervisor-$2-amd64"
		dpkg-deb -x xen-hypervisor-*.deb package; gunzip <"package/boot/xen-$2-amd64.gz" >xen; rm -rf package *.deb' \
		xen "$(inside "$1")" "$(xen_version "$suite")"
	: >"$1/features"
}
make_xen() {
	mkdir -p "$1/source"
	if xen_source "$1/source"; then
		xen_compile "$1"
	else
		xen_of_debian "$1"
	fi
	rm -rf "$1/source"
}

# ---- dom0: the hosts' root tree ----

inputs_dom0() { key_of base && echo "$(xen_version "$suite") $dom0_packages $unused_modules"; }
make_dom0() {
	local kernel m
	cp -a "$here/base" "$1"
	# shellcheck disable=SC2086 # a list
	tree_apt "$1" "xen-utils-$(xen_version "$suite")" $dom0_packages
	# The kernel's own installation would make an initramfs that nobody boots.
	in_root "$1" sh -ec 'cd /tmp
		apt-get -q download "$(apt-cache depends linux-image-amd64 | sed -n "s/.*Depends: \(linux-image-[0-9].*\)/\1/p" | head -n 1)"
		dpkg-deb -x linux-image-*.deb /tmp/kernel; rm linux-image-*.deb
		cp -a kernel/boot/. /boot/; cp -a kernel/usr/lib/modules /usr/lib/ || cp -a kernel/lib/modules /usr/lib/
		rm -rf kernel'
	kernel=$(basename "$1"/usr/lib/modules/*)
	for m in $unused_modules; do
		rm -rf "$1/usr/lib/modules/$kernel/kernel/$m"
	done
	in_root "$1" depmod "$kernel"
	rm -rf "$1/var/lib/apt/lists" "$1/usr/share/doc" "$1/usr/share/locale" "$1/var/cache/apt"
	# What the project needs of a Xen host's directories is there already; the lab's own comes with the overlay.
	ln -sf busybox "$1/bin/init"
	ln -sf ../bin/busybox "$1/sbin/init"
	printf '#!/bin/sh\nexit 0\n' >"$1/usr/sbin/policy-rc.d"
}

# ---- debug: with LAB_GUEST_DEBUG, the guests' kernel with what finds bugs; Debian has no such kernel ----

# What a PV guest of the lab needs, all built in but the front end, and the checkers; KASAN does not start as a PV guest.
debug_options="64BIT SMP PCI PCI_MSI HYPERVISOR_GUEST PARAVIRT XEN XEN_PV XEN_SAVE_RESTORE SWIOTLB_XEN
MODULES MODULE_UNLOAD PRINTK TTY HVC_XEN HVC_XEN_FRONTEND BLK_DEV_INITRD RD_GZIP BINFMT_ELF BINFMT_SCRIPT MULTIUSER
PROC_FS PROC_SYSCTL SYSFS DEVTMPFS TMPFS SHMEM UNIX98_PTYS FUTEX EPOLL SIGNALFD TIMERFD EVENTFD POSIX_TIMERS AIO
HIGH_RES_TIMERS NET INET IPV6 UNIX PACKET NETDEVICES NET_CORE BONDING NET_PKTGEN ETHERNET NET_VENDOR_INTEL IGBVF
BPF_SYSCALL ETHTOOL_NETLINK BLOCK BLK_DEV XEN_BLKDEV_FRONTEND XEN_PCIDEV_FRONTEND EXT4_FS KALLSYMS BUG DEBUG_KERNEL
UNWINDER_FRAME_POINTER SLUB_DEBUG SLUB_DEBUG_ON DEBUG_PAGEALLOC DEBUG_PAGEALLOC_ENABLE_DEFAULT KFENCE PAGE_POISONING
PROVE_LOCKING DEBUG_ATOMIC_SLEEP DEBUG_KMEMLEAK DEBUG_FS DEBUG_LIST
DEBUG_SG DEBUG_NET DEBUG_OBJECTS DEBUG_OBJECTS_FREE DEBUG_OBJECTS_TIMERS DEBUG_OBJECTS_WORK"
inputs_debug() { key_of tools && echo "$debug_options"; }
make_debug() {
	mkdir -p "$1/linux"
	in_tools sh -ec 'cd "$1"; apt-get -q download "linux-source-$2"
		dpkg-deb -x linux-source-*.deb package; rm linux-source-*.deb
		tar -C linux --strip-components=1 -xf "package/usr/src/linux-source-$2.tar.xz"; rm -rf package' \
		debug "$(inside "$1")" "$(linux_version "$suite")"
	# shellcheck disable=SC2086 # a list
	printf 'CONFIG_%s=y\n' $debug_options >"$1/linux/lab.config"
	printf '%s\n' CONFIG_XEN_NETDEV_FRONTEND=m CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE=16000 >>"$1/linux/lab.config"
	in_tools sh -ec 'cd "$1/linux"; KCONFIG_ALLCONFIG=lab.config make -s allnoconfig
		for o in DEBUG_PAGEALLOC KFENCE PROVE_LOCKING DEBUG_KMEMLEAK XEN_PV XEN_SAVE_RESTORE IGBVF; do
			grep -q "^CONFIG_$o=y" .config || { echo "no CONFIG_$o"; exit 1; }
		done
		make -s -j"$(nproc)" bzImage modules' debug "$(inside "$1")"
	cp "$1/linux/arch/x86/boot/bzImage" "$1/vmlinuz"
}

# ---- project: built in the lab's distribution, installed as an operator would ----

project_files() { git -C "$top" -c safe.directory='*' ls-files -z -co --exclude-standard -- . ':!tests/lab'; }
inputs_project() {
	key_of tools
	[ -z "${LAB_GUEST_DEBUG:-}" ] || key_of debug
	(cd "$top" && project_files | xargs -0 sha256sum 2>/dev/null)
}
make_project() {
	local flags='--prefix=/usr --sysconfdir=/etc --localstatedir=/var --with-xl-dispatcher'
	mkdir -p "$1/src"
	(cd "$top" && { project_files; git -c safe.directory='*' ls-files -z -co --exclude-standard -- tests/lab; } |
		tar -c --null --ignore-failed-read -T -) | tar -x -C "$1/src"
	# shellcheck disable=SC2016 # expanded by the inner shell
	in_tools sh -ec 'cd "$1/src"; autoreconf -fi; mkdir build; cd build
		../configure $2; make -j"$(nproc)"; make install DESTDIR="$1"
		install -D -t "$1/opt/lab" tests/bench/netback-ng-evil tests/bench/netfront-ng-evil
		mkdir -p "$1/opt/lab/guest/modules"
		gcc -O2 -static -o "$1/opt/lab/guest/modules/xdp-drop-icmp" ../tests/lab/guest/xdp-drop-icmp.c
		make module netback-module KERNEL_BUILD="$(echo /usr/src/linux-headers-*-amd64)" MODULE_FLAGS="W=1 C=2" >module.log 2>&1 ||
			{ cat module.log; exit 1; }
		if grep -E "(warning|error):" module.log; then exit 1; fi
		install -D -m 644 netfront-ng/linux/tree/xen-netfront-ng.ko "$1/opt/lab/guest/modules/xen-netfront-ng.ko"
		strip -g "$1/opt/lab/guest/modules/xen-netfront-ng.ko"
		install -D -m 644 netback-ng/linux/tree/xen-netback-ng.ko "$1/opt/lab/xen-netback-ng.ko"
		strip -g "$1/opt/lab/xen-netback-ng.ko"' project "$(inside "$1")" "$flags"
	[ -z "${LAB_GUEST_DEBUG:-}" ] || project_debug "$1/src" "$1/opt/lab/guest"
	rm -rf "$1/src"
}

# The debug kernel and its two front ends, in place of Debian's.
project_debug() {
	local linux=$here/debug/linux
	in_tools sh -ec 'cd "$1/build"; make clean-module; make module KERNEL_BUILD="$2"' debug "$(inside "$1")" "$(inside "$linux")"
	cp "$1/build/netfront-ng/linux/tree/xen-netfront-ng.ko" "$linux/drivers/net/xen-netfront.ko" "$2/modules/"
	echo xen-netfront.ko >"$2/modules/order"
	cp "$here/debug/vmlinuz" "$2/vmlinuz"
}

# ---- guest: a kernel and a root in memory ----

inputs_guest() { key_of dom0 && digest "$lab_dir/guest"; }
# Programs and the libraries they ask for, from the dom0 tree.
guest_programs() {
	local p lib
	for p in "$@"; do
		install -D "$here/dom0/usr/$p" "$root/usr/$p"
		in_root "$here/dom0" ldd "/usr/$p" | grep -o '/[^ ]*' | while read -r lib; do
			install -D "$here/dom0/$lib" "$root/$lib"
		done
	done
}
# root_modules NAME...: with what they depend on, in the order to load them, uncompressed.
root_modules() {
	local kernel path name
	kernel=$(basename "$here"/dom0/usr/lib/modules/*)
	mkdir -p "$root/modules"
	in_tools modprobe -d "/lab/$suite/dom0/usr" -S "$kernel" -a --show-depends "$@" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		path=$cache${path#/lab} name=$(basename "$path" .xz)
		case $path in
		*.xz) xz -dc "$path" >"$root/modules/$name" ;;
		*) cp "$path" "$root/modules/$name" ;;
		esac
		echo "$name" >>"$root/modules/order"
	done
	[ -s "$root/modules/order" ]
}
pack_root() { in_tools sh -ec 'cd "$1"; find . | cpio -o -H newc --quiet | gzip -1' pack "$(inside "$root")" >"$1"; }
make_guest() {
	root=$1/root
	mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,etc}
	install "$here/tools/bin/busybox" "$root/bin/busybox"
	guest_programs bin/dash bin/iperf3 bin/ping bin/ip sbin/ethtool
	# pthread_cancel loads it at run time.
	install -D "$here"/dom0/usr/lib/x86_64-linux-gnu/libgcc_s.so.1 "$root/usr/lib/x86_64-linux-gnu/libgcc_s.so.1"
	root_modules xen-netfront xen-blkfront xen-pcifront igbvf bonding af_packet ext4 pktgen
	install "$lab_dir/guest/init" "$root/init"
	pack_root "$1/initrd.gz"
	cp "$here"/dom0/boot/vmlinuz-* "$1/vmlinuz"
	rm -rf "$root"
}

# ---- access: one key pair for all, from the machine to the hosts and between them for migration ----

# Made once: a host that runs and one that is booted later have the same.
inputs_access() { :; }
make_access() {
	mkdir "$1"
	ssh-keygen -q -t ed25519 -N '' -C lab -f "$1/key"
	ssh-keygen -q -t ed25519 -N '' -C lab -f "$1/host_key"
}

# ---- overlay: what changes often, unpacked over the image at boot; and how hosts boot ----

inputs_overlay() {
	key_of dom0
	key_of project
	key_of guest
	key_of access
	digest "$lab_dir/dom0"
}
make_overlay() {
	local options="-o UseDNS=no -o MaxStartups=100"
	root=$1/early
	mkdir -p "$root"/{bin,proc,sys,dev,new} "$1/tree/opt/lab/guest" "$1/tree/root/.ssh" "$1/tree/etc/ssh"
	install "$here/tools/bin/busybox" "$root/bin/busybox"
	root_modules nvme ext4
	install "$lab_dir/dom0/early-init" "$root/init"
	pack_root "$1/initrd.gz"
	rm -rf "$root"
	cp "$here"/dom0/boot/vmlinuz-* "$1/vmlinuz"
	cp -a "$here/project/." "$1/tree/"
	# sshd does not take slow clients for attackers; Debian 12's never did.
	[ "$suite" = bookworm ] || options+=" -o PerSourcePenalties=no"
	# A shell on the console for when ssh fails.
	printf '%s\n' ::sysinit:/opt/lab/start hvc0::respawn:/bin/bash \
		"::respawn:/usr/sbin/sshd -D -E /var/log/sshd.log $options" >"$1/tree/etc/inittab"
	cp -n "$here/guest/vmlinuz" "$here/guest/initrd.gz" "$1/tree/opt/lab/guest/"
	# The project's own module is an archive behind the guest's: the kernel unpacks both.
	mkdir -p "$root"
	mv "$1/tree/opt/lab/guest/modules" "$root/"
	pack_root "$1/modules.gz"
	cat "$1/modules.gz" >>"$1/tree/opt/lab/guest/initrd.gz"
	rm -rf "$root" "$1/modules.gz"
	install "$lab_dir"/dom0/* "$1/tree/opt/lab/"
	overlay_access "$1/tree"
	tar -C "$1/tree" --owner=0 --group=0 -cf "$1/overlay.tar" .
	rm -rf "$1/tree"
}
overlay_access() {
	cp "$here/access/host_key" "$1/etc/ssh/ssh_host_ed25519_key"
	ssh-keygen -y -f "$here/access/host_key" >"$1/etc/ssh/ssh_host_ed25519_key.pub"
	cp "$here/access/key" "$1/root/.ssh/id_ed25519"
	cp "$here/access/key.pub" "$1/root/.ssh/authorized_keys"
	printf 'Host *\n\tStrictHostKeyChecking no\n\tUserKnownHostsFile /dev/null\n\tLogLevel ERROR\n' >"$1/root/.ssh/config"
	chmod 700 "$1/root" "$1/root/.ssh"
	chmod 600 "$1/root/.ssh"/* "$1/etc/ssh/ssh_host_ed25519_key"
}

# ---- image: the dom0 tree as a disk ----

inputs_image() { key_of dom0; }
make_image() {
	in_tools mke2fs -q -t ext4 -O ^metadata_csum -m 0 -E lazy_itable_init=1 -d "/lab/$suite/dom0" "$(inside "$1")" 4G
}
