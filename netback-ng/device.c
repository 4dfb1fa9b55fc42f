/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine, driven by the levels of four nodes (ours: state, online,
 * hotplug-status; the front end's: state).
 *
 * A restart of the daemon must not cost a guest its interface.  Linux's netfront
 * connects only while its *own* state is Initialising (netback_changed() in
 * xen-netfront.c), and nothing outside the guest brings a netfront that once saw
 * its back end Closed back there: it keeps its state in memory, and a state node
 * that Dom0 rewrites is not read back.  So Closing -> Closed -> InitWait strands a
 * stock guest.  What works is what the kernel's netback does when it is unbound and
 * bound again (allow_rebind, Linux 5.6): leave both states alone, and let the new
 * back end pass InitWait -> Connected while the front end stays Connected.  netfront
 * ignores the InitWait and announces itself on the Connected.  The rings are resumed
 * at rsp_prod: requests that were taken but never answered are still in their slots
 * and are simply done again.  Xen turns the guest's end of a closed event channel
 * back into an unbound one for us, so the same port binds again.
 * What the old process knew and the ring does not say (hash settings, mapped grefs)
 * is lost; grefs then take the copy path until the front end adds them again.
 */
#include "netback-ng/device.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netback-ng/frontend.h"

struct snapshot {
	bool exists, online;
	enum store_state state, front;
	char hotplug[16];
};

struct device *device_new(struct xs_handle *xs, sd_event *event, const struct config *const *config,
			  uint16_t domid, uint32_t devid)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->domid = domid;
	d->devid = devid;
	d->xs = xs;
	d->event = event;
	d->config = config;
	snprintf(d->name, sizeof(d->name), "vif%u.%u", domid, devid);
	snprintf(d->dir, sizeof(d->dir), "backend/vif/%u/%u", domid, devid);
	snprintf(d->front, sizeof(d->front), "/local/domain/%u/device/vif/%u", domid, devid);
	return d;
}

static void device_disconnect(struct device *d)
{
	ctrl_close(d->ctrl);
	d->ctrl = NULL;
	if (d->connected)
		vif_disconnect(d->vif);
	d->connected = false;
}

static void device_drop_vif(struct device *d)
{
	device_disconnect(d);
	script_free(d->script);
	d->script = NULL;
	if (d->vif)
		vif_destroy(d->vif);
	d->vif = NULL;
}

static void front_watch(struct device *d, bool on)
{
	char path[64], token[32];

	snprintf(path, sizeof(path), "%s/state", d->front);
	snprintf(token, sizeof(token), "front/%u/%u", d->domid, d->devid);
	if (on && !d->watched)
		d->watched = xs_watch(d->xs, path, token);
	else if (!on && d->watched)
		d->watched = !xs_unwatch(d->xs, path, token);
}

void device_free(struct device *d)
{
	front_watch(d, false);
	device_drop_vif(d);
	free(d);
}

/* ---- state, features and errors into the store ---- */

static struct frontend_offer device_offered(const struct device *d)
{
	const struct config_data *c = &(*d->config)->data;

	return (struct frontend_offer){
		.max_queues = dataplane_max_queues(), .sg = c->sg, .gso = c->gso, .csum = c->csum,
		.ctrl_ring = c->ctrl_ring, .multicast_control = c->multicast_control,
	};
}

struct switch_request {
	struct device *d;
	enum store_state to;
	bool features;			 /* write them too */
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
	enum store_state now = store_read_state(xs, t, q->d->dir);
	bool online = false, opening = q->to == STATE_INITWAIT || q->to == STATE_CONNECTED;
	int rc;

	if (now == STATE_UNKNOWN)
		return -ENOENT;
	rc = store_read_flag(xs, t, q->d->dir, "online", &online);
	if (rc)
		return rc;
	if (opening && (!online || (now == STATE_CLOSING && q->d->state != STATE_CLOSING)))
		return -ECANCELED;
	if (q->features)
		rc = write_features(xs, t, q->d);
	if (q->is) {
		const struct frontend_offer offer = device_offered(q->d);

		/* A front end that closed and came back meanwhile has other rings. */
		rc = frontend_unchanged(xs, t, q->d->front, &offer, q->is);
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
		log_debug("%s: %s -> %s", d->name, store_state_name(d->state), store_state_name(q->to));
		d->state = q->to;
	} else if (rc != -ECANCELED && rc != -ENOENT) {
		log_limited(&d->log, LOG_ERR, "%s: cannot write state %s to xenstore: %s", d->name,
			    store_state_name(q->to), strerror(-rc));
	}
	return rc;
}

