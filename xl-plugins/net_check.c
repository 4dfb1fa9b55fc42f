/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this host ready? What is wrong comes with its remedy; the other side of a migration asks for
 * JSON.
 */
#include "xl-plugins/bridge.h"
#include "xl-plugins/command.h"
#include "xl-plugins/guest.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/migrate.h"
#include "xl-plugins/sysfs.h"
#include "xl-plugins/vf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_BAD };
static const char *const level_names[] = { "ok", "note", "bad" };

struct check {
	struct xlnet *x;
	struct host_facts facts;
	json_t *checks, *free_vfs, *incoming;
	json_t *pf_bridges; /* of the PF below */
	char pf[IFNAMSIZ];
	enum level worst;
};

/* remedy: NULL where nothing is to be done. */
static void found(struct check *c, enum level level, const char *name, const char *remedy,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void found(struct check *c, enum level level, const char *name, const char *remedy,
		  const char *fmt, ...)
{
	char detail[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (level > c->worst)
		c->worst = level;
	if (c->x->json) {
		json_array_append_new(c->checks, json_pack("{s:s,s:s,s:s,s:s?}", "check", name,
							   "level", level_names[level], "detail",
							   detail, "remedy", remedy));
		return;
	}
	printf("%-5s %-20s %s\n", level_names[level], name, detail);
	if (remedy)
		printf("      %-20s -> %s\n", "", remedy);
}

static void check_xen(struct check *c)
{
	const struct host_facts *f = &c->facts;

	found(c, LEVEL_OK, "xen", NULL, "%d.%d, command line \"%s\"", f->major, f->minor,
	      f->commandline);
	if (f->iommu)
		found(c, LEVEL_OK, "iommu", NULL, "Xen can assign devices to guests");
	else
		found(c, LEVEL_BAD, "iommu",
		      "turn VT-d or AMD-Vi on in the firmware, and leave iommu=off off Xen's "
		      "command line",
		      "Xen uses no IOMMU: no guest can have a VF");
}

struct interrupts {
	int remapping, posted; /* -1 unknown, 0 off, 1 on */
};

/*
 * "Intel VT-d Interrupt Remapping enabled.", "... Posted Interrupt not enabled.", "Interrupt
 * remapping enabled".
 */
static void interrupts_scan(const char *line, void *arg)
{
	struct interrupts *i = arg;
	int on = !strcasestr(line, "not enabled") && !strcasestr(line, "disabled");

	if (strcasestr(line, "interrupt remapping") && strcasestr(line, "abled"))
		i->remapping = on;
	if (strcasestr(line, "posted interrupt") && strcasestr(line, "abled"))
		i->posted = on;
}

static void check_interrupts(struct check *c)
{
	struct interrupts i = { -1, -1 };

	host_log(c->x, interrupts_scan, &i);
	if (i.remapping == 1)
		found(c, LEVEL_OK, "interrupt-remapping", NULL, "on");
	else if (!i.remapping)
		found(c, LEVEL_BAD, "interrupt-remapping",
		      "leave iommu=no-intremap off Xen's command line; turn x2APIC and "
		      "interrupt remapping on in the firmware",
		      "off: a guest with a VF could forge interrupts");
	else
		found(c, LEVEL_NOTE, "interrupt-remapping", "look at \"xl dmesg\" right after boot",
		      "unknown: Xen's log no longer has its boot messages");
	if (i.posted == 1)
		found(c, LEVEL_OK, "posted-interrupts", NULL,
		      "on: a VF's interrupts reach a running guest without an exit");
	else if (!i.posted)
		found(c, LEVEL_NOTE, "posted-interrupts",
		      "if the processor has them: iommu=intpost on Xen's command line",
		      "off: each interrupt of a VF costs an HVM guest an exit (PV guests do not "
		      "use them)");
	else
		found(c, LEVEL_NOTE, "posted-interrupts",
		      "if the processor has them: iommu=intpost on Xen's command line",
		      "unknown: Xen's log does not tell");
}

static void check_logdirty(struct check *c)
{
	const struct host_facts *f = &c->facts;

	if (f->shadow)
		found(c, LEVEL_OK, "log-dirty-pv", NULL,
		      "PV guests can be live-migrated from here");
	else
		found(c, LEVEL_BAD, "log-dirty-pv",
		      "use a hypervisor that was built with CONFIG_SHADOW_PAGING=y (Debian's is "
		      "not), "
		      "or HVM guests",
		      "this hypervisor has no shadow paging: PV guests cannot be live-migrated "
		      "from here");
	if (!f->hvm)
		found(c, LEVEL_NOTE, "log-dirty-hvm", NULL, "this host runs no HVM guests");
	else if (f->hap || f->shadow)
		found(c, LEVEL_OK, "log-dirty-hvm", NULL,
		      "HVM and PVH guests can be live-migrated from here");
	else
		found(c, LEVEL_BAD, "log-dirty-hvm", "leave hap=0 off Xen's command line",
		      "neither HAP nor shadow paging: HVM guests cannot be live-migrated from "
		      "here");
}

static void check_modules(struct check *c)
{
	bool pciback = sysfs_exists(c->x, "bus/pci/drivers/pciback");

	found(c, pciback ? LEVEL_OK : LEVEL_BAD, "xen-pciback",
	      pciback ? NULL
		      : "modprobe xen-pciback; a line \"xen-pciback\" in /etc/modules-load.d/ for "
			"later boots",
	      pciback ? "loaded" : "not loaded: VFs cannot be given to guests");
}

/* Who serves new vifs? With autoprobe off it is netback-ngd, which hands on what is not its own. */
static void check_netback(struct check *c)
{
	bool kernel = sysfs_exists(c->x, "bus/xen-backend/drivers/vif"), autoprobe = true;

	sysfs_flag(c->x, "bus/xen-backend/drivers_autoprobe", &autoprobe);
	if (!autoprobe)
		found(c, LEVEL_OK, "netback", NULL, "netback-ngd is in charge%s",
		      kernel ? " and hands the vifs that are not its own to the kernel"
			     : " of all vifs");
	else if (kernel)
		found(c, LEVEL_OK, "netback", NULL, "the kernel's xen-netback serves all vifs");
	else
		found(c, LEVEL_BAD, "netback",
		      "modprobe xen-netback, or systemctl start netback-ngd",
		      "nobody serves vifs: guests have no path to fall back on");
}

/* VFs come PF by PF: the bridges that one leads into are looked up once for all of its VFs. */
static json_t *bridges_of(struct check *c, const char *pf)
{
	if (!c->pf_bridges || strcmp(c->pf, pf)) {
		json_decref(c->pf_bridges);
		c->pf_bridges = bridge_names(c->x, pf);
		text_copy(c->pf, sizeof(c->pf), pf);
	}
	return json_incref(c->pf_bridges);
}

static void check_vf(struct check *c, const struct vf *vf)
{
	char bdf[BDF_TEXT];

	if (!strcmp(vf_use(vf), "dom0"))
		found(c, LEVEL_NOTE, "vf",
		      "install the udev rule 90-xen-net-ng-vf.rules, or unbind it",
		      "VF %u of %s (%s) is taken by Dom0's driver %s", vf->index, vf->pf,
		      bdf_text(&vf->bdf, bdf), vf->driver);
	if (strcmp(vf_use(vf), "free"))
		return;
	json_array_append_new(c->free_vfs,
			      json_pack("{s:s,s:i,s:o}", "pf", vf->pf, "vf", (int)vf->index,
					"bridges", bridges_of(c, vf->pf)));
}

static void check_pf(struct check *c, const struct sysfs_pf *pf)
{
	char bridges[NAME_LEN];

	bridge_text(c->x, pf->name, bridges);
	if (!pf->vfs)
		found(c, LEVEL_NOTE, "pf",
		      "xl-net-vfs.conf makes it last over a reboot; now: echo N > sriov_numvfs in "
		      "/sys/class/net/IF/device",
		      "%s: none of %u VFs is enabled", pf->name, pf->total);
	else
		found(c, LEVEL_OK, "pf", NULL, "%s: %u of %u VFs enabled%s%s", pf->name, pf->vfs,
		      pf->total, *bridges ? ", in " : ", in no bridge", bridges);
}

static void check_vfs(struct check *c)
{
	struct sysfs_pf *pfs = NULL;
	struct vf *vfs = NULL;
	size_t npfs = 0, n = 0;

	if (sysfs_pfs(c->x, &pfs, &npfs) || !npfs)
		found(c, LEVEL_BAD, "pf",
		      "use a NIC with SR-IOV, turn SR-IOV on in the firmware, and load its driver",
		      "no network interface has SR-IOV");
	for (size_t i = 0; i < npfs; i++)
		check_pf(c, &pfs[i]);
	if (!vf_list(c->x, &vfs, &n))
		for (size_t i = 0; i < n; i++)
			check_vf(c, &vfs[i]);
	if (npfs)
		found(c, json_array_size(c->free_vfs) ? LEVEL_OK : LEVEL_NOTE, "free-vfs", NULL,
		      "%zu of %zu", json_array_size(c->free_vfs), n);
	free(pfs);
	free(vfs);
}

/* As xl names a guest that is being received, or was until its receiver died. */
static bool is_incoming(const struct domain *dom)
{
	size_t n = strlen(dom->name), m = strlen(INCOMING);

	return n > m && !strcmp(dom->name + n - m, INCOMING);
}

static void check_incoming(struct check *c, const struct domain *dom)
{
	found(c, LEVEL_NOTE, "incoming", "if no migration is under way: xl destroy it",
	      "\"%s\" is a guest half received: no guest of its name can migrate to here",
	      dom->name);
	json_array_append_new(c->incoming, json_string(dom->name));
}

static void check_guest(struct check *c, struct domain *dom)
{
	if (is_incoming(dom)) {
		check_incoming(c, dom);
		return;
	}
	if (host_domain_config(c->x, dom))
		return;
	if (dom->type == GUEST_PVH)
		found(c, LEVEL_NOTE, "guest", "use type=\"pv\" or \"hvm\" where it shall have a VF",
		      "\"%s\" is PVH: Xen assigns no devices to those", dom->name);
	else if (!dom->passthrough)
		found(c, LEVEL_NOTE, "guest",
		      "put passthrough=\"enabled\" into its configuration and create it again",
		      "\"%s\" cannot get a VF: it was created without passthrough", dom->name);
	else
		found(c, LEVEL_OK, "guest", NULL, "\"%s\" can get a VF", dom->name);
}

static void check_guests(struct check *c)
{
	struct domain *doms;
	size_t n;

	if (host_domains(c->x, &doms, &n))
		return;
	for (size_t i = 0; i < n; i++)
		check_guest(c, &doms[i]);
	free(doms);
}

static int check_record(const char *uuid, const char *kind, void *arg)
{
	found(arg, LEVEL_NOTE, "interrupted", "xl-net net-recover", "a %s of guest %s is not ended",
	      kind, uuid);
	return 0;
}

static int print_json(struct check *c)
{
	const struct host_facts *f = &c->facts;
	char xen[16];

	snprintf(xen, sizeof(xen), "%d.%d", f->major, f->minor);
	return command_print_json(
		json_pack("{s:s,s:s,s:s,s:b,s:b,s:b,s:o,s:o,s:o,s:o}", "version", PACKAGE_VERSION,
			  "level", level_names[c->worst], "xen", xen, "iommu", f->iommu,
			  "log_dirty_pv", f->shadow, "log_dirty_hvm", f->hap || f->shadow,
			  "free_vfs", c->free_vfs, "bridges", bridge_names(c->x, NULL), "incoming",
			  c->incoming, "checks", c->checks));
}

int net_check(struct xlnet *x, int argc, char **argv)
{
	struct check c = { .x = x };

	if (argc > 1)
		return command_usage(argv[0]);
	if (host_facts(x, &c.facts))
		return EXIT_PROBLEM;
	c.checks = json_array();
	c.free_vfs = json_array();
	c.incoming = json_array();
	check_xen(&c);
	check_interrupts(&c);
	check_modules(&c);
	check_netback(&c);
	check_vfs(&c);
	check_logdirty(&c);
	check_guests(&c);
	journal_each(x, check_record, &c);
	json_decref(c.pf_bridges);
	if (x->json && print_json(&c))
		return EXIT_PROBLEM;
	if (!x->json) {
		json_decref(c.checks);
		json_decref(c.free_vfs);
		json_decref(c.incoming);
	}
	return c.worst == LEVEL_BAD ? EXIT_PROBLEM : EXIT_OK;
}
