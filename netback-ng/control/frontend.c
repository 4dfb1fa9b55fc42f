/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/frontend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/netif/rx.h"

/* Xen's largest port number plus one: FIFO ABI, 2^17 channels a domain (event_channel.h). */
#define PORT_MAX ((1u << 17) - 1)

struct reader {
	const char *dir;
	const struct frontend_offer *offer;
	struct vif_connection *c;
	struct frontend_requests asked;
	enum store_state state;
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
	int rc = store_scan_u32(xs, t, r->dir, node, value);

	if (!rc && (*value < min || *value > max))
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

	return !rc || rc == -EAGAIN ? rc : refuse(r, rc, node, "cannot be read as a flag");
}

/* Page flipping, which netif.h calls deprecated, is nobody's any more. */
static int read_rx_copy(struct reader *r, struct xs_handle *xs, xs_transaction_t t)
{
	bool value;
	int rc = read_flag(r, xs, t, "request-rx-copy", &value);

	return rc || value ? rc : refuse(r, -EOPNOTSUPP, "request-rx-copy", "must be 1");
}

/* A key that stands for its default where it is absent or no number; *given tells. */
static int read_optional(struct reader *r, struct xs_handle *xs, xs_transaction_t t, const char *node,
			 bool *given)
{
	uint32_t value;
	int rc = store_scan_u32(xs, t, r->dir, node, &value);

	*given = !rc || rc == -ERANGE;
	if (rc == -ENOENT || rc == -EINVAL || rc == -ERANGE)
		rc = 0;
	return !rc || rc == -EAGAIN ? rc : refuse(r, rc, node, "cannot be read as a number");
}

static int read_queue_count(struct reader *r, struct xs_handle *xs, xs_transaction_t t)
{
	static const char node[] = "multi-queue-num-queues";
	uint32_t n = 1;
	bool given;
	int rc = read_optional(r, xs, t, node, &given);

	if (!rc && given)
		rc = read_number(r, xs, t, node, 1, r->offer->max_queues, &n);
	r->c->nqueues = n;
	return rc;
}

/* The split pair, or else the single channel. */
static int read_channels(struct reader *r, struct xs_handle *xs, xs_transaction_t t,
			 const char *prefix, uint32_t *tx, uint32_t *rx)
{
	char tx_node[40], rx_node[40], node[40];
	bool has_tx, has_rx = false;
	int rc;

	snprintf(tx_node, sizeof(tx_node), "%sevent-channel-tx", prefix);
	snprintf(rx_node, sizeof(rx_node), "%sevent-channel-rx", prefix);
	snprintf(node, sizeof(node), "%sevent-channel", prefix);
	rc = read_optional(r, xs, t, tx_node, &has_tx);
	if (!rc && has_tx)
		rc = read_optional(r, xs, t, rx_node, &has_rx);
	if (!rc && has_rx) {
		rc = read_number(r, xs, t, tx_node, 1, PORT_MAX, tx);
		return rc ? rc : read_number(r, xs, t, rx_node, 1, PORT_MAX, rx);
	}
	if (!rc)
		rc = read_number(r, xs, t, node, 1, PORT_MAX, tx);
	*rx = *tx;
	return rc;
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
	int rc = 0;

	if (r->offer->ctrl_ring)
		rc = read_optional(r, xs, t, "ctrl-ring-ref", &r->c->has_ctrl);
	if (rc || !r->c->has_ctrl)
		return rc;
	rc = read_number(r, xs, t, "ctrl-ring-ref", 0, UINT32_MAX, &r->c->ctrl_ref);
	return rc ? rc : read_number(r, xs, t, "event-channel-ctrl", 1, PORT_MAX, &r->c->ctrl_evtchn);
}

static int read_requests(struct xs_handle *xs, xs_transaction_t t, const char *dir,
			 struct frontend_requests *asked)
{
	int rc = store_scan_u32(xs, t, dir, "xdp-headroom", &asked->headroom);

	if (rc)
		asked->headroom = rc == -ERANGE ? UINT32_MAX : 0;
	if (!rc || frontend_is_at_fault(rc))
		rc = store_read_flag(xs, t, dir, "request-multicast-control", &asked->multicast_control);
	/* Nothing of it is worth shutting a vif for. */
	return rc && frontend_is_at_fault(rc) ? 0 : rc;
}

