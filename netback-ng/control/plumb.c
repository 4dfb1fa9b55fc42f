/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/plumb.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daemon/shortage.h"
#include "netback-ng/control/publish.h"

/* libxl's patience with a script (LIBXL_HOTPLUG_TIMEOUT).  A busy host is given more at each try. */
#define SCRIPT_USEC (40 * 1000000ull)
#define SCRIPT_DOUBLINGS 4

int plumb_read(struct device *d, const char *node, char *out, size_t size)
{
	return store_read_text(d->xs, XBT_NULL, d->dir, node, out, size);
}

/* ---- the TAP ---- */

static int read_mac(struct device *d, uint8_t mac[6])
{
	char text[32];
	unsigned int m[6];
	int n = 0, rc = plumb_read(d, "mac", text, sizeof(text));

	if (rc || sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &n) != 6 ||
	    text[n])
		return rc;
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)m[i];
	return 0;
}

static int make_vif(struct device *d)
{
	struct vif_identity id = { .domid = d->domid, .devid = d->devid };
	int rc;

	snprintf(id.name, sizeof(id.name), "%s", d->name);
	rc = plumb_read(d, "bridge", id.bridge, sizeof(id.bridge));
	if (!rc)
		rc = read_mac(d, id.mac);
	/* The hotplug script sets it too, to the bridge's where this is absent. */
	if (!rc)
		rc = store_read_u32(d->xs, XBT_NULL, d->dir, "mtu", UINT16_MAX, &id.mtu);
	return store_failed(rc) ? rc : vif_create(&id, &d->vif);
}

static const char *tap_remedy(int rc)
{
	switch (rc) {
	case -EEXIST:
		return "; another interface has that name: remove or rename it";
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return "; is the tun module loaded (modprobe tun)?";
	case -EACCES:
	case -EPERM:
		return "; may the daemon open /dev/net/tun (DeviceAllow= and CapabilityBoundingSet= in its unit)?";
	default:
		return shortage_remedy(rc);
	}
}

int plumb_tap(struct device *d)
{
	unsigned int failed;
	int rc;

	if (d->vif)
		return 0;
	if (trouble_waits(&d->trouble, TROUBLE_TAP))
		return -EAGAIN;
	rc = make_vif(d);
	if (!rc) {
		failed = trouble_over(&d->trouble, TROUBLE_TAP);
		if (failed)
			log_limited(&d->log, LOG_INFO, "%s: its TAP is there; tries that failed before: %u",
				    d->name, failed);
		return 0;
	}
	d->vif = NULL;
	/* tun says EINVAL where the name is an Ethernet card's, EBUSY where it is another program's TAP. */
	if ((rc == -EINVAL || rc == -EBUSY) && if_nametoindex(d->name))
		rc = -EEXIST;
	if (!trouble_note(&d->trouble, TROUBLE_TAP, rc))
		return rc;
	publish_error(d, rc, "cannot create the TAP %s: %s", d->name, strerror(-rc));
	log_limited(&d->log, LOG_ERR, "%s: cannot create its TAP: %s%s; it is tried again until it works", d->name,
		    strerror(-rc), tap_remedy(rc));
	return rc;
}

/* ---- the script ---- */

int plumb_needs_script(struct device *d, const char *hotplug)
{
	char path[256];
	int rc;

	/* With "", the toolstack has its own run before it. */
	if (strcmp(hotplug, "connected") && strcmp(hotplug, "error") && strcmp(hotplug, HOTPLUG_PENDING))
		return 0;
	rc = plumb_read(d, "script", path, sizeof(path));
	return rc ? rc : !!*path;
}

static void script_failed(struct device *d, int status)
{
	char what[64];

	if (!trouble_note(&d->trouble, TROUBLE_SCRIPT, status))
		return;
	if (status == -ETIMEDOUT)
		snprintf(what, sizeof(what), "did not end in time");
	else if (status < 0)
		snprintf(what, sizeof(what), "cannot be run: %.40s", strerror(-status));
	else
		snprintf(what, sizeof(what), "failed (%d)", status);
	publish_error(d, status < 0 ? status : -EIO, "hotplug script %s", what);
	log_limited(&d->log, LOG_ERR,
		    "%s: its hotplug script %s after the restart%s; see /var/log/xen/xen-hotplug.log.  Its guest waits; "
		    "it is run again until it succeeds, at once after \"netback-ngctl reload\"",
		    d->name, what, status < 0 ? shortage_remedy(status) : "");
}

static void on_script_done(void *arg, int status)
{
	struct device *d = arg;

	script_free(d->script);
	d->script = NULL;
	if (!d->unplugged)
		return; /* another run has succeeded meanwhile */
	if (status)
		script_failed(d, status);
	else
		store_write(d->xs, XBT_NULL, d->dir, "hotplug-status", "connected"); /* not every script does */
	device_step(d);
}

static void script_run(struct device *d)
{
	unsigned int tries = d->trouble.kind == TROUBLE_SCRIPT ? d->trouble.tries : 0;
	uint64_t patience = SCRIPT_USEC << (tries < SCRIPT_DOUBLINGS ? tries : SCRIPT_DOUBLINGS);
	char path[256];
	int rc = plumb_read(d, "script", path, sizeof(path));

	if (!rc)
		rc = script_start(&d->script, d->event, path, d->dir, d->name, patience, on_script_done, d);
	if (rc)
		script_failed(d, rc);
}

void plumb_step(struct device *d, const char *hotplug)
{
	unsigned int failed;

	if (!strcmp(hotplug, "connected")) {
		d->unplugged = false;
		failed = trouble_over(&d->trouble, TROUBLE_SCRIPT);
		if (!failed)
			return;
		log_limited(&d->log, LOG_INFO, "%s: its hotplug script has succeeded; tries that failed before: %u",
			    d->name, failed);
		publish_no_error(d);
		return;
	}
	if (!d->script && !trouble_waits(&d->trouble, TROUBLE_SCRIPT))
		script_run(d);
}
