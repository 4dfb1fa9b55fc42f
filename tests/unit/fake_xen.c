/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake_xen.h"
#include "xl-plugins/netlink.h"
#include "xl-plugins/remote.h"

#include <errno.h>
#include <ftw.h>
#include <libxl.h>
#include <libxl_utils.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xenctrl.h>
#include <xenstore.h>

struct fake_world *fake;

/* ---- faults ---- */

static bool event_begin(void)
{
	fake->calls++;
	if (fake->calls == fake->kill_before)
		raise(SIGKILL);
	return fake->calls != fake->fail_at;
}

static void event_end(void)
{
	if (fake->calls == fake->kill_after)
		raise(SIGKILL);
}

/* ---- the made-up /sys ---- */

static void make_dir(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void make_dir(const char *fmt, ...)
{
	char path[512], *p;
	va_list ap;
	int n = snprintf(path, sizeof(path), "%s/", fake->sysfs);

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	va_end(ap);
	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	mkdir(path, 0755);
}

static void make_file(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fake->sysfs, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void make_link(const char *name, const char *to)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", fake->sysfs, name);
	unlink(path);
	if (symlink(to, path))
		abort();
}

static void sysfs_make(void)
{
	make_dir("bus/pci/drivers/pciback");
	make_dir("bus/pci/drivers/igb");
	make_dir("bus/pci/devices/0000:01:00.0");
	make_dir("bus/pci/devices/0000:01:10.0");
	make_dir("bus/pci/devices/0000:01:10.2");
	make_dir("bus/xen-backend/drivers/vif");
	make_dir("bus/xen-backend/devices/vif-1-0");
	make_dir("class/net/eth0/statistics");
	make_dir("class/net/xenbr0/bridge");
	make_dir("class/net/vif1.0/statistics");
	make_file("bus/pci/devices/0000:01:00.0/sriov_totalvfs", "7\n");
	make_file("bus/pci/devices/0000:01:00.0/sriov_numvfs", "2\n");
	make_file("class/net/vif1.0/statistics/rx_bytes", "1000\n");
	make_link("bus/pci/devices/0000:01:00.0/virtfn0", "../0000:01:10.0");
	make_link("bus/pci/devices/0000:01:00.0/virtfn1", "../0000:01:10.2");
	make_link("bus/pci/devices/0000:01:00.0/driver", "../../drivers/igb");
	make_link("bus/xen-backend/devices/vif-1-0/driver", "../../drivers/vif");
	make_link("class/net/eth0/device", "../../../bus/pci/devices/0000:01:00.0");
	make_link("class/net/eth0/master", "../xenbr0");
	make_link("class/net/vif1.0/master", "../xenbr0");
}

/* ---- xenstore ---- */

static struct fake_node *node_find(const char *path)
{
	for (int i = 0; i < FAKE_NODES; i++)
		if (!strcmp(fake->nodes[i].path, path))
			return &fake->nodes[i];
	return NULL;
}

static void node_set(const char *path, const char *value)
{
	struct fake_node *n = node_find(path);

	if (!n)
		n = node_find("");
	if (!n)
		abort();
	text_copy(n->path, sizeof(n->path), path);
	text_copy(n->value, sizeof(n->value), value);
}

static void node_printf(uint32_t value, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void node_printf(uint32_t value, const char *fmt, ...)
{
	char path[160], text[16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%u", value);
	node_set(path, text);
}

const char *fake_read(const char *path)
{
	struct fake_node *n = node_find(path);

	return n ? n->value : NULL;
}

static void nodes_remove(const char *prefix)
{
	for (int i = 0; i < FAKE_NODES; i++)
		if (*prefix && !strncmp(fake->nodes[i].path, prefix, strlen(prefix)))
			memset(&fake->nodes[i], 0, sizeof(fake->nodes[i]));
}

/* ---- the guests ---- */

static struct fake_dom *dom_find(uint32_t id)
{
	for (int i = 0; i < FAKE_DOMS; i++)
		if (id && fake->doms[i].id == id)
			return &fake->doms[i];
	return NULL;
}

static struct fake_vf *working_vf(const struct fake_dom *dom)
{
	for (int i = 0; i < FAKE_VFS; i++)
		if (fake->vfs[i].owner == dom->id && !fake->vfs[i].released &&
		    fake->vfs[i].link != VF_LINK_DISABLE)
			return &fake->vfs[i];
	return NULL;
}

static void vif_name(const struct fake_dom *dom, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "vif%u.0", dom->id);
}

/* A bond with the VF as primary, or netfront-ng; its announcement moves the bridge's entry. */
static void guest_live(struct fake_dom *dom)
{
	char path[160], vif[IFNAMSIZ];
	const char *request;
	bool use_vf = working_vf(dom);

	if (dom->mute)
		return;
	if (dom->ng) {
		snprintf(path, sizeof(path), "/local/domain/0/backend/vif/%u/0/request-datapath",
			 dom->id);
		request = fake_read(path);
		use_vf = use_vf && request && !strcmp(request, "vf");
		snprintf(path, sizeof(path), "/local/domain/%u/device/vif/0/datapath", dom->id);
		node_set(path, use_vf ? "vf" : "pv");
	}
	vif_name(dom, vif);
	text_copy(fake->fdb, sizeof(fake->fdb), use_vf ? "eth0" : vif);
}

/* pciback passes the wish on, the guest lets go. */
static void guest_release(struct fake_dom *dom)
{
	char path[160];

	snprintf(path, sizeof(path), "/local/domain/0/backend/pci/%u/0/state-0", dom->id);
	if (dom->mute || !fake_read(path) || strcmp(fake_read(path), "5"))
		return;
	for (int i = 0; i < FAKE_VFS; i++)
		if (fake->vfs[i].owner == dom->id)
			fake->vfs[i].released = true;
	node_printf(4, "/local/domain/0/backend/pci/%u/0/state", dom->id);
}

static void guests_live(void)
{
	for (int i = 0; i < FAKE_DOMS; i++) {
		if (!fake->doms[i].id)
			continue;
		guest_release(&fake->doms[i]);
		if (!i)
			guest_live(&fake->doms[i]);
	}
}

static void dom_nodes(const struct fake_dom *dom)
{
	node_printf(4, "/local/domain/0/backend/vif/%u/0/state", dom->id);
	if (dom->ng)
		node_printf(1, "/local/domain/%u/device/vif/0/feature-datapath-switch", dom->id);
}

static void dom_make(struct fake_dom *dom, uint32_t id, const char *name)
{
	memset(dom->uuid, (int)id, sizeof(dom->uuid));
	dom->id = id;
	dom->type = LIBXL_DOMAIN_TYPE_PV;
	dom->passthrough = true;
	dom->nic_state = 4;
	text_copy(dom->name, sizeof(dom->name), name);
	dom->mac = (struct mac){ { 0, 0x16, 0x3e, 0, 0, (uint8_t)id } };
	dom_nodes(dom);
}

const char *fake_uuid(unsigned int dom)
{
	static char text[UUID_LEN];
	uint8_t b = fake->doms[dom].uuid[0];

	snprintf(text, sizeof(text),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b, b, b, b,
		 b, b, b, b, b, b, b, b, b, b, b, b);
	return text;
}

void fake_reboot(unsigned int i)
{
	struct fake_dom *dom = &fake->doms[i];
	char prefix[64];

	for (int k = 0; k < FAKE_VFS; k++)
		if (fake->vfs[k].owner == dom->id)
			fake->vfs[k].owner = 0;
	snprintf(prefix, sizeof(prefix), "/local/domain/0/backend/pci/%u/", dom->id);
	nodes_remove(prefix);
	snprintf(prefix, sizeof(prefix), "/local/domain/%u/", dom->id);
	nodes_remove(prefix);
	dom->id += 10;
	dom_nodes(dom);
}

void fake_start(struct xlnet *x, enum fake_guest kind)
{
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* In memory: the journal syncs, thousands of times in these tests. */
	snprintf(fake->sysfs, sizeof(fake->sysfs), "%s/xlnet-sys-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	snprintf(fake->state, sizeof(fake->state), "%s/xlnet-state-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(fake->sysfs) || !mkdtemp(fake->state))
		abort();
	sysfs_make();
	fake->doms[0].ng = kind == FAKE_NG;
	dom_make(&fake->doms[0], 1, "g1");
	dom_make(&fake->doms[1], 2, "g2");
	fake->vfs[0].spoofchk = fake->vfs[1].spoofchk = true;
	strcpy(fake->there, "{\"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"pf\": "
			    "\"eth0\", \"master\": "
			    "\"xenbr0\"}]}");
	*x = (struct xlnet){ .sysfs = fake->sysfs, .state = fake->state };
	guests_live();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void fake_end(struct xlnet *x)
{
	if (nftw(fake->sysfs, remove_one, 8, FTW_DEPTH | FTW_PHYS) ||
	    nftw(fake->state, remove_one, 8, FTW_DEPTH | FTW_PHYS))
		abort();
	munmap(fake, sizeof(*fake));
}

/* ---- libxenstore ---- */

struct xs_handle {
	int unused;
};

struct xs_handle *xs_open(unsigned long flags)
{
	return calloc(1, sizeof(struct xs_handle));
}

void xs_close(struct xs_handle *xs)
{
	free(xs);
}

/* xl-net answers for pciback in a thread of its own while libxl removes a device. */
static pthread_mutex_t world = PTHREAD_MUTEX_INITIALIZER;

void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path, unsigned int *len)
{
	const char *value;
	char *copy = NULL;

	pthread_mutex_lock(&world);
	guests_live();
	value = fake_read(path);
	if (value)
		copy = strdup(value);
	pthread_mutex_unlock(&world);
	errno = ENOENT;
	if (copy)
		*len = (unsigned int)strlen(copy);
	return copy;
}

bool xs_write(struct xs_handle *xs, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	bool ok;

	pthread_mutex_lock(&world);
	ok = event_begin();
	if (ok) {
		node_set(path, data);
		event_end();
	}
	pthread_mutex_unlock(&world);
	errno = EACCES;
	return ok;
}

bool xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
	nodes_remove(path);
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *xs)
{
	return 1;
}

bool xs_transaction_end(struct xs_handle *xs, xs_transaction_t t, bool abort_it)
{
	return true;
}

/* ---- netlink.c ---- */

static struct fake_vf *vf_at(const char *pf, unsigned int vf)
{
	return strcmp(pf, "eth0") || vf >= FAKE_VFS ? NULL : &fake->vfs[vf];
}

int netlink_vf_get(const char *pf, unsigned int index, struct vf_state *state)
{
	const struct fake_vf *vf = vf_at(pf, index);

	memset(state, 0, sizeof(*state));
	if (!vf)
		return -ENODEV;
	state->mac = vf->mac;
	state->vlan = vf->vlan;
	state->spoofchk = vf->spoofchk;
	state->link = (enum vf_link)vf->link;
	return 0;
}

int netlink_vf_set_mac(const char *pf, unsigned int index, const struct mac *mac)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || !event_begin())
		return vf ? -EIO : -ENODEV;
	if (fake->no_zero_mac && mac_is_zero(mac))
		return -EINVAL;
	vf->mac = *mac;
	event_end();
	return 0;
}

