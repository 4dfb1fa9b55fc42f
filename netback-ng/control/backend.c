/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/backend.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/daemon/shortage.h"
#include "netback-ng/control/adopt.h"
#include "netback-ng/control/bus.h"
#include "netback-ng/vif/dataplane.h"

#define VIF_DIR "backend/vif"
/* Watch events taken in one turn of the loop. */
#define TURN_EVENTS 256
/* A device is looked at so often in a window; further events wait for the next one. */
#define WINDOW_USEC 500000
#define WINDOW_STEPS 40
/* A scan that was not complete is done again after this. */
#define RESCAN_USEC 1000000

static unsigned int bucket(uint16_t domid, uint32_t devid)
{
	return (domid * 31u + devid) % BACKEND_BUCKETS;
}

static struct device *backend_find(const struct backend *b, uint16_t domid, uint32_t devid)
{
	struct device *d = b->table[bucket(domid, devid)];

	while (d && (d->domid != domid || d->devid != devid))
		d = d->next;
	return d;
}

static void backend_mark(struct backend *b, struct device *d)
{
	if (d->dirty)
		return;
	d->dirty = true;
	d->dirty_next = b->dirty;
	b->dirty = d;
}

/* Each device on one list or the other is on it once. */
static void backend_unmark(struct backend *b, struct device *d)
{
	struct device **p = &b->dirty;

	while (*p && *p != d)
		p = &(*p)->dirty_next;
	if (*p)
		*p = d->dirty_next;
	d->dirty = false;
}

static void backend_remove(struct backend *b, struct device *d)
{
	struct device **p = &b->table[bucket(d->domid, d->devid)];

	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	b->count--;
	backend_unmark(b, d);
	log_info("%s: removed", d->name);
	device_free(d);
}

/* A vif that is not seen now would wait for ever: nothing else is to come for it. */
static void scan_failed(struct backend *b, const char *what, int err)
{
	if (!b->incomplete)
		log_limited(&b->log, LOG_ERR, "cannot %s: %s; new vifs wait, and it is tried again until it works",
			    what, strerror(err));
	b->incomplete = true;
}

/* What can be read may suffice; else, where something cannot, nobody knows whose the vif is. */
static int rule_says_ours(struct backend *b, uint16_t domid, uint32_t devid)
{
	char dir[40], domain[32], text[3][STORE_VALUE_MAX + 1];
	const struct adopt_facts facts = { text[0], text[1], text[2] };
	int rc, rc2, rc3;

	snprintf(dir, sizeof(dir), VIF_DIR "/%u/%u", domid, devid);
	snprintf(domain, sizeof(domain), "/local/domain/%u", domid);
	rc = store_read_text(b->xs, XBT_NULL, dir, "script", text[0], sizeof(text[0]));
	rc2 = store_read_text(b->xs, XBT_NULL, dir, "bridge", text[1], sizeof(text[1]));
	rc3 = store_read_text(b->xs, XBT_NULL, domain, "name", text[2], sizeof(text[2]));
	if (adopt_is_ours(b->config, &facts))
		return 1;
	return rc ? rc : rc2 ? rc2 : rc3;
}

int backend_owns(struct backend *b, uint16_t domid, uint32_t devid)
{
	int rc;

	if (backend_find(b, domid, devid))
		return 1;
	/* A vif that the kernel's driver holds is the kernel's, whatever the rule says. */
	rc = bus_kernel_holds(domid, devid) ? 0 : rule_says_ours(b, domid, devid);
	if (rc < 0)
		log_limited(&b->log, LOG_ERR,
			    "vif%u.%u: cannot read in xenstore whether it is ours: %s; it waits, and it is tried again "
			    "until it works", domid, devid, strerror(-rc));
	return rc;
}

/* Is there a new vif that is ours?  Only once the toolstack's transaction with its state is there. */
static bool is_to_serve(struct backend *b, uint16_t domid, uint32_t devid)
{
	enum store_state state;
	char dir[40];
	int rc;

	snprintf(dir, sizeof(dir), VIF_DIR "/%u/%u", domid, devid);
	rc = store_load_state(b->xs, XBT_NULL, dir, &state);
	if (rc)
		scan_failed(b, "read a vif's state in xenstore", -rc);
	if (rc || state == STATE_UNKNOWN)
		return false;
	rc = backend_owns(b, domid, devid);
	b->incomplete |= rc < 0;
	return rc > 0;
}

/* Known or new. */
static void look_at(struct backend *b, uint16_t domid, uint32_t devid)
{
	struct device *d = backend_find(b, domid, devid);

	if (!d) {
		if (!is_to_serve(b, domid, devid))
			return;
		d = device_new(b->xs, b->event, &b->config, domid, devid);
		if (!d) {
			scan_failed(b, "serve a vif", ENOMEM);
			return;
		}
		d->next = b->table[bucket(domid, devid)];
		b->table[bucket(domid, devid)] = d;
		b->count++;
	}
	d->generation = b->generation;
	backend_mark(b, d);
}

