# SPDX-License-Identifier: GPL-2.0-or-later
# What the host's init system, shell and hotplug machinery load; nothing here is compiled.
xenscriptsdir = $(xenetcdir)/scripts
dist_xenscripts_SCRIPTS = hotplug/vif-ng
pkglibexecdir = $(libexecdir)/netback-ng
dist_pkglibexec_SCRIPTS = hotplug/netback-ng-autoprobe
xenconfdir = $(xenetcdir)
dist_xenconf_DATA = hotplug/netback-ng.conf hotplug/credit-adjust.conf
modprobedir = $(prefix)/lib/modprobe.d
dist_modprobe_DATA = hotplug/netback-ng-modprobe.conf
netbackexamplesdir = $(docdir)/examples
dist_netbackexamples_DATA = hotplug/netback-ng-whole-host.conf.example

systemdsystemunit_DATA = hotplug/netback-ngd.service hotplug/credit-adjustd.service
EXTRA_DIST += hotplug/credit-adjustd.service.in hotplug/credit-adjustctl.bash-completion
CLEANFILES += hotplug/credit-adjustd.service
hotplug/credit-adjustd.service: hotplug/credit-adjustd.service.in
	$(AM_V_GEN)$(MKDIR_P) hotplug && $(SED) -e 's|@sbindir[@]|$(sbindir)|' $< >$@.tmp && mv $@.tmp $@
EXTRA_DIST += hotplug/netback-ngd.service.in hotplug/netback-ngctl.bash-completion
CLEANFILES += hotplug/netback-ngd.service
hotplug/netback-ngd.service: hotplug/netback-ngd.service.in
	$(AM_V_GEN)$(MKDIR_P) hotplug && $(SED) -e 's|@sbindir[@]|$(sbindir)|' \
		-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' $< >$@.tmp && mv $@.tmp $@

# bash-completion loads a file by the command's name.
bashcompletiondir = $(datadir)/bash-completion/completions
completions = netback-ngctl xl-net credit-adjustctl
install-data-hook: install-bash-completion
install-bash-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	for c in $(completions); do \
		$(INSTALL_DATA) $(srcdir)/hotplug/$$c.bash-completion $(DESTDIR)$(bashcompletiondir)/$$c || exit 1; done
uninstall-hook: uninstall-bash-completion
uninstall-bash-completion:
	for c in $(completions); do rm -f $(DESTDIR)$(bashcompletiondir)/$$c || exit 1; done
.PHONY: install-bash-completion uninstall-bash-completion

# xl-net: VFs at boot, and what ends interrupted operations.
xlnetlibexecdir = $(libexecdir)/xen-net-ng
dist_xlnetlibexec_SCRIPTS = hotplug/xl-net-vfs
dist_xenconf_DATA += hotplug/xl-net-vfs.conf
udevrulesdir = $(prefix)/lib/udev/rules.d
udevrules_DATA = hotplug/90-xen-net-ng-vf.rules
xlnet_units = hotplug/xl-net-vfs.service hotplug/xl-net-recover.service hotplug/xl-net-auto.service
systemdsystemunit_DATA += $(xlnet_units)
dist_systemdsystemunit_DATA = hotplug/xl-net-recover.timer
EXTRA_DIST += hotplug/90-xen-net-ng-vf.rules.in hotplug/xl-net-vfs.service.in hotplug/xl-net-recover.service.in \
	hotplug/xl-net-auto.service.in hotplug/xl-net.bash-completion
CLEANFILES += $(xlnet_units) $(udevrules_DATA)
xlnet_replace = $(AM_V_GEN)$(MKDIR_P) hotplug && $(SED) -e 's|@sbindir[@]|$(sbindir)|' -e 's|@xenetcdir[@]|$(xenetcdir)|' \
	-e 's|@localstatedir[@]|$(localstatedir)|' -e 's|@xlnetlibexecdir[@]|$(xlnetlibexecdir)|' $< >$@.tmp && mv $@.tmp $@
hotplug/xl-net-vfs.service: hotplug/xl-net-vfs.service.in
	$(xlnet_replace)
hotplug/xl-net-recover.service: hotplug/xl-net-recover.service.in
	$(xlnet_replace)
hotplug/xl-net-auto.service: hotplug/xl-net-auto.service.in
	$(xlnet_replace)
hotplug/90-xen-net-ng-vf.rules: hotplug/90-xen-net-ng-vf.rules.in
	$(xlnet_replace)
