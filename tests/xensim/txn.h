/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions: a snapshot to work on, the list of what was looked at, and the list of what was changed.
 * At commit the nodes looked at must still be what they were; then the changes are done to the live tree.
 */
#ifndef XENSIM_TXN_H
#define XENSIM_TXN_H

#include "tests/xensim/node.h"
#include "tests/xensim/server.h"

enum change_kind { CHANGE_WRITE, CHANGE_MKDIR, CHANGE_RM, CHANGE_PERMS };

struct change {
	TAILQ_ENTRY(change) entry;
	enum change_kind kind;
	unsigned int owner; /* of nodes this creates; 0 = as the parent */
	unsigned int len;   /* bytes of value, or entries of perms */
	char *path;
	void *data;
};

struct access {
	LIST_ENTRY(access) entry;
	bool kids;	/* the list of children was read, not the value */
	uint64_t gen;	/* as found in the base; 0 = no such node */
	char path[];
};

struct txn {
	LIST_ENTRY(txn) entry;
	uint32_t id;
	struct node *base, *root;
	unsigned int nodes; /* that were looked at */
	TAILQ_HEAD(, change) changes;
	LIST_HEAD(, access) accesses;
};

/* The tree that everybody sees (store.c). */
extern struct node *store_live;

struct txn *txn_start(struct conn *c, struct node *root);
struct txn *txn_find(struct conn *c, uint32_t id);
/* Neither changes the live tree. */
void txn_note(struct txn *t, const char *path, bool kids);
bool txn_conflict(const struct txn *t, struct node *live);
void txn_free(struct txn *t);

struct change *change_new(enum change_kind kind, const char *path, unsigned int owner, const void *data, size_t size,
			  unsigned int len);
void change_free(struct change *ch);
/* Do it to a tree. *cut: what RM took out, or NULL. Returns whether anything happened. */
bool change_apply(const struct change *ch, struct node **root, struct node **cut);

/* watch.c. cut: the subtree that went (rm), else NULL; old: the tree before, for who may know. */
int watch_add(struct conn *c, const char *path, unsigned int trim, const char *token);
int watch_remove(struct conn *c, const char *path, const char *token);
void watch_release(struct conn *c);
unsigned int watch_total(const struct conn *c);
void watch_fire(const char *path, struct node *cut, struct node *old, struct node *now);
void watch_first(struct conn *c);
/* Take the next event out of the queue; the caller frees it. *drained: it was the last. */
struct event *watch_next(struct conn *c, bool *drained);

/* quota.c */
enum quota {
	QUOTA_NODES,
	QUOTA_WATCHES,
	QUOTA_TXNS,
	QUOTA_TXN_NODES, /* looked at in one transaction */
	QUOTA_PERMS,	 /* of one node */
	QUOTA_PATH,	 /* bytes, below a domain's directory */
	QUOTA_NODE_SIZE, /* as node_size() */
};

bool quota_exceeds(const struct conn *c, enum quota what, size_t value);
bool path_valid(const char *p);
bool path_fits(const struct conn *c, const char *path);

/* perm.c */
bool perm_allows(const struct conn *c, const struct node *n, unsigned int perm);
/* text: "r5\0b0\0..."; returns the number of entries or a negative errno. */
int perm_parse(const char *text, size_t len, struct xs_permissions *perms, unsigned int max);
size_t perm_format(const struct node *n, char *text, size_t size);

#endif
