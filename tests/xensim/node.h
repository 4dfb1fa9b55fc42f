/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xenstore tree. Nodes are shared between the tree and the snapshots of transactions: a node with
 * more than one reference is copied before it is changed, with the path that leads to it. A snapshot
 * therefore costs one reference to the root.
 */
#ifndef XENSIM_NODE_H
#define XENSIM_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore_lib.h>

#define NODE_HEAD 16u /* bytes of xenstored's own in each */

struct node {
	unsigned int refs;
	uint64_t gen;	  /* changes with value and permissions */
	uint64_t kid_gen; /* changes when a child comes or goes */
	char *name;
	void *value;
	unsigned int len;
	struct xs_permissions *perms; /* perms[0] is the owner, as in xs_get_permissions() */
	unsigned int nperms;
	struct node **kid; /* sorted by name */
	unsigned int nkids;
};

struct node *node_root(void);
struct node *node_get(struct node *n);
void node_put(struct node *n);
/* path: absolute and valid. NULL if there is none. */
struct node *node_find(struct node *root, const char *path);
/* The nearest ancestor that exists, never NULL. */
struct node *node_ancestor(struct node *root, const char *path);
/* Find for change, creating what is missing; new nodes inherit permissions, owned by owner unless that is 0. */
struct node *node_make(struct node **root, const char *path, unsigned int owner, bool *created);
/* Take the node out of the tree; the caller gets the tree's reference. */
struct node *node_cut(struct node **root, const char *path);
void node_set_value(struct node *n, const void *value, unsigned int len);
void node_set_perms(struct node *n, const struct xs_permissions *perms, unsigned int count);
unsigned int node_owned(const struct node *n, unsigned int domid);
/* How many nodes node_make() would create. */
unsigned int node_missing(struct node *root, const char *path);
/* Its bytes as xenstored counts them: head, permissions, value and the names of its children. */
size_t node_size(const struct node *n);

#endif
