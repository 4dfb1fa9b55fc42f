/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/front_hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static int make_dir(struct hub *h, const char *path, uint32_t owner, uint32_t reader)
{
	struct xs_permissions perms[2] = { { owner, XS_PERM_NONE }, { reader, XS_PERM_READ } };

	xs_rm(h->xs, XBT_NULL, path);
	if (!xs_mkdir(h->xs, XBT_NULL, path) ||
	    !xs_set_permissions(h->xs, XBT_NULL, path, perms, 2))
		return -errno;
	return 0;
}

static int write_be(struct hub *h, struct hub_vif *v, const char *node, unsigned int n)
{
	return store_printf(h->xs, XBT_NULL, v->be, node, "%u", n);
}

static int write_frontend(struct hub *h, struct hub_vif *v)
{
	int rc = store_printf(h->xs, XBT_NULL, v->fe, "backend", "%s", v->be);

	if (!rc)
		rc = store_printf(h->xs, XBT_NULL, v->fe, "backend-id", "0");
	if (!rc)
		rc = store_printf(h->xs, XBT_NULL, v->fe, "mac", "00:16:3e:00:00:%02x", v->domid & 255);
	if (!rc)
		rc = store_printf(h->xs, XBT_NULL, v->fe, "state", "%d", STATE_INITIALISING);
	return rc;
}

static int offer(struct hub *h, struct hub_vif *v)
{
	const struct hub_options *o = &h->options;
	char path[80];

	write_be(h, v, "online", 1);
	write_be(h, v, "feature-rx-copy", 1);
	write_be(h, v, "feature-sg", o->sg);
	write_be(h, v, "feature-gso-tcpv4", o->sg);
	write_be(h, v, "feature-gso-tcpv6", o->sg);
	write_be(h, v, "feature-ipv6-csum-offload", 1);
	write_be(h, v, "feature-split-event-channels", o->split);
	write_be(h, v, "feature-ctrl-ring", o->ctrl);
	write_be(h, v, "feature-rx-half-pages", o->halves);
	write_be(h, v, "feature-xdp-headroom", o->headroom);
	write_be(h, v, "multi-queue-max-queues", o->queues);
	write_be(h, v, "state", STATE_INITWAIT);
	snprintf(path, sizeof(path), "%s/state", v->fe);
	if (!xs_watch(h->xs, path, v->fe))
		return -errno;
	/* Written after the state that announces it. */
	snprintf(path, sizeof(path), "%s/xdp-headroom", v->fe);
	return xs_watch(h->xs, path, v->fe) ? 0 : -errno;
}

static void name_dirs(struct hub_vif *v)
{
	snprintf(v->be, sizeof(v->be), "/local/domain/0/backend/vif/%u/0", v->domid);
	snprintf(v->fe, sizeof(v->fe), "/local/domain/%u/device/vif/0", v->domid);
}

int hub_create(struct hub *h, struct hub_vif *v)
{
	int rc;

	name_dirs(v);
	rc = make_dir(h, v->be, 0, v->domid);
	if (!rc)
		rc = make_dir(h, v->fe, v->domid, 0);
	if (!rc)
		rc = write_frontend(h, v);
	return rc ? rc : offer(h, v);
}

int hub_adopt(struct hub *h, struct hub_vif *v)
{
	name_dirs(v);
	return offer(h, v);
}

static void *map_ring(struct hub *h, struct hub_vif *v, const char *dir, const char *node)
{
	uint32_t ref;

	if (store_read_u32(h->xs, XBT_NULL, dir, node, UINT32_MAX, &ref))
		return NULL;
	return xengnttab_map_grant_ref(h->xgt, v->domid, ref, PROT_READ | PROT_WRITE);
}

static bool bind(struct hub *h, struct hub_vif *v, const char *dir, const char *node,
		 evtchn_port_t *port)
{
	xenevtchn_port_or_error_t p;
	uint32_t remote;

	if (store_read_u32(h->xs, XBT_NULL, dir, node, UINT32_MAX, &remote))
		return false;
	p = xenevtchn_bind_interdomain(h->xce, v->domid, remote);
	*port = (evtchn_port_t)p;
	return p >= 0;
}

