# SPDX-License-Identifier: GPL-2.0-or-later
# End-to-end tests on the embedded Xen. They need root and network namespaces, so they are a target
# of their own: "make check" stays for everyone. EMBEDDED="NAME..." runs some scenarios only.
EXTRA_DIST += tests/embedded/run tests/embedded/machine tests/embedded/lib.sh tests/embedded/vif-script \
	tests/embedded/demo \
	tests/embedded/scenarios/accounting.sh tests/embedded/scenarios/counters.sh \
	tests/embedded/scenarios/credit.sh tests/embedded/scenarios/driver-domain.sh \
	tests/embedded/scenarios/evil.sh tests/embedded/scenarios/evil-backend.sh tests/embedded/scenarios/faults.sh \
	tests/embedded/scenarios/few-buffers.sh \
	tests/embedded/scenarios/half-pages.sh tests/embedded/scenarios/killed.sh tests/embedded/scenarios/many.sh tests/embedded/scenarios/mixed.sh \
	tests/embedded/scenarios/offload.sh tests/embedded/scenarios/port.sh tests/embedded/scenarios/restart.sh \
	tests/embedded/scenarios/resume.sh \
	tests/embedded/scenarios/sweep.sh tests/embedded/scenarios/switch.sh tests/embedded/scenarios/switch-bridge.sh tests/embedded/scenarios/switch-pairs.sh \
	tests/embedded/scenarios/traffic.sh \
	tests/embedded/scenarios/unplug.sh tests/embedded/scenarios/vanish.sh tests/embedded/scenarios/vifname.sh tests/embedded/scenarios/xdp.sh
EXTRA_DIST += tests/embedded/scenarios/rate.sh tests/embedded/scenarios/start.sh tests/embedded/scenarios/storm.sh tests/embedded/scenarios/tolerant.sh

.PHONY: check-embedded
check-embedded: all
	BUILD='$(abs_top_builddir)' '$(abs_top_srcdir)/tests/embedded/run' $(EMBEDDED)
