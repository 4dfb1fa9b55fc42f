/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vif's control ring (netif.h): hash messages (1-7) and static grants (8-10).
 * It runs on the main thread, which waits for no worker: a message that only a worker can
 * bring to its end is answered later.  A guest that floods the ring delays only its own answers.
 */
#ifndef NETBACK_CTRL_RING_H
#define NETBACK_CTRL_RING_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "netback-ng/vif/vif.h"

struct ctrl;

struct ctrl_params {
	sd_event *event;
	struct vif *vif;
	uint16_t domid;
	uint32_t ref, evtchn; /* the front end's */
	unsigned int nqueues;
	bool static_grants;   /* offered at all */
	/* The ring can no longer be trusted; called from the event loop, may call ctrl_close(). */
	void (*broken)(void *arg, enum netif_error err);
	void *arg;
};

/* Map the ring, bind the channel, answer what is already there.  0 or -errno; *what as vif_connect(). */
int ctrl_open(struct ctrl **ctrl, const struct ctrl_params *params, const char **what);
/* NULL is allowed. */
void ctrl_close(struct ctrl *ctrl);
/* Counters; a new JSON object. */
json_t *ctrl_json(const struct ctrl *ctrl);

#endif
