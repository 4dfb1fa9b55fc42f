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
 * A front end that goes to Reconfiguring (for an XDP program) waits for our Reconfigured, and that is
 * our state from then on, as of the kernel's netback: Connected again would make netfront announce
 * itself, which takes a lock that its next reconfiguration holds while it waits for us.
 * What the old process knew and the ring does not say (hash settings, mapped grefs)
 * is lost; grefs then take the copy path until the front end adds them again.
 */
#include "netback-ng/control/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daemon/shortage.h"
#include "lib/xen/peer.h"
#include "netback-ng/control/follow.h"
#include "netback-ng/control/frontend.h"
#include "netback-ng/control/plumb.h"
#include "netback-ng/control/publish.h"

struct snapshot {
	bool exists, online;
	enum store_state state, front;
	char hotplug[16];
};

static void on_again(void *arg)
{
	device_step(arg);
}

struct device *device_new(struct xs_handle *xs, sd_event *event, const struct config *const *config,
			  uint16_t domid, uint32_t devid)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d || trouble_init(&d->trouble, event, on_again, d)) {
		free(d);
		return NULL;
	}
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
	if (d->connected || (d->vif && vif_inherited(d->vif)))
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
	d->offered = false;
}

/* Nothing is known then, and nothing may be concluded: look again. */
void device_read_failed(struct device *d, int rc)
{
	if (trouble_note(&d->trouble, TROUBLE_STORE, rc))
		log_limited(&d->log, LOG_ERR, "%s: cannot read xenstore: %s; it is tried again until it works",
			    d->name, strerror(-rc));
}

/* Without the watch we would not hear the guest; it is set again at the next step. */
static bool watch_failed(struct device *d)
{
	if (trouble_note(&d->trouble, TROUBLE_STORE, -errno))
		log_limited(&d->log, LOG_ERR, "%s: cannot watch its front end: %s; it is tried again until it works",
			    d->name, strerror(errno));
	return false;
}

static void front_watch(struct device *d, bool on)
{
	char path[64], token[32];

	/* All of it by one watch: a driver domain may have 128. */
	snprintf(path, sizeof(path), "%s", d->front);
	snprintf(token, sizeof(token), "front/%u/%u", d->domid, d->devid);
	if (on && !d->watched)
		d->watched = xs_watch(d->xs, path, token) || watch_failed(d);
	else if (!on && d->watched)
		d->watched = !xs_unwatch(d->xs, path, token);
}

void device_free(struct device *d)
{
	front_watch(d, false);
	device_drop_vif(d);
	trouble_free(&d->trouble);
	free(d);
}

/* Shut the vif.  Both states are written so that a front end that waits for either goes on. */
static void device_shut(struct device *d)
{
	device_disconnect(d);
	d->failed = true;
	publish_state(d, STATE_CLOSING);
	publish_state(d, STATE_CLOSED);
}