static int device_switch(struct device *d, enum store_state to)
{
	return switch_run(&(struct switch_request){ .d = d, .to = to });
}

/* error/NODENAME/error, as the kernel's xenbus_dev_error() writes it: "ERRNO text". */
static void __attribute__((format(printf, 3, 4)))
device_error(struct device *d, int rc, const char *fmt, ...)
{
	char dir[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->error, sizeof(d->error), fmt, ap);
	va_end(ap);
	d->count.failures++;
	snprintf(dir, sizeof(dir), "error/%s", d->dir);
	store_printf(d->xs, XBT_NULL, dir, "error", "%d %s", -rc, d->error);
}

static void device_clear_error(struct device *d)
{
	char dir[64];

	if (!*d->error)
		return;
	*d->error = '\0';
	snprintf(dir, sizeof(dir), "error/%s", d->dir);
	store_rm(d->xs, XBT_NULL, dir, "error");
}

/* Shut the vif.  Both states are written so that a front end that waits for either goes on. */
static void device_shut(struct device *d)
{
	device_disconnect(d);
	d->failed = true;
	device_switch(d, STATE_CLOSING);
	device_switch(d, STATE_CLOSED);
}

void device_break(struct device *d, enum netif_error err)
{
	if (d->failed)
		return;
	device_error(d, -EIO, "front end shut: %s", netif_error_text(err));
	log_limited(&d->log, LOG_ERR,
		    "%s: shut, its guest broke the protocol (%s): %s; it comes back when the guest starts "
		    "its interface anew, or detach it: xl network-detach %u %u",
		    d->name, netif_error_name(err), netif_error_text(err), d->domid, d->devid);
	device_shut(d);
}

static void on_ctrl_broken(void *arg, enum netif_error err)
{
	device_break(arg, err);
}

/* ---- the TAP, and its script after a restart ---- */

static void read_text(struct device *d, const char *node, char *out, size_t size)
{
	char *value;

	*out = '\0';
	if (store_read(d->xs, XBT_NULL, d->dir, node, &value))
		return;
	if (strlen(value) < size)
		strcpy(out, value);
	free(value);
}

static void read_mac(struct device *d, uint8_t mac[6])
{
	char text[32];
	unsigned int m[6];
	int n = 0;

	read_text(d, "mac", text, sizeof(text));
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &n) != 6 ||
	    text[n])
		return;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
}

static int make_vif(struct device *d)
{
	struct vif_identity id = { .domid = d->domid, .devid = d->devid };
	int rc;

	if (d->vif)
		return 0;
	snprintf(id.name, sizeof(id.name), "%s", d->name);
	read_text(d, "bridge", id.bridge, sizeof(id.bridge));
	read_mac(d, id.mac);
	/* The hotplug script sets it too, to the bridge's where this is absent. */
	store_read_u32(d->xs, XBT_NULL, d->dir, "mtu", UINT16_MAX, &id.mtu);
	rc = vif_create(&id, &d->vif);
	if (!rc)
		return 0;
	d->vif = NULL;
	device_error(d, rc, "cannot create the TAP %s: %s", d->name, strerror(-rc));
	log_limited(&d->log, LOG_ERR,
		    "%s: cannot create its TAP: %s; is the tun module loaded and the name free?", d->name,
		    strerror(-rc));
	return rc;
}

static void on_script_done(void *arg, int status)
{
	struct device *d = arg;

	script_free(d->script);
	d->script = NULL;
	d->unplumbed = status != 0;
	if (!status) {
		device_step(d);
		return;
	}
	device_error(d, -EIO, "hotplug script failed (%d)", status);
	log_limited(&d->log, LOG_ERR,
		    "%s: its hotplug script failed (%d) after the restart; see /var/log/xen/xen-hotplug.log, "
		    "then run it by hand or re-attach the vif",
		    d->name, status);
}

/* "connected" with a TAP that we just made: an earlier daemon's TAP was meant, and it is gone. */
static void replumb(struct device *d, const struct snapshot *s)
{
	char path[256];
	int rc;

	if (strcmp(s->hotplug, "connected"))
		return;
	read_text(d, "script", path, sizeof(path));
	if (!*path)
		return;
	d->unplumbed = true;
	rc = script_start(&d->script, d->event, path, d->dir, d->name, on_script_done, d);
	if (rc)
		on_script_done(d, rc);
}

/* To InitWait: TAP first, since the toolstack runs the script as soon as it sees the state. */
static bool device_offer(struct device *d, const struct snapshot *s)
{
	bool fresh = !d->vif;

	if (make_vif(d))
		return false;
	device_disconnect(d);
	d->failed = false;
	if (switch_run(&(struct switch_request){ .d = d, .to = STATE_INITWAIT, .features = true }))
		return false;
	device_clear_error(d);
	if (fresh)
		replumb(d, s);
	return true;
}

