/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back end for the front end's tests, and only for them: it serves vifs in one
 * thread and hands each frame to the next vif (one vif: back to itself), over
 * grant copy or static grants, and misbehaves on request.  Plays the toolstack
 * too.  hub_store.c: xenstore; hub_ring.c: rings and frames; hub_control.c:
 * static grants and hash; front_hub.c: the program.
 */
#ifndef TESTS_UNIT_FRONT_HUB_H
#define TESTS_UNIT_FRONT_HUB_H

#include <xenevtchn.h>
#include <xengnttab.h>

#include "lib/netif/gref.h"
#include "lib/netif/hash.h"
#include "lib/netif/rx.h"
#include "lib/netif/tx.h"
#include "lib/xen/store.h"

#define HUB_VIFS 4
#define HUB_QUEUES 8

/* What the hub does wrong, to the first vif, with the first frame that it would deliver. */
enum hub_evil {
	HUB_GOOD,
	HUB_BAD_ID,	/* rx response with another slot's id */
	HUB_OVERRUN,	/* rx producer index far ahead */
	HUB_BOUNDS,	/* response leaves its page: costs the frame only */
	HUB_BAD_TX_ID,	/* tx response to an id that is not outstanding */
	HUB_MUTE,	/* never answers control messages */
};

struct hub_options {
	bool ctrl, statics, split, sg, halves;
	bool adopt; /* the vifs of a hub that was killed */
	unsigned int queues, vifs;
	enum hub_evil evil;
	bool headroom; /* feature-xdp-headroom, and offset 0 in the responses, as xen-netback's */
};

struct hub_queue {
	struct netif_back_ring tx, rx;
	void *tx_page, *rx_page;
	evtchn_port_t tx_port, rx_port;
	struct netif_gref_map map;
};

struct hub_vif {
	uint32_t domid;
	char be[64], fe[64];
	bool up;
	unsigned int nqueues;
	struct hub_queue queues[HUB_QUEUES];
	struct netif_back_ring ctrl;
	void *ctrl_page;
	evtchn_port_t ctrl_port;
	struct netif_hash hash;
	uint32_t headroom;
	uint64_t frames, dropped, copied, mapped, hashed, controls;
};

struct hub {
	struct hub_options options;
	struct xs_handle *xs;
	xengnttab_handle *xgt;
	xenevtchn_handle *xce;
	struct hub_vif vifs[HUB_VIFS];
};

/* Toolstack: both directories, with libxl's permissions.  0 or -errno. */
int hub_create(struct hub *h, struct hub_vif *v);
/* A new daemon, found by a front end that stays Connected: InitWait, and on from there. */
int hub_adopt(struct hub *h, struct hub_vif *v);
/* Follow the front end's state. */
void hub_state(struct hub *h, struct hub_vif *v);
void hub_disconnect(struct hub *h, struct hub_vif *v);
/* Move what is in the rings.  True: there was something. */
bool hub_move(struct hub *h, struct hub_vif *v);
void hub_control(struct hub *h, struct hub_vif *v);
/* Copy from (or to) a page that the vif granted, statically or not.  0 or -1. */
int hub_access(struct hub *h, struct hub_vif *v, struct hub_queue *q, uint32_t gref,
	       uint32_t offset, void *data, uint32_t len, bool write);

#endif
