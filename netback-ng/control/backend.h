/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All vifs of this domain: finds those that are ours (adopt.h), routes each
 * xenstore event to its device by the event's path or token, and paces devices
 * whose guests cause too many.
 */
#ifndef NETBACK_BACKEND_H
#define NETBACK_BACKEND_H

#include "netback-ng/control/config.h"
#include "netback-ng/control/device.h"

#define BACKEND_BUCKETS 512

struct backend {
	sd_event *event;
	struct xs_handle *xs;
	const struct config *config; /* the one in force; devices look here */
	struct device *table[BACKEND_BUCKETS];
	struct device *dirty; /* to be stepped */
	unsigned int count, generation;
	bool incomplete; /* the last scan: xenstore failed, or there was no memory */
	struct log_limit log;
	sd_event_source *io, *vifs_io, *timer;
};

/* Open xenstore, set the watches, adopt what is there.  0 or -errno, logged. */
int backend_start(struct backend *b, sd_event *event, const struct config *config);
/* Disconnects every vif; their states in xenstore stay, for the next start to adopt. */
void backend_stop(struct backend *b);
/* A new configuration: vifs that it makes ours are taken, none is lost. */
void backend_reload(struct backend *b, const struct config *config);
/* 1 where backend/vif/D/N is ours: served already, or by the rule; else 0, or -errno, logged: xenstore does not say. */
int backend_owns(struct backend *b, uint16_t domid, uint32_t devid);
/* NAME (vifD.N) or, NULL, all; a new JSON array. */
json_t *backend_json(const struct backend *b, const char *name);

#endif
