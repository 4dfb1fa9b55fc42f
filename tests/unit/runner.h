/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_RUNNER_H
#define TEST_RUNNER_H

#include <check.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
/* How long a test waits for what must come: the end of a test that hangs, no promise of the product's. */
#define PATIENCE_MS 60000
#define RUNNER_SKIP 77 /* automake's word for a test that cannot run here */

/* Runs all of it and frees it.  What main() returns. */
int runner_run(Suite *suite);
/* The same in a network namespace; RUNNER_SKIP without the right to make one, or bridges in it. */
int runner_run_in_netns(Suite *suite);

#endif
