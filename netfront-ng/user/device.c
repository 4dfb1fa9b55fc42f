/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/front.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define WAIT_FOREVER (-1)
#define CLOSE_TIMEOUT_MS 3000 /* a dead daemon does not answer: go without it */
#define NOT_CANCELLED (-1)
#define TOKEN "backend-state"
#define HALVES_NODE "request-rx-half-pages"
#define HEADROOM_NODE "xdp-headroom"

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int read_mac(struct front *f)
{
	uint8_t *m = f->mac;
	char *text;
	int n, end = 0, rc = store_read(f->xs, XBT_NULL, f->dir, "mac", &text);

	if (rc)
		return rc;
	n = sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &m[0], &m[1], &m[2], &m[3],
		   &m[4], &m[5], &end);
	rc = n == 6 && !text[end] ? 0 : -EINVAL;
	free(text);
	return rc;
}

static int read_device(struct front *f)
{
	int rc = store_read(f->xs, XBT_NULL, f->dir, "backend", &f->backend);

	if (rc)
		return rc;
	rc = store_read_u32(f->xs, XBT_NULL, f->dir, "backend-id", 0x7fef, &f->backend_id);
	if (rc)
		return rc;
	/* The hotplug script writes mtu where the bridge has another than 1500. */
	if (store_read_u32(f->xs, XBT_NULL, f->dir, "mtu", 65535, &f->mtu) || f->mtu < 68)
		f->mtu = 1500;
	return read_mac(f);
}