static bool connect_queue(struct hub *h, struct hub_vif *v, struct hub_queue *q, const char *dir)
{
	q->tx_page = map_ring(h, v, dir, "tx-ring-ref");
	q->rx_page = map_ring(h, v, dir, "rx-ring-ref");
	if (!q->tx_page || !q->rx_page)
		return false;
	if (bind(h, v, dir, "event-channel", &q->tx_port))
		q->rx_port = q->tx_port;
	else if (!bind(h, v, dir, "event-channel-tx", &q->tx_port) ||
		 !bind(h, v, dir, "event-channel-rx", &q->rx_port))
		return false;
	netif_back_init(&q->tx, q->tx_page, NETIF_TX_RING_SIZE);
	netif_back_init(&q->rx, q->rx_page, NETIF_RX_RING_SIZE);
	netif_gref_map_init(&q->map);
	return true;
}

static bool connect_queues(struct hub *h, struct hub_vif *v)
{
	uint32_t n = 1, i;
	char dir[96];

	store_read_u32(h->xs, XBT_NULL, v->fe, "multi-queue-num-queues", HUB_QUEUES, &n);
	for (i = 0; i < n; i++) {
		if (n == 1)
			snprintf(dir, sizeof(dir), "%s", v->fe);
		else
			snprintf(dir, sizeof(dir), "%s/queue-%u", v->fe, i);
		v->nqueues = i + 1;
		if (!connect_queue(h, v, &v->queues[i], dir))
			return false;
	}
	return true;
}

static bool connect_ctrl(struct hub *h, struct hub_vif *v)
{
	netif_hash_init(&v->hash);
	v->ctrl_page = map_ring(h, v, v->fe, "ctrl-ring-ref");
	if (!v->ctrl_page)
		return true; /* a stock front end */
	netif_back_init(&v->ctrl, v->ctrl_page, NETIF_CTRL_RING_SIZE);
	return bind(h, v, v->fe, "event-channel-ctrl", &v->ctrl_port);
}

static void unmap_static(struct hub *h, struct hub_queue *q)
{
	unsigned int i;

	for (i = 0; i < NETIF_GREF_MAP_SLOTS; i++)
		if (q->map.slots[i].addr)
			xengnttab_unmap(h->xgt, q->map.slots[i].addr, 1);
	netif_gref_map_init(&q->map);
}

static void unbind(struct hub *h, evtchn_port_t port)
{
	if (port)
		xenevtchn_unbind(h->xce, port);
}

void hub_disconnect(struct hub *h, struct hub_vif *v)
{
	unsigned int i;

	for (i = 0; i < v->nqueues; i++) {
		struct hub_queue *q = &v->queues[i];

		unmap_static(h, q);
		unbind(h, q->tx_port);
		if (q->rx_port != q->tx_port)
			unbind(h, q->rx_port);
		if (q->tx_page)
			xengnttab_unmap(h->xgt, q->tx_page, 1);
		if (q->rx_page)
			xengnttab_unmap(h->xgt, q->rx_page, 1);
		memset(q, 0, sizeof(*q));
	}
	unbind(h, v->ctrl_port);
	if (v->ctrl_page)
		xengnttab_unmap(h->xgt, v->ctrl_page, 1);
	v->ctrl_page = NULL;
	v->ctrl_port = 0;
	v->nqueues = 0;
	v->up = false;
}

void hub_state(struct hub *h, struct hub_vif *v)
{
	enum store_state state = store_read_state(h->xs, XBT_NULL, v->fe);

	if (h->options.headroom)
		store_read_u32(h->xs, XBT_NULL, v->fe, "xdp-headroom", 2048, &v->headroom);
	if (state == STATE_CONNECTED && !v->up) {
		if (store_read_state(h->xs, XBT_NULL, v->be) != STATE_INITWAIT)
			return;
		v->up = connect_queues(h, v) && connect_ctrl(h, v);
		if (v->up)
			write_be(h, v, "state", STATE_CONNECTED);
		else
			hub_disconnect(h, v);
	} else if (state == STATE_RECONFIGURING) {
		write_be(h, v, "state", STATE_RECONFIGURED);
	} else if (state == STATE_CLOSING) {
		write_be(h, v, "state", STATE_CLOSING);
	} else if (state == STATE_CLOSED) {
		hub_disconnect(h, v);
		write_be(h, v, "state", STATE_CLOSED);
	} else if (state == STATE_INITIALISING && !v->up) {
		write_be(h, v, "state", STATE_INITWAIT);
	}
}
