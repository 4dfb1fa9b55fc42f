/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_BENCH_EVIL_H
#define TESTS_BENCH_EVIL_H

#include "netfront-ng/user/front.h"
#include "tests/clock.h"

struct evil {
	struct front front;
	bool broken;		/* our own ring cannot be read any more */
	unsigned int expect;	/* answers that end the wait; 0: wait for the state alone */
	unsigned int answered;	/* tx responses seen */
	uint32_t refused;	/* of these, errors */
	unsigned int received;	/* frames of the kind that the attack waits for, ... */
	unsigned int unasked;	/* ... and those that it should not have got */
	int status;		/* of the last control message; -1: none sent */
	int connect_rc;		/* of a connection attempt that was part of the attack */
};

struct evil_attack {
	const char *name;
	const char *text;
	void (*run)(struct evil *e);
	bool before_connect; /* run instead of connecting */
};

/* Each ends with an entry without a name. */
extern const struct evil_attack evil_ring_attacks[];
extern const struct evil_attack evil_control_attacks[];
extern const struct evil_attack evil_store_attacks[];
extern const struct evil_attack evil_life_attacks[];

void evil_collect(struct evil *e, unsigned int ms);
/* Take what the queue has received, and post its buffers anew: how many of the frames are of that kind. */
unsigned int evil_receive(struct evil *e, struct front_queue *q,
			  bool (*wanted)(const uint8_t *frame, unsigned int len));

/* A request with an id of its own and a page of junk, but whatever else the caller wants. */
struct netif_tx_req *evil_request(struct front_queue *q, uint16_t flags, uint16_t offset, uint16_t size);
/* Behind it, where the flags say so. */
void evil_extra(struct front_queue *q, const struct netif_extra *x);
/* Publish, and notify whether asked for or not. */
void evil_push(struct front_queue *q);

#endif