static bool parse_id(const char *text, uint32_t max, uint32_t *id)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	*id = (uint32_t)n;
	return !*end && !errno && n <= max;
}

static void scan_domain(struct backend *b, uint16_t domid)
{
	char dir[32];
	unsigned int n = 0;
	uint32_t devid;
	char **list;

	snprintf(dir, sizeof(dir), VIF_DIR "/%u", domid);
	list = xs_directory(b->xs, XBT_NULL, dir, &n);
	if (!list && errno != ENOENT)
		scan_failed(b, "list a domain's vifs in xenstore", errno);
	for (unsigned int i = 0; list && i < n; i++)
		if (parse_id(list[i], UINT32_MAX, &devid))
			look_at(b, domid, devid);
	free(list);
}

static void mark_stale(struct backend *b)
{
	for (unsigned int i = 0; i < BACKEND_BUCKETS; i++)
		for (struct device *d = b->table[i]; d; d = d->next)
			if (d->generation != b->generation)
				backend_mark(b, d);
}

/* Everything, by generation: a device that the scan did not meet is stepped too and finds itself gone. */
static void scan_all(struct backend *b)
{
	unsigned int n = 0;
	uint32_t domid;
	char **list = xs_directory(b->xs, XBT_NULL, VIF_DIR, &n);

	if (!list && errno != ENOENT)
		scan_failed(b, "list the vifs in xenstore", errno);
	b->generation++;
	for (unsigned int i = 0; list && i < n; i++)
		if (parse_id(list[i], UINT16_MAX, &domid))
			scan_domain(b, (uint16_t)domid);
	free(list);
	mark_stale(b);
}

static void mark_domain(struct backend *b, uint16_t domid)
{
	for (unsigned int i = 0; i < BACKEND_BUCKETS; i++)
		for (struct device *d = b->table[i]; d; d = d->next)
			if (d->domid == domid)
				backend_mark(b, d);
}

