/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/xensim/txn.h"

static struct watch *watch_find(struct conn *c, const char *path, const char *token)
{
	struct watch *w;

	LIST_FOREACH(w, &c->watches, entry)
		if (!strcmp(w->path, path) && !strcmp(w->token, token))
			return w;
	return NULL;
}

static char *dup_string(const char *s)
{
	char *p = mem_alloc(strlen(s) + 1);

	return strcpy(p, s);
}

/* The client polls a socket: it holds one byte exactly while events are queued here. */
static void event_queue(struct conn *c, const struct watch *w, const char *path)
{
	size_t plen, tlen = strlen(w->token) + 1;
	struct event *e;

	path += w->trim < strlen(path) ? w->trim : 0;
	plen = strlen(path) + 1;
	e = mem_alloc(sizeof(*e) + plen + tlen);
	e->watch = w;
	e->len = (unsigned int)(plen + tlen);
	memcpy(e->text, path, plen);
	memcpy(e->text + plen, w->token, tlen);
	if (TAILQ_EMPTY(&c->events) && c->notify_fd >= 0)
		(void)!send(c->notify_fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	TAILQ_INSERT_TAIL(&c->events, e, entry);
}

int watch_add(struct conn *c, const char *path, unsigned int trim, const char *token)
{
	struct watch *w;

	if (watch_find(c, path, token))
		return -EEXIST;
	w = mem_alloc(sizeof(*w));
	w->path = dup_string(path);
	w->token = dup_string(token);
	w->trim = trim;
	LIST_INSERT_HEAD(&c->watches, w, entry);
	return 0;
}

/* Every watch fires once when it is set. It is called after the reply, and for the newest watch. */
void watch_first(struct conn *c)
{
	struct watch *w = LIST_FIRST(&c->watches);

	if (w)
		event_queue(c, w, w->path);
}

static void watch_free(struct conn *c, struct watch *w)
{
	struct event *e = TAILQ_FIRST(&c->events);

	while (e) {
		struct event *next = TAILQ_NEXT(e, entry);

		if (e->watch == w) {
			TAILQ_REMOVE(&c->events, e, entry);
			free(e);
		}
		e = next;
	}
	LIST_REMOVE(w, entry);
	free(w->path);
	free(w->token);
	free(w);
}

int watch_remove(struct conn *c, const char *path, const char *token)
{
	struct watch *w = watch_find(c, path, token);

	if (!w)
		return -ENOENT;
	watch_free(c, w);
	return 0;
}

void watch_release(struct conn *c)
{
	while (!LIST_EMPTY(&c->watches))
		watch_free(c, LIST_FIRST(&c->watches));
}

unsigned int watch_total(const struct conn *c)
{
	unsigned int n = 0;
	const struct watch *w;
	const struct conn *o;

	TAILQ_FOREACH(o, &conns, entry)
		if (o->domid == c->domid)
			LIST_FOREACH(w, &o->watches, entry)
				n++;
	return n;
}

/* The part of path below dir: "" if they are the same, NULL if it is not below. */
static const char *path_below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	if (n == 1 && *path == '/')
		return path + 1;
	if (strncmp(dir, path, n))
		return NULL;
	return path[n] == '/' || path[n] == '\0' ? path + n : NULL;
}

/* A guest learns of a change only if it may read the node, as it is or as it was. */
static bool watch_permitted(const struct conn *c, const char *path, struct node *old, struct node *now)
{
	const struct node *n = now ? node_find(now, path) : NULL;

	if (*path == '@' || c->domid == 0)
		return true;
	if (!n && old)
		n = node_find(old, path);
	return n && perm_allows(c, n, XS_PERM_READ);
}

/* A watch above the change reports the change; one below a removed node reports its own path, if that existed. */
static const char *watch_matches(const struct watch *w, const char *path, struct node *cut)
{
	const char *below;

	if (path_below(w->path, path) && (*path != '@' || !strcmp(w->path, path)))
		return path;
	below = cut ? path_below(path, w->path) : NULL;
	return below && node_find(cut, below) ? w->path : NULL;
}

void watch_fire(const char *path, struct node *cut, struct node *old, struct node *now)
{
	struct conn *c;
	struct watch *w;

	TAILQ_FOREACH(c, &conns, entry) {
		if (c->dead)
			continue;
		LIST_FOREACH(w, &c->watches, entry) {
			const char *report = watch_matches(w, path, cut);

			if (report && watch_permitted(c, report, old, now))
				event_queue(c, w, report);
		}
	}
}

struct event *watch_next(struct conn *c, bool *drained)
{
	struct event *e = TAILQ_FIRST(&c->events);

	if (e)
		TAILQ_REMOVE(&c->events, e, entry);
	*drained = e && TAILQ_EMPTY(&c->events);
	return e;
}