void device_break(struct device *d, enum netif_error err)
{
	if (d->failed)
		return;
	publish_error(d, -EIO, "front end shut: %s", netif_error_text(err));
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

/* 3 is nobody's state on our side of a vif; a dead daemon's 2, 4 or 8 has no TAP any more. */
static bool device_is_lost(const struct device *d)
{
	return !d->offered && ((d->state >= STATE_INITWAIT && d->state <= STATE_CONNECTED) ||
			       d->state == STATE_RECONFIGURED);
}

/* To InitWait: TAP first, since the toolstack runs the script as soon as it sees the state. */
static bool device_offer(struct device *d, const struct snapshot *s)
{
	bool fresh = !d->vif, lost = device_is_lost(d);
	int needs = fresh ? plumb_needs_script(d, s->hotplug) : 0;

	if (needs < 0) {
		device_read_failed(d, needs);
		return false;
	}
	if (plumb_tap(d))
		return false;
	/* What an earlier daemon connected in the kernel goes on meanwhile. */
	if (!fresh)
		device_disconnect(d);
	d->failed = false;
	if (fresh && !vif_inherited(d->vif))
		d->unplugged = needs;
	if (publish_offer(d, d->unplugged && !d->offered))
		return false;
	/* The guest of a vif that was lost may have read another offer, until it starts anew. */
	d->offer = lost ? publish_offered_before() : publish_offered(d);
	d->offered = true;
	publish_no_error(d);
	return true;
}

/* ---- connecting ---- */

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

static void connect_failed(struct device *d, int rc, const char *why, bool guests_fault)
{
	if (guests_fault) {
		publish_error(d, rc, "%s", why);
		log_limited(&d->log, LOG_ERR,
			    "%s: cannot connect: %s: %s; the vif is shut until its guest starts the interface anew",
			    d->name, why, strerror(-rc));
		device_shut(d);
		return;
	}
	device_disconnect(d);
	if (!trouble_note(&d->trouble, TROUBLE_CONNECT, rc))
		return;
	publish_error(d, rc, "%s", why);
	log_limited(&d->log, LOG_ERR,
		    "%s: cannot connect yet: %s: %s%s; its guest, which is not at fault, waits: it is tried "
		    "again until it works",
		    d->name, why, strerror(-rc), shortage_remedy(rc));
}

static void device_connect(struct device *d)
{
	struct vif_connection c;
	char why[FRONTEND_WHY_MAX];
	const char *what = "connecting";
	unsigned int failed;
	int rc;

	if (trouble_waits(&d->trouble, TROUBLE_CONNECT))
		return;
	rc = frontend_read(d->xs, d->front, &d->offer, &c, &d->asked, why);
	if (rc == -ECANCELED)
		return; /* its next state's event is on the way */
	if (rc) {
		connect_failed(d, rc, why, frontend_is_at_fault(rc));
		return;
	}
	rc = follow_begin(d, &c);
	if (rc) {
		device_read_failed(d, rc);
		return;
	}
	rc = vif_connect(d->vif, &c, &what);
	d->connected = !rc;
	if (!rc)
		rc = open_ctrl(d, &c, &what);
	if (rc) {
		connect_failed(d, rc, what, peer_is_at_fault(rc));
		return;
	}
	if (publish_connected(d, &c)) {
		device_disconnect(d);
		return;
	}
	d->count.connects++;
	follow_connected(d, &c);
	failed = trouble_over(&d->trouble, TROUBLE_CONNECT);
	if (failed)
		log_limited(&d->log, LOG_INFO, "%s: can connect again; tries that failed before: %u",
			    d->name, failed);
	publish_no_error(d);
	log_limited(&d->log, LOG_INFO, "%s: connected, %u queue%s%s", d->name, c.nqueues,
		    c.nqueues == 1 ? "" : "s", c.has_ctrl ? ", control ring" : "");
}

/* ---- the machine ---- */

/* 0, or -errno where xenstore failed: then nothing is known, and nothing may be concluded. */
static int read_snapshot(struct device *d, struct snapshot *s)
{
	int rc;

	memset(s, 0, sizeof(*s));
	rc = store_load_state(d->xs, XBT_NULL, d->dir, &s->state);
	if (rc)
		return rc;
	s->exists = s->state != STATE_UNKNOWN;
	rc = store_read_flag(d->xs, XBT_NULL, d->dir, "online", &s->online);
	if (rc && rc != -EINVAL)
		return rc;
	s->online &= !rc;
	rc = plumb_read(d, "hotplug-status", s->hotplug, sizeof(s->hotplug));
	return rc ? rc : store_load_state(d->xs, XBT_NULL, d->front, &s->front);
}

/* The backend directory is the toolstack's, yet a mix-up here would hand one guest another's rings. */
static int check_frontend_path(struct device *d)
{
	char path[64];
	uint32_t id = 0;
	int rc = store_read_u32(d->xs, XBT_NULL, d->dir, "frontend-id", UINT16_MAX, &id);

	if (!store_failed(rc)) {
		int failed = plumb_read(d, "frontend", path, sizeof(path));

		rc = failed ? failed : rc;
	}
	if (store_failed(rc)) {
		device_read_failed(d, rc);
		return rc;
	}
	if (!rc && (id != d->domid || strcmp(path, d->front)))
		rc = -EINVAL;
	if (rc) {
		publish_error(d, rc, "frontend must be %s and frontend-id %u", d->front, d->domid);
		log_limited(&d->log, LOG_ERR, "%s: refused: its frontend node is \"%s\", not %s", d->name, path,
			    d->front);
	}
	return rc;
}

/* State 1 over one of ours: the toolstack removed the vif and made it again between two looks. */
static void device_restart(struct device *d)
{
	device_drop_vif(d);
	trouble_over(&d->trouble, d->trouble.kind);
	publish_no_error(d);
	d->state = STATE_UNKNOWN;
	d->failed = d->removing = d->unplugged = false;
}

/*
 * Daemons before this one shut a vif also where the host was short of something.  Its guest has not
 * acted on that yet where its front end is still connected (it was paused, or had no CPU).
 */
static bool was_shut_for_shortage(const struct snapshot *s, int error)
{
	if (s->state != STATE_CLOSED || !s->online || s->front != STATE_CONNECTED)
		return false;
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case ENOSPC:
	case EAGAIN:
		return true;
	default:
		return false;
	}
}

/* First sight: a fresh vif is in state 1, one that an earlier daemon left behind in 2 to 6. */
static bool device_begin(struct device *d, const struct snapshot *s)
{
	int rc, error = 0;

	if (s->state == STATE_INITIALISING && d->state > STATE_INITIALISING)
		device_restart(d);
	if (d->state != STATE_UNKNOWN) {
		front_watch(d, true);
		return true;
	}
	rc = check_frontend_path(d);
	if (rc)
		return false;
	if (s->state != STATE_INITIALISING)
		rc = publish_error_before(d, &error);
	if (rc) {
		device_read_failed(d, rc);
		return false;
	}
	d->state = s->state;
	if (s->state != STATE_INITIALISING) {
		d->count.adoptions++;
		log_limited(&d->log, LOG_INFO, "%s: adopted in state %s, front end %s", d->name,
			    store_state_name(s->state), store_state_name(s->front));
		if (was_shut_for_shortage(s, error))
			d->state = STATE_INITWAIT; /* whatever the node says: as one that a dead daemon left */
	}
	front_watch(d, true);
	return true;
}

