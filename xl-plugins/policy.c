/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/policy.h"

static bool settled(const struct policy *p, const struct candidate *c)
{
	return c->since >= p->residence;
}

static const char *why_not(const struct policy *p, const struct candidate *c)
{
	if (c->has_vf && !c->measured)
		return "keeps its VF: the PF's driver does not count what it carries";
	if (c->has_vf)
		return "uses its VF as much as anyone who wants one";
	if (!c->eligible)
		return "cannot have a VF (xl-net net-check), or nothing in it would use one";
	if (c->rate < p->floor)
		return "uses too little";
	if (!settled(p, c))
		return "was moved not long ago";
	return "those with VFs use theirs more, or were moved not long ago";
}

/* The busiest that may get a VF; NULL. */
static struct candidate *find_wanting(const struct policy *p, struct candidate *c, size_t n)
{
	struct candidate *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (!c[i].has_vf && c[i].verdict == STAY && c[i].eligible &&
		    c[i].rate >= p->floor && settled(p, &c[i]) && (!best || c[i].rate > best->rate))
			best = &c[i];
	return best;
}

/* The idlest that may lose its VF; NULL. */
static struct candidate *find_giving(const struct policy *p, struct candidate *c, size_t n)
{
	struct candidate *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (c[i].has_vf && c[i].measured && c[i].verdict == STAY && settled(p, &c[i]) &&
		    (!best || c[i].rate < best->rate))
			best = &c[i];
	return best;
}

static bool worth_it(const struct policy *p, const struct candidate *wants,
		     const struct candidate *gives)
{
	return (double)wants->rate * 100 >= (double)gives->rate * (100 + p->margin);
}

void policy_decide(const struct policy *p, struct candidate *c, size_t n, unsigned int free_vfs)
{
	struct candidate *wants, *gives;
	unsigned int moves = 0;

	for (size_t i = 0; i < n; i++) {
		c[i].verdict = STAY;
		c[i].why = why_not(p, &c[i]);
	}
	while (moves < p->moves && (wants = find_wanting(p, c, n))) {
		if (free_vfs) {
			free_vfs--;
			wants->why = "is the busiest without a VF, and one is free";
		} else {
			gives = find_giving(p, c, n);
			if (!gives || !worth_it(p, wants, gives))
				break;
			gives->verdict = TO_PV;
			gives->why = "uses its VF least, and a busier guest waits for one";
			wants->why = "uses the network more than a guest that has a VF, by more "
				     "than the margin";
		}
		wants->verdict = TO_VF;
		moves++;
	}
}

uint64_t policy_smooth(uint64_t before, uint64_t now)
{
	return before - before / 4 + now / 4;
}
