/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections: receive, send without ever blocking, and take apart. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/xensim/server.h"

struct conn_list conns = TAILQ_HEAD_INITIALIZER(conns);
static int poller;

static void conn_poll(struct conn *c, int op)
{
	struct epoll_event e = {
		.events = EPOLLIN | (TAILQ_EMPTY(&c->out) ? 0 : EPOLLOUT),
		.data.ptr = c,
	};

	if (epoll_ctl(poller, op, c->fd, &e))
		perror("xensimd: epoll_ctl");
}

void conn_new(int epoll_fd, int fd)
{
	struct conn *c = mem_alloc(sizeof(*c));

	poller = epoll_fd;
	c->fd = fd;
	c->notify_fd = -1;
	LIST_INIT(&c->shares);
	LIST_INIT(&c->maps);
	LIST_INIT(&c->watches);
	LIST_INIT(&c->txns);
	TAILQ_INIT(&c->events);
	TAILQ_INIT(&c->out);
	TAILQ_INSERT_TAIL(&conns, c, entry);
	conn_poll(c, EPOLL_CTL_ADD);
}

static ssize_t packet_send(int sock, struct iovec *iov, size_t n, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };

	if (fd >= 0) {
		struct cmsghdr *h;

		msg.msg_control = u.buf;
		msg.msg_controllen = sizeof(u.buf);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void packet_queue(struct conn *c, const struct iovec *iov, int fd)
{
	struct packet *p = mem_alloc(sizeof(*p) + iov[0].iov_len + iov[1].iov_len);

	p->fd = fd < 0 ? -1 : dup(fd);
	p->len = iov[0].iov_len + iov[1].iov_len;
	memcpy(p->data, iov[0].iov_base, iov[0].iov_len);
	if (iov[1].iov_len)
		memcpy(p->data + iov[0].iov_len, iov[1].iov_base, iov[1].iov_len);
	TAILQ_INSERT_TAIL(&c->out, p, entry);
	conn_poll(c, EPOLL_CTL_MOD);
}

void conn_send(struct conn *c, const void *head, size_t hlen, const void *body, size_t blen, int fd)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)(uintptr_t)head, .iov_len = hlen },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = blen },
	};

	if (c->dead)
		return;
	if (!TAILQ_EMPTY(&c->out) || (packet_send(c->fd, iov, 2, fd) < 0 && errno == EAGAIN))
		packet_queue(c, iov, fd);
}

static void packet_free(struct conn *c, struct packet *p)
{
	TAILQ_REMOVE(&c->out, p, entry);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

static void conn_flush(struct conn *c)
{
	struct packet *p;

	while ((p = TAILQ_FIRST(&c->out))) {
		struct iovec iov = { .iov_base = p->data, .iov_len = p->len };

		if (packet_send(c->fd, &iov, 1, p->fd) < 0 && errno == EAGAIN)
			return;
		packet_free(c, p);
	}
	conn_poll(c, EPOLL_CTL_MOD);
}

/* One record; *fd is the descriptor that came with it, or -1. */
static ssize_t conn_receive(struct conn *c, void *buf, size_t size, int *fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf, .msg_controllen = sizeof(u.buf),
	};
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *h;

	*fd = -1;
	if (n < 0)
		return n;
	h = CMSG_FIRSTHDR(&msg);
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(h), sizeof(int));
	return n;
}

/* Give back all that the connection owns, as the kernel does when the device's file is closed. */
void conn_release(struct conn *c)
{
	store_release(c);
	grant_release(c);
	evtchn_release(c);
	if (c->notify_fd >= 0)
		close(c->notify_fd);
	c->notify_fd = -1;
}

/* The memory goes at the end of the round, in conn_reap: epoll may have more events for it in hand. */
static void conn_end(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	conn_release(c);
	while (!TAILQ_EMPTY(&c->out))
		packet_free(c, TAILQ_FIRST(&c->out));
	close(c->fd);
}

static void conn_dispatch(struct conn *c, const void *buf, size_t len, int fd)
{
	const struct xsd_sockmsg *xs = buf;

	if (!c->hello || c->kind != XENSIM_K_STORE) {
		if (len < sizeof(struct xensim_msg))
			conn_end(c);
		else
			rpc_message(c, buf, len, fd);
		return;
	}
	if (len < sizeof(*xs) || xs->len != len - sizeof(*xs))
		conn_end(c);
	else
		store_message(c, xs, (const char *)(xs + 1));
}

void conn_ready(struct conn *c, uint32_t events)
{
	static _Alignas(8) char buf[XENSIM_MSG_MAX + 1];
	int fd = -1;
	ssize_t n;

	if (c->dead)
		return;
	if (events & EPOLLOUT)
		conn_flush(c);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = conn_receive(c, buf, sizeof(buf) - 1, &fd);
	if (n > 0) {
		buf[n] = '\0';
		conn_dispatch(c, buf, (size_t)n, fd);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		conn_end(c);
	}
	if (fd >= 0)
		close(fd);
}

void conn_reap(void)
{
	struct conn *c = TAILQ_FIRST(&conns);

	while (c) {
		struct conn *next = TAILQ_NEXT(c, entry);

		if (c->dead) {
			TAILQ_REMOVE(&conns, c, entry);
			free(c);
		}
		c = next;
	}
}

void conn_kill_domain(unsigned int domid)
{
	struct conn *c;

	TAILQ_FOREACH(c, &conns, entry)
		if (c->hello && c->domid == domid)
			conn_end(c);
}
