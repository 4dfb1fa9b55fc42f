# SPDX-License-Identifier: GPL-2.0-or-later
# What the host's init system, shell and hotplug machinery load; nothing here is compiled.
xenscriptsdir = $(xenetcdir)/scripts
dist_xenscripts_SCRIPTS = hotplug/vif-ng
pkglibexecdir = $(libexecdir)/netback-ng
dist_pkglibexec_SCRIPTS = hotplug/netback-ng-autoprobe
xenconfdir = $(xenetcdir)
dist_xenconf_DATA = hotplug/netback-ng.conf
modprobedir = $(prefix)/lib/modprobe.d
dist_modprobe_DATA = hotplug/netback-ng-modprobe.conf
netbackexamplesdir = $(docdir)/examples
dist_netbackexamples_DATA = hotplug/netback-ng-whole-host.conf.example

systemdsystemunit_DATA = hotplug/netback-ngd.service
EXTRA_DIST += hotplug/netback-ngd.service.in hotplug/netback-ngctl.bash-completion
CLEANFILES += hotplug/netback-ngd.service
hotplug/netback-ngd.service: hotplug/netback-ngd.service.in
	$(AM_V_GEN)$(MKDIR_P) hotplug && $(SED) -e 's|@sbindir[@]|$(sbindir)|' \
		-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|' $< >$@.tmp && mv $@.tmp $@

# bash-completion loads a file by the command's name.
bashcompletiondir = $(datadir)/bash-completion/completions
install-data-hook: install-bash-completion
install-bash-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompletiondir)
	$(INSTALL_DATA) $(srcdir)/hotplug/netback-ngctl.bash-completion $(DESTDIR)$(bashcompletiondir)/netback-ngctl
uninstall-hook: uninstall-bash-completion
uninstall-bash-completion:
	rm -f $(DESTDIR)$(bashcompletiondir)/netback-ngctl
.PHONY: install-bash-completion uninstall-bash-completion
