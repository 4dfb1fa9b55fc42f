/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data plane in the kernel: kernel.h's calls, by the names of vif.h's. */
#include <jansson.h>

#include "netback-ng/vif/links.h"
#include "netback-ng/vif/vif_data.h"

static int kernel_create(struct vif *vif)
{
	int rc = kvif_create(&vif->id, &vif->kernel);

	if (rc)
		return rc;
	vif->tap.ifindex = kvif_ifindex(vif->kernel);
	vif->bridge = *vif->id.bridge ? bridge_get(vif->id.bridge) : NULL;
	links_add(vif);
	return 0;
}

static int kernel_connect(struct vif *vif, const struct vif_connection *c, const char **what)
{
	int rc = uvif_settle(vif, c, what);

	return rc ? rc : kvif_connect(vif->kernel, c, what);
}

static void kernel_disconnect(struct vif *vif)
{
	kvif_disconnect(vif->kernel);
}

static void kernel_destroy(struct vif *vif)
{
	links_remove(vif);
	if (vif->bridge)
		bridge_put(vif->bridge);
	kvif_destroy(vif->kernel);
}

static bool kernel_inherited(const struct vif *vif)
{
	return kvif_inherited(vif->kernel);
}

static enum netif_error kernel_broken(const struct vif *vif)
{
	return kvif_broken(vif->kernel);
}

/* Its table of addresses is the bridge's, and its MTU the interface's. */
static void kernel_set_direct(struct vif *vif, uint32_t max)
{
	kvif_set_direct(vif->kernel, max);
}

static void kernel_set_rate(struct vif *vif, uint64_t bytes, uint32_t usecs)
{
	kvif_set_rate(vif->kernel, bytes, usecs);
}

static int kernel_set_headroom(struct vif *vif, uint32_t bytes)
{
	return kvif_set_headroom(vif->kernel, bytes);
}

static int kernel_set_multicast_control(struct vif *vif, bool on)
{
	return kvif_set_multicast_control(vif->kernel, on);
}

static unsigned int kernel_gref_room(const struct vif *vif, unsigned int queue)
{
	return kvif_gref_room(vif->kernel, queue);
}

static int kernel_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs,
			   unsigned int n)
{
	return kvif_gref_add(vif->kernel, queue, grefs, n);
}

/* Done when it is answered, as all of the module's. */
static int kernel_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs, unsigned int n,
			   unsigned int *done)
{
	*done = kvif_gref_del(vif->kernel, queue, grefs, n);
	return 0;
}

static int kernel_gref_poll(struct vif *vif)
{
	return 0;
}

static int kernel_set_hash(struct vif *vif, const struct netif_hash *hash)
{
	return kvif_set_hash(vif->kernel, hash);
}

/* What the module counts it counts for good: there is no past that it forgot. */
static json_t *kernel_json(const struct vif *vif)
{
	return json_pack("{s:s,s:s,s:b,s:s,s:b,s:s?,s:s,s:o,s:{}}", "vif", vif->id.name, "bridge", vif->id.bridge,
			 "switched", vif->bridge && vif->bridge->listed, "switch", brport_word(vif->why), "connected", true, "broken",
			 vif_broken(vif) ? netif_error_name(vif_broken(vif)) : NULL, "port", "kernel",
			 "queues", kvif_queues(vif->kernel), "past");
}

const struct vif_plane plane_kernel = {
	.create = kernel_create,
	.connect = kernel_connect,
	.disconnect = kernel_disconnect,
	.destroy = kernel_destroy,
	.inherited = kernel_inherited,
	.broken = kernel_broken,
	.set_direct = kernel_set_direct,
	.set_rate = kernel_set_rate,
	.set_headroom = kernel_set_headroom,
	.set_multicast_control = kernel_set_multicast_control,
	.gref_room = kernel_gref_room,
	.gref_add = kernel_gref_add,
	.gref_del = kernel_gref_del,
	.gref_poll = kernel_gref_poll,
	.set_hash = kernel_set_hash,
	.json = kernel_json,
};