/* Our own features and statistics come back as events; only these nodes steer anything. */
static bool leaf_matters(const char *leaf)
{
	static const char *const leaves[] = { "", "state", "online", "hotplug-status", "rate", "script",
					      "frontend" };

	for (unsigned int i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (!strcmp(leaf, leaves[i]))
			return true;
	return false;
}

/* PATH below VIF_DIR: "", "/D", "/D/N" or "/D/N/leaf". */
static void route_path(struct backend *b, const char *path)
{
	unsigned int domid, devid;
	int n = 0;

	if (!*path) {
		scan_all(b);
	} else if (sscanf(path, "/%5u/%10u%n", &domid, &devid, &n) == 2 && domid <= UINT16_MAX) {
		if ((!path[n] || path[n] == '/') && leaf_matters(path[n] ? path + n + 1 : ""))
			look_at(b, (uint16_t)domid, devid);
	} else if (sscanf(path, "/%5u%n", &domid, &n) == 1 && !path[n] && domid <= UINT16_MAX) {
		scan_domain(b, (uint16_t)domid);
		mark_domain(b, (uint16_t)domid);
	}
}

/* A front end's keys are read all at once when its state says so; these may change at any time. */
static bool front_leaf_matters(const struct device *d, const char *path)
{
	static const char *const leaves[] = { "", "/state", "/xdp-headroom", "/request-multicast-control" };
	const size_t len = strlen(d->front);

	for (unsigned int i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		if (!strncmp(path, d->front, len) && !strcmp(path + len, leaves[i]))
			return true;
	return false;
}

static void route_event(struct backend *b, const char *path, const char *token)
{
	unsigned int domid, devid;
	struct device *d;

	if (!strcmp(token, "release")) {
		scan_all(b);
	} else if (sscanf(token, "front/%5u/%10u", &domid, &devid) == 2) {
		d = backend_find(b, (uint16_t)domid, devid);
		if (d && front_leaf_matters(d, path))
			backend_mark(b, d);
	} else if (!strncmp(path, VIF_DIR, strlen(VIF_DIR))) {
		route_path(b, path + strlen(VIF_DIR));
	}
}

/* False where the guest has used up its turns, or is being punished for breaking the protocol. */
static bool device_may_run(struct device *d, uint64_t now)
{
	if (now - d->window_usec >= WINDOW_USEC) {
		d->window_usec = now;
		d->window_steps = 0;
	}
	if (d->window_steps < WINDOW_STEPS)
		return ++d->window_steps;
	d->count.deferred++;
	return false;
}

static void backend_run(struct backend *b)
{
	struct device *d, *list = b->dirty;
	uint64_t now = 0;

	sd_event_now(b->event, CLOCK_MONOTONIC, &now);
	b->dirty = NULL;
	while ((d = list)) {
		list = d->dirty_next;
		d->dirty = false;
		if (!device_may_run(d, now))
			backend_mark(b, d);
		else
			device_step(d);
		if (d->gone)
			backend_remove(b, d);
	}
	if (!b->dirty && !b->incomplete)
		return;
	sd_event_source_set_time_relative(b->timer, b->dirty ? WINDOW_USEC / 4 : RESCAN_USEC);
	sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct backend *b = arg;

	if (b->incomplete) {
		b->incomplete = false;
		scan_all(b);
	}
	backend_run(b);
	return 0;
}

static int on_watch(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct backend *b = arg;
	char **event = NULL;
	unsigned int n;

	for (n = 0; n < TURN_EVENTS && (event = xs_check_watch(b->xs)); n++) {
		route_event(b, event[XS_WATCH_PATH], event[XS_WATCH_TOKEN]);
		free(event);
	}
	if (!event && errno != EAGAIN) {
		log_error("the connection to xenstore is lost (%s); the daemon ends and starts anew",
			  strerror(errno));
		return sd_event_exit(b->event, 1);
	}
	backend_run(b);
	return 0;
}

static int on_broken_vif(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct backend *b = arg;
	enum netif_error err;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		return 0;
	for (unsigned int i = 0; i < BACKEND_BUCKETS; i++) {
		for (struct device *d = b->table[i]; d; d = d->next) {
			err = d->connected ? vif_broken(d->vif) : NETIF_OK;
			if (err == NETIF_OK)
				continue;
			device_break(d, err);
			backend_mark(b, d);
		}
	}
	backend_run(b);
	return 0;
}

/* A driver domain may not; there the toolstack's removal of a dead guest's vifs has to do. */
static bool watch_domains(struct backend *b)
{
	return xs_watch(b->xs, "@releaseDomain", "release") || errno == EACCES;
}

static int add_sources(struct backend *b)
{
	int rc = sd_event_add_io(b->event, &b->io, xs_fileno(b->xs), EPOLLIN, on_watch, b);

	if (rc >= 0)
		rc = sd_event_add_io(b->event, &b->vifs_io, dataplane_fd(), EPOLLIN, on_broken_vif, b);
	if (rc >= 0)
		rc = sd_event_add_time_relative(b->event, &b->timer, CLOCK_MONOTONIC, 0, 0, on_timer, b);
	return rc < 0 ? rc : sd_event_source_set_enabled(b->timer, SD_EVENT_OFF);
}

int backend_start(struct backend *b, sd_event *event, const struct config *config)
{
	const char *remedy;
	int rc;

	memset(b, 0, sizeof(*b));
	b->event = event;
	b->config = config;
	b->xs = xs_open(XS_UNWATCH_FILTER);
	if (!b->xs) {
		rc = errno ? -errno : -EIO;
		remedy = shortage_remedy(rc);
		log_error("cannot reach xenstore: %s%s", strerror(-rc),
			  *remedy ? remedy : "; is this a Xen domain with xenstored running?");
		return rc;
	}
	/* Each watch fires once at once: the first scan is the events' doing. */
	if (!xs_watch(b->xs, VIF_DIR, "backend") || !watch_domains(b)) {
		rc = errno ? -errno : -EIO;
	} else {
		rc = add_sources(b);
	}
	if (rc >= 0)
		return 0;
	log_error("cannot watch xenstore: %s%s", strerror(-rc), shortage_remedy(rc));
	backend_stop(b);
	return rc;
}

static void free_devices(struct backend *b)
{
	struct device *d;

	for (unsigned int i = 0; i < BACKEND_BUCKETS; i++) {
		while ((d = b->table[i])) {
			b->table[i] = d->next;
			device_free(d);
		}
	}
	b->count = 0;
	b->dirty = NULL;
}

void backend_stop(struct backend *b)
{
	free_devices(b);
	b->io = sd_event_source_disable_unref(b->io);
	b->vifs_io = sd_event_source_disable_unref(b->vifs_io);
	b->timer = sd_event_source_disable_unref(b->timer);
	if (b->xs)
		xs_close(b->xs);
	b->xs = NULL;
}

void backend_reload(struct backend *b, const struct config *config)
{
	b->config = config;
	scan_all(b);
	/* An operator who mended something need not wait for a timer. */
	for (unsigned int i = 0; i < BACKEND_BUCKETS; i++)
		for (struct device *d = b->table[i]; d; d = d->next)
			device_hurry(d);
	backend_run(b);
}

json_t *backend_json(const struct backend *b, const char *name)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < BACKEND_BUCKETS; i++)
		for (const struct device *d = b->table[i]; d; d = d->next)
			if (!name || device_is(d, name))
				json_array_append_new(list, device_json(d));
	return list;
}
