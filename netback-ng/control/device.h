/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vif as xenstore sees it: the directory backend/vif/D/N, its state machine
 * and the front end's directory.  Every decision is taken from what the store
 * holds now, never from what an event said.
 */
#ifndef NETBACK_DEVICE_H
#define NETBACK_DEVICE_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "lib/xen/store.h"
#include "netback-ng/control/config.h"
#include "netback-ng/control/ctrl_ring.h"
#include "netback-ng/control/frontend.h"
#include "netback-ng/control/script.h"
#include "netback-ng/control/trouble.h"
#include "netback-ng/vif/vif.h"

#define DEVICE_ERROR_MAX 224

struct device {
	/* Who and where */
	uint16_t domid;
	uint32_t devid;
	char name[16];	/* vifD.N */
	char dir[40];	/* backend/vif/D/N, relative to our own domain */
	char front[48]; /* /local/domain/D/device/vif/N */
	struct xs_handle *xs;
	sd_event *event;
	const struct config *const *config; /* the one in force */

	/* What we did so far */
	struct frontend_offer offer; /* to this guest; a later configuration is for others */
	enum store_state state; /* what we last wrote, or found at start */
	struct vif *vif;	/* NULL: no TAP yet, or no longer */
	struct ctrl *ctrl;
	struct script *script; /* a hotplug script of ours is running */
	bool offered;	/* InitWait, since this daemon made the TAP */
	bool connected;
	bool unplugged; /* the TAP was made anew and its script has not succeeded yet */
	bool removing; /* the toolstack wrote Closing */
	bool failed;  /* shut after an error; until the front end starts anew */
	bool watched; /* the front end's directory */
	bool gone;    /* the directory is; free the device */
	char rate[48]; /* the node as it was last read */
	struct frontend_requests asked; /* what the front end may change, as it was last followed, */
	bool half_pages; /* and of the connection what that depends on, */
	uint32_t headroom; /* and what came of it */
	bool multicast_control;
	struct trouble trouble; /* the host's, for which no guest is shut */
	char error[DEVICE_ERROR_MAX]; /* of the last failure; "" */
	struct log_limit log;
	struct {
		uint64_t connects, adoptions, failures, deferred;
	} count;

	/* backend.c's: the table, the list of those to look at, pacing */
	struct device *next, *dirty_next;
	bool dirty;
	unsigned int generation;
	uint64_t window_usec, not_before_usec;
	unsigned int window_steps;
};

/* NULL: no memory. */
struct device *device_new(struct xs_handle *xs, sd_event *event, const struct config *const *config,
			  uint16_t domid, uint32_t devid);
/* Gives the TAP back; xenstore is left as it is (see device.c on restarts). */
void device_free(struct device *d);
/* Compare the store with what we did, and do what is missing.  Never waits. */
void device_step(struct device *d);
/* What failed for want of something of the host's is tried again now. */
void device_hurry(struct device *d);
/* xenstore could not tell: it is noted as trouble, logged, and the device is looked at again later. */
void device_read_failed(struct device *d, int rc);
/* The data plane or the control ring met a fatal error of the guest. */
void device_break(struct device *d, enum netif_error err);
/* vifD.N, or its interface's name of now. */
bool device_is(const struct device *d, const char *name);
/* A new JSON object: xenstore's side, and the data plane's under "data". */
json_t *device_json(const struct device *d);

#endif
