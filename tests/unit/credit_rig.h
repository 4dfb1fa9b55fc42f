/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of credit-adjust share: it runs in the test's process, over the embedded Xen. */
#ifndef CREDIT_RIG_H
#define CREDIT_RIG_H

#include "credit-adjust/request.h"
#include "tests/unit/test_xensim.h"

struct credit_rig {
	char dir[32];
	struct config config;
	struct adjust *a;
	sd_event *event;
	xc_interface *xch;
	enum policy_sched sched;
	uint64_t now, moved;
};

extern struct credit_rig rig;

/* A host with that scheduler, domain 7 idle and domain 8 computing; and credit-adjust on it. */
void credit_begin(const char *scheduler);
void credit_start(void);
void credit_stop(void);
/* As kill -9 leaves it: nothing is restored, all descriptors go. */
void credit_crash(void);
/* Rounds, if shorter than a second, with traffic of domain 7 at a rate and of domain 8 computing. */
void credit_rounds(unsigned int n, uint64_t frames);
uint32_t credit_weight(uint32_t domid);
/* Nobody has another weight than the operator gave. */
void credit_check_baselines(void);

/* test_credit_request.c, of the program test_credit_adjust. */
void add_requests(TCase *c);

#endif
