/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Permissions of nodes: who may, and the "r5" notation of the wire. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/xensim/txn.h"

static bool is_self(const struct conn *c, unsigned int id)
{
	return id == c->domid || id == domain[c->domid].target;
}

bool perm_allows(const struct conn *c, const struct node *n, unsigned int perm)
{
	if (c->domid == 0 || is_self(c, n->perms[0].id))
		return true;
	if (perm & XS_PERM_OWNER)
		return false;
	for (unsigned int i = 1; i < n->nperms; i++)
		if (is_self(c, n->perms[i].id))
			return (n->perms[i].perms & perm) == perm;
	return (n->perms[0].perms & perm) == perm;
}

static const char letters[] = "nrwb"; /* indexed by XS_PERM_READ | XS_PERM_WRITE */

int perm_parse(const char *text, size_t len, struct xs_permissions *perms, unsigned int max)
{
	unsigned int n = 0;

	for (size_t at = 0; at < len; at += strlen(text + at) + 1) {
		const char *letter = text[at] ? strchr(letters, text[at]) : NULL;
		char *end;

		if (!letter)
			return -EINVAL;
		if (n == max)
			return -ENOSPC;
		perms[n].perms = (unsigned int)(letter - letters);
		perms[n++].id = (unsigned int)strtoul(text + at + 1, &end, 10);
		if (*end || end == text + at + 1)
			return -EINVAL;
	}
	return n ? (int)n : -EINVAL;
}

size_t perm_format(const struct node *n, char *text, size_t size)
{
	size_t len = 0;

	for (unsigned int i = 0; i < n->nperms && len + 16 < size; i++)
		len += (size_t)sprintf(text + len, "%c%u", letters[n->perms[i].perms & 3], n->perms[i].id) + 1;
	return len;
}
