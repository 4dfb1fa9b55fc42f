/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of vif.h, each handed on to the data plane that has the vif. */
#include <errno.h>
#include <stdlib.h>

#include "netback-ng/vif/vif_data.h"

static const struct vif_plane plane_user = {
	.create = uvif_create,
	.connect = uvif_connect,
	.disconnect = uvif_disconnect,
	.destroy = uvif_destroy,
	.inherited = uvif_inherited,
	.broken = uvif_broken,
	.set_direct = uvif_set_direct,
	.set_rate = uvif_set_rate,
	.set_headroom = uvif_set_headroom,
	.set_multicast_control = uvif_set_multicast_control,
	.gref_room = uvif_gref_room,
	.gref_add = uvif_gref_add,
	.gref_del = uvif_gref_del,
	.gref_poll = uvif_gref_poll,
	.set_hash = uvif_set_hash,
	.json = uvif_json,
};

int vif_create(const struct vif_identity *id, struct vif **vifp)
{
	struct vif *vif = calloc(1, sizeof(*vif));
	int rc;

	if (!vif)
		return -ENOMEM;
	vif->id = *id;
	vif->plane = kernel_running() ? &plane_kernel : &plane_user;
	rc = vif->plane->create(vif);
	if (rc)
		free(vif);
	else
		*vifp = vif;
	return rc;
}

int vif_connect(struct vif *vif, const struct vif_connection *c, const char **what)
{
	return vif->plane->connect(vif, c, what);
}

void vif_disconnect(struct vif *vif)
{
	vif->plane->disconnect(vif);
}

void vif_destroy(struct vif *vif)
{
	vif->plane->destroy(vif);
	free(vif);
}

bool vif_inherited(const struct vif *vif)
{
	return vif->plane->inherited(vif);
}

enum netif_error vif_broken(const struct vif *vif)
{
	return vif->plane->broken(vif);
}

void vif_set_rate(struct vif *vif, uint64_t bytes, uint32_t usecs)
{
	vif->plane->set_rate(vif, bytes, usecs);
}

int vif_set_headroom(struct vif *vif, uint32_t bytes)
{
	return vif->plane->set_headroom(vif, bytes);
}

int vif_set_multicast_control(struct vif *vif, bool on)
{
	return vif->plane->set_multicast_control(vif, on);
}

unsigned int vif_gref_room(const struct vif *vif, unsigned int queue)
{
	return dataplane_config()->static_grants ? vif->plane->gref_room(vif, queue) : 0;
}

int vif_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs, unsigned int n)
{
	return vif->plane->gref_add(vif, queue, grefs, n);
}

int vif_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs, unsigned int n,
		 unsigned int *done)
{
	return vif->plane->gref_del(vif, queue, grefs, n, done);
}

int vif_gref_poll(struct vif *vif)
{
	return vif->plane->gref_poll(vif);
}

int vif_set_hash(struct vif *vif, const struct netif_hash *hash)
{
	return vif->plane->set_hash(vif, hash);
}

struct json_t *vif_json(const struct vif *vif)
{
	return vif->plane->json(vif);
}

struct log_limit *vif_log_limit(struct vif *vif)
{
	return &vif->log_limit;
}