/* ---- connecting ---- */

static void read_rate(struct device *d, uint64_t *bytes, uint32_t *usecs)
{
	char text[48];
	unsigned long long b;
	unsigned int u;
	int n = 0;

	*bytes = 0;
	*usecs = 0;
	read_text(d, "rate", text, sizeof(text));
	if (!*text)
		return;
	if (sscanf(text, "%19llu,%9u%n", &b, &u, &n) == 2 && !text[n] && b && u) {
		*bytes = b;
		*usecs = u;
		return;
	}
	log_limited(&d->log, LOG_WARNING, "%s: rate \"%s\" is not BYTES,MICROSECONDS; ignored", d->name, text);
}

static int open_ctrl(struct device *d, const struct vif_connection *c, const char **what)
{
	const struct ctrl_params params = {
		.event = d->event, .vif = d->vif, .domid = d->domid, .ref = c->ctrl_ref,
		.evtchn = c->ctrl_evtchn, .nqueues = c->nqueues,
		.static_grants = (*d->config)->data.static_grants,
		.broken = on_ctrl_broken, .arg = d,
	};

	return c->has_ctrl ? ctrl_open(&d->ctrl, &params, what) : 0;
}

static void connect_failed(struct device *d, int rc, const char *why)
{
	device_error(d, rc, "%s", why);
	log_limited(&d->log, LOG_ERR,
		    "%s: cannot connect: %s: %s; the vif is shut until its guest starts the interface anew",
		    d->name, why, strerror(-rc));
	device_shut(d);
}

static void device_connect(struct device *d)
{
	const struct frontend_offer offer = device_offered(d);
	struct vif_connection c;
	char why[FRONTEND_WHY_MAX];
	const char *what = "connecting";
	int rc = frontend_read(d->xs, d->front, &offer, &c, why);

	if (rc == -ECANCELED)
		return; /* its next state's event is on the way */
	if (rc) {
		connect_failed(d, rc, why);
		return;
	}
	read_rate(d, &c.rate_bytes, &c.rate_usecs);
	rc = vif_connect(d->vif, &c, &what);
	d->connected = !rc;
	if (!rc)
		rc = open_ctrl(d, &c, &what);
	if (rc) {
		connect_failed(d, rc, what);
		return;
	}
	if (switch_run(&(struct switch_request){ .d = d, .to = STATE_CONNECTED, .is = &c })) {
		device_disconnect(d); /* either side changed its mind; its event is on the way */
		return;
	}
	d->count.connects++;
	log_info("%s: connected, %u queue%s%s", d->name, c.nqueues, c.nqueues == 1 ? "" : "s",
		 c.has_ctrl ? ", control ring" : "");
}

/* ---- the machine ---- */

static int read_snapshot(struct device *d, struct snapshot *s)
{
	bool online = false;
	int rc = store_read_flag(d->xs, XBT_NULL, d->dir, "online", &online);

	memset(s, 0, sizeof(*s));
	s->state = store_read_state(d->xs, XBT_NULL, d->dir);
	s->exists = s->state != STATE_UNKNOWN;
	s->online = !rc && online;
	s->front = store_read_state(d->xs, XBT_NULL, d->front);
	read_text(d, "hotplug-status", s->hotplug, sizeof(s->hotplug));
	return rc;
}

/* The backend directory is the toolstack's, yet a mix-up here would hand one guest another's rings. */
static int check_frontend_path(struct device *d)
{
	char path[64];
	uint32_t id = 0;
	int rc = store_read_u32(d->xs, XBT_NULL, d->dir, "frontend-id", UINT16_MAX, &id);

	read_text(d, "frontend", path, sizeof(path));
	if (!rc && (id != d->domid || strcmp(path, d->front)))
		rc = -EINVAL;
	if (rc) {
		device_error(d, rc, "frontend must be %s and frontend-id %u", d->front, d->domid);
		log_limited(&d->log, LOG_ERR, "%s: refused: its frontend node is \"%s\", not %s", d->name, path,
			    d->front);
	}
	return rc;
}

/* State 1 over one of ours: the toolstack removed the vif and made it again between two looks. */
static void device_restart(struct device *d)
{
	device_drop_vif(d);
	device_clear_error(d);
	d->state = STATE_UNKNOWN;
	d->failed = d->removing = d->unplumbed = false;
}

