/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxl and libxenctrl. */
#include "tests/unit/fake_part.h"

#include <libxl.h>
#include <libxl_utils.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenctrl.h>

xentoollog_logger_stdiostream *xtl_createlogger_stdiostream(FILE *f, xentoollog_level min_level,
							    unsigned flags)
{
	return (xentoollog_logger_stdiostream *)fake;
}

void xtl_logger_destroy(struct xentoollog_logger *logger)
{
}

int libxl_ctx_alloc(libxl_ctx **ctx, int version, unsigned flags, xentoollog_logger *logger)
{
	*ctx = (libxl_ctx *)fake;
	return 0;
}

int libxl_ctx_free(libxl_ctx *ctx)
{
	return 0;
}

const libxl_version_info *libxl_get_version_info(libxl_ctx *ctx)
{
	static const libxl_version_info info = { .xen_version_major = 4, .xen_version_minor = 20 };

	return &info;
}

void libxl_physinfo_init(libxl_physinfo *p)
{
	memset(p, 0, sizeof(*p));
}

void libxl_physinfo_dispose(libxl_physinfo *p)
{
}

int libxl_get_physinfo(libxl_ctx *ctx, libxl_physinfo *info)
{
	info->cap_hvm_directio = info->cap_pv = true;
	info->cap_shadow = !fake->no_shadow;
	return 0;
}

libxl_xen_console_reader *libxl_xen_console_read_start(libxl_ctx *ctx, int clear)
{
	return NULL;
}

int libxl_xen_console_read_line(libxl_ctx *ctx, libxl_xen_console_reader *cr, char **line)
{
	return 0;
}

void libxl_xen_console_read_finish(libxl_ctx *ctx, libxl_xen_console_reader *cr)
{
}

char *libxl_domid_to_name(libxl_ctx *ctx, uint32_t domid)
{
	struct fake_dom *dom = fake_dom_find(domid);

	return dom ? strdup(dom->name) : NULL;
}

libxl_dominfo *libxl_list_domain(libxl_ctx *ctx, int *n)
{
	libxl_dominfo *list = calloc(FAKE_DOMS + 1, sizeof(*list));

	*n = 1;
	for (int i = 0; i < FAKE_DOMS; i++) {
		if (!fake->doms[i].id)
			continue;
		list[*n].domid = fake->doms[i].id;
		memcpy(list[*n].uuid.uuid, fake->doms[i].uuid, 16);
		++*n;
	}
	return list;
}

void libxl_dominfo_list_free(libxl_dominfo *list, int n)
{
	free(list);
}

void libxl_domain_config_init(libxl_domain_config *p)
{
	memset(p, 0, sizeof(*p));
}

void libxl_domain_config_dispose(libxl_domain_config *p)
{
}

int libxl_retrieve_domain_configuration(libxl_ctx *ctx, uint32_t domid, libxl_domain_config *config,
					const libxl_asyncop_how *how)
{
	const struct fake_dom *dom = fake_dom_find(domid);

	if (!dom)
		return ERROR_DOMAIN_NOTFOUND;
	config->c_info.type = (libxl_domain_type)dom->type;
	config->c_info.passthrough =
		dom->passthrough ? LIBXL_PASSTHROUGH_ENABLED : LIBXL_PASSTHROUGH_DISABLED;
	return 0;
}

libxl_device_nic *libxl_device_nic_list(libxl_ctx *ctx, uint32_t domid, int *n)
{
	const struct fake_dom *dom = fake_dom_find(domid);
	static char bridge[] = "xenbr0", script[] = "vif-bridge";
	libxl_device_nic *list = calloc(1, sizeof(*list));

	*n = dom && dom->nic_state;
	list->bridge = bridge;
	list->script = script;
	if (dom)
		memcpy(list->mac, dom->mac.b, 6);
	return list;
}

void libxl_device_nic_list_free(libxl_device_nic *list, int n)
{
	free(list);
}

void libxl_nicinfo_init(libxl_nicinfo *p)
{
	memset(p, 0, sizeof(*p));
}

void libxl_nicinfo_dispose(libxl_nicinfo *p)
{
}

int libxl_device_nic_getinfo(libxl_ctx *ctx, uint32_t domid, const libxl_device_nic *nic,
			     libxl_nicinfo *info)
{
	const struct fake_dom *dom = fake_dom_find(domid);

	info->state = dom ? dom->nic_state : 0;
	return dom ? 0 : ERROR_DOMAIN_NOTFOUND;
}

