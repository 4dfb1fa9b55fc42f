/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenevtchn.so.1 of the embedded Xen. Contract: xenevtchn.h; errno values: Linux drivers/xen/evtchn.c. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xenevtchn.h>

#include "tests/xensim/client.h"
#include "tests/xensim/hot.h"

/* Another handle's eventfd, shared by all ports of this process that lead to that handle. */
struct waker {
	struct waker *next;
	uint64_t id;
	int fd;
	unsigned int refs;
};

/* How to wake the far end of a port; valid as long as the port's peer is still the same. */
struct link {
	uint64_t peer;
	struct waker *waker;
};

struct xenevtchn_handle {
	struct client client;
	int fd;
	unsigned int next_word; /* where to look first, for fairness */
	struct link link[XENSIM_PORTS];
};

static pthread_mutex_t wakers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct waker *wakers;

static int fail(int err)
{
	errno = err;
	return -1;
}

static struct waker *waker_take(uint64_t id, int fd)
{
	struct waker *w;

	pthread_mutex_lock(&wakers_lock);
	for (w = wakers; w && w->id != id; w = w->next)
		;
	if (w) {
		close(fd);
	} else {
		w = calloc(1, sizeof(*w));
		if (!w)
			abort();
		w->id = id;
		w->fd = fd;
		w->next = wakers;
		wakers = w;
	}
	w->refs++;
	pthread_mutex_unlock(&wakers_lock);
	return w;
}

static void waker_drop(struct waker *w)
{
	struct waker **at = &wakers;

	if (!w)
		return;
	pthread_mutex_lock(&wakers_lock);
	if (--w->refs == 0) {
		while (*at != w)
			at = &(*at)->next;
		*at = w->next;
		close(w->fd);
		free(w);
	}
	pthread_mutex_unlock(&wakers_lock);
}

static void link_drop(struct link *l)
{
	waker_drop(l->waker);
	l->waker = NULL;
	l->peer = 0;
}

static void ring(int fd)
{
	uint64_t one = 1;

	(void)!write(fd, &one, sizeof(one));
}

static xenevtchn_handle *handle_open(enum xensim_kind kind, int fd, int cloexec)
{
	xenevtchn_handle *xce = calloc(1, sizeof(*xce));
	int rc;

	if (!xce)
		return NULL;
	rc = client_open(&xce->client, kind, fd, cloexec);
	if (rc) {
		free(xce);
		errno = -rc;
		return NULL;
	}
	xce->fd = fd;
	return xce;
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	int cloexec = !(flags & XENEVTCHN_NO_CLOEXEC), fd, err;
	xenevtchn_handle *xce;

	if (flags & ~XENEVTCHN_NO_CLOEXEC) {
		errno = EINVAL;
		return NULL;
	}
	fd = eventfd(0, cloexec ? EFD_CLOEXEC : 0);
	if (fd < 0)
		return NULL;
	xce = handle_open(XENSIM_K_EVTCHN, fd, cloexec);
	err = errno;
	if (!xce)
		close(fd);
	if (xce && client_fails(&xce->client, XENSIM_F_EVTCHN_CALL)) {
		xenevtchn_close(xce);
		xce = NULL;
		err = ENOMEM;
	}
	errno = err;
	return xce;
}

xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned int flags)
{
	if (flags) {
		errno = EINVAL;
		return NULL;
	}
	return handle_open(XENSIM_K_EVTCHN_ADOPT, fd, 1);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	if (!xce)
		return 0;
	client_close(&xce->client);
	for (unsigned int p = 0; p < XENSIM_PORTS; p++)
		link_drop(&xce->link[p]);
	close(xce->fd);
	free(xce);
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return xce->fd;
}

static struct xensim_domain *self(xenevtchn_handle *xce)
{
	return &xce->client.host->shared->dom[xce->client.domid];
}

static void count(xenevtchn_handle *xce, struct xensim_domain *d, enum xensim_counter c)
{
	xensim_add(d, xce->client.slot, c, 1);
}

