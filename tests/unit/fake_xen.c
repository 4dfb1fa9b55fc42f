/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world as a whole: its faults, its guests, its beginning and end. */
#include "tests/unit/fake_part.h"
#include "xl-plugins/netlink.h"

#include <ftw.h>
#include <libxl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake_world *fake;
pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;

static void dom_destroy(struct fake_dom *dom)
{
	for (int i = 0; i < FAKE_VFS; i++)
		if (fake->vfs[i].owner == dom->id)
			fake->vfs[i].owner = 0;
	dom->id = 0;
}

bool fake_event_begin(void)
{
	fake->calls++;
	if (fake->calls == fake->gone_at)
		dom_destroy(&fake->doms[0]);
	if (fake->calls == fake->kill_before)
		raise(SIGKILL);
	return fake->calls != fake->fail_at;
}

void fake_event_end(void)
{
	if (fake->calls == fake->kill_after)
		raise(SIGKILL);
}

struct fake_dom *fake_dom_find(uint32_t id)
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

/* The bridge sees the guest at the vif, then at the NIC. */
static void guest_echo(struct fake_dom *dom)
{
	fake_sysfs_frames(INT_MAX - --fake->echoes);
	strcpy(fake->fdb, "eth0");
	dom->mute = !fake->echoes && fake->then_silent;
}

/* A bond with the VF as primary, or netfront-ng; its announcement moves the bridge's entry. */
static void guest_live(struct fake_dom *dom)
{
	char path[160], vif[IFNAMSIZ];
	const char *request;
	bool use_vf = working_vf(dom);

	if (dom->mute)
		return;
	if (!dom->ng && use_vf && fake->echoes) {
		guest_echo(dom);
		return;
	}
	if (dom->ng) {
		snprintf(path, sizeof(path), "/local/domain/0/backend/vif/%u/0/request-datapath",
			 dom->id);
		request = fake_read(path);
		use_vf = use_vf && request && !strcmp(request, "vf");
		snprintf(path, sizeof(path), "/local/domain/%u/device/vif/0/datapath", dom->id);
		fake_node_set(path, use_vf ? "vf" : "pv");
	}
	vif_name(dom, vif);
	if (!fake->fdb_sticks)
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
	fake_node_printf(4, "/local/domain/0/backend/pci/%u/0/state", dom->id);
}

void fake_guests_live(void)
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
	fake_node_printf(4, "/local/domain/0/backend/vif/%u/0/state", dom->id);
	if (dom->ng)
		fake_node_printf(1, "/local/domain/%u/device/vif/0/feature-datapath-switch", dom->id);
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
	fake_nodes_remove(prefix);
	snprintf(prefix, sizeof(prefix), "/local/domain/%u/", dom->id);
	fake_nodes_remove(prefix);
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
	fake_sysfs_make();
	fake->doms[0].ng = kind == FAKE_NG;
	dom_make(&fake->doms[0], 1, "g1");
	dom_make(&fake->doms[1], 2, "g2");
	fake->vfs[0].spoofchk = fake->vfs[1].spoofchk = true;
	strcpy(fake->there, "{\"iommu\": true, \"bridges\": [\"xenbr0\"], \"free_vfs\": [{\"pf\": "
			    "\"eth0\", \"bridges\": [\"xenbr0\"]}]}");
	*x = (struct xlnet){ .sysfs = fake->sysfs, .state = fake->state, .credit = "credit" };
	fake_guests_live();
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