/* First sight: a fresh vif is in state 1, one that an earlier daemon left behind in 2 to 6. */
static bool device_begin(struct device *d, const struct snapshot *s)
{
	if (s->state == STATE_INITIALISING && d->state > STATE_INITIALISING)
		device_restart(d);
	if (d->state != STATE_UNKNOWN)
		return true;
	if (check_frontend_path(d))
		return false;
	d->state = s->state;
	if (s->state != STATE_INITIALISING) {
		d->count.adoptions++;
		log_info("%s: adopted in state %s, front end %s", d->name, store_state_name(s->state),
			 store_state_name(s->front));
	}
	front_watch(d, true);
	return true;
}

/* Removal.  A live front end is given the chance to close; libxl waits 10 s for our 6. */
static void step_offline(struct device *d, const struct snapshot *s)
{
	bool alive = s->front == STATE_INITIALISED || s->front == STATE_CONNECTED;

	if (d->connected && alive) {
		if (s->state == STATE_CONNECTED)
			device_switch(d, STATE_CLOSING);
		return;
	}
	device_disconnect(d);
	if (s->front == STATE_CLOSING && s->state != STATE_CLOSED && d->state != STATE_CLOSED) {
		device_switch(d, STATE_CLOSING);
		return;
	}
	if (s->state != STATE_CLOSED && device_switch(d, STATE_CLOSED))
		return;
	device_drop_vif(d);
}

static void step_ready(struct device *d, const struct snapshot *s)
{
	uint64_t bytes;
	uint32_t usecs;

	if (d->connected) {
		read_rate(d, &bytes, &usecs);
		vif_set_rate(d->vif, bytes, usecs);
		return;
	}
	if (d->failed || d->state != STATE_INITWAIT || d->unplumbed)
		return;
	if (!strcmp(s->hotplug, "connected")) {
		device_connect(d);
	} else if (!strcmp(s->hotplug, "error")) {
		log_limited(&d->log, LOG_ERR,
			    "%s: waits, its hotplug script failed; see hotplug-error in %s and "
			    "/var/log/xen/xen-hotplug.log",
			    d->name, d->dir);
	}
}

static void step_online(struct device *d, const struct snapshot *s)
{
	/* 3 is nobody's state on our side of a vif; a dead daemon's 2 or 4 has no TAP any more. */
	bool lost = !d->vif && d->state >= STATE_INITWAIT && d->state <= STATE_CONNECTED;

	if ((d->state == STATE_INITIALISING || lost) && !device_offer(d, s))
		return;
	switch (s->front) {
	case STATE_INITIALISING:
		if (d->state != STATE_INITWAIT || d->failed)
			device_offer(d, s);
		break;
	case STATE_INITIALISED:
	case STATE_CONNECTED:
		step_ready(d, s);
		if (d->state == STATE_CLOSING && !d->connected)
			device_switch(d, STATE_CLOSED);
		break;
	case STATE_CLOSING:
		device_disconnect(d);
		if (d->state != STATE_CLOSED)
			device_switch(d, STATE_CLOSING);
		break;
	case STATE_CLOSED:
	case STATE_UNKNOWN: /* the directory was removed */
		device_disconnect(d);
		if (d->state != STATE_CLOSED)
			device_switch(d, STATE_CLOSED);
		break;
	default:
		break;
	}
}

void device_step(struct device *d)
{
	struct snapshot s;
	int rc = read_snapshot(d, &s);

	if (!s.exists) {
		d->gone = true;
		return;
	}
	if (rc && rc != -EINVAL) {
		log_limited(&d->log, LOG_ERR, "%s: cannot read xenstore: %s", d->name, strerror(-rc));
		return;
	}
	if (!device_begin(d, &s))
		return;
	if (s.state == STATE_CLOSING && d->state != STATE_CLOSING)
		d->removing = true; /* we did not write it: the toolstack did */
	if (s.online && !d->removing)
		step_online(d, &s);
	else
		step_offline(d, &s);
}

json_t *device_json(const struct device *d)
{
	json_t *o = json_pack("{s:s,s:i,s:I,s:s,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I}", "name", d->name, "domid",
			      d->domid, "devid", (json_int_t)d->devid, "state",
			      store_state_name(d->state), "dir", d->dir, "connected", d->connected, "failed",
			      d->failed, "error", d->error, "connects", (json_int_t)d->count.connects,
			      "adoptions", (json_int_t)d->count.adoptions, "failures",
			      (json_int_t)d->count.failures, "deferred", (json_int_t)d->count.deferred);

	if (o && d->ctrl)
		json_object_set_new(o, "control", ctrl_json(d->ctrl));
	if (o && d->vif)
		json_object_set_new(o, "data", vif_json(d->vif));
	return o;
}
