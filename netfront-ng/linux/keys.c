// SPDX-License-Identifier: GPL-2.0
#include <xen/interface/io/xenbus.h>

#include "ng.h"

#define HALVES_NODE "request-rx-half-pages"
#define HYBRID_NODE "feature-datapath-hybrid"

static bool backend_flag(struct ng_device *dev, const char *node)
{
	return xenbus_read_unsigned(dev->xbdev->otherend, node, 0) == 1;
}

/* Absent or malformed feature nodes are features that the back end lacks. */
void ng_keys_read(struct ng_device *dev, struct ng_features *f, bool *bounce)
{
	*f = (struct ng_features){
		.sg = backend_flag(dev, "feature-sg"),
		.csum4 = !backend_flag(dev, "feature-no-csum-offload"),
		.csum6 = backend_flag(dev, "feature-ipv6-csum-offload"),
		.split = backend_flag(dev, "feature-split-event-channels"),
		.ctrl = backend_flag(dev, "feature-ctrl-ring"),
		.max_queues = xenbus_read_unsigned(dev->xbdev->otherend, "multi-queue-max-queues", 0),
	};
	/* An XDP program's frames may have a page, and come in one buffer. */
	f->halves = ng_params.half_pages && !rcu_access_pointer(dev->xdp) &&
		    backend_flag(dev, "feature-rx-half-pages");
	f->gso4 = f->sg && f->csum4 && backend_flag(dev, "feature-gso-tcpv4");
	f->gso6 = f->sg && f->csum6 && backend_flag(dev, "feature-gso-tcpv6");
	/* The toolstack's "trusted=0": nothing but what is meant for the back end is shown to it. */
	*bounce = !xenbus_read_unsigned(dev->xbdev->nodename, "trusted", 1);
}

int ng_keys_read_mac(struct ng_device *dev, u8 mac[ETH_ALEN])
{
	char *text = xenbus_read(XBT_NIL, dev->xbdev->nodename, "mac", NULL);
	int rc = 0;

	if (IS_ERR(text))
		return PTR_ERR(text);
	if (!mac_pton(text, mac))
		rc = -EINVAL;
	kfree(text);
	return rc;
}

unsigned int ng_keys_read_mtu(struct ng_device *dev)
{
	unsigned int mtu = xenbus_read_unsigned(dev->xbdev->nodename, "mtu", ETH_DATA_LEN);

	return mtu < ETH_MIN_MTU || mtu > NETIF_MAX_TX_SIZE - ETH_HLEN ? ETH_DATA_LEN : mtu;
}

static int write_queue(const struct ng_queue *q, struct xenbus_transaction t, const char *dir)
{
	int rc = xenbus_printf(t, dir, "tx-ring-ref", "%u", q->tx.ring_ref);

	if (!rc)
		rc = xenbus_printf(t, dir, "rx-ring-ref", "%u", q->rx.ring_ref);
	if (!rc && q->tx_port == q->rx_port)
		return xenbus_printf(t, dir, "event-channel", "%u", q->tx_port);
	if (!rc)
		rc = xenbus_printf(t, dir, "event-channel-tx", "%u", q->tx_port);
	if (!rc)
		rc = xenbus_printf(t, dir, "event-channel-rx", "%u", q->rx_port);
	return rc;
}

static int write_queues(struct ng_device *dev, struct xenbus_transaction t, unsigned int queues)
{
	const char *dir = dev->xbdev->nodename;
	char sub[64];
	unsigned int i;
	int rc = 0;

	if (dev->features.max_queues)
		rc = xenbus_printf(t, dir, "multi-queue-num-queues", "%u", queues);
	if (!rc && queues == 1)
		return write_queue(dev->queue[0], t, dir);
	for (i = 0; i < queues && !rc; i++) {
		snprintf(sub, sizeof(sub), "%s/queue-%u", dir, i);
		rc = write_queue(dev->queue[i], t, sub);
	}
	return rc;
}