/* It can close: it does not wait for our Reconfigured first. */
static bool front_is_alive(const struct device *d, const struct snapshot *s)
{
	if (s->front == STATE_RECONFIGURING)
		return d->state == STATE_RECONFIGURED || d->state == STATE_CLOSING;
	return s->front == STATE_INITIALISED || s->front == STATE_CONNECTED;
}

/* Removal.  A live front end is given the chance to close; libxl waits 10 s for our 6. */
static void step_offline(struct device *d, const struct snapshot *s)
{
	if (d->connected && front_is_alive(d, s)) {
		if (s->state == STATE_CONNECTED || s->state == STATE_RECONFIGURED)
			publish_state(d, STATE_CLOSING);
		return;
	}
	device_disconnect(d);
	if (s->front == STATE_CLOSING && s->state != STATE_CLOSED && d->state != STATE_CLOSED) {
		publish_state(d, STATE_CLOSING);
		return;
	}
	if (s->state != STATE_CLOSED && publish_state(d, STATE_CLOSED))
		return;
	device_drop_vif(d);
}

static void step_ready(struct device *d, const struct snapshot *s)
{
	if (d->connected) {
		follow_rate(d);
		follow_requests(d, s->front);
		return;
	}
	if (d->failed || (d->state != STATE_INITWAIT && d->state != STATE_RECONFIGURED) || d->unplugged)
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
	bool lost = device_is_lost(d);

	if ((d->state == STATE_INITIALISING || lost) && !device_offer(d, s))
		return;
	if (d->offered && d->unplugged)
		plumb_step(d, lost ? HOTPLUG_PENDING : s->hotplug); /* as we have just written it */
	switch (s->front) {
	case STATE_INITIALISING:
		if (d->state != STATE_INITWAIT || d->failed)
			device_offer(d, s);
		break;
	case STATE_INITIALISED:
	case STATE_CONNECTED:
		step_ready(d, s);
		if (d->failed && d->state != STATE_CLOSED)
			device_shut(d); /* xenstore did not take it when it was said first */
		if (d->state == STATE_CLOSING && !d->connected)
			publish_state(d, STATE_CLOSED);
		break;
	case STATE_RECONFIGURING:
		step_ready(d, s);
		/* Whatever became of us: it waits for nothing else, and its whole guest with it. */
		if (d->state != STATE_RECONFIGURED)
			publish_state(d, STATE_RECONFIGURED);
		break;
	case STATE_CLOSING:
		device_disconnect(d);
		if (d->state != STATE_CLOSED)
			publish_state(d, STATE_CLOSING);
		break;
	case STATE_CLOSED:
	case STATE_UNKNOWN: /* the directory was removed */
		device_disconnect(d);
		if (d->state != STATE_CLOSED)
			publish_state(d, STATE_CLOSED);
		break;
	default:
		break;
	}
}

static void device_look(struct device *d)
{
	struct snapshot s;
	int rc = read_snapshot(d, &s);

	if (rc) {
		device_read_failed(d, rc);
		return;
	}
	if (!s.exists) {
		d->gone = true;
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

void device_step(struct device *d)
{
	unsigned int before = d->trouble.notes;

	device_look(d);
	/* A look without a new trouble with xenstore ends the old one. */
	if (d->trouble.kind == TROUBLE_STORE && d->trouble.notes == before)
		trouble_over(&d->trouble, TROUBLE_STORE);
}

void device_hurry(struct device *d)
{
	trouble_hurry(&d->trouble);
}

bool device_is(const struct device *d, const char *name)
{
	char interface[16];

	return !strcmp(name, d->name) ||
	       (d->vif && vif_interface(d->vif, interface) && !strcmp(name, interface));
}

json_t *device_json(const struct device *d)
{
	json_t *o = json_pack("{s:s,s:i,s:I,s:s,s:s,s:b,s:b,s:s,s:I,s:I,s:I,s:I,s:I,s:b}", "name", d->name, "domid",
			      d->domid, "devid", (json_int_t)d->devid, "state",
			      store_state_name(d->state), "dir", d->dir, "connected", d->connected, "failed",
			      d->failed, "error", d->error, "connects", (json_int_t)d->count.connects,
			      "adoptions", (json_int_t)d->count.adoptions, "failures",
			      (json_int_t)d->count.failures, "deferred", (json_int_t)d->count.deferred,
			      "headroom", (json_int_t)(d->connected ? d->headroom : 0), "multicast_control",
			      d->connected && d->multicast_control);

	if (o && d->ctrl)
		json_object_set_new(o, "control", ctrl_json(d->ctrl));
	if (o && d->vif)
		json_object_set_new(o, "data", vif_json(d->vif));
	return o;
}
