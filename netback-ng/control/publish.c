/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/publish.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netback-ng/vif/dataplane.h"

struct frontend_offer publish_offered(const struct device *d)
{
	const struct config_data *c = &(*d->config)->data;

	return (struct frontend_offer){
		.max_queues = dataplane_max_queues(), .sg = c->sg, .gso = c->gso, .csum = c->csum,
		.ctrl_ring = c->ctrl_ring, .multicast_control = c->multicast_control,
	};
}

/*
 * A guest that is connected, or read our directory, under an earlier daemon goes by what that one
 * offered, of which nothing is known.  All is served that can be; a multicast filter cannot: its
 * list of groups has gone with the daemon, so everything passes until the guest asks for it anew.
 */
struct frontend_offer publish_offered_before(void)
{
	return (struct frontend_offer){ .max_queues = VIF_QUEUES_MAX, .sg = true, .gso = true, .csum = true,
					.ctrl_ring = true };
}

struct switch_request {
	struct device *d;
	enum store_state to;
	bool features;			 /* write them too */
	bool unplugged;			 /* and that the TAP's script is to be run */
	const struct vif_connection *is; /* Connected: to exactly this */
};

static int write_flag(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node, bool on)
{
	return store_write(xs, t, dir, node, on ? "1" : "0");
}

/* Before InitWait, in its transaction: a front end that sees the state sees all of them. */
static int write_features(struct xs_handle *xs, xs_transaction_t t, struct device *d)
{
	const struct config_data *c = &(*d->config)->data;
	bool gso = c->gso && c->sg && c->csum;
	const struct {
		const char *node;
		bool on;
	} features[] = {
		{ "feature-rx-copy", true },
		{ "feature-rx-flip", false },
		{ "feature-sg", c->sg },
		{ "feature-gso-tcpv4", gso },
		{ "feature-gso-tcpv6", gso },
		{ "feature-no-csum-offload", !c->csum },
		{ "feature-ipv6-csum-offload", c->csum },
		{ "feature-multicast-control", c->multicast_control },
		{ "feature-dynamic-multicast-control", c->multicast_control },
		{ "feature-xdp-headroom", true },
		{ "feature-split-event-channels", c->split_events },
		{ "feature-ctrl-ring", c->ctrl_ring }, { "feature-rx-half-pages", c->rx_half_pages },
	};
	int rc = store_printf(xs, t, d->dir, "multi-queue-max-queues", "%u", dataplane_max_queues());

	for (unsigned int i = 0; !rc && i < sizeof(features) / sizeof(features[0]); i++)
		rc = write_flag(xs, t, d->dir, features[i].node, features[i].on);
	/* So that the clean-up after a crash can tell our vifs from the kernel's. */
	return rc ? rc : store_write(xs, t, d->dir, "served-by", "netback-ngd");
}

/* The toolstack's 5 and online=0 are never overwritten by an opinion formed before them. */
static int switch_state(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	struct switch_request *q = arg;
	bool online = false, opening = q->to != STATE_CLOSING && q->to != STATE_CLOSED;
	enum store_state now, front;
	int rc = store_load_state(xs, t, q->d->dir, &now);

	if (rc)
		return rc;
	if (now == STATE_UNKNOWN)
		return -ENOENT;
	rc = store_read_flag(xs, t, q->d->dir, "online", &online);
	if (rc)
		return rc;
	if (opening && (!online || (now == STATE_CLOSING && q->d->state != STATE_CLOSING)))
		return -ECANCELED;
	if (q->features)
		rc = write_features(xs, t, q->d);
	if (!rc && q->unplugged)
		rc = store_write(xs, t, q->d->dir, "hotplug-status", HOTPLUG_PENDING);
	/* A front end that closed and came back meanwhile has other rings. */
	if (q->is) {
		rc = frontend_unchanged(xs, t, q->d->front, &q->d->offer, q->is, &front);
		/*
		 * Linux' netfront holds the lock of its network's configuration from Reconfiguring until it
		 * sees Reconfigured, and on Connected it waits for that lock before it looks again.
		 */
		q->to = front == STATE_RECONFIGURING ? STATE_RECONFIGURED : STATE_CONNECTED;
	}
	if (rc || now == q->to)
		return rc;
	return store_printf(xs, t, q->d->dir, "state", "%u", q->to);
}

static int switch_run(struct switch_request *q)
{
	struct device *d = q->d;
	int rc = store_transact(d->xs, switch_state, q);

	if (!rc) {
		log_limited(&d->log, LOG_DEBUG, "%s: %s -> %s", d->name, store_state_name(d->state),
			    store_state_name(q->to));
		d->state = q->to;
	} else if (rc != -ECANCELED && rc != -ENOENT && trouble_note(&d->trouble, TROUBLE_STORE, rc)) {
		log_limited(&d->log, LOG_ERR,
			    "%s: cannot write state %s to xenstore: %s; it is tried again until it works",
			    d->name, store_state_name(q->to), strerror(-rc));
	}
	return rc;
}

int publish_state(struct device *d, enum store_state to)
{
	return switch_run(&(struct switch_request){ .d = d, .to = to });
}

int publish_offer(struct device *d, bool unplugged)
{
	return switch_run(&(struct switch_request){
		.d = d, .to = STATE_INITWAIT, .features = true, .unplugged = unplugged });
}

int publish_connected(struct device *d, const struct vif_connection *is)
{
	return switch_run(&(struct switch_request){ .d = d, .to = STATE_CONNECTED, .is = is });
}

static void error_dir(const struct device *d, char dir[64])
{
	snprintf(dir, 64, "error/%s", d->dir);
}

void publish_error(struct device *d, int rc, const char *fmt, ...)
{
	char dir[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->error, sizeof(d->error), fmt, ap);
	va_end(ap);
	d->count.failures++;
	error_dir(d, dir);
	store_printf(d->xs, XBT_NULL, dir, "error", "%d %s", -rc, d->error);
}

void publish_no_error(struct device *d)
{
	char dir[64];

	if (!*d->error)
		return;
	*d->error = '\0';
	error_dir(d, dir);
	store_rm(d->xs, XBT_NULL, dir, "error");
}

int publish_error_before(struct device *d, int *err)
{
	char dir[64], text[STORE_VALUE_MAX + 1];
	int rc;

	*err = 0;
	error_dir(d, dir);
	rc = store_read_text(d->xs, XBT_NULL, dir, "error", text, sizeof(text));
	if (sscanf(text, "%9d ", err) != 1)
		*err = 0;
	snprintf(d->error, sizeof(d->error), "%.*s", DEVICE_ERROR_MAX - 1, text);
	return rc;
}
