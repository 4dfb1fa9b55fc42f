/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "tests/xensim/node.h"
#include "tests/xensim/server.h"

static uint64_t generation;

static void *copy(const void *p, size_t n)
{
	char *q = mem_alloc(n + 1);

	if (n)
		memcpy(q, p, n);
	return q;
}

static struct node *node_new(const char *name, size_t len)
{
	struct node *n = mem_alloc(sizeof(*n));

	n->refs = 1;
	n->gen = ++generation;
	n->kid_gen = generation;
	n->name = copy(name, len);
	n->value = copy("", 0);
	return n;
}

struct node *node_root(void)
{
	const struct xs_permissions p = { .id = 0, .perms = XS_PERM_NONE };
	struct node *n = node_new("", 0);

	node_set_perms(n, &p, 1);
	return n;
}

struct node *node_get(struct node *n)
{
	n->refs++;
	return n;
}

void node_put(struct node *n)
{
	if (!n || --n->refs)
		return;
	for (unsigned int i = 0; i < n->nkids; i++)
		node_put(n->kid[i]);
	free(n->kid);
	free(n->perms);
	free(n->value);
	free(n->name);
	free(n);
}

/* Make *slot safe to change. The generations stay: copying is not changing. */
static struct node *node_own(struct node **slot)
{
	struct node *old = *slot, *n;

	if (old->refs == 1)
		return old;
	n = mem_alloc(sizeof(*n));
	*n = *old;
	n->refs = 1;
	n->name = copy(old->name, strlen(old->name));
	n->value = copy(old->value, old->len);
	n->perms = copy(old->perms, old->nperms * sizeof(*old->perms));
	n->kid = copy(old->kid, old->nkids * sizeof(*old->kid));
	for (unsigned int i = 0; i < n->nkids; i++)
		node_get(n->kid[i]);
	old->refs--;
	*slot = n;
	return n;
}

static int name_cmp(const char *name, size_t len, const char *other)
{
	int d = strncmp(name, other, len);

	return d ? d : -(other[len] != '\0');
}

/* Index of the child, or of the place where it would be. */
static unsigned int kid_index(const struct node *n, const char *name, size_t len, bool *found)
{
	unsigned int lo = 0, hi = n->nkids;

	*found = false;
	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;
		int d = name_cmp(name, len, n->kid[mid]->name);

		if (!d) {
			*found = true;
			return mid;
		}
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Next element of a path: its start, its length in *len; NULL at the end. */
static const char *path_next(const char *p, size_t *len)
{
	while (*p == '/')
		p++;
	*len = strcspn(p, "/");
	return *len ? p : NULL;
}

static struct node *descend(struct node *root, const char *path, bool *complete)
{
	struct node *n = root;
	size_t len;

	*complete = true;
	for (const char *p = path_next(path, &len); p; p = path_next(p + len, &len)) {
		bool found;
		unsigned int i = kid_index(n, p, len, &found);

		if (!found) {
			*complete = false;
			return n;
		}
		n = n->kid[i];
	}
	return n;
}

struct node *node_find(struct node *root, const char *path)
{
	bool complete;
	struct node *n = descend(root, path, &complete);

	return complete ? n : NULL;
}

struct node *node_ancestor(struct node *root, const char *path)
{
	bool complete;

	return descend(root, path, &complete);
}

static struct node *kid_insert(struct node *n, unsigned int at, const char *name, size_t len, unsigned int owner)
{
	struct node *k = node_new(name, len);

	node_set_perms(k, n->perms, n->nperms);
	if (owner)
		k->perms[0].id = owner;
	n->kid = realloc(n->kid, (n->nkids + 1) * sizeof(*n->kid));
	if (!n->kid)
		abort();
	memmove(&n->kid[at + 1], &n->kid[at], (n->nkids - at) * sizeof(*n->kid));
	n->kid[at] = k;
	n->nkids++;
	n->kid_gen = ++generation;
	return k;
}

struct node *node_make(struct node **root, const char *path, unsigned int owner, bool *created)
{
	struct node *n = node_own(root);
	size_t len;

	*created = false;
	for (const char *p = path_next(path, &len); p; p = path_next(p + len, &len)) {
		bool found;
		unsigned int i = kid_index(n, p, len, &found);

		*created |= !found;
		n = found ? node_own(&n->kid[i]) : kid_insert(n, i, p, len, owner);
	}
	return n;
}

struct node *node_cut(struct node **root, const char *path)
{
	struct node *n, *k = NULL;
	bool found = false;
	unsigned int i = 0;
	size_t len;

	if (!node_find(*root, path))
		return NULL;
	n = node_own(root);
	for (const char *p = path_next(path, &len); p; ) {
		const char *next = path_next(p + len, &len);

		i = kid_index(n, p, strcspn(p, "/"), &found);
		k = n->kid[i];
		p = next;
		if (p)
			n = node_own(&n->kid[i]);
	}
	if (!k)
		return NULL;
	memmove(&n->kid[i], &n->kid[i + 1], (n->nkids - i - 1) * sizeof(*n->kid));
	n->nkids--;
	n->kid_gen = ++generation;
	return k;
}

void node_set_value(struct node *n, const void *value, unsigned int len)
{
	free(n->value);
	n->value = copy(value, len);
	n->len = len;
	n->gen = ++generation;
}

void node_set_perms(struct node *n, const struct xs_permissions *perms, unsigned int count)
{
	struct xs_permissions *p = copy(perms, count * sizeof(*perms));

	free(n->perms);
	n->perms = p;
	n->nperms = count;
	n->gen = ++generation;
}

unsigned int node_owned(const struct node *n, unsigned int domid)
{
	unsigned int sum = n->perms[0].id == domid;

	for (unsigned int i = 0; i < n->nkids; i++)
		sum += node_owned(n->kid[i], domid);
	return sum;
}

unsigned int node_missing(struct node *root, const char *path)
{
	unsigned int missing = 0;
	struct node *n = root;
	size_t len;

	for (const char *p = path_next(path, &len); p; p = path_next(p + len, &len)) {
		bool found = false;
		unsigned int i = missing ? 0 : kid_index(n, p, len, &found);

		if (found)
			n = n->kid[i];
		else
			missing++;
	}
	return missing;
}

size_t node_size(const struct node *n)
{
	size_t size = NODE_HEAD + n->nperms * sizeof(*n->perms) + n->len;

	for (unsigned int i = 0; i < n->nkids; i++)
		size += strlen(n->kid[i]->name) + 1;
	return size;
}
