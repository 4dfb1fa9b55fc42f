/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xenstore's requests. Rules and limits are those of xenstored's documentation (docs/misc/xenstore.txt). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/xensim/hot.h"
#include "tests/xensim/txn.h"

enum { REPLY_MAX = 128 * 1024 };

struct node *store_live;

struct request {
	struct conn *c;
	const struct xsd_sockmsg *in;
	const char *body;
	struct txn *txn;
	struct node **root; /* the transaction's snapshot, or the live tree */
	char path[XENSTORE_ABS_PATH_MAX + 1];
	unsigned int trim; /* length of the domain's directory, if the path was given relative to it */
	const char *rest;  /* what follows the path in the body */
	size_t rest_len;
	char *reply;
	size_t len;
	bool drained;
};

/* The request's first string, made absolute. Only watches may name the specials (@releaseDomain). */
static int take_path(struct request *r, bool special)
{
	size_t n = strnlen(r->body, r->in->len);

	if (n == r->in->len)
		return -EINVAL;
	r->rest = r->body + n + 1;
	r->rest_len = r->in->len - n - 1;
	if (!path_valid(r->body))
		return -EINVAL;
	if (*r->body == '@') {
		if (!special || (strcmp(r->body, "@introduceDomain") && strcmp(r->body, "@releaseDomain")))
			return -EINVAL;
		if (r->c->domid)
			return -EACCES;
	}
	if (*r->body == '/' || *r->body == '@') {
		snprintf(r->path, sizeof(r->path), "%s", r->body);
	} else {
		if (n > XENSTORE_REL_PATH_MAX)
			return -EINVAL;
		r->trim = (unsigned int)sprintf(r->path, "/local/domain/%u/", r->c->domid);
		strcat(r->path, r->body);
	}
	return path_fits(r->c, r->path) ? 0 : -EINVAL;
}

/* Whether a node exists is told only to those who may read its nearest ancestor. */
static int need(struct request *r, struct node *n, unsigned int perm)
{
	if (n)
		return perm_allows(r->c, n, perm) ? 0 : -EACCES;
	return perm_allows(r->c, node_ancestor(*r->root, r->path), perm) ? -ENOENT : -EACCES;
}

/* What a transaction looks at is limited, too. */
static int note(struct request *r)
{
	txn_note(r->txn, r->path, false);
	return r->txn && quota_exceeds(r->c, QUOTA_TXN_NODES, r->txn->nodes) ? -ENOSPC : 0;
}

static int find(struct request *r, unsigned int perm, struct node **n)
{
	int rc = take_path(r, false) ?: note(r);

	if (rc)
		return rc;
	*n = node_find(*r->root, r->path);
	return need(r, *n, perm);
}

static void answer(struct request *r, const void *data, size_t len)
{
	memcpy(r->reply, data, len);
	r->len = len;
}

static void answer_ok(struct request *r)
{
	answer(r, "OK", 3);
}

static void announce(struct request *r, const struct change *ch, struct node *cut, struct node *old)
{
	watch_fire(ch->path, cut, old, *r->root);
}

/* Do a change now, or in the transaction's snapshot and again when it commits. */
static void change_do(struct request *r, struct change *ch)
{
	struct node *old = node_get(*r->root), *cut;
	bool done = change_apply(ch, r->root, &cut);

	if (done && !r->txn)
		announce(r, ch, cut, old);
	node_put(cut);
	node_put(old);
	if (done && r->txn)
		TAILQ_INSERT_TAIL(&r->txn->changes, ch, entry);
	else
		change_free(ch);
	answer_ok(r);
}

/* May the caller create this node: write permission above it, and room in its quota and in the node above, for its name. */
static int may_create(struct request *r)
{
	struct node *above = node_ancestor(*r->root, r->path);
	size_t owned = r->c->domid ? node_owned(*r->root, r->c->domid) : 0;

	if (!perm_allows(r->c, above, XS_PERM_WRITE))
		return -EACCES;
	if (quota_exceeds(r->c, QUOTA_NODES, owned + node_missing(*r->root, r->path)) ||
	    quota_exceeds(r->c, QUOTA_NODE_SIZE, node_size(above) + strlen(strrchr(r->path, '/'))))
		return -ENOSPC;
	return 0;
}

