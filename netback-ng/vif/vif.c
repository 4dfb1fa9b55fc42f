/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "lib/xen/peer.h"
#include "netback-ng/vif/journal.h"
#include "netback-ng/vif/links.h"
#include "netback-ng/vif/uplink.h"
#include "netback-ng/vif/vif_data.h"

int uvif_create(struct vif *vif)
{
	const struct vif_identity *id = &vif->id;
	int rc = tap_open(&vif->tap, id->name);

	if (rc)
		return rc;
	if (id->mtu && tap_set_mtu(&vif->tap, id->mtu))
		log_warning("%s: the TAP does not take mtu %u; it keeps its own. Check mtu= of the vif",
			    id->name, id->mtu);
	/* Old kernels without TUNSETCARRIER merely show a carrier too early. */
	tap_set_carrier(&vif->tap, false);
	vif->bridge = *id->bridge ? bridge_get(id->bridge) : NULL;
	links_add(vif);
	return 0;
}

void vif_break(struct vif *vif, enum netif_error err)
{
	int none = NETIF_OK;

	/* The first reason counts. */
	if (!atomic_compare_exchange_strong(&vif->broken, &none, (int)err))
		return;
	dataplane_wake();
}

/* --- queues: each runs on one worker ------------------------------------------ */

struct attach {
	struct queue *q;
	const struct vif_connection *c;
	int rc;
};

static int bind_port(struct worker *w, struct queue *q, uint32_t remote, unsigned int *port)
{
	int rc, p = peer_bind(w->xce, q->domid, remote);

	if (p < 0)
		return p;
	rc = worker_watch_port(w, (unsigned int)p, &q->task);
	if (rc) {
		xenevtchn_unbind(w->xce, (evtchn_port_t)p);
		return rc;
	}
	*port = (unsigned int)p;
	return 0;
}

static void unbind_port(struct worker *w, unsigned int port)
{
	if (!port)
		return;
	worker_unwatch_port(w, port);
	xenevtchn_unbind(w->xce, (evtchn_port_t)port);
}

/*
 * A daemon that died between answering and saying so left a guest that waits for
 * ever: our own answers are beyond the one at which it wanted to be woken.
 */
static void wake_guest(struct queue *q)
{
	queue_notify(q, q->tx_port, &q->stats.tx_notifies);
	if (q->rx_port != q->tx_port)
		queue_notify(q, q->rx_port, &q->stats.rx_notifies);
}

static void attach_here(struct worker *w, void *arg)
{
	struct attach *a = arg;
	struct queue *q = a->q;
	uint32_t tx = a->c->queue[q->index].tx_evtchn, rx = a->c->queue[q->index].rx_evtchn;

	a->rc = bind_port(w, q, tx, &q->tx_port);
	if (a->rc)
		return;
	q->rx_port = q->tx_port;
	if (rx != tx) {
		q->rx_port = 0;
		a->rc = bind_port(w, q, rx, &q->rx_port);
	}
	if (a->rc) {
		unbind_port(w, q->tx_port);
		q->tx_port = 0;
		return;
	}
	if (q->tx.rsp_prod || q->rx.rsp_prod)
		wake_guest(q);
	/* The guest may have posted before we listened. */
	q->tap_ready = true;
	q->rx_live = true;
	worker_activate(w, &q->task);
}

static void close_port_here(struct worker *w, void *arg)
{
	struct queue *q = arg;

	q->uplink->close(q);
}

static void detach_here(struct worker *w, void *arg)
{
	struct queue *q = arg;

	pthread_mutex_lock(&q->rx_lock);
	q->rx_live = false;
	pthread_mutex_unlock(&q->rx_lock);
	worker_forget(w, &q->task);
	q->uplink->close(q);
	/* The poll's last completion may have put it back. */
	worker_forget(w, &q->task);
	if (q->rx_port != q->tx_port)
		unbind_port(w, q->rx_port);
	unbind_port(w, q->tx_port);
}

static void unmap_rings(struct vif *vif, struct queue *q)
{
	if (q->tx.shared)
		xengnttab_unmap(vif->xgt, q->tx.shared, 1);
	if (q->rx.shared)
		xengnttab_unmap(vif->xgt, q->rx.shared, 1);
	q->tx.shared = q->rx.shared = NULL;
}

static int map_rings(struct vif *vif, struct queue *q, const struct vif_connection *c)
{
	void *tx, *rx;
	int rc = peer_map_ring(vif->xgt, vif->id.domid, c->queue[q->index].tx_ref, &tx);

	if (rc)
		return rc;
	rc = peer_map_ring(vif->xgt, vif->id.domid, c->queue[q->index].rx_ref, &rx);
	if (rc) {
		xengnttab_unmap(vif->xgt, tx, 1);
		return rc;
	}
	netif_back_init(&q->tx, tx, NETIF_TX_RING_SIZE);
	netif_back_init(&q->rx, rx, NETIF_RX_RING_SIZE);
	return journal_attach(q, c);
}

