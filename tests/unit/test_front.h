/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_TEST_FRONT_H
#define TESTS_UNIT_TEST_FRONT_H

#include "netfront-ng/user/front.h"
#include "tests/clock.h"

#define GUEST "5"
#define XENSIM TEST_BUILDDIR "/tests/xensim/xensim"
#define HUB TEST_BUILDDIR "/tests/unit/front-hub"

#define TEST_CONFIG { .queues = 1, .ng = true, .statics = true, .sg = true, .tso = true, \
		      .csum = true, .split = true }

extern struct front front;

/* One vif; option and value may be NULL. */
void hub_start(const char *option, const char *value);
void hub_kill(int sig);
int open_front(const struct front_config *config, int cancel_fd);
void connect_to(const char *option, const char *value, const struct front_config *config);
/* malloc'd; NULL where there is none. */
char *guest_key(const char *node);

/* test_front_echo.c */
/* Frames of many sizes, one after the other, then 200 without waiting; fails the test where one differs. */
void echo_sizes(struct front_queue *q);
/* Send one, wait for it: 0, -EPROTO (fatal error), -EBADMSG (came back in error), -ETIMEDOUT. */
int echo_one(struct front_queue *q, uint32_t len);
/* The back end may hear of a headroom, or of its end, after the first frames. */
void echo_until_headroom(struct front_queue *q, uint32_t headroom);
/* The two halves of it: n frames of one length. */
void echo_send(struct front_queue *q, uint32_t len);
void echo_receive(struct front_queue *q, uint32_t len, unsigned int n);
/* As Dom0: a key of the back end's directory; the domain's share of grantable pages. */
void dom0_write(const char *node, const char *value);
void domain_limit(unsigned int pages);

#endif