/* Without its value; one that is not there yet gets the permissions of the one above it. */
static size_t size_without_value(struct request *r, const struct node *n)
{
	if (n)
		return node_size(n) - n->len;
	return NODE_HEAD + node_ancestor(*r->root, r->path)->nperms * sizeof(*n->perms);
}

static int do_write_or_mkdir(struct request *r, enum change_kind kind)
{
	struct node *n;
	int rc = find(r, XS_PERM_WRITE, &n);

	if (rc == -ENOENT)
		rc = may_create(r);
	if (rc)
		return rc;
	if (kind == CHANGE_MKDIR)
		r->rest_len = 0;
	if ((kind == CHANGE_WRITE || !n) &&
	    quota_exceeds(r->c, QUOTA_NODE_SIZE, size_without_value(r, n) + r->rest_len))
		return -ENOSPC;
	change_do(r, change_new(kind, r->path, r->c->domid, r->rest, r->rest_len, (unsigned int)r->rest_len));
	return 0;
}

static int do_write(struct request *r)
{
	return do_write_or_mkdir(r, CHANGE_WRITE);
}

static int do_mkdir(struct request *r)
{
	return do_write_or_mkdir(r, CHANGE_MKDIR);
}

static bool has_parent(struct request *r)
{
	char *slash = strrchr(r->path, '/');
	bool found;

	if (slash == r->path)
		return true;
	*slash = '\0';
	found = node_find(*r->root, r->path) != NULL;
	*slash = '/';
	return found;
}

/* Removing what is not there succeeds if its parent is there: the caller's wish is fulfilled. */
static int do_rm(struct request *r)
{
	struct node *n;
	int rc = find(r, XS_PERM_WRITE, &n);

	if (!rc && !strcmp(r->path, "/"))
		return -EINVAL;
	if (rc == -ENOENT && has_parent(r)) {
		answer_ok(r);
		return 0;
	}
	if (rc)
		return rc;
	txn_note(r->txn, r->path, true);
	change_do(r, change_new(CHANGE_RM, r->path, 0, NULL, 0, 0));
	return 0;
}

static int do_read(struct request *r)
{
	struct node *n;
	int rc = find(r, XS_PERM_READ, &n);

	if (!rc)
		answer(r, n->value, n->len);
	return rc;
}

static int do_directory(struct request *r)
{
	struct node *n;
	int rc = find(r, XS_PERM_READ, &n);

	if (rc)
		return rc;
	txn_note(r->txn, r->path, true);
	for (unsigned int i = 0; i < n->nkids; i++) {
		size_t len = strlen(n->kid[i]->name) + 1;

		if (r->len + len > REPLY_MAX)
			return -E2BIG;
		memcpy(r->reply + r->len, n->kid[i]->name, len);
		r->len += len;
	}
	return 0;
}

static int do_get_perms(struct request *r)
{
	struct node *n;
	int rc = find(r, XS_PERM_READ, &n);

	if (!rc)
		r->len = perm_format(n, r->reply, REPLY_MAX);
	return rc;
}

static int do_set_perms(struct request *r)
{
	struct xs_permissions perms[64];
	struct node *n;
	int rc = find(r, XS_PERM_WRITE | XS_PERM_OWNER, &n), count;

	if (rc)
		return rc;
	count = perm_parse(r->rest, r->rest_len, perms, 64);
	if (count < 0)
		return count;
	if (quota_exceeds(r->c, QUOTA_PERMS, (size_t)count) ||
	    quota_exceeds(r->c, QUOTA_NODE_SIZE, node_size(n) + ((size_t)count - n->nperms) * sizeof(perms[0])))
		return -ENOSPC;
	if (r->c->domid && perms[0].id != n->perms[0].id)
		return -EPERM;
	change_do(r, change_new(CHANGE_PERMS, r->path, 0, perms, (unsigned int)count * sizeof(perms[0]),
				(unsigned int)count));
	return 0;
}

/* The token is the string after the path. */
static int take_token(const struct request *r)
{
	return r->rest_len && strnlen(r->rest, r->rest_len) == r->rest_len - 1 ? 0 : -EINVAL;
}