static struct queue *queue_alloc(struct vif *vif, unsigned int index)
{
	const struct config_data *config = dataplane_config();
	struct netif_coalesce_config coalesce = {
		.max_packets = config->coalesce_packets,
		.max_usecs = config->coalesce_usecs,
		.poll_usecs = config->poll_usecs,
		.adaptive = config->coalesce_adaptive,
	};
	size_t size = (sizeof(struct queue) + 63) & ~63ul;
	struct queue *q = aligned_alloc(64, size);

	if (!q)
		return NULL;
	memset(q, 0, size);
	q->vif = vif;
	q->index = index;
	q->domid = vif->id.domid;
	q->tap_fd = vif->tap.fds[index];
	q->rx_headroom = vif->c.headroom;
	pthread_mutex_init(&q->rx_lock, NULL);
	netif_gref_map_init(&q->grefs);
	netif_coalesce_init(&q->tx_coalesce, &coalesce);
	netif_coalesce_init(&q->rx_coalesce, &coalesce);
	return q;
}

static void queue_free(struct vif *vif, struct queue *q)
{
	if (q->worker)
		dataplane_release(q->worker);
	journal_detach(q);
	unmap_rings(vif, q);
	pthread_mutex_destroy(&q->rx_lock);
	free(q->late);
	free(q);
}

static int queue_settle(struct vif *vif, unsigned int index, const struct vif_connection *c)
{
	struct queue *q = queue_alloc(vif, index);
	int rc = q ? map_rings(vif, q, c) : -ENOMEM;

	if (q)
		queue_free(vif, q);
	return rc;
}

int uvif_settle(struct vif *vif, const struct vif_connection *c, const char **what)
{
	unsigned int i;
	int rc = 0;

	if (!journal_left(vif->id.domid, vif->id.devid))
		return 0;
	*what = "publishing what the daemon before had answered";
	vif->xgt = xengnttab_open(&peer_quiet, 0);
	if (!vif->xgt)
		return peer_host_error(-errno);
	for (i = 0; !rc && i < c->nqueues; i++)
		rc = queue_settle(vif, i, c);
	xengnttab_close(vif->xgt);
	vif->xgt = NULL;
	return rc;
}

static int queue_start(struct vif *vif, unsigned int index, const struct vif_connection *c,
		       const char **what)
{
	struct queue *q = queue_alloc(vif, index);
	struct attach a = { .q = q, .c = c };

	*what = "allocating the queue";
	if (!q)
		return -ENOMEM;
	*what = "mapping the ring pages";
	a.rc = map_rings(vif, q, c);
	if (!a.rc) {
		*what = "opening the way to the TAP";
		q->worker = dataplane_assign();
		q->task.ops = &queue_task;
		q->task.sharers = &vif->active[q->worker->index];
		q->tx_buf.pages = q->worker->tx.base;
		q->tx_buf.refs = q->worker->tx.refs;
		q->tx_buf.heads = q->worker->scratch->heads;
		a.rc = peer_host_error(uplink_open(q));
	}
	if (!a.rc) {
		*what = "binding the event channels";
		worker_call(q->worker, attach_here, &a);
		if (a.rc)
			worker_call(q->worker, close_port_here, q);
	}
	if (a.rc) {
		queue_free(vif, q);
		return a.rc;
	}
	vif->queues[index] = q;
	return 0;
}

static void add_errors(struct netif_errors *sum, const struct netif_errors *e)
{
	unsigned int i;

	for (i = 0; i < NETIF_ERR_COUNT; i++)
		sum->count[i] += e->count[i];
}

/* Counters outlive the connection: nothing counted is ever forgotten. */
static void keep_counters(struct vif *vif, const struct queue *q)
{
#define X(name) vif->past.name += q->stats.name;
	QUEUE_STATS(X)
#undef X
	add_errors(&vif->past_errors, &q->errors);
	add_errors(&vif->past_errors, &q->rx_errors);
}

static void queue_stop(struct vif *vif, unsigned int index)
{
	struct queue *q = vif->queues[index];

	if (!q)
		return;
	worker_call(q->worker, detach_here, q);
	vif->queues[index] = NULL;
	keep_counters(vif, q);
	queue_free(vif, q);
}

/* --- connection ------------------------------------------------------------------ */

/* What an operator turned off since we turned it on (ethtool -K vifD.N tx off): so it stays. */
static int heed_operator(struct vif *vif)
{
	struct tap_offload now;
	int rc = tap_get_offload(&vif->tap, &now);

	if (rc)
		return rc;
	if (vif->offload.csum)
		vif->no_csum = !now.csum;
	/* Without checksums there is none anyway. */
	if ((vif->offload.tso4 || vif->offload.tso6) && now.csum)
		vif->no_tso = !now.tso4;
	return 0;
}

static int set_offload(struct vif *vif, const struct tap_offload *offload)
{
	int rc = tap_set_offload(&vif->tap, offload);

	if (rc)
		return rc;
	vif->offload = *offload;
	if (vif->no_csum)
		tap_forgo_csum(&vif->tap);
	else if (vif->no_tso)
		tap_forgo_tso(&vif->tap);
	return 0;
}

