/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/uplink.h"

#include <errno.h>

#include "netback-ng/vif/vif_data.h"

static const char *remedy(int rc)
{
	switch (rc) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		return "Load the module (modprobe vhost_net)";
	case -EACCES:
	case -EPERM:
		return "Let the daemon open it (DeviceAllow=/dev/vhost-net rw in its unit, mode of the file)";
	case -EMFILE:
	case -ENFILE:
		return "Raise the limit of open files (LimitNOFILE= in the daemon's unit)";
	default:
		return "See the kernel's log";
	}
}

/* Main thread only: said once, not once a vif.  It is no warning to whoever did not ask for vhost-net by name. */
static void say_fallback(const struct queue *q, int rc)
{
	static bool said;

	if (!said)
		log_line(dataplane_config()->uplink == CONFIG_UPLINK_AUTO ? LOG_INFO : LOG_WARNING,
			 "%s: /dev/vhost-net cannot be used: %s; this vif and later ones use io_uring instead. "
			 "%s, or set port = \"io_uring\"", q->vif->id.name, strerror(-rc), remedy(rc));
	said = true;
}

/*
 * A stock guest's frames are copied here anyway, and cost less when vhost-net takes the big ones on.
 * Those of a guest with static grants (it has a control ring) would have to wait for it instead.
 */
static const struct uplink *choose(const struct queue *q)
{
	switch (dataplane_config()->uplink) {
	case CONFIG_UPLINK_AUTO:
		return q->vif->c.has_ctrl ? &uplink_uring : &uplink_split;
	case CONFIG_UPLINK_VHOST:
		return &uplink_vhost;
	case CONFIG_UPLINK_SPLIT:
		return &uplink_split;
	case CONFIG_UPLINK_KERNEL: /* the module moves the packets of its vifs */
	case CONFIG_UPLINK_IO_URING:
		break;
	}
	return &uplink_uring;
}

int uplink_open(struct queue *q)
{
	int rc;

	q->uplink = choose(q);
	rc = q->uplink->open(q);
	if (!rc || q->uplink == &uplink_uring)
		return rc;
	say_fallback(q, rc);
	q->uplink = &uplink_uring;
	return q->uplink->open(q);
}