static int do_watch(struct request *r)
{
	int rc = take_path(r, true) ?: take_token(r);

	if (rc)
		return rc;
	if (quota_exceeds(r->c, QUOTA_WATCHES, watch_total(r->c) + 1))
		return -E2BIG;
	rc = watch_add(r->c, r->path, r->trim, r->rest);
	if (!rc)
		answer_ok(r);
	return rc;
}

static int do_unwatch(struct request *r)
{
	bool had = !TAILQ_EMPTY(&r->c->events);
	int rc = take_path(r, true) ?: take_token(r) ?: watch_remove(r->c, r->path, r->rest);

	if (rc)
		return rc;
	r->drained = had && TAILQ_EMPTY(&r->c->events);
	answer_ok(r);
	return 0;
}

static int do_reset_watches(struct request *r)
{
	r->drained = !TAILQ_EMPTY(&r->c->events);
	watch_release(r->c);
	answer_ok(r);
	return 0;
}

static int do_next_event(struct request *r)
{
	struct event *e = watch_next(r->c, &r->drained);

	if (!e)
		return -ENOENT;
	answer(r, e->text, e->len);
	free(e);
	return 0;
}

static int do_transaction_start(struct request *r)
{
	unsigned int n = 0;
	struct txn *t;

	if (r->txn)
		return -EBUSY;
	LIST_FOREACH(t, &r->c->txns, entry)
		n++;
	if (quota_exceeds(r->c, QUOTA_TXNS, n + 1))
		return -ENOSPC;
	t = txn_start(r->c, store_live);
	r->len = (size_t)sprintf(r->reply, "%u", t->id) + 1;
	return 0;
}

/* Would the caller own too much after it?  Tried on a tree that shares all else with the live one. */
static int commit_allowed(struct request *r)
{
	struct node *root = node_get(store_live), *cut;
	struct change *ch;
	size_t owned;

	TAILQ_FOREACH(ch, &r->txn->changes, entry) {
		change_apply(ch, &root, &cut);
		node_put(cut);
	}
	owned = r->c->domid ? node_owned(root, r->c->domid) : 0;
	node_put(root);
	return owned > node_owned(store_live, r->c->domid) && quota_exceeds(r->c, QUOTA_NODES, owned) ? -ENOSPC : 0;
}

static void commit(struct request *r)
{
	struct change *ch;

	r->root = &store_live;
	TAILQ_FOREACH(ch, &r->txn->changes, entry) {
		struct node *old = node_get(store_live), *cut;

		if (change_apply(ch, &store_live, &cut))
			announce(r, ch, cut, old);
		node_put(cut);
		node_put(old);
	}
}

static int do_transaction_end(struct request *r)
{
	int rc = 0;

	if (!r->txn)
		return -ENOENT;
	if (r->in->len != 2 || (strcmp(r->body, "T") && strcmp(r->body, "F")))
		return -EINVAL;
	if (*r->body == 'T') {
		if (xensim_fault_hit(&shared->dom[r->c->domid], XENSIM_F_STORE_EAGAIN) || txn_conflict(r->txn, store_live))
			rc = -EAGAIN;
		else
			rc = commit_allowed(r);
		if (!rc)
			commit(r);
	}
	txn_free(r->txn);
	r->txn = NULL;
	if (!rc)
		answer_ok(r);
	return rc;
}

static int take_domid(struct request *r, unsigned int *domid)
{
	char *end;

	if (!r->in->len || r->body[r->in->len - 1])
		return -EINVAL;
	*domid = (unsigned int)strtoul(r->body, &end, 10);
	if (*end || end == r->body)
		return -EINVAL;
	r->rest = end + 1;
	r->rest_len = r->in->len - (size_t)(r->rest - r->body);
	return 0;
}

static int do_get_domain_path(struct request *r)
{
	unsigned int domid;
	int rc = take_domid(r, &domid);

	if (!rc)
		r->len = (size_t)sprintf(r->reply, "/local/domain/%u", domid) + 1;
	return rc;
}

static int do_is_introduced(struct request *r)
{
	unsigned int domid;
	int rc = take_domid(r, &domid);

	if (!rc)
		answer(r, dom_alive(domid) && domain[domid].introduced ? "T" : "F", 2);
	return rc;
}

