/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain's weight (or a pool's timeslice) is without us.  Kept in a file that is written before
 * Xen is, so that whatever ends the daemon, the next start knows what to restore and what is not ours.
 *
 * The rule: a value in force that is one of the two we may have left there (set, or was, if we died
 * between file and hypervisor) is ours; any other is the operator's and becomes the baseline.
 * The entry of a vanished domain stays while its baseline differs from what we set: a saved domain
 * comes back with our weight, for libxl copies live weights into its configuration.
 */
#ifndef CREDIT_BASELINE_H
#define CREDIT_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#define BASELINE_UUID_SIZE 16
#define BASELINE_ENTRIES_MAX 2048 /* beyond, the domain gone longest ago is forgotten */
#define BASELINE_NOBODY UINT32_MAX

struct baseline {
	bool pool;	   /* a pool's timeslice in ms, not a domain's weight */
	uint32_t id;	   /* domid or pool; BASELINE_NOBODY: the domain is gone */
	uint8_t uuid[BASELINE_UUID_SIZE]; /* zeroes for pools */
	uint32_t value;	   /* the baseline */
	uint32_t set, was; /* what we wrote last, and what was in force before */
	uint64_t gone;	   /* order in which domains went; 0: there */
};

struct baselines {
	char path[256];
	struct baseline *entry;
	uint32_t count, room;
	uint64_t gone; /* domains that went so far */
};

/* Absent file: no entries.  -EINVAL: it is damaged; it is set aside as PATH.bad, said so in the log. */
int baselines_load(struct baselines *b, const char *path);
/* Atomic and durable; entries at rest (nothing of ours in force) are left out. */
int baselines_save(const struct baselines *b);
void baselines_free(struct baselines *b);

/* The entry of a domain, bound to its domid; NULL: none.  uuid: NULL for a pool. */
struct baseline *baseline_find(struct baselines *b, uint32_t id, const uint8_t *uuid);
/* baseline_find(), or a new entry whose baseline is the value in force; NULL: no memory. */
struct baseline *baseline_get(struct baselines *b, uint32_t id, const uint8_t *uuid, uint32_t in_force);
/* Learns what is in force.  True where the operator changed it: it is the baseline now. */
bool baseline_observe(struct baseline *e, uint32_t in_force);
/* About to write; once it is written (or not), settle. */
void baseline_plan(struct baseline *e, uint32_t value);
void baseline_settle(struct baseline *e, bool written);
/* Its domain is gone. */
void baseline_leave(struct baselines *b, struct baseline *e);

#endif
