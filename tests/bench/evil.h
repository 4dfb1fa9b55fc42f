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

void evil_collect(struct evil *e, unsigned int ms);

#endif