/* What only Dom0 may ask about a domain that must be there. */
static int take_domain(struct request *r, unsigned int *domid)
{
	int rc = r->c->domid ? -EACCES : take_domid(r, domid);

	if (rc)
		return rc;
	return dom_alive(*domid) ? 0 : -ENOENT;
}

static int do_introduce(struct request *r)
{
	unsigned int domid;
	int rc = take_domain(r, &domid);

	if (rc)
		return rc;
	if (!domain[domid].introduced) {
		domain[domid].introduced = true;
		watch_fire("@introduceDomain", NULL, NULL, NULL);
	}
	answer_ok(r);
	return 0;
}

static int do_release(struct request *r)
{
	unsigned int domid;
	int rc = take_domain(r, &domid);

	if (rc)
		return rc;
	domain[domid].introduced = false;
	watch_fire("@releaseDomain", NULL, NULL, NULL);
	answer_ok(r);
	return 0;
}

static int do_resume(struct request *r)
{
	unsigned int domid;
	int rc = take_domain(r, &domid);

	if (!rc)
		answer_ok(r);
	return rc;
}

static int do_set_target(struct request *r)
{
	unsigned int domid, target;
	int rc = take_domain(r, &domid);

	if (rc || take_token(r))
		return rc ?: -EINVAL;
	target = (unsigned int)strtoul(r->rest, NULL, 10);
	if (!dom_alive(target))
		return -ENOENT;
	domain[domid].target = target;
	answer_ok(r);
	return 0;
}

static int (*const requests[])(struct request *r) = {
	[XS_DIRECTORY] = do_directory,
	[XS_READ] = do_read,
	[XS_GET_PERMS] = do_get_perms,
	[XS_WATCH] = do_watch,
	[XS_UNWATCH] = do_unwatch,
	[XS_TRANSACTION_START] = do_transaction_start,
	[XS_TRANSACTION_END] = do_transaction_end,
	[XS_INTRODUCE] = do_introduce,
	[XS_RELEASE] = do_release,
	[XS_GET_DOMAIN_PATH] = do_get_domain_path,
	[XS_WRITE] = do_write,
	[XS_MKDIR] = do_mkdir,
	[XS_RM] = do_rm,
	[XS_SET_PERMS] = do_set_perms,
	[XS_IS_DOMAIN_INTRODUCED] = do_is_introduced,
	[XS_RESUME] = do_resume,
	[XS_SET_TARGET] = do_set_target,
	[XS_RESET_WATCHES] = do_reset_watches,
};

static int request_run(struct request *r)
{
	if (r->in->type == XENSIM_XS_NEXT_EVENT)
		return do_next_event(r);
	if (r->in->len > XENSTORE_PAYLOAD_MAX)
		return -E2BIG;
	if (r->in->type >= sizeof(requests) / sizeof(requests[0]) || !requests[r->in->type])
		return -ENOSYS;
	if (r->in->tx_id) {
		r->txn = txn_find(r->c, r->in->tx_id);
		if (!r->txn)
			return -ENOENT;
		r->root = &r->txn->root;
	}
	return requests[r->in->type](r);
}

static const char *error_name(int err)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (xsd_errors[i].errnum == err)
			return xsd_errors[i].errstring;
	return "EINVAL";
}

void store_message(struct conn *c, const struct xsd_sockmsg *m, const char *body)
{
	static char reply[REPLY_MAX];
	struct request r = { .c = c, .in = m, .body = body, .root = &store_live, .reply = reply };
	struct xsd_sockmsg out = { .type = m->type, .tx_id = m->tx_id };
	int rc = request_run(&r);

	if (rc) {
		const char *name = error_name(-rc);

		out.type = XS_ERROR;
		answer(&r, name, strlen(name) + 1);
	}
	out.len = (uint32_t)r.len;
	out.req_id = r.drained ? XENSIM_XS_DRAINED : 0;
	conn_send(c, &out, sizeof(out), reply, r.len, -1);
	if (!rc && m->type == XS_WATCH)
		watch_first(c);
}

void store_release(struct conn *c)
{
	watch_release(c);
	while (!LIST_EMPTY(&c->txns))
		txn_free(LIST_FIRST(&c->txns));
}
