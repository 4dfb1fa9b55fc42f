/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake_vif.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netback-ng/vif/dataplane.h"

struct vif {
	struct log_limit log;
	bool connected;
};

struct fake fake;
static int fd = -1;

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.max_queues = 4;
}

void fake_break(enum netif_error err)
{
	uint64_t one = 1;

	fake.broken = err;
	if (write(dataplane_fd(), &one, sizeof(one)) < 0)
		abort();
}

int dataplane_start(const struct config_data *config)
{
	return 0;
}

void dataplane_reload(const struct config_data *config)
{
	fake.reloads++;
}

void dataplane_stop(void)
{
}

int dataplane_fd(void)
{
	if (fd < 0)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd;
}

unsigned int dataplane_max_queues(void)
{
	return fake.max_queues;
}

json_t *dataplane_json(void)
{
	return json_array();
}

bool dataplane_alive(void)
{
	return true;
}

int vif_create(const struct vif_identity *id, struct vif **vif)
{
	if (fake.create_rc)
		return fake.create_rc;
	*vif = calloc(1, sizeof(**vif));
	fake.id = *id;
	fake.creates++;
	fake.alive++;
	return 0;
}

int vif_connect(struct vif *vif, const struct vif_connection *c, const char **what)
{
	*what = "a fake step";
	fake.connects++;
	fake.last = *c;
	if (fake.connect_rc)
		return fake.connect_rc;
	vif->connected = true;
	fake.connected++;
	return 0;
}

void vif_disconnect(struct vif *vif)
{
	fake.disconnects++;
	fake.connected -= vif->connected;
	vif->connected = false;
}

void vif_destroy(struct vif *vif)
{
	fake.destroys++;
	fake.alive--;
	fake.connected -= vif->connected;
	free(vif);
}

bool vif_inherited(const struct vif *vif)
{
	return fake.inherited;
}

enum netif_error vif_broken(const struct vif *vif)
{
	return fake.broken;
}

void vif_set_rate(struct vif *vif, uint64_t bytes, uint32_t usecs)
{
	fake.rates++;
	fake.rate_bytes = bytes;
	fake.rate_usecs = usecs;
}

int vif_set_headroom(struct vif *vif, uint32_t bytes)
{
	fake.headrooms++;
	fake.headroom = bytes;
	return fake.request_rc;
}

int vif_set_multicast_control(struct vif *vif, bool on)
{
	fake.multicasts++;
	fake.multicast_control = on;
	return fake.request_rc;
}

json_t *vif_json(const struct vif *vif)
{
	return json_pack("{s:b}", "connected", vif->connected);
}

bool vif_interface(const struct vif *vif, char name[16])
{
	if (fake.interface)
		strcpy(name, fake.interface);
	return fake.interface;
}

struct log_limit *vif_log_limit(struct vif *vif)
{
	return &vif->log;
}

unsigned int vif_gref_room(const struct vif *vif, unsigned int queue)
{
	return NETIF_GREF_MAP_MAX - fake.ngrefs;
}

int vif_gref_add(struct vif *vif, unsigned int queue, const struct netif_gref *grefs, unsigned int n)
{
	fake.gref_adds++;
	fake.gref_queue = queue;
	if (fake.gref_rc)
		return fake.gref_rc;
	memcpy(fake.grefs, grefs, n * sizeof(*grefs));
	fake.ngrefs = n;
	return -EINPROGRESS;
}

int vif_gref_poll(struct vif *vif)
{
	if (fake.waits) {
		fake.waits--;
		return -EINPROGRESS;
	}
	return fake.poll_rc;
}

/* Even references were mapped, odd ones were not. */
int vif_gref_del(struct vif *vif, unsigned int queue, struct netif_gref *grefs, unsigned int n, unsigned int *done)
{
	*done = 0;
	fake.gref_dels++;
	fake.gref_queue = queue;
	for (unsigned int i = 0; i < n; i++) {
		bool odd = grefs[i].ref & 1;

		grefs[i].status = odd ? NETIF_CTRL_STATUS_INVALID_PARAMETER : NETIF_CTRL_STATUS_SUCCESS;
		*done += !odd;
	}
	return *done ? -EINPROGRESS : 0;
}

int vif_set_hash(struct vif *vif, const struct netif_hash *hash)
{
	fake.hashes++;
	if (fake.waits) {
		fake.waits--;
		return -EAGAIN;
	}
	if (!fake.hash_rc)
		fake.hash = *hash;
	return fake.hash_rc;
}
