/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/frontend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/xen/store.h"

/* Xen's largest port number plus one: FIFO ABI, 2^17 channels a domain (event_channel.h). */
#define PORT_MAX ((1u << 17) - 1)

struct reader {
	const char *dir;
	const struct frontend_offer *offer;
	struct vif_connection *c;
	char *why;
};

static int refuse(struct reader *r, int rc, const char *node, const char *wanted)
{
	snprintf(r->why, FRONTEND_WHY_MAX, "%.48s/%.36s %.48s", r->dir, node, wanted);
	return rc;
}

/* A conflict is not the guest's fault: it goes up as it is and the transaction runs again. */
static int read_number(struct reader *r, struct xs_handle *xs, xs_transaction_t t, const char *node,
		       uint32_t min, uint32_t max, uint32_t *value)
{
	char wanted[64];
	int rc = store_read_u32(xs, t, r->dir, node, max, value);

	if (!rc && *value < min)
		rc = -ERANGE;
	if (!rc || rc == -EAGAIN)
		return rc;
	snprintf(wanted, sizeof(wanted), "must be a number from %u to %u", min, max);
	return refuse(r, rc, node, wanted);
}

static int read_flag(struct reader *r, struct xs_handle *xs, xs_transaction_t t, const char *node,
		     bool *value)
{
	int rc = store_read_flag(xs, t, r->dir, node, value);

	return !rc || rc == -EAGAIN ? rc : refuse(r, rc, node, "must be 0 or 1");
}

/* request-rx-copy, feature-rx-notify: page flipping and polled receive died long ago. */
static int read_required(struct reader *r, struct xs_handle *xs, xs_transaction_t t, const char *node)
{
	bool value;
	int rc = read_flag(r, xs, t, node, &value);

	return rc || value ? rc : refuse(r, -EOPNOTSUPP, node, "must be 1");
}

static int read_queue_count(struct reader *r, struct xs_handle *xs, xs_transaction_t t)
{
	uint32_t n = 1;
	int rc = store_read_u32(xs, t, r->dir, "multi-queue-num-queues", VIF_QUEUES_MAX, &n);

	if (rc != -ENOENT)
		rc = read_number(r, xs, t, "multi-queue-num-queues", 1, r->offer->max_queues, &n);
	else
		rc = 0;
	r->c->nqueues = n;
	return rc;
}

/* Either the split pair or the single channel; half a pair is an error. */
static int read_channels(struct reader *r, struct xs_handle *xs, xs_transaction_t t,
			 const char *prefix, uint32_t *tx, uint32_t *rx)
{
	char node[40];
	int rc;

	snprintf(node, sizeof(node), "%sevent-channel-tx", prefix);
	if (store_read_u32(xs, t, r->dir, node, PORT_MAX, tx) == -ENOENT) {
		snprintf(node, sizeof(node), "%sevent-channel", prefix);
		rc = read_number(r, xs, t, node, 1, PORT_MAX, tx);
		*rx = *tx;
		return rc;
	}
	rc = read_number(r, xs, t, node, 1, PORT_MAX, tx);
	if (rc)
		return rc;
	snprintf(node, sizeof(node), "%sevent-channel-rx", prefix);
	return read_number(r, xs, t, node, 1, PORT_MAX, rx);
}

/* One queue: keys in the directory itself; more: in queue-N/ (netif.h). */
static int read_queue(struct reader *r, struct xs_handle *xs, xs_transaction_t t, unsigned int i)
{
	char prefix[20] = "", node[40];
	int rc;

	if (r->c->nqueues > 1)
		snprintf(prefix, sizeof(prefix), "queue-%u/", i);
	snprintf(node, sizeof(node), "%stx-ring-ref", prefix);
	rc = read_number(r, xs, t, node, 0, UINT32_MAX, &r->c->queue[i].tx_ref);
	if (rc)
		return rc;
	snprintf(node, sizeof(node), "%srx-ring-ref", prefix);
	rc = read_number(r, xs, t, node, 0, UINT32_MAX, &r->c->queue[i].rx_ref);
	if (rc)
		return rc;
	return read_channels(r, xs, t, prefix, &r->c->queue[i].tx_evtchn, &r->c->queue[i].rx_evtchn);
}

