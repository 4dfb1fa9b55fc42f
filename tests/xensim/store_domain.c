/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the server itself writes into xenstore: the directories of domains, as they come and go. */
#include <stdio.h>
#include <string.h>

#include "tests/xensim/txn.h"

/* Before anybody watches the domain's directory. */
static void put(const char *dir, const char *name, const char *value, const struct xs_permissions *perms,
		unsigned int nperms)
{
	char path[256];
	bool created;
	struct node *n;

	snprintf(path, sizeof(path), "%s%s%s", dir, *name ? "/" : "", name);
	n = node_make(&store_live, path, 0, &created);
	node_set_value(n, value, (unsigned int)strlen(value));
	if (nperms)
		node_set_perms(n, perms, nperms);
}

void store_init(void)
{
	store_live = node_root();
	put("/tool/xenstored", "", "", NULL, 0);
	put("/local/domain", "", "", NULL, 0);
	put("/libxl", "", "", NULL, 0);
	put("/vm", "", "", NULL, 0);
}

/* The directories and permissions that libxl gives a new domain (libxl_create.c, libxl__domain_make). */
void store_domain_new(uint32_t domid)
{
	static const char *const readable[] = { "cpu", "memory", "device", "control" };
	static const char *const writable[] = { "control/shutdown", "data", "drivers", "feature", "attr", "error" };
	const struct xs_permissions ro[2] = { { 0, XS_PERM_NONE }, { domid, XS_PERM_READ } };
	const struct xs_permissions rw = { domid, XS_PERM_NONE };
	char dir[64], vm[64], number[16];

	snprintf(dir, sizeof(dir), "/local/domain/%u", domid);
	snprintf(number, sizeof(number), "%u", domid);
	put(dir, "", "", ro, 2);
	put(dir, "name", domain[domid].name, ro, 2);
	put(dir, "domid", number, ro, 2);
	for (size_t i = 0; domid && i < sizeof(readable) / sizeof(readable[0]); i++)
		put(dir, readable[i], "", ro, 2);
	for (size_t i = 0; domid && i < sizeof(writable) / sizeof(writable[0]); i++)
		put(dir, writable[i], "", &rw, 1);
	snprintf(vm, sizeof(vm), "/vm/00000000-0000-0000-0000-%012u", domid);
	put(vm, "name", domain[domid].name, ro, 2);
	put(vm, "uuid", vm + 4, ro, 2);
	put(dir, "vm", vm, ro, 2);
	snprintf(dir, sizeof(dir), "/libxl/%u/device", domid);
	put(dir, "", "", NULL, 0);
	domain[domid].introduced = true;
	watch_fire("@introduceDomain", NULL, NULL, NULL);
}

static void cut_and_fire(const char *path)
{
	struct node *old = node_get(store_live), *cut = node_cut(&store_live, path);

	if (cut)
		watch_fire(path, cut, old, store_live);
	node_put(cut);
	node_put(old);
}

void store_domain_gone(uint32_t domid)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	cut_and_fire(path);
	snprintf(path, sizeof(path), "/vm/00000000-0000-0000-0000-%012u", domid);
	cut_and_fire(path);
	snprintf(path, sizeof(path), "/libxl/%u", domid);
	cut_and_fire(path);
	watch_fire("@releaseDomain", NULL, NULL, NULL);
}
