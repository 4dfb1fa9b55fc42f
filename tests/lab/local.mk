# SPDX-License-Identifier: GPL-2.0-or-later
# The lab is run by hand or by CI from a checkout; it is only carried here.
EXTRA_DIST += tests/lab/README tests/lab/lab \
	tests/lab/demo/plot \
	tests/lab/demo/timeline.awk \
	tests/lab/demo/timeline.png \
	tests/lab/dom0/credit-rounds \
	tests/lab/dom0/early-init \
	tests/lab/dom0/guest-exec \
	tests/lab/dom0/netback-ngd-unit \
	tests/lab/dom0/openvswitch \
	tests/lab/dom0/start \
	tests/lab/dom0/vfs \
	tests/lab/guest/init \
	tests/lab/lib/build.sh \
	tests/lab/lib/common.sh \
	tests/lab/lib/guest.sh \
	tests/lab/lib/hand.sh tests/lab/lib/module.sh \
	tests/lab/lib/host.sh \
	tests/lab/lib/packets.sh \
	tests/lab/lib/phases.awk \
	tests/lab/lib/pieces.sh \
	tests/lab/lib/probe.sh \
	tests/lab/lib/run.sh \
	tests/lab/scenarios/10-boot-and-ping-kernel.sh \
	tests/lab/scenarios/20-boot-and-ping-ng.sh \
	tests/lab/scenarios/22-vifs.sh \
	tests/lab/scenarios/24-hotplug.sh \
	tests/lab/scenarios/26-queues.sh \
	tests/lab/scenarios/27-ports.sh \
	tests/lab/scenarios/28-destroy.sh \
	tests/lab/scenarios/30-restart.sh \
	tests/lab/scenarios/32-stopped.sh \
	tests/lab/scenarios/34-whole-host.sh \
	tests/lab/scenarios/40-compare.sh \
	tests/lab/scenarios/45-levers.sh \
	tests/lab/scenarios/46-vif-to-vif.sh \
	tests/lab/scenarios/47-pair-levers.sh \
	tests/lab/scenarios/50-save-restore.sh \
	tests/lab/scenarios/60-migrate.sh \
	tests/lab/scenarios/62-migrate-ng.sh \
	tests/lab/scenarios/70-switch.sh \
	tests/lab/scenarios/71-openvswitch.sh \
	tests/lab/scenarios/72-switch-ng.sh \
	tests/lab/scenarios/75-net-migrate.sh \
	tests/lab/scenarios/76-migrate-fails.sh \
	tests/lab/scenarios/80-netfront-ng.sh \
	tests/lab/scenarios/82-evil-backend.sh \
	tests/lab/scenarios/85-teaming.sh \
	tests/lab/scenarios/87-hybrid.sh \
	tests/lab/scenarios/88-pairs.sh \
	tests/lab/scenarios/89-pair-vifs.sh \
	tests/lab/scenarios/90-credit.sh \
	tests/lab/scenarios/95-demo.sh
