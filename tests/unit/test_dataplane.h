/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of netback-ng's data plane share.  They run in the embedded Xen and in a
 * network namespace of their own; one process plays the daemon's main thread, the guests
 * (handle by handle, with netfront-ng's queues) and, by a packet socket on the TAP, the host.
 */
#ifndef TEST_DATAPLANE_H
#define TEST_DATAPLANE_H

#include <jansson.h>
#include <poll.h>
#include <stdio.h>

#include "netback-ng/control/config.h"
#include "netback-ng/vif/journal.h"
#include "netback-ng/vif/vif_data.h"
#include "netfront-ng/user/front.h"
#include "tests/unit/test_xensim.h"

#define TEST_ETHERTYPE 0x88b5 /* for local experiments: nothing else in the namespace uses it */
#define FRAME_MAX 65535u

struct guest {
	unsigned int domid, nqueues;
	uint8_t mac[6];
	xengntshr_handle *xgs;
	struct front_queue q[VIF_QUEUES_MAX];
	struct vif *vif;
	struct vif_connection c;
	bool unposted; /* guest_connect() leaves the receive ring empty */
	int host; /* packet socket on the TAP, with virtio headers */
};

/* The configuration that plane_start() uses; reset to the defaults before each test. */
extern struct config_data plane_config;
/* Guests opened next post half pages; reset likewise. */
extern bool guest_halves;
/* Where the files are that a killed daemon leaves. */
extern char plane_rings[64];
TCase *plane_case(const char *name);
void plane_start(unsigned int workers);

/* Shares rings and pages, creates the vif.  bridge NULL: none. */
void guest_open(struct guest *g, unsigned int domid, unsigned int nqueues, const char *bridge);
/* vif_connect() must succeed; the TAP is up and frames may pass; receive buffers are posted. */
void guest_connect(struct guest *g);
/* As if the kernel had said that its bridge passes all of the vif's frames, and has its address there. */
void guest_switch(struct guest *g);
/* Everything above. */
void guest_start(struct guest *g, unsigned int domid, unsigned int nqueues, const char *bridge);
void guest_stop(struct guest *g);

/* A frame with an own pattern by seed; returns its bytes in static memory. */
uint8_t *frame_make(const uint8_t *dst, const uint8_t *src, unsigned int len, unsigned int seed);
/* TCP over IPv4 with a blank checksum, len bytes in all. */
uint8_t *frame_make_tcp(const uint8_t *dst, const uint8_t *src, unsigned int len);

/* Transmit: in slots of 'piece' bytes at 'offset' in their pages.  false: no room. */
bool guest_queue(struct guest *g, unsigned int queue, const uint8_t *frame,
		 const struct netif_meta *m, unsigned int piece, unsigned int offset);
void guest_send(struct guest *g, unsigned int queue, const uint8_t *frame, unsigned int len);
/* Responses of n ids; how many of them were errors. */
unsigned int guest_reap(struct guest *g, unsigned int queue, unsigned int n);
/* The next frame that the guest gets within ms; its length, 0: none.  Buffers are posted anew. */
unsigned int guest_receive(struct guest *g, unsigned int queue, uint8_t *to, struct netif_meta *m,
			   int ms);
/* Post n buffers on an empty ring. */
void guest_post(struct guest *g, unsigned int queue, unsigned int n);
/* vif_gref_add() and vif_gref_del() to their ends: 0 or the error; how many. */
int guest_add(struct guest *g, unsigned int queue, const struct netif_gref *list, unsigned int n);
unsigned int guest_del(struct guest *g, unsigned int queue, struct netif_gref *list, unsigned int n);
/* Map all buffers of the queue statically; 0 or vif_gref_add()'s error. */
int guest_map(struct guest *g, unsigned int queue, bool tx, bool rx);

void host_send(struct guest *g, const uint8_t *frame, unsigned int len, const struct netif_vnet *v);
/* The next frame of TEST_ETHERTYPE or IPv4 within ms; its length, 0: none. */
unsigned int host_receive(struct guest *g, uint8_t *to, struct netif_vnet *v, int ms);

/* A frame from the guest to the host, and that it is the same there. */
void guest_exchange(struct guest *g, unsigned int queue);

/* A counter over all queues and earlier connections; or one of "errors". */
uint64_t stat_of(struct guest *g, const char *name);
uint64_t error_of(struct guest *g, const char *name);

/* Wait for a condition; what was true once counts, looked at again or not. */
#define WAIT_FOR(cond)                                                        \
	do {                                                                  \
		uint64_t wait_end = clock_ns() + PATIENCE_MS * 1000000ull;    \
		bool met;                                                     \
		while (!(met = (cond)) && clock_ns() < wait_end)              \
			poll(NULL, 0, 1);                                     \
		ck_assert_msg(met, "did not come: %s", #cond);                \
	} while (0)

void add_forward_case(Suite *s);
void add_gref_case(Suite *s);
void add_headroom_case(Suite *s);
void add_hostile_case(Suite *s);
void add_journal_case(Suite *s);
void add_life_case(Suite *s);
void add_path_case(Suite *s);
void add_uplink_case(Suite *s);
void add_receive_case(Suite *s);
void add_switch_case(Suite *s);
void add_turn_case(Suite *s);

#endif
