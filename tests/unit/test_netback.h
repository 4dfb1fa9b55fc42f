/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the daemon's control plane share: one process is Dom0's
 * back end (with the fake data plane), the toolstack and guest 7, each with a
 * xenstore handle of its own, in an embedded Xen.
 */
#ifndef TEST_NETBACK_H
#define TEST_NETBACK_H

#include <check.h>

#include "netback-ng/control/backend.h"
#include "tests/unit/fake_vif.h"
#include "tests/unit/test_xensim.h"

#define BACK "backend/vif/7/0"
#define FRONT "/local/domain/7/device/vif/0"

struct rig {
	sd_event *event;
	struct config config;
	struct backend backend;
	struct xs_handle *dom0, *guest;
	bool running;
};

extern struct rig rig;

void rig_start(void);
/* Fixture: stops what runs, frees everything. */
void rig_stop(void);
/* The daemon's end and beginning; how the end looks in xenstore is the same for a crash and for a stop. */
void rig_daemon_start(void);
void rig_daemon_stop(void);
/* Turn the event loop until COND is true; false: it does not come true. */
bool rig_turn_until(bool (*cond)(const void *arg), const void *arg);
/*
 * Turn the loop until there is nothing to do. xensimd queues a change's events before it answers whoever made it,
 * so there is none to wait for. Timers and scripts take their time: rig_turn_until().
 */
void rig_settle(void);

/* As libxl: all nodes in one transaction, states 1. */
void toolstack_attach(const char *script);
void toolstack_write(const char *path, const char *value); /* NULL: remove */
void toolstack_plugged(void);				   /* the script has succeeded */
void guest_write(const char *node, const char *value);	   /* NULL: remove */
/* A complete set of keys for n queues; and then state 4. */
void guest_keys(unsigned int nqueues, bool split);
void guest_connect(unsigned int nqueues, bool split);
/* A vif plugged in, its guest connected with one queue. */
void connect_one(void);
unsigned int back_state(void);
bool back_becomes(unsigned int state);
/* "": there is none. */
const char *store_text(const char *path);

#define ERROR_NODE "error/" BACK "/error"

/* The parts of the program test_netback_device. */
void add_failing_tests(TCase *c);
void add_keys_tests(TCase *c);
void add_restart_tests(TCase *c);
void add_requests_tests(TCase *c);

#endif