int frontend_read_requests(struct xs_handle *xs, const char *dir, struct frontend_requests *asked)
{
	return read_requests(xs, XBT_NULL, dir, asked);
}

uint32_t frontend_headroom(const struct frontend_requests *asked, bool half_pages)
{
	const uint32_t max = netif_rx_headroom_max(half_pages);

	return asked->headroom < max ? asked->headroom : max;
}

static int read_features(struct reader *r, struct xs_handle *xs, xs_transaction_t t)
{
	struct vif_connection *c = r->c;
	bool no_csum4 = false;
	const struct {
		const char *node;
		bool *value;
	} flags[] = {
		{ "feature-rx-notify", &c->rx_notify },
		{ "feature-sg", &c->sg },
		{ "feature-gso-tcpv4", &c->gso4 },
		{ "feature-gso-tcpv6", &c->gso6 },
		{ "feature-no-csum-offload", &no_csum4 },
		{ "feature-ipv6-csum-offload", &c->csum6 },
		/* Whatever was offered: it says what it posts. */
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
	rc = read_requests(xs, t, r->dir, &r->asked);
	c->multicast_control = r->asked.multicast_control && r->offer->multicast_control;
	c->headroom = frontend_headroom(&r->asked, c->half_pages);
	return rc;
}

static int read_all(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	struct reader *r = arg;
	int rc = store_load_state(xs, t, r->dir, &r->state);

	memset(r->c, 0, sizeof(*r->c));
	if (rc)
		return rc;
	if (r->state != STATE_INITIALISED && r->state != STATE_CONNECTED && r->state != STATE_RECONFIGURING)
		return -ECANCELED;
	rc = read_queue_count(r, xs, t);
	for (unsigned int i = 0; !rc && i < r->c->nqueues; i++)
		rc = read_queue(r, xs, t, i);
	if (!rc)
		rc = read_rx_copy(r, xs, t);
	if (!rc)
		rc = read_features(r, xs, t);
	if (!rc)
		rc = read_ctrl(r, xs, t);
	return rc;
}

int frontend_read(struct xs_handle *xs, const char *dir, const struct frontend_offer *offer,
		  struct vif_connection *c, struct frontend_requests *asked, char why[FRONTEND_WHY_MAX])
{
	struct reader r = { .dir = dir, .offer = offer, .c = c, .why = why };
	int rc;

	snprintf(why, FRONTEND_WHY_MAX, "%.60s: cannot be read", dir);
	rc = store_transact(xs, read_all, &r);
	*asked = r.asked;
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

static bool same_queue(const struct vif_connection *a, const struct vif_connection *b, unsigned int i)
{
	return a->queue[i].tx_ref == b->queue[i].tx_ref && a->queue[i].rx_ref == b->queue[i].rx_ref &&
	       a->queue[i].tx_evtchn == b->queue[i].tx_evtchn && a->queue[i].rx_evtchn == b->queue[i].rx_evtchn;
}

/* What a guest may change by a new connection only, member by member: what lies between them is nobody's. */
static bool same(const struct vif_connection *a, const struct vif_connection *b)
{
	bool same = a->nqueues == b->nqueues && a->has_ctrl == b->has_ctrl && a->ctrl_ref == b->ctrl_ref &&
		    a->ctrl_evtchn == b->ctrl_evtchn && a->sg == b->sg && a->gso4 == b->gso4 && a->gso6 == b->gso6 &&
		    a->csum4 == b->csum4 && a->csum6 == b->csum6 && a->rx_notify == b->rx_notify &&
		    a->half_pages == b->half_pages;

	for (unsigned int i = 0; same && i < a->nqueues; i++)
		same = same_queue(a, b, i);
	return same;
}

int frontend_unchanged(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		       const struct frontend_offer *offer, const struct vif_connection *c,
		       enum store_state *state)
{
	char why[FRONTEND_WHY_MAX];
	struct vif_connection now;
	struct reader r = { .dir = dir, .offer = offer, .c = &now, .why = why };
	int rc = read_all(xs, t, &r);

	if (rc)
		return frontend_is_at_fault(rc) ? -ECANCELED : rc;
	*state = r.state;
	return same(&now, c) ? 0 : -ECANCELED;
}
