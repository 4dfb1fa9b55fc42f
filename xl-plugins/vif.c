/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/vif.h"
#include "xl-plugins/guest.h"
#include "xl-plugins/sysfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct vifs {
	struct xlnet *x;
	struct vif *list;
	size_t n;
	const struct vf *vfs;
	size_t nvfs;
};

static enum path path_of(struct xlnet *x, const struct vif *vif)
{
	if (!vif->has_vf)
		return PATH_PV;
	if (!vif->can_switch)
		return PATH_VF;
	return vif->report != PATH_VF || guest_is_hybrid(x, &vif->nic) ? PATH_HYBRID : PATH_VF;
}

static void vif_fill(const struct vifs *vifs, const struct domain *dom, const struct nic *nic,
		     struct vif *vif)
{
	struct xlnet *x = vifs->x;

	memset(vif, 0, sizeof(*vif));
	vif->dom = *dom;
	vif->nic = *nic;
	vif->can_switch = guest_can_switch(x, nic);
	vif->report = guest_datapath(x, nic);
	guest_backend(x, nic, vif->backend, sizeof(vif->backend));
	vif->has_vf = !vf_of_nic(vifs->vfs, vifs->nvfs, nic, &vif->vf);
	vif->path = path_of(x, vif);
	/* What Dom0 sends on the vif, the guest receives. */
	vif->rx_bytes = sysfs_counter(x, nic->ifname, "tx_bytes");
	vif->tx_bytes = sysfs_counter(x, nic->ifname, "rx_bytes");
	if (vif->has_vf && vif->vf.state.counted) {
		vif->vf_rx_bytes = vif->vf.state.rx_bytes;
		vif->vf_tx_bytes = vif->vf.state.tx_bytes;
	}
}

static int domain_add(struct vifs *vifs, const struct domain *dom)
{
	struct vif *more;
	struct nic *nics;
	size_t n;
	int rc = host_nics(vifs->x, dom->id, &nics, &n);

	if (rc)
		return rc;
	more = realloc(vifs->list, (vifs->n + n + 1) * sizeof(*more));
	if (more)
		vifs->list = more;
	for (size_t i = 0; more && i < n; i++)
		vif_fill(vifs, dom, &nics[i], &vifs->list[vifs->n++]);
	free(nics);
	return more ? 0 : -ENOMEM;
}

static int all_add(struct vifs *vifs)
{
	struct domain *doms;
	size_t n;
	int rc = host_domains(vifs->x, &doms, &n);

	for (size_t i = 0; !rc && i < n; i++)
		rc = domain_add(vifs, &doms[i]);
	if (n)
		free(doms);
	return rc;
}

static int one_add(struct vifs *vifs, const char *which)
{
	struct domain dom;
	int rc = host_domain(vifs->x, which, &dom);

	return rc ? rc : domain_add(vifs, &dom);
}

int vif_list_with(struct xlnet *x, const char *which, const struct vf *vfs, size_t nvfs,
		  struct vif **list, size_t *n)
{
	struct vifs vifs = { .x = x, .vfs = vfs, .nvfs = nvfs };
	int rc = which ? one_add(&vifs, which) : all_add(&vifs);

	*list = vifs.list;
	*n = vifs.n;
	return rc;
}

int vif_list(struct xlnet *x, const char *which, struct vif **list, size_t *n)
{
	struct vf *vfs;
	size_t nvfs;
	int rc = vf_list(x, &vfs, &nvfs);

	*list = NULL;
	*n = 0;
	if (!rc)
		rc = vif_list_with(x, which, vfs, nvfs, list, n);
	free(vfs);
	return rc;
}

static json_t *vf_part(const struct vif *vif)
{
	char bdf[BDF_TEXT];

	if (!vif->has_vf)
		return json_null();
	return json_pack("{s:s,s:i,s:s,s:i,s:b}", "pf", vif->vf.pf, "index", (int)vif->vf.index,
			 "bdf", bdf_text(&vif->vf.bdf, bdf), "vlan", (int)vif->vf.state.vlan,
			 "spoofchk", vif->vf.state.spoofchk);
}

json_t *vif_json(const struct vif *vif)
{
	char mac[MAC_TEXT];

	return json_pack(
		"{s:s,s:s,s:I,s:i,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:i,s:o,s:I,s:I,s:I,s:I}", "domain",
		vif->dom.name, "uuid", vif->dom.uuid, "domid", (json_int_t)vif->dom.id, "devid",
		vif->nic.devid, "mac", mac_text(&vif->nic.mac, mac), "bridge", vif->nic.bridge,
		"vif", vif->nic.ifname, "path", path_name(vif->path), "backend", vif->backend,
		"guest_switches", vif->can_switch, "guest_reports", path_name(vif->report), "state",
		vif->nic.state, "vf", vf_part(vif), "vif_rx_bytes", (json_int_t)vif->rx_bytes,
		"vif_tx_bytes", (json_int_t)vif->tx_bytes, "vf_rx_bytes",
		(json_int_t)vif->vf_rx_bytes, "vf_tx_bytes", (json_int_t)vif->vf_tx_bytes);
}
