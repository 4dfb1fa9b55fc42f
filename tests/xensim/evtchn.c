/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event channels: allocation and binding of ports. Sending is in hot.h, done by the libraries themselves. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/xensim/hot.h"
#include "tests/xensim/server.h"

static LIST_HEAD(, handle) handles = LIST_HEAD_INITIALIZER(handles);
static struct handle *slot_owner[XENSIM_HANDLES];
/* The domain that an unbound port waits for; kept here as no library needs it. */
static uint16_t waits_for[XENSIM_DOMS][XENSIM_PORTS];
static uint32_t next_gen;

/* What the kernel calls this eventfd, the same in every process that has it. */
static int eventfd_identity(int fd, uint64_t *id)
{
	char path[64], line[128];
	FILE *f;
	int rc = -EINVAL;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "eventfd-id:", 11))
			continue;
		*id = strtoull(line + 11, NULL, 10);
		rc = 0;
	}
	fclose(f);
	return rc;
}

int evtchn_open(struct conn *c, int fd)
{
	struct handle *h;
	unsigned int slot = 0;

	while (slot < XENSIM_HANDLES && slot_owner[slot])
		slot++;
	if (slot == XENSIM_HANDLES)
		return -ENFILE;
	h = mem_alloc(sizeof(*h));
	if (eventfd_identity(fd, &h->eventfd_id)) {
		free(h);
		return -EINVAL;
	}
	h->refs = 1;
	h->slot = slot;
	h->domid = c->domid;
	h->id = (uint64_t)++next_gen << 32 | slot;
	h->eventfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	h->restrict_to = XENSIM_NONE;
	memset(&shared->handle[slot], 0, sizeof(shared->handle[slot]));
	slot_owner[slot] = h;
	LIST_INSERT_HEAD(&handles, h, entry);
	c->handle = h;
	return (int)slot;
}

int evtchn_adopt(struct conn *c, int fd)
{
	struct handle *h;
	uint64_t id;
	int rc = eventfd_identity(fd, &id);

	if (rc)
		return rc;
	LIST_FOREACH(h, &handles, entry) {
		if (h->eventfd_id != id || h->domid != c->domid)
			continue;
		h->refs++;
		c->handle = h;
		return (int)h->slot;
	}
	return -EINVAL;
}