static int watch_backend(struct front *f)
{
	char path[STORE_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/state", f->backend);

	if (n < 0 || n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return xs_watch(f->xs, path, TOKEN) ? 0 : -errno;
}

int front_open(struct front *f, const struct front_config *config, int cancel_fd)
{
	unsigned int i;
	int rc = -EIO;

	f->config = *config;
	f->cancel_fd = cancel_fd;
	snprintf(f->dir, sizeof(f->dir), "device/vif/%u", config->devid);
	for (i = 0; i < FRONT_QUEUES_MAX; i++)
		f->queues[i].index = i;
	f->xs = xs_open(0);
	f->xgs = f->xs ? xengntshr_open(NULL, 0) : NULL;
	if (!f->xgs)
		goto fail;
	rc = read_device(f);
	if (!rc)
		rc = watch_backend(f);
	if (!rc)
		return 0;
fail:
	front_close(f);
	return rc;
}

static void close_queues(struct front *f)
{
	front_control_close(&f->control, f->xgs);
	while (f->nqueues)
		front_queue_close(&f->queues[--f->nqueues], f->xgs);
}

void front_close(struct front *f)
{
	if (f->xgs) {
		close_queues(f);
		xengntshr_close(f->xgs);
	}
	if (f->xs)
		xs_close(f->xs);
	free(f->backend);
	f->xgs = NULL;
	f->xs = NULL;
	f->backend = NULL;
}

enum store_state front_backend_state(struct front *f)
{
	return store_read_state(f->xs, XBT_NULL, f->backend);
}

bool front_removed(struct front *f)
{
	bool online = false;

	/* libxl clears it before it asks for the close; no directory reads as false too. */
	store_read_flag(f->xs, XBT_NULL, f->backend, "online", &online);
	return !online;
}

int front_watch_fd(struct front *f)
{
	return xs_fileno(f->xs);
}

void front_watch(struct front *f)
{
	char **event;

	while ((event = xs_check_watch(f->xs)))
		free(event);
}

#define STATE_BIT(s) (1u << (s))

/* Until the back end is in one of the states of the mask.  Returns the state, or an error. */
static int wait_state(struct front *f, unsigned int mask, int timeout_ms, int cancel_fd)
{
	struct pollfd pfds[2] = { { .fd = xs_fileno(f->xs), .events = POLLIN },
				  { .fd = cancel_fd, .events = POLLIN } };
	int64_t deadline = now_ms() + timeout_ms, left = -1;
	enum store_state state;

	for (;;) {
		state = front_backend_state(f);
		if (STATE_BIT(state) & mask)
			return (int)state;
		if (timeout_ms != WAIT_FOREVER)
			left = deadline - now_ms();
		if (timeout_ms != WAIT_FOREVER && left <= 0)
			return -ETIMEDOUT;
		if (poll(pfds, 2, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (pfds[1].revents)
			return -ECANCELED;
		if (pfds[0].revents)
			front_watch(f);
	}
}

static int set_state(struct front *f, enum store_state state)
{
	return store_printf(f->xs, XBT_NULL, f->dir, "state", "%d", state);
}

static bool backend_flag(struct front *f, const char *node)
{
	bool on = false;

	store_read_flag(f->xs, XBT_NULL, f->backend, node, &on);
	return on;
}

/* Absent or malformed feature nodes are features that the back end lacks. */
static void read_features(struct front *f)
{
	const struct front_config *c = &f->config;
	uint32_t max = 0;

	f->features = (struct front_features){
		.sg = c->sg && backend_flag(f, "feature-sg"),
		.split = c->split && backend_flag(f, "feature-split-event-channels"),
		.ctrl = c->ng && backend_flag(f, "feature-ctrl-ring"),
		.halves = c->halves && backend_flag(f, "feature-rx-half-pages"),
		.headroom = c->headroom && backend_flag(f, "feature-xdp-headroom"),
		/* A TAP has one switch for both families' checksums. */
		.csum = c->csum && !backend_flag(f, "feature-no-csum-offload") &&
			backend_flag(f, "feature-ipv6-csum-offload"),
	};
	if (f->features.sg && f->features.csum && c->tso) {
		f->features.tso4 = backend_flag(f, "feature-gso-tcpv4");
		f->features.tso6 = backend_flag(f, "feature-gso-tcpv6");
	}
	if (!store_read_u32(f->xs, XBT_NULL, f->backend, "multi-queue-max-queues", UINT32_MAX,
			    &max))
		f->features.max_queues = max;
}

static unsigned int queues_wanted(const struct front *f)
{
	unsigned int n = f->config.queues;

	if (n > f->features.max_queues)
		n = f->features.max_queues;
	if (n > FRONT_QUEUES_MAX)
		n = FRONT_QUEUES_MAX;
	return n ? n : 1;
}

static int open_queues(struct front *f)
{
	unsigned int n = queues_wanted(f);
	int rc = 0;

	while (f->nqueues < n && !rc) {
		f->queues[f->nqueues].halves = f->features.halves;
		f->queues[f->nqueues].rx_most = f->config.rx_most;
		__atomic_store_n(&f->queues[f->nqueues].headroom, f->features.headroom ? f->headroom : 0,
				 __ATOMIC_RELAXED);
		rc = front_queue_open(&f->queues[f->nqueues], f->xgs, f->backend_id,
				      f->features.split);
		if (!rc)
			f->nqueues++;
	}
	if (!rc && f->features.ctrl)
		rc = front_control_open(&f->control, f->xgs, f->backend_id);
	if (rc)
		close_queues(f);
	return rc;
}

/* What an earlier connection left would contradict this one's keys (netif.h: never both kinds). */
static void remove_old(struct front *f, xs_transaction_t t)
{
	static const char *const nodes[] = {
		"tx-ring-ref", "rx-ring-ref", "event-channel", "event-channel-tx",
		"event-channel-rx", "ctrl-ring-ref", "event-channel-ctrl", "multi-queue-num-queues",
		HALVES_NODE, HEADROOM_NODE,
	};
	char node[16];
	unsigned int i;

	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		store_rm(f->xs, t, f->dir, nodes[i]);
	for (i = 0; i < FRONT_QUEUES_MAX; i++) {
		snprintf(node, sizeof(node), "queue-%u", i);
		store_rm(f->xs, t, f->dir, node);
	}
}

static int write_queue(struct front *f, xs_transaction_t t, const char *dir,
		       const struct front_queue *q)
{
	int rc = store_printf(f->xs, t, dir, "tx-ring-ref", "%u", q->rings.refs[0]);

	if (!rc)
		rc = store_printf(f->xs, t, dir, "rx-ring-ref", "%u", q->rings.refs[1]);
	if (!rc && q->tx_port == q->rx_port)
		return store_printf(f->xs, t, dir, "event-channel", "%u", q->tx_port);
	if (!rc)
		rc = store_printf(f->xs, t, dir, "event-channel-tx", "%u", q->tx_port);
	if (!rc)
		rc = store_printf(f->xs, t, dir, "event-channel-rx", "%u", q->rx_port);
	return rc;
}

static int write_queues(struct front *f, xs_transaction_t t)
{
	char dir[64];
	unsigned int i;
	int rc = 0;

	if (f->features.max_queues)
		rc = store_printf(f->xs, t, f->dir, "multi-queue-num-queues", "%u", f->nqueues);
	if (!rc && f->nqueues == 1)
		return write_queue(f, t, f->dir, &f->queues[0]);
	for (i = 0; i < f->nqueues && !rc; i++) {
		snprintf(dir, sizeof(dir), "%s/queue-%u", f->dir, i);
		rc = write_queue(f, t, dir, &f->queues[i]);
	}
	return rc;
}

static int write_control(struct front *f, xs_transaction_t t)
{
	int rc;

	if (!f->control.xce)
		return 0;
	rc = store_printf(f->xs, t, f->dir, "ctrl-ring-ref", "%u", f->control.ring.refs[0]);
	if (rc)
		return rc;
	return store_printf(f->xs, t, f->dir, "event-channel-ctrl", "%u", f->control.port);
}

static int write_keys(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	struct front *f = arg;
	const struct front_config *c = &f->config;
	const struct {
		const char *node;
		bool on;
	} features[] = {
		{ "request-rx-copy", true },
		{ "feature-rx-notify", true },
		{ "feature-sg", c->sg },
		{ "feature-gso-tcpv4", c->sg && c->tso && c->csum },
		{ "feature-gso-tcpv6", c->sg && c->tso && c->csum && !c->ipv4_only },
		{ "feature-ipv6-csum-offload", c->csum && !c->ipv4_only },
		{ "feature-no-csum-offload", !c->csum },
	};
	unsigned int i;
	int rc;

	remove_old(f, t);
	rc = write_queues(f, t);
	if (!rc)
		rc = write_control(f, t);
	for (i = 0; i < sizeof(features) / sizeof(features[0]) && !rc; i++)
		rc = store_printf(xs, t, f->dir, features[i].node, "%d", features[i].on);
	if (!rc && f->features.halves)
		rc = store_write(xs, t, f->dir, HALVES_NODE, "1");
	if (!rc && f->features.headroom)
		rc = store_printf(xs, t, f->dir, HEADROOM_NODE, "%u", f->headroom);
	return rc;
}

/* Control messages are allowed only now that the back end is Connected. */
static void set_up_control(struct front *f)
{
	unsigned int i;

	f->control_status = f->hash_status = NETIF_CTRL_STATUS_NOT_SUPPORTED;
	if (!f->control.xce)
		return;
	if (f->config.hash)
		f->hash_status = front_control_hash(&f->control, f->hash_key, f->nqueues);
	if (!f->config.statics)
		return;
	for (i = 0; i < f->nqueues; i++) {
		f->control_status = front_control_map(&f->control, &f->queues[i]);
		if (f->control_status)
			return; /* the others stay ordinary grants: the back end copies */
	}
}

static int negotiate(struct front *f)
{
	const unsigned int over = STATE_BIT(STATE_UNKNOWN) | STATE_BIT(STATE_CLOSING) |
				  STATE_BIT(STATE_CLOSED);
	unsigned int i;
	int rc;

	read_features(f);
	rc = open_queues(f);
	if (!rc)
		rc = store_transact(f->xs, write_keys, f);
	/* As Linux's netfront: Connected at once, the back end follows. */
	if (!rc)
		rc = set_state(f, STATE_CONNECTED);
	if (rc)
		return rc;
	rc = wait_state(f, STATE_BIT(STATE_CONNECTED) | over, FRONT_TIMEOUT_MS,
			f->cancel_fd);
	if (rc != STATE_CONNECTED)
		return rc < 0 ? rc : -EAGAIN;
	f->connected = true;
	if (getrandom(f->hash_key, sizeof(f->hash_key), 0) != sizeof(f->hash_key))
		return -EIO;
	set_up_control(f);
	for (i = 0; i < f->nqueues; i++)
		front_queue_post(&f->queues[i]);
	return 0;
}

int front_connect(struct front *f)
{
	int rc = set_state(f, STATE_INITIALISING);

	while (!rc) {
		rc = wait_state(f, STATE_BIT(STATE_INITWAIT) | STATE_BIT(STATE_UNKNOWN) |
				   STATE_BIT(STATE_CLOSING), WAIT_FOREVER, f->cancel_fd);
		if (rc < 0)
			return rc;
		if (rc == STATE_INITWAIT)
			break;
		if (front_removed(f))
			return -ENODEV;
		/* A daemon that has just been started takes over: it closes first. */
		rc = wait_state(f, (unsigned int)~STATE_BIT(rc), WAIT_FOREVER, f->cancel_fd);
		rc = rc < 0 ? rc : 0;
	}
	if (rc < 0)
		return rc;
	rc = negotiate(f);
	if (rc)
		front_disconnect(f);
	return rc;
}

bool front_stays(struct front *f, bool *announced)
{
	enum store_state state = front_backend_state(f);

	*announced = state == STATE_CONNECTED || state == STATE_RECONFIGURED;
	/* A directory that the toolstack made anew says Initialising, whatever the back end does. */
	if (store_read_state(f->xs, XBT_NULL, f->dir) != STATE_CONNECTED)
		return false;
	return *announced || state == STATE_INITWAIT;
}

void front_resume(struct front *f)
{
	unsigned int i;

	f->features.ctrl = f->control.xce && backend_flag(f, "feature-ctrl-ring");
	if (!f->features.ctrl) {
		f->control_status = f->hash_status = NETIF_CTRL_STATUS_NOT_SUPPORTED;
		for (i = 0; i < f->nqueues; i++)
			f->queues[i].nstatic = 0;
		return;
	}
	/* Were it the same daemon, it would refuse to map what it has mapped. */
	for (i = 0; i < f->nqueues; i++)
		if (front_control_unmap(&f->control, &f->queues[i]) == -ETIMEDOUT)
			break;
	set_up_control(f);
}

int front_reconfigure(struct front *f, unsigned int headroom)
{
	const unsigned int over = STATE_BIT(STATE_UNKNOWN) | STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_CLOSED);
	unsigned int i;
	int rc;

	if (!f->features.headroom)
		return -EOPNOTSUPP;
	f->headroom = headroom;
	/* Frames may come without it as soon as the back end knows. */
	for (i = 0; i < f->nqueues && !headroom; i++)
		__atomic_store_n(&f->queues[i].headroom, 0, __ATOMIC_RELAXED);
	/* In netfront's order. */
	rc = set_state(f, STATE_RECONFIGURING);
	if (!rc)
		rc = store_printf(f->xs, XBT_NULL, f->dir, HEADROOM_NODE, "%u", headroom);
	if (!rc)
		rc = wait_state(f, STATE_BIT(STATE_RECONFIGURED) | over, WAIT_FOREVER, f->cancel_fd);
	if (rc != STATE_RECONFIGURED)
		return rc < 0 ? rc : -EAGAIN;
	for (i = 0; i < f->nqueues; i++)
		__atomic_store_n(&f->queues[i].headroom, headroom, __ATOMIC_RELAXED);
	return set_state(f, STATE_CONNECTED);
}

int front_disconnect(struct front *f)
{
	const unsigned int closed = STATE_BIT(STATE_UNKNOWN) | STATE_BIT(STATE_INITIALISING) |
				    STATE_BIT(STATE_INITWAIT) | STATE_BIT(STATE_CLOSED);
	unsigned int i;
	bool up;
	int rc;

	for (i = 0; i < f->nqueues && f->features.ctrl && f->connected; i++)
		if (front_stays(f, &up) && up)
			front_control_unmap(&f->control, &f->queues[i]);
	f->connected = false;
	set_state(f, STATE_CLOSING);
	rc = wait_state(f, closed | STATE_BIT(STATE_CLOSING), CLOSE_TIMEOUT_MS, NOT_CANCELLED);
	set_state(f, STATE_CLOSED);
	/* A driver that follows us here may know nothing of it, and leave it. */
	store_rm(f->xs, XBT_NULL, f->dir, HALVES_NODE);
	store_rm(f->xs, XBT_NULL, f->dir, HEADROOM_NODE);
	if (rc >= 0)
		rc = wait_state(f, closed, CLOSE_TIMEOUT_MS, NOT_CANCELLED);
	/* A page that the back end still maps stays granted until it lets go: gntalloc's business. */
	close_queues(f);
	return rc < 0 ? rc : 0;
}
