/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the drop-in libraries share: a connection to xensimd, and the views of its memory that a
 * process keeps. Functions return 0 or a negative errno.
 */
#ifndef XENSIM_CLIENT_H
#define XENSIM_CLIENT_H

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/xensim/abi.h"

/* One domain's memory, mapped whole. Never unmapped or freed: another thread may be copying. */
struct view {
	struct view *before; /* of the domain that had the number before */
	uint32_t incarnation;
	int fd;
	char *base;
};

/* An embedded host, as this process sees it; one for all handles. */
struct host {
	struct host *next;
	ino_t ino;
	struct xensim_shared *shared;
	_Atomic(struct view *) view[XENSIM_DOMS];
};

struct client {
	int fd;
	unsigned int domid;
	uint32_t incarnation, slot;
	pid_t pid; /* who opened it: a forked child may only close */
	pthread_mutex_t lock;
	struct host *host; /* NULL for xenstore */
	struct host *failing; /* NULL: this process is not one whose calls can be made to fail */
};

/* cloexec: 0 leaves the connection open across exec (XENEVTCHN_NO_CLOEXEC). fd: passed along, or -1. */
int client_open(struct client *c, enum xensim_kind kind, int fd, int cloexec);
void client_close(struct client *c);

/*
 * One request, one reply. *m holds op and arg; on return rc and the reply's arg. reply may be NULL.
 * *fd: the descriptor that came with the reply, or -1; fd NULL = none wanted.
 */
int client_call(struct client *c, struct xensim_msg *m, const void *body, size_t len, void *reply, size_t size,
		int *fd);
/* Has the caller's own domain gone meanwhile? */
int client_alive(const struct client *c);

/* Does XENSIM_FAILING name this program? */
int client_is_failing(void);
/* Is this call the one that is to fail? */
int client_fails(const struct client *c, enum xensim_fault_kind kind);

/* The memory of a living domain, or NULL. */
struct view *client_view(struct client *c, unsigned int domid);

#endif