static int read_ctrl(struct reader *r, struct xs_handle *xs, xs_transaction_t t)
{
	int rc;

	if (!r->offer->ctrl_ring)
		return 0;
	if (store_read_u32(xs, t, r->dir, "ctrl-ring-ref", UINT32_MAX, &r->c->ctrl_ref) == -ENOENT)
		return 0;
	rc = read_number(r, xs, t, "ctrl-ring-ref", 0, UINT32_MAX, &r->c->ctrl_ref);
	if (!rc)
		rc = read_number(r, xs, t, "event-channel-ctrl", 1, PORT_MAX, &r->c->ctrl_evtchn);
	r->c->has_ctrl = !rc;
	return rc;
}

static int read_features(struct reader *r, struct xs_handle *xs, xs_transaction_t t)
{
	struct vif_connection *c = r->c;
	bool no_csum4 = false;
	const struct {
		const char *node;
		bool *value;
	} flags[] = {
		{ "feature-sg", &c->sg },
		{ "feature-gso-tcpv4", &c->gso4 },
		{ "feature-gso-tcpv6", &c->gso6 },
		{ "feature-no-csum-offload", &no_csum4 },
		{ "feature-ipv6-csum-offload", &c->csum6 },
		{ "request-multicast-control", &c->multicast_control },
		/* Whatever we offer by now: with a daemon before us it agreed on what it posts. */
		{ "request-rx-half-pages", &c->half_pages },
	};
	int rc;

	for (unsigned int i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		rc = read_flag(r, xs, t, flags[i].node, flags[i].value);
		if (rc)
			return rc;
	}
	c->sg &= r->offer->sg;
	c->csum4 = r->offer->csum && !no_csum4;
	c->csum6 &= r->offer->csum;
	/* A GSO frame needs several slots and a blank checksum. */
	c->gso4 &= r->offer->gso && c->sg && c->csum4;
	c->gso6 &= r->offer->gso && c->sg && c->csum6;
	c->multicast_control &= r->offer->multicast_control;
	return 0;
}

static int read_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	struct reader *r = arg;
	enum store_state state = store_read_state(xs, t, r->dir);
	int rc;

	memset(r->c, 0, sizeof(*r->c));
	if (state != STATE_INITIALISED && state != STATE_CONNECTED)
		return -ECANCELED;
	rc = read_queue_count(r, xs, t);
	for (unsigned int i = 0; !rc && i < r->c->nqueues; i++)
		rc = read_queue(r, xs, t, i);
	if (!rc)
		rc = read_required(r, xs, t, "request-rx-copy");
	if (!rc)
		rc = read_required(r, xs, t, "feature-rx-notify");
	if (!rc)
		rc = read_features(r, xs, t);
	if (!rc)
		rc = read_ctrl(r, xs, t);
	return rc;
}

int frontend_read(struct xs_handle *xs, const char *dir, const struct frontend_offer *offer,
		  struct vif_connection *c, char why[FRONTEND_WHY_MAX])
{
	struct reader r = { .dir = dir, .offer = offer, .c = c, .why = why };
	int rc;

	snprintf(why, FRONTEND_WHY_MAX, "%.60s: cannot be read", dir);
	rc = store_transact(xs, read_all, &r);
	if (rc)
		memset(c, 0, sizeof(*c));
	return rc;
}

bool frontend_is_at_fault(int rc)
{
	static const int faults[] = { -EINVAL, -ERANGE, -ENOENT, -E2BIG, -EOPNOTSUPP, -EACCES };

	for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (rc == faults[i])
			return true;
	return false;
}

int frontend_unchanged(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		       const struct frontend_offer *offer, const struct vif_connection *c)
{
	char why[FRONTEND_WHY_MAX];
	struct vif_connection now;
	struct reader r = { .dir = dir, .offer = offer, .c = &now, .why = why };
	int rc = read_all(xs, t, &r);

	if (rc)
		return rc == -EAGAIN ? rc : -ECANCELED;
	now.rate_bytes = c->rate_bytes;
	now.rate_usecs = c->rate_usecs;
	return memcmp(&now, c, sizeof(now)) ? -ECANCELED : 0;
}
