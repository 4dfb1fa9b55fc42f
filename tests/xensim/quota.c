/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What xenstored allows a domain that is not privileged.  A value that reaches its quota is one too many: so since
 * Xen 4.22, before that some could be equal to it; a program must do with the less.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/xensim/txn.h"

static const unsigned int quotas[] = {
	[QUOTA_NODES] = 1000,
	[QUOTA_WATCHES] = 128,
	[QUOTA_TXNS] = 10,
	[QUOTA_TXN_NODES] = 1024,
	[QUOTA_PERMS] = 5,
	[QUOTA_PATH] = XENSTORE_REL_PATH_MAX,
	[QUOTA_NODE_SIZE] = 2048,
};

bool quota_exceeds(const struct conn *c, enum quota what, size_t value)
{
	return c->domid && value >= quotas[what];
}

bool path_valid(const char *p)
{
	size_t n = strlen(p);

	if (!n || (n > 1 && p[n - 1] == '/') || strstr(p, "//") || n > XENSTORE_ABS_PATH_MAX)
		return false;
	for (; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-/_@", *p))
			return false;
	return true;
}

/* What is below a domain's directory counts; Dom0's limit is that of Xen 4.17, later ones have none for it. */
bool path_fits(const struct conn *c, const char *path)
{
	unsigned int domid;
	int local = 0;
	size_t n;

	if (sscanf(path, "/local/domain/%5u/%n", &domid, &local) != 1)
		local = 0;
	n = strlen(path) - (size_t)local;
	return n <= XENSTORE_REL_PATH_MAX && !quota_exceeds(c, QUOTA_PATH, n);
}