static void handle_wake(struct handle *h)
{
	uint64_t one = 1;

	if (write(h->eventfd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		perror("xensimd: eventfd");
}

static bool handle_owns(const struct handle *h, uint32_t port)
{
	return h && port < XENSIM_PORTS && (h->owned[port / 64] >> (port % 64) & 1);
}

/* Raise a port on behalf of the hypervisor itself. */
static void port_raise(unsigned int domid, uint32_t port)
{
	struct xensim_port *p = &shared->dom[domid].port[port];

	if (!xensim_port_raise(shared, domid, port))
		return;
	xensim_add(&shared->dom[domid], 0, XENSIM_C_notify_received, 1);
	if (slot_owner[atomic_load(&p->handle)])
		handle_wake(slot_owner[atomic_load(&p->handle)]);
}

/*
 * A notifier that was killed between marking a port pending and queueing it leaves a port that
 * nobody would wake for again. Its connection's end brings us here; queueing twice does no harm.
 */
static void port_requeue(unsigned int domid, uint32_t port)
{
	struct xensim_port *p = &shared->dom[domid].port[port];

	if (atomic_load(&p->flags) != XENSIM_PORT_PENDING)
		return;
	xensim_port_queue(shared, p, port);
	if (slot_owner[atomic_load(&p->handle)])
		handle_wake(slot_owner[atomic_load(&p->handle)]);
}

static int port_alloc(struct conn *c, enum xensim_port_state state)
{
	struct xensim_port *p = shared->dom[c->domid].port;
	const uint32_t end = c->domid ? XENSIM_PORTS_GUEST : XENSIM_PORTS;
	uint32_t n = 1;

	if (!c->handle)
		return -EBADF;
	while (n < end && atomic_load(&p[n].state) != XENSIM_PORT_FREE)
		n++;
	if (n == end)
		return -ENOSPC;
	atomic_store(&p[n].gen, ++next_gen);
	atomic_store(&p[n].flags, 0);
	atomic_store(&p[n].peer, 0);
	atomic_store(&p[n].handle, c->handle->slot);
	atomic_store(&p[n].state, state);
	c->handle->owned[n / 64] |= 1ull << (n % 64);
	return (int)n;
}

static void port_forget_queued(struct xensim_port *p, uint32_t port)
{
	struct xensim_handle *h = &shared->handle[atomic_load(&p->handle)];

	atomic_fetch_and(&h->word[port / 64], ~(1ull << (port % 64)));
}

/* The other end becomes unbound and waits for us again, as evtchn_close() in Xen leaves it. */
static void port_close(unsigned int domid, uint32_t port)
{
	struct xensim_port *p = &shared->dom[domid].port[port];
	uint64_t peer = atomic_exchange(&p->peer, 0);

	atomic_store(&p->gen, ++next_gen);
	if (peer) {
		struct xensim_port *q = &shared->dom[XENSIM_PEER_DOM(peer)].port[XENSIM_PEER_PORT(peer)];

		atomic_store(&q->peer, 0);
		atomic_store(&q->state, XENSIM_PORT_UNBOUND);
		waits_for[XENSIM_PEER_DOM(peer)][XENSIM_PEER_PORT(peer)] = (uint16_t)domid;
		port_requeue(XENSIM_PEER_DOM(peer), XENSIM_PEER_PORT(peer));
	}
	atomic_store(&p->state, XENSIM_PORT_FREE);
	port_forget_queued(p, port);
	atomic_store(&p->flags, 0);
}

static int restricted(const struct conn *c, uint32_t domid)
{
	if (!c->handle)
		return -EBADF;
	return c->handle->restrict_to == XENSIM_NONE || c->handle->restrict_to == domid ? 0 : -EACCES;
}

int evtchn_bind_unbound(struct conn *c, uint32_t remote)
{
	int rc = restricted(c, remote), port;

	if (rc)
		return rc;
	if (remote >= XENSIM_DOMS)
		return -EINVAL;
	port = port_alloc(c, XENSIM_PORT_UNBOUND);
	if (port > 0)
		waits_for[c->domid][port] = (uint16_t)remote;
	return port;
}

int evtchn_bind_interdomain(struct conn *c, uint32_t remote, uint32_t rport)
{
	struct xensim_port *p, *q;
	int rc = restricted(c, remote), port;

	if (rc)
		return rc;
	if (!dom_alive(remote))
		return -ESRCH;
	if (!rport || rport >= XENSIM_PORTS)
		return -EINVAL;
	q = &shared->dom[remote].port[rport];
	if (atomic_load(&q->state) != XENSIM_PORT_UNBOUND || waits_for[remote][rport] != c->domid)
		return -EINVAL;
	port = port_alloc(c, XENSIM_PORT_INTERDOMAIN);
	if (port < 0)
		return port;
	p = &shared->dom[c->domid].port[port];
	atomic_store(&p->peer, XENSIM_PEER(atomic_load(&q->gen), remote, rport));
	atomic_store(&q->peer, XENSIM_PEER(atomic_load(&p->gen), c->domid, port));
	atomic_store(&q->state, XENSIM_PORT_INTERDOMAIN);
	/* Xen marks the new local port pending: the peer may have notified before there was anyone to hear it. */
	port_raise(c->domid, (uint32_t)port);
	return port;
}

int evtchn_bind_virq(struct conn *c, uint32_t virq)
{
	if (c->handle && c->handle->restrict_to != XENSIM_NONE)
		return -EACCES;
	return virq < 24 ? port_alloc(c, XENSIM_PORT_VIRQ) : -EINVAL;
}

int evtchn_unbind(struct conn *c, uint32_t port)
{
	if (!handle_owns(c->handle, port))
		return -ENOTCONN;
	c->handle->owned[port / 64] &= ~(1ull << (port % 64));
	port_close(c->domid, port);
	return 0;
}

int evtchn_restrict(struct conn *c, uint32_t domid)
{
	if (!c->handle)
		return -EBADF;
	if (c->handle->restrict_to != XENSIM_NONE)
		return -EACCES;
	if (domid == 0 || domid >= XENSIM_DOMS)
		return -EINVAL;
	c->handle->restrict_to = domid;
	return 0;
}

int evtchn_peer(struct conn *c, uint32_t port, uint64_t *peer, uint64_t *id, int *fd)
{
	struct handle *h;

	if (!handle_owns(c->handle, port))
		return -ENOTCONN;
	*peer = atomic_load(&shared->dom[c->domid].port[port].peer);
	if (!*peer)
		return 0;
	h = slot_owner[atomic_load(&shared->dom[XENSIM_PEER_DOM(*peer)].port[XENSIM_PEER_PORT(*peer)].handle)];
	if (!h)
		return -ENOENT;
	*id = h->id;
	*fd = h->eventfd;
	return 0;
}

int evtchn_kick(struct conn *c, uint32_t port)
{
	uint64_t peer, id;
	int fd = -1, rc = evtchn_peer(c, port, &peer, &id, &fd);

	if (rc)
		return rc;
	if (fd >= 0)
		handle_wake(slot_owner[id % XENSIM_HANDLES]);
	return 0;
}

void evtchn_send(unsigned int domid, uint32_t port)
{
	uint64_t peer;

	if (port >= XENSIM_PORTS)
		return;
	peer = atomic_load(&shared->dom[domid].port[port].peer);
	if (peer)
		port_raise(XENSIM_PEER_DOM(peer), XENSIM_PEER_PORT(peer));
}

void evtchn_release(struct conn *c)
{
	struct handle *h = c->handle;

	c->handle = NULL;
	if (!h || --h->refs)
		return;
	for (uint32_t port = 1; port < XENSIM_PORTS; port++)
		if (handle_owns(h, port))
			port_close(h->domid, port);
	LIST_REMOVE(h, entry);
	slot_owner[h->slot] = NULL;
	close(h->eventfd);
	free(h);
}

void evtchn_domain_gone(uint32_t domid)
{
	for (uint32_t port = 1; port < XENSIM_PORTS; port++)
		if (atomic_load(&shared->dom[domid].port[port].state) != XENSIM_PORT_FREE)
			port_close(domid, port);
}

static void storm_round(unsigned int domid)
{
	for (uint32_t port = 1; port < XENSIM_PORTS; port++)
		if (atomic_load(&shared->dom[domid].port[port].state) == XENSIM_PORT_INTERDOMAIN)
			evtchn_send(domid, port);
}

/* One round for every domain told to storm; true if there is more to come. */
bool evtchn_storm(void)
{
	bool more = false;

	for (unsigned int id = 0; id < XENSIM_DOMS; id++) {
		if (!domain[id].exists || !domain[id].storm_left)
			continue;
		storm_round(id);
		more |= --domain[id].storm_left > 0;
	}
	return more;
}
