/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gets a VF (Vagabond, Nitu et al. 2014: VFs are few, they go to those who use the network
 * most). A pure function of what was measured: no clock, no I/O, no memory of its own.
 */
#ifndef XLNET_POLICY_H
#define XLNET_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy {
	uint64_t
		floor; /* bytes a second: who uses less does not get a VF, though it may keep one */
	unsigned int
		margin; /* percent that a guest must use more than a VF's holder to replace it */
	unsigned int residence; /* seconds that a guest stays where it was moved to */
	unsigned int moves;	/* at most in one round: each costs the guests something */
};

struct candidate {
	uint64_t rate;	    /* bytes a second over both paths, both directions, smoothed */
	unsigned int since; /* seconds since it last moved */
	bool eligible;	    /* can have a VF, and can be moved */
	bool measured;	    /* rate is known; a PF's driver need not count what its VFs carry */
	bool has_vf;
	/* out */
	enum { STAY, TO_VF, TO_PV } verdict;
	const char *why; /* static text */
};

/*
 * Sets verdict and why of each. free_vfs: VFs that nobody has. A guest that is to give its VF
 * up has TO_PV, the one that follows it TO_VF; carry out TO_PV first.
 */
void policy_decide(const struct policy *p, struct candidate *c, size_t n, unsigned int free_vfs);
/* The weight of a new measurement is 1/4: a burst of one interval moves nobody. */
uint64_t policy_smooth(uint64_t before, uint64_t now);

#endif