static bool owns(xenevtchn_handle *xce, evtchn_port_t port)
{
	const struct xensim_port *p;

	if (port >= XENSIM_PORTS)
		return false;
	p = &self(xce)->port[port];
	return atomic_load_explicit(&p->state, memory_order_relaxed) != XENSIM_PORT_FREE &&
	       atomic_load_explicit(&p->handle, memory_order_relaxed) == xce->client.slot;
}

/* Learn who must be woken. No descriptor left for the eventfd: xensimd rings it for us each time. */
static void link_refresh(xenevtchn_handle *xce, evtchn_port_t port, struct link *l)
{
	struct xensim_msg m = { .op = XENSIM_PEER_FD, .arg = { port } };
	int fd;

	link_drop(l);
	if (client_call(&xce->client, &m, NULL, 0, NULL, 0, &fd) || fd < 0)
		return;
	l->waker = waker_take((uint64_t)m.arg[3] << 32 | m.arg[2], fd);
	l->peer = (uint64_t)m.arg[1] << 32 | m.arg[0];
}

static void wake_peer(xenevtchn_handle *xce, evtchn_port_t port, uint64_t peer)
{
	struct xensim_msg m = { .op = XENSIM_KICK, .arg = { port } };
	struct link *l = &xce->link[port];

	if (l->peer != peer)
		link_refresh(xce, port, l);
	if (l->waker && l->peer == peer)
		ring(l->waker->fd);
	else
		client_call(&xce->client, &m, NULL, 0, NULL, 0, NULL);
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct xensim_shared *s = xce->client.host->shared;
	struct xensim_domain *d = self(xce), *far;
	uint64_t peer;

	if (!client_alive(&xce->client))
		return fail(ESRCH);
	if (!owns(xce, port))
		return fail(ENOTCONN);
	if (client_fails(&xce->client, XENSIM_F_EVTCHN_CALL))
		return fail(ENOMEM);
	count(xce, d, XENSIM_C_notify_sent);
	count(xce, d, XENSIM_C_hypercalls);
	if (xensim_fault_hit(d, XENSIM_F_EVTCHN_LOST)) {
		count(xce, d, XENSIM_C_notify_lost);
		return 0;
	}
	peer = atomic_load(&d->port[port].peer);
	if (!peer)
		return 0; /* nobody there (yet): Xen drops it without a word */
	far = &s->dom[XENSIM_PEER_DOM(peer)];
	if (atomic_load(&far->port[XENSIM_PEER_PORT(peer)].gen) != XENSIM_PEER_GEN(peer))
		return 0;
	if (!xensim_port_raise(s, XENSIM_PEER_DOM(peer), XENSIM_PEER_PORT(peer)))
		return 0;
	count(xce, far, XENSIM_C_notify_received);
	wake_peer(xce, port, peer);
	return 0;
}

/* A port that is there can always be given back. */
static int call_port(xenevtchn_handle *xce, enum xensim_op op, uint32_t a, uint32_t b)
{
	struct xensim_msg m = { .op = op, .arg = { a, b } };
	int rc;

	if (op != XENSIM_UNBIND && client_fails(&xce->client, XENSIM_F_EVTCHN_CALL))
		return fail(ENOMEM);
	rc = client_call(&xce->client, &m, NULL, 0, NULL, 0, NULL);
	return rc ? fail(-rc) : (int)m.arg[0];
}

xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *xce, uint32_t domid)
{
	return call_port(xce, XENSIM_BIND_UNBOUND, domid, 0);
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce, uint32_t domid, evtchn_port_t remote_port)
{
	return call_port(xce, XENSIM_BIND_INTER, domid, remote_port);
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce, unsigned int virq)
{
	return call_port(xce, XENSIM_BIND_VIRQ, virq, 0);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	int rc = call_port(xce, XENSIM_UNBIND, port, 0);

	if (rc < 0)
		return rc;
	link_drop(&xce->link[port]);
	return 0;
}

