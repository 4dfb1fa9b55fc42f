/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/bridge.h"
#include "xl-plugins/command.h"
#include "xl-plugins/sysfs.h"
#include "xl-plugins/vf.h"

#include <stdlib.h>
#include <string.h>

static void owner_name(struct xlnet *x, const struct vf *vf, char name[NAME_LEN])
{
	struct domain dom;
	char id[16];

	name[0] = '\0';
	if (vf->domid == DOMID_NONE)
		return;
	snprintf(id, sizeof(id), "%u", vf->domid);
	if (!host_domain_find(x, id, &dom))
		text_copy(name, NAME_LEN, dom.name);
}

static json_t *vf_json(struct xlnet *x, const struct vf *vf)
{
	char bdf[BDF_TEXT], mac[MAC_TEXT], owner[NAME_LEN];

	owner_name(x, vf, owner);
	return json_pack("{s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:i,s:b,s:i,s:i}", "index", (int)vf->index,
			 "bdf", bdf_text(&vf->bdf, bdf), "use", vf_use(vf), "driver", vf->driver,
			 "netdev", vf->netdev, "domain", owner, "mac",
			 mac_text(&vf->state.mac, mac), "vlan", (int)vf->state.vlan, "spoofchk",
			 vf->state.spoofchk, "iommu_group", vf->group, "iommu_group_size",
			 (int)vf->group_size);
}

static json_t *pf_json(struct xlnet *x, const struct sysfs_pf *pf, const struct vf *vfs, size_t n)
{
	json_t *list = json_array();
	char bdf[BDF_TEXT];

	for (size_t i = 0; i < n; i++)
		if (!strcmp(vfs[i].pf, pf->name))
			json_array_append_new(list, vf_json(x, &vfs[i]));
	return json_pack("{s:s,s:s,s:s,s:o,s:i,s:i,s:o}", "pf", pf->name, "bdf",
			 bdf_text(&pf->bdf, bdf), "driver", pf->driver, "bridges",
			 bridge_names(x, pf->name), "total",
			 (int)pf->total, "enabled", (int)pf->vfs, "vfs", list);
}

static void print_vf(struct xlnet *x, const struct vf *vf)
{
	char bdf[BDF_TEXT], mac[MAC_TEXT], owner[NAME_LEN], group[32] = "";

	owner_name(x, vf, owner);
	/* Assigned alone, a function must be alone in its group. A Xen Dom0 shows no groups. */
	if (vf->group_size > 1)
		snprintf(group, sizeof(group), "  shares IOMMU group %d", vf->group);
	printf("  %3u %-12s %-9s %-10s %-17s %4u %-6s %s%s\n", vf->index, bdf_text(&vf->bdf, bdf),
	       vf_use(vf), *vf->driver ? vf->driver : "-",
	       vf->seen ? mac_text(&vf->state.mac, mac) : "?", vf->state.vlan,
	       vf->state.spoofchk ? "on" : "off", *owner ? owner : vf->netdev, group);
}

static void print_pf(struct xlnet *x, const struct sysfs_pf *pf, const struct vf *vfs, size_t n)
{
	char bdf[BDF_TEXT], bridges[NAME_LEN];

	bridge_text(x, pf->name, bridges);
	printf("%s (%s, %s)%s%s: %u of %u VFs enabled\n", pf->name, bdf_text(&pf->bdf, bdf),
	       pf->driver, *bridges ? " in " : "", bridges, pf->vfs, pf->total);
	if (pf->vfs)
		printf("  %3s %-12s %-9s %-10s %-17s %4s %-6s %s\n", "VF", "ADDRESS", "USE",
		       "DRIVER", "MAC", "VLAN", "SPOOF", "GUEST");
	for (size_t i = 0; i < n; i++)
		if (!strcmp(vfs[i].pf, pf->name))
			print_vf(x, &vfs[i]);
}

static int print_all(struct xlnet *x, const struct sysfs_pf *pfs, size_t npfs, const struct vf *vfs,
		     size_t n)
{
	json_t *json = json_array();

	for (size_t i = 0; i < npfs; i++) {
		if (x->json)
			json_array_append_new(json, pf_json(x, &pfs[i], vfs, n));
		else
			print_pf(x, &pfs[i], vfs, n);
	}
	if (x->json)
		return command_print_json(json);
	json_decref(json);
	if (!npfs)
		puts("no network interface of this host has SR-IOV");
	return EXIT_OK;
}

int net_vf_list(struct xlnet *x, int argc, char **argv)
{
	struct sysfs_pf *pfs = NULL;
	struct vf *vfs = NULL;
	size_t npfs, n;
	int status = EXIT_PROBLEM;

	if (argc > 1)
		return command_usage(argv[0]);
	if (!sysfs_pfs(x, &pfs, &npfs) && !vf_list(x, &vfs, &n))
		status = print_all(x, pfs, npfs, vfs, n);
	free(pfs);
	free(vfs);
	return status;
}