int netlink_vf_set_vlan(const char *pf, unsigned int index, unsigned int vlan)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || !event_begin())
		return vf ? -EIO : -ENODEV;
	vf->vlan = vlan;
	event_end();
	return 0;
}

int netlink_vf_set_spoofchk(const char *pf, unsigned int index, bool on)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || !event_begin())
		return vf ? -EIO : -ENODEV;
	vf->spoofchk = on;
	event_end();
	return 0;
}

int netlink_vf_set_link(const char *pf, unsigned int index, enum vf_link link)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || fake->no_link_state)
		return vf ? -EOPNOTSUPP : -ENODEV;
	if (!event_begin())
		return -EIO;
	vf->link = link;
	event_end();
	return 0;
}

int netlink_fdb_get(const char *bridge, const struct mac *mac, char port[IFNAMSIZ])
{
	guests_live();
	text_copy(port, IFNAMSIZ, fake->fdb);
	return *fake->fdb ? 0 : -ENOENT;
}

int netlink_fdb_set(const char *port, const struct mac *mac, bool keep)
{
	if (!event_begin())
		return -EIO;
	text_copy(fake->fdb, sizeof(fake->fdb), port);
	event_end();
	return 0;
}

/* Where the guest sends next, the bridge learns again. */
int netlink_fdb_del(const char *port, const struct mac *mac)
{
	if (!strcmp(fake->fdb, port))
		fake->fdb[0] = '\0';
	return 0;
}