int xenevtchn_restrict(xenevtchn_handle *xce, domid_t domid)
{
	return call_port(xce, XENSIM_RESTRICT, domid, 0) < 0 ? -1 : 0;
}

/* Words that have ports in them. Clears selectors of empty words; a port queued meanwhile sets its own again. */
static bool work_left(struct xensim_handle *h)
{
	uint64_t sel = atomic_load(&h->sel);

	for (; sel; sel &= sel - 1) {
		unsigned int w = (unsigned int)__builtin_ctzll(sel);

		if (atomic_load(&h->word[w]))
			return true;
		atomic_fetch_and(&h->sel, ~(1ull << w));
		if (atomic_load(&h->word[w]))
			atomic_fetch_or(&h->sel, 1ull << w);
	}
	return atomic_load(&h->sel) != 0;
}

/* Deliver: masked and no longer pending in one step, or not at all (closed, or already being handled). */
static bool port_deliver(struct xensim_port *p)
{
	uint32_t pending = XENSIM_PORT_PENDING;

	return atomic_compare_exchange_strong(&p->flags, &pending, XENSIM_PORT_MASKED);
}

static int take_from_word(xenevtchn_handle *xce, struct xensim_handle *h, unsigned int w)
{
	uint64_t word = atomic_load(&h->word[w]);

	for (; word; word &= word - 1) {
		unsigned int b = (unsigned int)__builtin_ctzll(word);

		atomic_fetch_and(&h->word[w], ~(1ull << b));
		if (port_deliver(&self(xce)->port[w * 64 + b]))
			return (int)(w * 64 + b);
	}
	return -1;
}

static int take_port(xenevtchn_handle *xce, struct xensim_handle *h)
{
	for (unsigned int i = 0; i < XENSIM_PORTS / 64; i++) {
		unsigned int w = (xce->next_word + i) % (XENSIM_PORTS / 64);
		int port;

		if (!(atomic_load_explicit(&h->sel, memory_order_acquire) >> w & 1))
			continue;
		port = take_from_word(xce, h, w);
		if (port < 0)
			continue;
		xce->next_word = w + 1;
		return port;
	}
	return -1;
}

/* Make the descriptor unreadable, unless somebody queued a port since we looked. */
static void quiet(xenevtchn_handle *xce, struct xensim_handle *h)
{
	struct pollfd p = { .fd = xce->fd, .events = POLLIN };
	uint64_t n;
	struct iovec iov = { .iov_base = &n, .iov_len = sizeof(n) };

	/* The wake-up may be announced but not yet written: never block here. */
	if (preadv2(xce->fd, &iov, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP && poll(&p, 1, 0) == 1)
		(void)!read(xce->fd, &n, sizeof(n));
	if (work_left(h))
		ring(xce->fd);
}

xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	struct xensim_handle *h = &xce->client.host->shared->handle[xce->client.slot];
	struct pollfd p = { .fd = xce->fd, .events = POLLIN };

	if (client_fails(&xce->client, XENSIM_F_EVTCHN_CALL))
		return fail(ENOMEM);
	for (;;) {
		int port = take_port(xce, h);

		if (!work_left(h))
			quiet(xce, h);
		if (port >= 0)
			return port;
		if (work_left(h))
			continue;
		if (!client_alive(&xce->client))
			return fail(EIO);
		if (fcntl(xce->fd, F_GETFL) & O_NONBLOCK)
			return fail(EAGAIN);
		if (poll(&p, 1, -1) < 0)
			return -1;
	}
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct client *c = &xce->client;

	if (client_fails(c, XENSIM_F_EVTCHN_CALL))
		return fail(ENOMEM); /* evtchn_write() needs a page for what it is told */
	if (!owns(xce, port))
		return 0; /* the kernel takes no notice either */
	count(xce, self(xce), XENSIM_C_unmasks);
	count(xce, self(xce), XENSIM_C_hypercalls);
	if (xensim_port_unmask(c->host->shared, c->domid, port))
		ring(xce->fd);
	return 0;
}
