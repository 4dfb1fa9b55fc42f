/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/front.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "lib/xen/event.h"

#define CONTROL_TIMEOUT_MS 2000
#define HASH_ENTRIES 128u
#define HASH_KEY 40u

int front_control_open(struct front_control *c, xengntshr_handle *xgs, uint32_t domid)
{
	xenevtchn_port_or_error_t port;
	int rc;

	memset(c, 0, sizeof(*c));
	rc = front_grant_share(xgs, domid, &c->ring, 1, true);
	if (rc)
		goto fail;
	rc = front_grant_share(xgs, domid, &c->list, 1, true);
	if (rc)
		goto fail;
	rc = -EIO;
	c->xce = event_open(NULL);
	if (!c->xce)
		goto fail;
	port = xenevtchn_bind_unbound_port(c->xce, domid);
	if (port < 0)
		goto fail;
	c->port = (evtchn_port_t)port;
	netif_front_init(&c->front, c->ring.addr, NETIF_CTRL_RING_SIZE);
	return 0;
fail:
	front_control_close(c, xgs);
	return rc;
}

void front_control_close(struct front_control *c, xengntshr_handle *xgs)
{
	if (c->xce)
		xenevtchn_close(c->xce);
	c->xce = NULL;
	front_grant_unshare(xgs, &c->list);
	front_grant_unshare(xgs, &c->ring);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One event, or -ETIMEDOUT at the deadline. */
static int wait_event(struct front_control *c, int64_t deadline)
{
	struct pollfd pfd = { .fd = xenevtchn_fd(c->xce), .events = POLLIN };
	int64_t left = deadline - now_ms();
	xenevtchn_port_or_error_t port;

	if (left <= 0 || !poll(&pfd, 1, (int)left))
		return -ETIMEDOUT;
	if (!(pfd.revents & POLLIN))
		return 0;
	port = xenevtchn_pending(c->xce);
	if (port >= 0)
		xenevtchn_unmask(c->xce, (evtchn_port_t)port);
	return 0;
}

static int wait_response(struct front_control *c, int64_t deadline)
{
	int n, rc;

	for (;;) {
		n = netif_front_pending(&c->front);
		if (n < 0)
			return -EPROTO;
		if (n > 0 || netif_front_arm(&c->front, 1))
			return 0;
		rc = wait_event(c, deadline);
		if (rc)
			return rc;
	}
}

/*
 * The answer to req.  A daemon that was started anew also answers what its
 * predecessor left: messages that we gave up long ago.
 */
static int take_response(struct front_control *c, const struct netif_ctrl_req *req,
			 struct netif_ctrl_rsp *rsp)
{
	int64_t deadline = now_ms() + CONTROL_TIMEOUT_MS;
	int rc;

	do {
		rc = wait_response(c, deadline);
		if (rc)
			return rc;
		netif_snapshot(rsp, NETIF_SLOT(union netif_ctrl_slot, &c->front, c->front.rsp_cons),
			       sizeof(*rsp) / 4);
		c->front.rsp_cons++;
	} while ((uint16_t)(req->id - rsp->id - 1) < NETIF_CTRL_RING_SIZE);
	return 0;
}

int front_control_call(struct front_control *c, uint16_t type, const uint32_t args[3],
		       uint32_t *data)
{
	struct netif_ctrl_req req = { .id = c->next_id++, .type = type };
	struct netif_ctrl_rsp rsp;
	int rc;

	if (!netif_front_free(&c->front))
		return -ENOBUFS; /* a back end that never answered filled it */
	memcpy(req.data, args, sizeof(req.data));
	netif_put(NETIF_SLOT(union netif_ctrl_slot, &c->front, c->front.req_prod++), &req,
		  sizeof(req) / 4);
	if (netif_front_push(&c->front))
		xenevtchn_notify(c->xce, c->port);
	rc = take_response(c, &req, &rsp);
	if (rc)
		return rc;
	if (rsp.id != req.id || rsp.type != type || rsp.status > NETIF_CTRL_STATUS_BUFFER_OVERFLOW)
		return -EPROTO;
	if (data)
		*data = rsp.data;
	return (int)rsp.status;
}

static int set_key(struct front_control *c, const uint8_t *key)
{
	const uint32_t args[3] = { c->list.refs[0], HASH_KEY };

	memcpy(c->list.addr, key, HASH_KEY);
	return front_control_call(c, NETIF_CTRL_TYPE_SET_HASH_KEY, args, NULL);
}

static int set_mapping(struct front_control *c, unsigned int nqueues)
{
	const uint32_t size[3] = { HASH_ENTRIES };
	const uint32_t args[3] = { c->list.refs[0], HASH_ENTRIES, 0 };
	uint32_t *table = (uint32_t *)c->list.addr, i;
	int rc = front_control_call(c, NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, size, NULL);

	if (rc)
		return rc;
	for (i = 0; i < HASH_ENTRIES; i++)
		table[i] = i % nqueues;
	return front_control_call(c, NETIF_CTRL_TYPE_SET_HASH_MAPPING, args, NULL);
}

int front_control_hash(struct front_control *c, const uint8_t key[40], unsigned int nqueues)
{
	const uint32_t algorithm[3] = { NETIF_HASH_ALGORITHM_TOEPLITZ }, none[3] = { 0 };
	uint32_t types[3] = { 0 };
	int rc;

	rc = front_control_call(c, NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, algorithm, NULL);
	if (rc)
		return rc;
	/* Not every back end has all types: take what it says. */
	rc = front_control_call(c, NETIF_CTRL_TYPE_GET_HASH_FLAGS, none, &types[0]);
	if (!rc)
		rc = front_control_call(c, NETIF_CTRL_TYPE_SET_HASH_FLAGS, types, NULL);
	if (!rc)
		rc = set_key(c, key);
	if (!rc)
		rc = set_mapping(c, nqueues);
	return rc;
}
