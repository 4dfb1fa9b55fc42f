/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's clients notice while it moves: ARP probes (RFC 5227 2.1.1: they need no address of
 * our own, and any guest answers them) from its bridge to its MAC, and the answers. A thread of its
 * own asks; nothing of a migration waits for it.
 */
#ifndef XLNET_PROBE_H
#define XLNET_PROBE_H

#include "xl-plugins/xlnet.h"

#include <netinet/in.h>

#define PROBE_PHASES 3

struct probe;

struct probe_loss {
	uint64_t sent, lost;
	uint64_t gap_ms; /* the longest silence that began in it */
};

/* Phase 0 begins. -errno: no such bridge, or not root; the caller goes on without. */
int probe_begin(const char *bridge, const struct mac *mac, struct in_addr address,
		struct probe **probe);
/* The next phase begins. probe may be NULL. */
void probe_next(struct probe *probe);
/* Waits for an answer, so long at most. probe may be NULL: then there is nothing to wait for. */
void probe_wait(struct probe *probe, unsigned int seconds);
/* Gives the last ones a second to be answered, tells what each phase cost, and frees probe, which may be NULL (all 0). */
void probe_end(struct probe *probe, struct probe_loss loss[PROBE_PHASES]);

#endif
