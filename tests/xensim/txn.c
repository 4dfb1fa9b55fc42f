/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "tests/xensim/txn.h"

static uint32_t next_id;

struct txn *txn_start(struct conn *c, struct node *root)
{
	struct txn *t = mem_alloc(sizeof(*t));

	t->id = ++next_id ? next_id : ++next_id; /* 0 is XBT_NULL */
	t->base = node_get(root);
	t->root = node_get(root);
	TAILQ_INIT(&t->changes);
	LIST_INIT(&t->accesses);
	LIST_INSERT_HEAD(&c->txns, t, entry);
	return t;
}

struct txn *txn_find(struct conn *c, uint32_t id)
{
	struct txn *t;

	LIST_FOREACH(t, &c->txns, entry)
		if (t->id == id)
			return t;
	return NULL;
}

static uint64_t access_gen(struct node *root, const char *path, bool kids)
{
	const struct node *n = node_find(root, path);

	if (!n)
		return 0;
	return kids ? n->kid_gen : n->gen;
}

void txn_note(struct txn *t, const char *path, bool kids)
{
	struct access *a;
	bool known = false;

	if (!t)
		return;
	LIST_FOREACH(a, &t->accesses, entry) {
		if (strcmp(a->path, path))
			continue;
		if (a->kids == kids)
			return;
		known = true;
	}
	t->nodes += !known;
	a = mem_alloc(sizeof(*a) + strlen(path) + 1);
	a->kids = kids;
	a->gen = access_gen(t->base, path, kids);
	strcpy(a->path, path);
	LIST_INSERT_HEAD(&t->accesses, a, entry);
}

bool txn_conflict(const struct txn *t, struct node *live)
{
	const struct access *a;

	if (t->base == live)
		return false;
	LIST_FOREACH(a, &t->accesses, entry)
		if (access_gen(live, a->path, a->kids) != a->gen)
			return true;
	return false;
}

void txn_free(struct txn *t)
{
	struct change *ch;
	struct access *a;

	LIST_REMOVE(t, entry);
	while ((ch = TAILQ_FIRST(&t->changes))) {
		TAILQ_REMOVE(&t->changes, ch, entry);
		change_free(ch);
	}
	while ((a = LIST_FIRST(&t->accesses))) {
		LIST_REMOVE(a, entry);
		free(a);
	}
	node_put(t->base);
	node_put(t->root);
	free(t);
}

struct change *change_new(enum change_kind kind, const char *path, unsigned int owner, const void *data, size_t size,
			  unsigned int len)
{
	struct change *ch = mem_alloc(sizeof(*ch));

	ch->kind = kind;
	ch->owner = owner;
	ch->len = len;
	ch->path = mem_alloc(strlen(path) + 1);
	strcpy(ch->path, path);
	ch->data = mem_alloc(size + 1);
	if (size)
		memcpy(ch->data, data, size);
	return ch;
}

void change_free(struct change *ch)
{
	free(ch->path);
	free(ch->data);
	free(ch);
}

bool change_apply(const struct change *ch, struct node **root, struct node **cut)
{
	struct node *n;
	bool created;

	*cut = NULL;
	if (ch->kind == CHANGE_RM) {
		*cut = node_cut(root, ch->path);
		return *cut != NULL;
	}
	if (ch->kind == CHANGE_MKDIR && node_find(*root, ch->path))
		return false;
	if (ch->kind == CHANGE_PERMS && !node_find(*root, ch->path))
		return false;
	n = node_make(root, ch->path, ch->owner, &created);
	if (ch->kind == CHANGE_WRITE)
		node_set_value(n, ch->data, ch->len);
	else if (ch->kind == CHANGE_PERMS)
		node_set_perms(n, ch->data, ch->len);
	return true;
}