int netlink_filter_get(const char *port, const struct mac *mac)
{
	return fake->filter ? 0 : -ENOENT;
}

int netlink_filter_add(const char *port, const struct mac *mac)
{
	if (!event_begin())
		return -EIO;
	fake->filter = true;
	event_end();
	return 0;
}

int netlink_filter_del(const char *port, const struct mac *mac)
{
	if (!event_begin())
		return -EIO;
	fake->filter = false;
	event_end();
	return 0;
}

/* ---- remote.c ---- */

int program_run(char *const argv[], int lock_fd)
{
	fake->xl_calls++;
	if (fake->xl_leaves)
		fake->doms[0].id = 0;
	if (fake->xl_kills)
		raise(SIGKILL);
	return fake->xl_status;
}

int remote_run(const char *ssh, const char *host, const char *arguments, json_t **answer)
{
	bool check = strstr(arguments, "net-check");
	json_error_t error;

	*answer = check ? json_loads(fake->there, 0, &error) : NULL;
	if (check)
		return 0;
	fake->there_calls++;
	text_copy(fake->asked, sizeof(fake->asked), arguments);
	return fake->there_status;
}

/* ---- libxl ---- */

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
	struct fake_dom *dom = dom_find(domid);

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
	const struct fake_dom *dom = dom_find(domid);

	if (!dom)
		return ERROR_DOMAIN_NOTFOUND;
	config->c_info.type = (libxl_domain_type)dom->type;
	config->c_info.passthrough =
		dom->passthrough ? LIBXL_PASSTHROUGH_ENABLED : LIBXL_PASSTHROUGH_DISABLED;
	return 0;
}

