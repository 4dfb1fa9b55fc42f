/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the embedded Xen share. A test program is linked against the real libraries' names and
 * starts itself again under `xensim run`; within it one process plays several domains, handle by handle.
 * Every test begins with domains 0, 7 and 8 and no faults.
 */
#ifndef TEST_XENSIM_H
#define TEST_XENSIM_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#include "tests/unit/runner.h"
#include "tests/xensim/hot.h"

/* Ends in exit(): runs the suite, in the embedded Xen. */
void test_xensim_main(Suite *suite, int argc, char **argv) __attribute__((noreturn));
/* A case whose tests start with fresh domains 7 and 8. */
TCase *test_xensim_case(const char *name);
/* The handles opened next are this domain's. */
void as_domain(unsigned int domid);
/* `xensim ARGS`; returns its exit code. */
int xensim(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint64_t counter(unsigned int domid, enum xensim_counter c);
/* Does the descriptor become readable within ms? */
bool readable(int fd, int ms);

#endif
