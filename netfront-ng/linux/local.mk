# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's kernel module is built by Kbuild against the guest's headers.  Installed is its source,
# for DKMS (dkms add -m xen-netfront-ng -v VERSION); "make module" builds it for the kernel
# whose headers are in KERNEL_BUILD.
KERNEL_BUILD = /lib/modules/$$(uname -r)/build
module_tree = $(abs_builddir)/netfront-ng/linux/tree

netfrontngdir = $(prefix)/src/xen-netfront-ng-$(VERSION)
dist_netfrontng_DATA = \
	netfront-ng/linux/Kbuild netfront-ng/linux/compat.h netfront-ng/linux/ng.h netfront-ng/linux/module.c \
	netfront-ng/linux/device.c netfront-ng/linux/keys.c netfront-ng/linux/netdev.c \
	netfront-ng/linux/queue.c netfront-ng/linux/pool.c netfront-ng/linux/tx.c \
	netfront-ng/linux/rx.c netfront-ng/linux/control.c netfront-ng/linux/statics.c \
	netfront-ng/linux/hash.c netfront-ng/linux/team.h netfront-ng/linux/peers.h netfront-ng/linux/team.c netfront-ng/linux/vf.c netfront-ng/linux/busy.c netfront-ng/linux/xdp.c netfront-ng/linux/ethtool.c netfront-ng/linux/stats.c
nodist_netfrontng_DATA = netfront-ng/linux/dkms.conf
netfrontngnetifdir = $(netfrontngdir)/netif
netfrontngnetif_DATA = \
	lib/netif/coalesce.c lib/netif/coalesce.h lib/netif/front.c lib/netif/front.h lib/netif/error.c lib/netif/error.h lib/netif/header.h \
	lib/netif/meta.h lib/netif/platform.h lib/netif/ring.h lib/netif/wire.h

EXTRA_DIST += netfront-ng/linux/dkms.conf.in
CLEANFILES += netfront-ng/linux/dkms.conf
netfront-ng/linux/dkms.conf: netfront-ng/linux/dkms.conf.in
	$(AM_V_GEN)$(MKDIR_P) netfront-ng/linux && $(SED) -e 's|@VERSION[@]|$(VERSION)|' $< >$@.tmp && mv $@.tmp $@

# The same files that are installed, where the kernel's make may write; MODULE_FLAGS="W=1 C=1".
module: netfront-ng/linux/dkms.conf
	$(MAKE) install-dist_netfrontngDATA install-nodist_netfrontngDATA install-netfrontngnetifDATA \
		DESTDIR= netfrontngdir=$(module_tree) INSTALL_DATA="$(INSTALL_DATA) -C"
	$(MAKE) -C $(KERNEL_BUILD) M=$(module_tree) $(MODULE_FLAGS) modules
clean-local: clean-module
clean-module:
	rm -rf netfront-ng/linux/tree
.PHONY: module clean-module
