# SPDX-License-Identifier: GPL-2.0-or-later
# Dom0's kernel module, built and installed as the guest's is (netfront-ng/linux/local.mk):
# "make netback-module" for the kernel whose headers are in KERNEL_BUILD; its source for DKMS.
netback_module_tree = $(abs_builddir)/netback-ng/linux/tree

netbackngdir = $(prefix)/src/xen-netback-ng-$(VERSION)
dist_netbackng_DATA = \
	netback-ng/linux/Kbuild netback-ng/linux/netback_ng.h netback-ng/linux/nb.h netback-ng/linux/compat.h \
	netback-ng/linux/main.c netback-ng/linux/vif.c netback-ng/linux/queue.c netback-ng/linux/tx.c \
	netback-ng/linux/rx.c netback-ng/linux/direct.c netback-ng/linux/copy.c netback-ng/linux/grant.c netback-ng/linux/filter.c \
	netback-ng/linux/ethtool.c netback-ng/linux/genl.c netback-ng/linux/orphan.c
nodist_netbackng_DATA = netback-ng/linux/dkms.conf
netbackngnetifdir = $(netbackngdir)/netif
netbackngnetif_DATA = \
	lib/netif/coalesce.c lib/netif/coalesce.h lib/netif/error.c lib/netif/error.h lib/netif/hash.c \
	lib/netif/hash.h lib/netif/header.c lib/netif/header.h lib/netif/meta.h lib/netif/platform.h \
	lib/netif/ring.h lib/netif/rx.c lib/netif/rx.h lib/netif/toeplitz.c lib/netif/toeplitz.h \
	lib/netif/tx.c lib/netif/tx.h lib/netif/wire.h

EXTRA_DIST += netback-ng/linux/dkms.conf.in netback-ng/linux/netback_ng.yaml
CLEANFILES += netback-ng/linux/dkms.conf
netback-ng/linux/dkms.conf: netback-ng/linux/dkms.conf.in
	$(AM_V_GEN)$(MKDIR_P) netback-ng/linux && $(SED) -e 's|@VERSION[@]|$(VERSION)|' $< >$@.tmp && mv $@.tmp $@

netback-module: netback-ng/linux/dkms.conf
	$(MAKE) install-dist_netbackngDATA install-nodist_netbackngDATA install-netbackngnetifDATA \
		DESTDIR= netbackngdir=$(netback_module_tree) INSTALL_DATA="$(INSTALL_DATA) -C"
	$(MAKE) -C $(KERNEL_BUILD) M=$(netback_module_tree) $(MODULE_FLAGS) modules
clean-local: clean-netback-module
clean-netback-module:
	rm -rf netback-ng/linux/tree
.PHONY: netback-module clean-netback-module
