/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/follow.h"

#include <stdio.h>
#include <string.h>

#include "netback-ng/control/plumb.h"

/* "BYTES,MICROSECONDS"; unlimited where it is absent or not that. */
static void parse_rate(struct device *d, uint64_t *bytes, uint32_t *usecs)
{
	unsigned long long b;
	unsigned int u;
	int n = 0;

	*bytes = 0;
	*usecs = 0;
	if (!*d->rate)
		return;
	if (sscanf(d->rate, "%19llu,%9u%n", &b, &u, &n) == 2 && !d->rate[n] && b && u) {
		*bytes = b;
		*usecs = u;
		return;
	}
	log_limited(&d->log, LOG_WARNING, "%s: rate \"%s\" is not BYTES,MICROSECONDS; ignored", d->name, d->rate);
}

int follow_begin(struct device *d, struct vif_connection *c)
{
	int rc = plumb_read(d, "rate", d->rate, sizeof(d->rate));

	if (!rc)
		parse_rate(d, &c->rate_bytes, &c->rate_usecs);
	return rc;
}

/* The toolstack changed it: nothing but that touches the rate of a running connection. */
void follow_rate(struct device *d)
{
	char now[sizeof(d->rate)];
	uint64_t bytes;
	uint32_t usecs;
	int rc = plumb_read(d, "rate", now, sizeof(now));

	if (rc)
		device_read_failed(d, rc);
	if (rc || !strcmp(now, d->rate))
		return;
	memcpy(d->rate, now, sizeof(now));
	parse_rate(d, &bytes, &usecs);
	vif_set_rate(d->vif, bytes, usecs);
}

static void follow_failed(struct device *d, const char *what, int rc)
{
	log_limited(&d->log, LOG_ERR, "%s: the data plane does not take the guest's %s: %s; is "
		    "xen-netback-ng.ko as new as the daemon?", d->name, what, strerror(-rc));
}

static void say_headroom(struct device *d)
{
	if (d->headroom < d->asked.headroom)
		log_limited(&d->log, LOG_WARNING, "%s: its guest asks for a headroom of %u bytes (xdp-headroom); "
			    "it gets %u, which leaves room for a frame", d->name, d->asked.headroom, d->headroom);
	else
		log_limited(&d->log, LOG_INFO, "%s: headroom of %u bytes, as its guest asks", d->name,
			    d->headroom);
}

void follow_connected(struct device *d, const struct vif_connection *c)
{
	d->half_pages = c->half_pages;
	d->headroom = c->headroom;
	d->multicast_control = c->multicast_control;
	if (d->headroom)
		say_headroom(d);
}

static void follow_headroom(struct device *d, const struct frontend_requests *now)
{
	int rc = 0;

	if (now->headroom == d->asked.headroom)
		return;
	d->asked.headroom = now->headroom;
	d->headroom = frontend_headroom(now, d->half_pages);
	rc = vif_set_headroom(d->vif, d->headroom);
	if (rc)
		follow_failed(d, "xdp-headroom", rc);
	else
		say_headroom(d);
}

static void follow_multicast(struct device *d, const struct frontend_requests *now)
{
	int rc;

	if (now->multicast_control == d->asked.multicast_control)
		return;
	d->asked.multicast_control = now->multicast_control;
	if (!d->offer.multicast_control && !(*d->config)->data.multicast_control)
		return; /* asked for without an offer */
	d->multicast_control = now->multicast_control;
	rc = vif_set_multicast_control(d->vif, d->multicast_control);
	if (rc)
		follow_failed(d, "request-multicast-control", rc);
}

/*
 * netfront writes the headroom after it has gone to Reconfiguring, and where it finds us Reconfigured it
 * may be Connected again before we look: so it is followed from the first time on.
 */
void follow_requests(struct device *d, enum store_state front)
{
	struct frontend_requests now;
	int rc = frontend_read_requests(d->xs, d->front, &now);

	if (rc) {
		device_read_failed(d, rc);
		return;
	}
	if (front == STATE_RECONFIGURING || d->state == STATE_RECONFIGURED)
		follow_headroom(d, &now);
	follow_multicast(d, &now);
}