static int write_control(struct ng_device *dev, struct xenbus_transaction t)
{
	int rc;

	if (!dev->control.open)
		return 0;
	rc = xenbus_printf(t, dev->xbdev->nodename, "ctrl-ring-ref", "%u", dev->control.ring_ref);
	return rc ?: xenbus_printf(t, dev->xbdev->nodename, "event-channel-ctrl", "%u",
				   dev->control.port);
}

/* What an earlier connection, or another driver, left would contradict this one's. */
static void remove_old(struct ng_device *dev, struct xenbus_transaction t)
{
	static const char *const nodes[] = {
		"tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx",
		"event-channel-rx", "ctrl-ring-ref", "event-channel-ctrl", "multi-queue-num-queues",
		HALVES_NODE, "xdp-headroom",
	};
	const char *dir = dev->xbdev->nodename;
	char sub[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nodes); i++)
		if (xenbus_exists(t, dir, nodes[i]))
			xenbus_rm(t, dir, nodes[i]);
	for (i = 0; i < NG_QUEUES_MAX; i++) {
		snprintf(sub, sizeof(sub), "queue-%u", i);
		if (xenbus_exists(t, dir, sub))
			xenbus_rm(t, dir, sub);
	}
}

static int write_features(struct ng_device *dev, struct xenbus_transaction t)
{
	/* An XDP program sees frames of one page. */
	const bool sg = !rcu_access_pointer(dev->xdp);
	const struct {
		const char *node;
		bool on;
	} features[] = {
		{ "request-rx-copy", true }, { "feature-rx-notify", true },
		{ "feature-sg", sg }, { "feature-gso-tcpv4", sg }, { "feature-gso-tcpv6", sg },
		{ "feature-ipv6-csum-offload", true }, { "feature-datapath-switch", true },
	};
	unsigned int i;
	int rc = 0;

	for (i = 0; i < ARRAY_SIZE(features) && !rc; i++)
		rc = xenbus_printf(t, dev->xbdev->nodename, features[i].node, "%d", features[i].on);
	if (!rc && dev->features.halves)
		rc = xenbus_write(t, dev->xbdev->nodename, HALVES_NODE, "1");
	return rc ?: ng_keys_write_datapath(dev, t);
}

void ng_keys_remove(struct ng_device *dev)
{
	if (dev->features.halves)
		xenbus_rm(XBT_NIL, dev->xbdev->nodename, HALVES_NODE);
}

void ng_keys_withdraw(struct ng_device *dev)
{
	xenbus_rm(XBT_NIL, dev->xbdev->nodename, "feature-datapath-switch");
	xenbus_rm(XBT_NIL, dev->xbdev->nodename, HYBRID_NODE);
	xenbus_rm(XBT_NIL, dev->xbdev->nodename, "datapath");
}

/* The toolstack waits for the latter, and then reads the former. */
int ng_keys_write_datapath(struct ng_device *dev, struct xenbus_transaction t)
{
	int rc = xenbus_printf(t, dev->xbdev->nodename, HYBRID_NODE, "%d",
			       READ_ONCE(ng_params.hybrid));

	return rc ?: xenbus_write(t, dev->xbdev->nodename, "datapath",
			    READ_ONCE(dev->team.active) ? "vf" : "pv");
}

int ng_keys_write(struct ng_device *dev, unsigned int queues)
{
	struct xenbus_transaction t;
	int rc;

	do {
		rc = xenbus_transaction_start(&t);
		if (rc)
			return rc;
		remove_old(dev, t);
		rc = write_queues(dev, t, queues);
		if (!rc)
			rc = write_control(dev, t);
		if (!rc)
			rc = write_features(dev, t);
		if (rc) {
			xenbus_transaction_end(t, 1);
			return rc;
		}
		rc = xenbus_transaction_end(t, 0);
	} while (rc == -EAGAIN);
	return rc;
}