libxl_device_nic *libxl_device_nic_list(libxl_ctx *ctx, uint32_t domid, int *n)
{
	const struct fake_dom *dom = dom_find(domid);
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
	const struct fake_dom *dom = dom_find(domid);

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

	if (!event_begin())
		return ERROR_FAIL;
	snprintf(path, sizeof(path), "bus/pci/devices/0000:01:10.%x/driver", pci->func);
	make_link(path, "../../drivers/pciback");
	event_end();
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

	if (!has_pciback(pci) || vf->owner || vf->half || !event_begin())
		return ERROR_FAIL;
	vf->half = domid;
	event_end();
	if (!event_begin())
		return ERROR_FAIL;
	vf->half = 0;
	vf->owner = domid;
	vf->released = false;
	node_printf(1, "/local/domain/0/backend/pci/%u/0/num_devs", domid);
	node_printf(4, "/local/domain/0/backend/pci/%u/0/state", domid);
	node_printf(4, "/local/domain/0/backend/pci/%u/0/state-0", domid);
	node_set(domid == 1 ? "/local/domain/0/backend/pci/1/0/dev-0"
			    : "/local/domain/0/backend/pci/x/0/dev-0",
		 pci->func ? "0000:01:10.2" : "0000:01:10.0");
	event_end();
	return 0;
}

int libxl_device_pci_remove(libxl_ctx *ctx, uint32_t domid, libxl_device_pci *pci,
			    const libxl_asyncop_how *how)
{
	struct fake_vf *vf = vf_by_address(pci);
	char prefix[64];
	bool ok;

	pthread_mutex_lock(&world);
	ok = vf->owner == domid && event_begin();
	if (ok) {
		vf->owner = 0;
		vf->released = false;
		snprintf(prefix, sizeof(prefix), "/local/domain/0/backend/pci/%u/", domid);
		nodes_remove(prefix);
		event_end();
	}
	pthread_mutex_unlock(&world);
	return ok ? 0 : ERROR_FAIL;
}

/* ---- libxenctrl ---- */

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