static int tune_tap(struct vif *vif, const struct vif_connection *c, const char **what)
{
	struct tap_offload offload = { .csum = c->csum4 || c->csum6, .tso4 = c->gso4, .tso6 = c->gso6 };
	int rc;

	*what = "opening the TAP's queues";
	rc = tap_set_queues(&vif->tap, c->nqueues);
	if (rc)
		return rc;
	/* The kernel has one offload of checksums for both IP versions: queue_deliver.c fills in the other's. */
	*what = "setting the TAP's offloads";
	rc = heed_operator(vif);
	return rc ? rc : set_offload(vif, &offload);
}

/* All but the rate, which outlives a connection: a guest that connects anew gets no new burst. */
static void take_terms(struct vif *vif, const struct vif_connection *c)
{
	uint64_t bytes = vif->c.rate_bytes;
	uint32_t usecs = vif->c.rate_usecs;

	vif->c = *c;
	vif->c.rate_bytes = bytes;
	vif->c.rate_usecs = usecs;
	uvif_set_rate(vif, c->rate_bytes, c->rate_usecs);
}

int uvif_connect(struct vif *vif, const struct vif_connection *c, const char **what)
{
	unsigned int i;
	int rc;

	uvif_disconnect(vif);
	take_terms(vif, c);
	atomic_store(&vif->broken, NETIF_OK);
	*what = "opening the grant device";
	vif->xgt = xengnttab_open(&peer_quiet, 0);
	if (!vif->xgt)
		return peer_host_error(-errno);
	rc = peer_host_error(tune_tap(vif, c, what));
	if (vif->bridge) {
		bridge_own(vif->bridge, vif);
		links_ask_address(vif);
	}
	for (i = 0; !rc && i < c->nqueues; i++)
		rc = queue_start(vif, i, c, what);
	if (rc) {
		uvif_disconnect(vif);
		return rc;
	}
	atomic_store_explicit(&vif->nqueues, c->nqueues, memory_order_release);
	if (vif->bridge)
		atomic_fetch_add(&vif->bridge->connected, 1);
	tap_set_carrier(&vif->tap, true);
	return 0;
}

/* The queues are gone, and with them whoever looked. */
static void drop_hash(struct vif *vif)
{
	atomic_store(&vif->hash, NULL);
	free(vif->hashes);
	vif->hashes = NULL;
	vif->hash_since = (struct dataplane_moment){ 0 };
}

void uvif_disconnect(struct vif *vif)
{
	unsigned int i;

	if (!vif->xgt)
		return;
	tap_set_carrier(&vif->tap, false);
	if (atomic_exchange(&vif->nqueues, 0) && vif->bridge)
		atomic_fetch_sub(&vif->bridge->connected, 1);
	if (vif->bridge)
		bridge_forget(vif->bridge, vif);
	/*
	 * Other vifs, and this one's hashed delivery, may be in a queue that goes now, or have the vif
	 * from the bridge's table, where nobody finds it any more.
	 */
	dataplane_quiesce();
	for (i = 0; i < VIF_QUEUES_MAX; i++)
		queue_stop(vif, i);
	drop_hash(vif);
	vif_gref_drop_all(vif);
	for (i = 0; i < VIF_MCAST_MAX; i++)
		atomic_store(&vif->mcast[i], 0);
	xengnttab_close(vif->xgt);
	vif->xgt = NULL;
	tap_set_queues(&vif->tap, 1);
}

void uvif_destroy(struct vif *vif)
{
	uvif_disconnect(vif);
	links_remove(vif);
	if (vif->bridge)
		bridge_put(vif->bridge);
	tap_close(&vif->tap);
}

/* A TAP lives no longer than the daemon that has it open. */
bool uvif_inherited(const struct vif *vif)
{
	return false;
}

enum netif_error uvif_broken(const struct vif *vif)
{
	return (enum netif_error)atomic_load(&vif->broken);
}

/* The table that is not in use; NULL: no memory. */
static struct netif_hash *spare_hash(struct vif *vif)
{
	if (!vif->hashes)
		vif->hashes = calloc(2, sizeof(*vif->hashes));
	if (!vif->hashes)
		return NULL;
	return &vif->hashes[atomic_load(&vif->hash) == vif->hashes];
}

int uvif_set_hash(struct vif *vif, const struct netif_hash *hash)
{
	const struct netif_hash *now = atomic_load(&vif->hash);
	struct netif_hash *spare;

	if (now ? !memcmp(now, hash, sizeof(*now)) : hash->algorithm == NETIF_HASH_ALGORITHM_NONE)
		return 0;
	if (!dataplane_passed(&vif->hash_since))
		return -EAGAIN;
	spare = spare_hash(vif);
	if (!spare)
		return -ENOMEM;
	*spare = *hash;
	atomic_store(&vif->hash, spare);
	dataplane_mark(&vif->hash_since);
	return 0;
}
