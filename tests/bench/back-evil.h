/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What netback-ng-evil's files share.  The honest part of it, the handshake and the
 * control ring, is the hub of the front end's unit tests.
 */
#ifndef TESTS_BENCH_BACK_EVIL_H
#define TESTS_BENCH_BACK_EVIL_H

#include "tests/clock.h"
#include "tests/unit/front_hub.h"

/* What a front end that is right makes of it. */
enum back_verdict {
	BACK_STAYS, /* it goes on; what was wrong is counted */
	BACK_SHUTS, /* it ends the connection */
	BACK_ANY,
};

struct back_evil;

struct back_attack {
	const char *name;
	const char *text;
	void (*run)(struct back_evil *e); /* once connected; NULL: the control ring's part is all */
	enum back_verdict verdict;
	/* Instead of the hub's answers on the control ring; NULL: it is honest there. */
	void (*control)(struct back_evil *e);
	bool before; /* run before it offers to connect */
};

struct back_evil {
	struct hub hub;
	struct hub_vif *v; /* the one that is attacked, and its first queue */
	struct hub_queue *q;
	const struct back_attack *attack;
	bool caught; /* the attack itself saw what it should not; it has said what */
};

/* Each ends with an entry without a name. */
extern const struct back_attack back_rx_attacks[];
extern const struct back_attack back_tx_attacks[];
extern const struct back_attack back_control_attacks[];
extern const struct back_attack back_page_attacks[];

/* Both of the queue's events, asked for or not. */
void back_notify(struct back_evil *e);
/* End the connection as a back end may, and wait for the front end to make another.  False: it does not. */
bool back_reconnect(struct back_evil *e);

#endif
