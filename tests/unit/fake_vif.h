/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A data plane that moves nothing: it records what the control plane asks of vif.h, and fails on request. */
#ifndef FAKE_VIF_H
#define FAKE_VIF_H

#include "lib/netif/gref.h"
#include "netback-ng/vif/vif.h"

struct fake {
	int create_rc, connect_rc, gref_rc, hash_rc, request_rc; /* what the next calls return */
	unsigned int max_queues; /* 4 after a reset */
	bool inherited; /* the module has the vif from an earlier daemon */
	int poll_rc;	    /* how a change of grants ends, */
	unsigned int waits; /* after it, or a new hash, was asked for so many times */
	enum netif_error broken;		     /* what vif_broken() says while connected */
	unsigned int creates, connects, disconnects, destroys, alive, connected;
	unsigned int hashes, gref_adds, gref_dels, reloads, rates;
	unsigned int headrooms, multicasts;
	uint32_t headroom;
	bool multicast_control;
	struct vif_identity id;
	const char *interface; /* of the last vif; NULL: it has none */
	struct vif_connection last;
	uint64_t rate_bytes;
	uint32_t rate_usecs;
	struct netif_gref grefs[NETIF_GREFS_PER_PAGE];
	unsigned int ngrefs, gref_queue;
	struct netif_hash hash;
};

extern struct fake fake;

/* Zero the record; the descriptor stays. */
void fake_reset(void);
/* As the data plane does when a guest breaks the protocol. */
void fake_break(enum netif_error err);

#endif
