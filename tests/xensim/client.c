/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/xensim/client.h"
#include "tests/xensim/hot.h"

static pthread_mutex_t hosts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct host *hosts;

static int dial(int cloexec)
{
	const char *path = getenv(XENSIM_ENV_SOCKET);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, err;

	if (!path || strlen(path) >= sizeof(a.sun_path))
		return -ENOENT;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | (cloexec ? SOCK_CLOEXEC : 0), 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

static ssize_t send_record(int sock, struct iovec *iov, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

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
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t recv_record(int sock, struct iovec *iov, int *fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u;
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = u.buf, .msg_controllen = sizeof(u.buf),
	};
	struct cmsghdr *h;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	h = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(h), sizeof(int));
	if (n >= 0 && msg.msg_flags & MSG_CTRUNC) { /* no descriptor was free for it */
		errno = EMFILE;
		return -1;
	}
	return n;
}

static int exchange(int sock, struct xensim_msg *m, const void *body, size_t len, int pass, void *reply, size_t size,
		    int *fd)
{
	struct iovec out[2] = {
		{ .iov_base = m, .iov_len = sizeof(*m) },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = len },
	};
	struct iovec in[2] = {
		{ .iov_base = m, .iov_len = sizeof(*m) },
		{ .iov_base = reply, .iov_len = size },
	};

	*fd = -1;
	errno = 0;
	if (send_record(sock, out, pass) < 0 || recv_record(sock, in, fd) < (ssize_t)sizeof(*m))
		return errno == EMFILE ? -EMFILE : -EIO;
	return m->rc;
}

int client_call(struct client *c, struct xensim_msg *m, const void *body, size_t len, void *reply, size_t size,
		int *fd)
{
	int rc, got;

	pthread_mutex_lock(&c->lock);
	rc = exchange(c->fd, m, body, len, -1, reply, size, &got);
	pthread_mutex_unlock(&c->lock);
	if (fd)
		*fd = got;
	else if (got >= 0)
		close(got);
	return rc;
}

static struct host *host_map(int fd, ino_t ino)
{
	struct host *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->ino = ino;
	h->shared = mmap(NULL, sizeof(*h->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (h->shared == MAP_FAILED) {
		free(h);
		return NULL;
	}
	h->next = hosts;
	hosts = h;
	return h;
}

/* The inode tells whether another handle of this process has mapped the same host already. */
static struct host *host_get(int fd)
{
	struct host *h = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	pthread_mutex_lock(&hosts_lock);
	for (h = hosts; h && h->ino != st.st_ino; h = h->next)
		;
	if (!h)
		h = host_map(fd, st.st_ino);
	pthread_mutex_unlock(&hosts_lock);
	return h;
}

int client_is_failing(void)
{
	const char *name = getenv(XENSIM_ENV_FAILING);

	return name && !strcmp(name, program_invocation_short_name);
}

static int hello(struct client *c, enum xensim_kind kind, int pass)
{
	struct xensim_msg m = { .op = XENSIM_HELLO, .arg = { kind, c->domid, (uint32_t)c->pid, XENSIM_MAGIC } };
	int fd, rc = exchange(c->fd, &m, NULL, 0, pass, NULL, 0, &fd);

	c->incarnation = m.arg[0];
	c->slot = m.arg[1];
	if (!rc && client_is_failing())
		c->failing = host_get(fd);
	if (!rc && kind != XENSIM_K_STORE) {
		c->host = host_get(fd);
		rc = c->host ? 0 : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	return rc;
}

int client_open(struct client *c, enum xensim_kind kind, int fd, int cloexec)
{
	const char *domid = getenv(XENSIM_ENV_DOMID);
	int rc;

	memset(c, 0, sizeof(*c));
	c->domid = domid ? (unsigned int)strtoul(domid, NULL, 10) : 0;
	c->pid = getpid();
	c->fd = dial(cloexec);
	if (c->fd < 0)
		return c->fd;
	pthread_mutex_init(&c->lock, NULL);
	rc = hello(c, kind, fd);
	if (!rc)
		return 0;
	close(c->fd);
	pthread_mutex_destroy(&c->lock);
	return rc;
}

/* BYE makes the end synchronous: what the handle owned is free when close returns. */
void client_close(struct client *c)
{
	struct xensim_msg m = { .op = XENSIM_BYE };

	if (c->pid == getpid() && c->host)
		client_call(c, &m, NULL, 0, NULL, 0, NULL);
	close(c->fd);
	pthread_mutex_destroy(&c->lock);
}

int client_fails(const struct client *c, enum xensim_fault_kind kind)
{
	return c->failing && xensim_fault_hit(&c->failing->shared->dom[c->domid], kind);
}

int client_alive(const struct client *c)
{
	return atomic_load_explicit(&c->host->shared->dom[c->domid].incarnation, memory_order_relaxed) ==
	       c->incarnation;
}

static struct view *view_open(struct client *c, unsigned int domid, struct view *before)
{
	struct xensim_msg m = { .op = XENSIM_MEM, .arg = { domid } };
	struct view *v = malloc(sizeof(*v));
	int fd = -1;

	if (!v || client_call(c, &m, NULL, 0, NULL, 0, &fd) || fd < 0)
		goto fail;
	v->before = before;
	v->incarnation = m.arg[0];
	v->fd = fd;
	v->base = mmap(NULL, (size_t)XENSIM_FRAMES * XENSIM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		       fd, 0);
	if (v->base != MAP_FAILED) {
		if (before)
			close(before->fd);
		return v;
	}
fail:
	if (fd >= 0)
		close(fd);
	free(v);
	return NULL;
}

static int view_current(const struct host *h, unsigned int domid, const struct view *v)
{
	return v && v->incarnation == atomic_load_explicit(&h->shared->dom[domid].incarnation, memory_order_acquire);
}

struct view *client_view(struct client *c, unsigned int domid)
{
	struct host *h = c->host;
	struct view *v;

	if (domid >= XENSIM_DOMS)
		return NULL;
	v = atomic_load_explicit(&h->view[domid], memory_order_acquire);
	if (view_current(h, domid, v))
		return v;
	pthread_mutex_lock(&hosts_lock);
	v = atomic_load(&h->view[domid]);
	if (!view_current(h, domid, v)) {
		v = view_open(c, domid, v);
		if (v)
			atomic_store(&h->view[domid], v);
	}
	pthread_mutex_unlock(&hosts_lock);
	return v;
}