void libxl_device_pci_init(libxl_device_pci *p)
{
	memset(p, 0, sizeof(*p));
}

void libxl_device_pci_dispose(libxl_device_pci *p)
{
}

static struct fake_vf *vf_by_address(const libxl_device_pci *pci)
{
	return pci->bus == 1 && pci->dev == 0x10 && pci->func <= 2 ? &fake->vfs[pci->func / 2]
								   : NULL;
}

libxl_device_pci *libxl_device_pci_list(libxl_ctx *ctx, uint32_t domid, int *n)
{
	libxl_device_pci *list = calloc(FAKE_VFS, sizeof(*list));

	*n = 0;
	for (int i = 0; i < FAKE_VFS; i++)
		if (domid && fake->vfs[i].owner == domid)
			list[(*n)++] = (libxl_device_pci){ .bus = 1,
							   .dev = 0x10,
							   .func = (uint8_t)(2 * i) };
	return list;
}

void libxl_device_pci_list_free(libxl_device_pci *list, int n)
{
	free(list);
}

int libxl_device_pci_assignable_add(libxl_ctx *ctx, libxl_device_pci *pci, int rebind)
{
	char path[64];

	if (!fake_event_begin())
		return ERROR_FAIL;
	snprintf(path, sizeof(path), "bus/pci/devices/0000:01:10.%x/driver", pci->func);
	fake_link_make(path, "../../drivers/pciback");
	fake_event_end();
	return 0;
}

static bool has_pciback(const libxl_device_pci *pci)
{
	char path[160], to[64];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:01:10.%x/driver", fake->sysfs,
		 pci->func);
	return readlink(path, to, sizeof(to)) > 0;
}

/* In libxl's own order: Xen's books, then xenstore; a kill may come between. */
int libxl_device_pci_add(libxl_ctx *ctx, uint32_t domid, libxl_device_pci *pci,
			 const libxl_asyncop_how *how)
{
	struct fake_vf *vf = vf_by_address(pci);

	if (!has_pciback(pci) || vf->owner || vf->half || !fake_event_begin())
		return ERROR_FAIL;
	vf->half = domid;
	fake_event_end();
	if (!fake_event_begin())
		return ERROR_FAIL;
	vf->half = 0;
	vf->owner = domid;
	vf->released = false;
	fake_node_printf(1, "/local/domain/0/backend/pci/%u/0/num_devs", domid);
	fake_node_printf(4, "/local/domain/0/backend/pci/%u/0/state", domid);
	fake_node_printf(4, "/local/domain/0/backend/pci/%u/0/state-0", domid);
	fake_node_set(domid == 1 ? "/local/domain/0/backend/pci/1/0/dev-0"
			    : "/local/domain/0/backend/pci/x/0/dev-0",
		 pci->func ? "0000:01:10.2" : "0000:01:10.0");
	fake_event_end();
	return 0;
}

int libxl_device_pci_remove(libxl_ctx *ctx, uint32_t domid, libxl_device_pci *pci,
			    const libxl_asyncop_how *how)
{
	struct fake_vf *vf = vf_by_address(pci);
	char prefix[64];
	bool ok;

	pthread_mutex_lock(&fake_lock);
	ok = vf->owner == domid && fake_event_begin();
	if (ok) {
		vf->owner = 0;
		vf->released = false;
		snprintf(prefix, sizeof(prefix), "/local/domain/0/backend/pci/%u/", domid);
		fake_nodes_remove(prefix);
		fake_event_end();
	}
	pthread_mutex_unlock(&fake_lock);
	return ok ? 0 : ERROR_FAIL;
}

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild,
				unsigned flags)
{
	return (xc_interface *)fake;
}

int xc_interface_close(xc_interface *xch)
{
	return 0;
}

static struct fake_vf *vf_by_sbdf(uint32_t sbdf)
{
	return &fake->vfs[(sbdf & 7) / 2];
}

int xc_test_assign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf)
{
	return vf_by_sbdf(sbdf)->owner || vf_by_sbdf(sbdf)->half ? -1 : 0;
}

int xc_deassign_device(xc_interface *xch, uint32_t domid, uint32_t sbdf)
{
	vf_by_sbdf(sbdf)->half = 0;
	return 0;
}
