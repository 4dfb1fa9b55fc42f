/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/vf.h"
#include "xl-plugins/bridge.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/pci.h"
#include "xl-plugins/sysfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vfs {
	struct xlnet *x;
	struct vf *list;
	size_t n;
};

static void vf_fill(const struct xlnet *x, const char *pf, unsigned int index, struct vf *vf)
{
	memset(vf, 0, sizeof(*vf));
	text_copy(vf->pf, sizeof(vf->pf), pf);
	vf->index = index;
	vf->domid = DOMID_NONE;
	vf->seen = !netlink_vf_get(pf, index, &vf->state);
}

static void vf_fill_pci(const struct xlnet *x, struct vf *vf)
{
	sysfs_pci_driver(x, &vf->bdf, vf->driver, sizeof(vf->driver));
	sysfs_pci_netdev(x, &vf->bdf, vf->netdev);
	vf->group_size = sysfs_iommu_group(x, &vf->bdf, &vf->group);
}

static int pf_add(const struct sysfs_pf *pf, struct vfs *vfs)
{
	struct vf *more = realloc(vfs->list, (vfs->n + pf->vfs + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	vfs->list = more;
	for (unsigned int i = 0; i < pf->vfs; i++) {
		struct vf *vf = &vfs->list[vfs->n];

		vf_fill(vfs->x, pf->name, i, vf);
		if (sysfs_vf_bdf(vfs->x, pf->name, i, &vf->bdf))
			continue;
		vf_fill_pci(vfs->x, vf);
		vfs->n++;
	}
	return 0;
}

static void owner_mark(struct vfs *vfs, uint32_t domid)
{
	struct bdf *list;
	size_t n;

	if (pci_list(vfs->x, domid, &list, &n))
		return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < vfs->n; k++)
			if (bdf_equal(&vfs->list[k].bdf, &list[i]))
				vfs->list[k].domid = domid;
	free(list);
}

static int reserved_mark(const char *uuid, const char *kind, void *arg)
{
	struct vfs *vfs = arg;
	json_t *record = strcmp(kind, "switch") ? NULL : journal_read(vfs->x, uuid, kind);
	const char *pf = json_string_value(json_object_get(record, "pf"));
	json_int_t index = json_integer_value(json_object_get(record, "vf"));

	for (size_t i = 0; pf && i < vfs->n; i++)
		if (!strcmp(vfs->list[i].pf, pf) && vfs->list[i].index == index)
			text_copy(vfs->list[i].reserved, sizeof(vfs->list[i].reserved), uuid);
	json_decref(record);
	return 0;
}

static int owners_find(struct vfs *vfs)
{
	struct domain *doms;
	size_t n;
	int rc = host_domains(vfs->x, &doms, &n);

	for (size_t i = 0; !rc && i < n; i++)
		owner_mark(vfs, doms[i].id);
	if (!rc)
		free(doms);
	return rc ? rc : journal_each(vfs->x, reserved_mark, vfs);
}

int vf_list(struct xlnet *x, struct vf **list, size_t *n)
{
	struct vfs vfs = { .x = x };
	struct sysfs_pf *pfs;
	size_t npfs;
	int rc = sysfs_pfs(x, &pfs, &npfs);

	for (size_t i = 0; !rc && i < npfs; i++)
		rc = pf_add(&pfs[i], &vfs);
	free(pfs);
	if (!rc && vfs.n)
		rc = owners_find(&vfs);
	if (rc) {
		free(vfs.list);
		vfs.list = NULL;
		vfs.n = 0;
	}
	*list = vfs.list;
	*n = vfs.n;
	return rc;
}

const char *vf_use(const struct vf *vf)
{
	if (vf->domid != DOMID_NONE)
		return "assigned";
	if (*vf->reserved)
		return "reserved";
	return *vf->driver && strcmp(vf->driver, "pciback") ? "dom0" : "free";
}

int vf_of_nic(const struct vf *vfs, size_t n, const struct nic *nic, struct vf *vf)
{
	for (size_t i = 0; i < n; i++) {
		if (vfs[i].domid != nic->domid || !vfs[i].seen ||
		    !mac_equal(&vfs[i].state.mac, &nic->mac))
			continue;
		*vf = vfs[i];
		return 0;
	}
	return -ENOENT;
}

bool vf_is_stale(const struct vf *vf, const struct nic *nic)
{
	return vf->seen && !strcmp(vf_use(vf), "free") && mac_equal(&vf->state.mac, &nic->mac);
}

static bool pf_suits(const struct xlnet *x, const struct vf *vf, const struct nic *nic,
		     const char *pf)
{
	char uplink[IFNAMSIZ];

	return pf ? !strcmp(vf->pf, pf) : !bridge_uplink(x, vf->pf, nic->bridge, uplink);
}

/* Two functions with one MAC on one NIC: its switch would deliver to either. */
static int mac_check(const struct vf *vfs, size_t n, const struct vf *vf, const struct nic *nic)
{
	char mac[MAC_TEXT];

	for (size_t i = 0; i < n; i++) {
		if (&vfs[i] == vf || strcmp(vfs[i].pf, vf->pf) || !vfs[i].seen ||
		    !mac_equal(&vfs[i].state.mac, &nic->mac))
			continue;
		if (vfs[i].domid != DOMID_NONE)
			return problem(-EADDRINUSE,
				       "VF %u of %s, which guest %u has, has the MAC %s already: "
				       "give one of the guests another MAC",
				       vfs[i].index, vf->pf, vfs[i].domid, mac_text(&nic->mac, mac));
		return problem(-EADDRINUSE,
			       "VF %u of %s, which nobody has, has the MAC %s still: xl-net "
			       "net-recover takes it off",
			       vfs[i].index, vf->pf, mac_text(&nic->mac, mac));
	}
	return 0;
}

static int none_left(const struct nic *nic, const char *pf, size_t suited)
{
	if (suited)
		return problem(-EBUSY, "all VFs are taken (xl-net net-vf-list): move another guest "
				       "to PV first, or enable "
				       "more in sriov_numvfs");
	if (pf)
		return problem(-ENOENT,
			       "%s has no VFs: echo N > /sys/class/net/%s/device/sriov_numvfs "
			       "(see xl-net net-check)",
			       pf, pf);
	return problem(-ENOENT,
		       "no PF with VFs leads into bridge \"%s\": name one with --pf, or enable its "
		       "VFs "
		       "(see xl-net net-check)",
		       nic->bridge);
}

int vf_choose(const struct xlnet *x, const struct vf *vfs, size_t n, const struct nic *nic,
	      const char *pf, struct vf *vf)
{
	const struct vf *best = NULL;
	size_t suited = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		if (!pf_suits(x, &vfs[i], nic, pf))
			continue;
		suited++;
		if (strcmp(vf_use(&vfs[i]), "free"))
			continue;
		if (!best || (vfs[i].seen && mac_equal(&vfs[i].state.mac, &nic->mac)))
			best = &vfs[i];
	}
	rc = best ? mac_check(vfs, n, best, nic) : none_left(nic, pf, suited);
	if (!rc)
		*vf = *best;
	return rc;
}
