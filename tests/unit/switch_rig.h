/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of a switch share: one run of it in the fake world, by a process that may be killed. */
#ifndef SWITCH_RIG_H
#define SWITCH_RIG_H

#include "tests/unit/fake_part.h"
#include "tests/unit/runner.h"

#include <check.h>

extern struct xlnet rig_x;
extern unsigned int rig_patience; /* seconds that a guest is waited for */
extern const char *const rig_good;

bool rig_has_vf(uint32_t id);
/* What guests on VFs send to one on its vif must reach the bridge, and nothing else. */
const char *rig_filter_flaw(void);
/* What is wrong with the first guest on that path; rig_good: nothing. */
const char *rig_flaw(enum path path);
/* Is a switch of the first guest's under way? */
bool rig_recorded(void);
int rig_run(enum path target);
int rig_recover(void);
/* In a process of its own; true if it was killed. */
bool rig_killed(int (*fn)(enum path), enum path target);
void rig_faults_clear(void);
/* A world where g1 is on the other path than target. */
void rig_start_on(bool ovs, enum fake_guest kind, enum path target);
void rig_start(enum fake_guest kind, enum path target);

/* test_xlnet_gone.c, of the program test_xlnet_switch. */
#define RIG_CALLS_MAX 60
void add_gone_tests(TCase *t);

#endif
