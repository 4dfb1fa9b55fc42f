/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netback-ngd: a userspace back end for Xen's network interfaces.
 * Control plane (main thread, sd-event): main -> backend -> device -> publish, plumb, follow
 * (-> script), frontend, ctrl, trouble; bus (sysfs), adopt (the rule), control (socket), config, log.
 * Data plane (worker threads) behind vif.h.  The control plane may depend on
 * libxenstore, libsystemd, jansson, libconfuse; neither half on libxenctrl.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lib/daemon/control.h"
#include "lib/daemon/lock.h"
#include "lib/daemon/log.h"
#include "lib/daemon/loop.h"
#include "lib/daemon/options.h"
#include "lib/daemon/shortage.h"
#include "netback-ng/control/backend.h"
#include "netback-ng/control/bus.h"
#include "netback-ng/vif/dataplane.h"
#include "netback-ng/vif/journal.h"
#include "netback-ng/vif/kernel.h"
#include "netback-ng/vif/links.h"
#include "netback-ng/vif/vif_data.h"

struct daemon {
	const char *config_file;
	struct config *initial; /* the data plane keeps a pointer into it */
	struct config *config;	/* in force */
	struct loop loop;
	struct backend backend;
	struct bus *bus;
	struct control *control;
	sd_event_source *kernel_io; /* what the kernel's data plane has to tell */
	int lock_fd;
	bool dataplane;
};

static const struct options_of options_of = {
	.program = "netback-ngd",
	.config_file = SYSCONFDIR "/xen/netback-ng.conf",
	.verbose = "log every state change",
	.own = 'f',
	.own_name = "foreground",
	.own_help = "accepted; the daemon never forks",
};

static struct config *load(const char *file)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c || !config_load(c, file))
		return c;
	free(c);
	return NULL;
}

static void drop_config(struct config *c)
{
	if (!c)
		return;
	config_free(c);
	free(c);
}

/* 0 or -EINVAL; on failure all stays as it was. */
static int reload(void *arg)
{
	struct daemon *d = arg;
	struct config *fresh = load(d->config_file), *old = d->config;

	if (!fresh) {
		log_error("reload failed: the old configuration stays in force");
		return -EINVAL;
	}
	if (fresh->whole_host != old->whole_host || strcmp(fresh->control_socket, old->control_socket))
		log_warning("mode and control_socket take effect at the next start only");
	d->config = fresh;
	dataplane_reload(&fresh->data);
	backend_reload(&d->backend, fresh);
	if (old != d->initial)
		drop_config(old);
	log_info("configuration reloaded");
	return 0;
}

static void stopping(void *arg)
{
	struct daemon *d = arg;

	log_info("stopping; %u vif%s stay as they are in xenstore for the next start", d->backend.count,
		 d->backend.count == 1 ? "" : "s");
}

/* Only while the workers turn, too. */
static bool alive(void *arg, char status[LOOP_STATUS])
{
	struct daemon *d = arg;

	snprintf(status, LOOP_STATUS, "serving %u vifs", d->backend.count);
	if (dataplane_alive())
		return true;
	log_warning("a worker thread does not turn");
	return false;
}

static const struct loop_calls calls = { reload, stopping, alive };

static json_t *vifs_answer(struct daemon *d, const char *vif)
{
	json_t *list = backend_json(&d->backend, vif);
	char why[128];

	if (!vif || json_array_size(list))
		return json_pack("{s:o}", "vifs", list);
	json_decref(list);
	snprintf(why, sizeof(why), "no vif or interface \"%.64s\" is served here; \"vifs\" lists them", vif);
	return json_pack("{s:s}", "error", why);
}

static json_t *answer(void *arg, const char *command, const json_t *request)
{
	struct daemon *d = arg;
	const char *vif = json_string_value(json_object_get(request, "vif"));
	json_t *general = loop_answer(&d->loop, command);

	if (general)
		return general;
	if (!strcmp(command, "vifs") || !strcmp(command, "stats"))
		return vifs_answer(d, vif);
	if (!strcmp(command, "workers"))
		return json_pack("{s:o}", "workers", dataplane_json());
	return json_pack("{s:s}", "error", "unknown command; there are stats, vifs, workers, reload, version");
}

static int owns(void *arg, uint16_t domid, uint32_t devid)
{
	return backend_owns(arg, domid, devid);
}

static int on_links(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	links_turn();
	return 0;
}

static int on_kernel(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	if (kernel_read())
		dataplane_wake();
	return 0;
}

/* Where the module moves the packets, the threads have nothing to do. */
static int start_kernel(struct daemon *d)
{
	const enum config_uplink uplink = d->initial->data.uplink;
	int rc;

	if (uplink != CONFIG_UPLINK_KERNEL && uplink != CONFIG_UPLINK_AUTO)
		return 0;
	rc = kernel_start();
	if (rc && uplink == CONFIG_UPLINK_AUTO)
		return 0;
	if (rc) {
		log_error("port = \"kernel\", but this kernel has no xen-netback-ng: install the module for it (man "
			  "xen-netback-ng), or use another port");
		return rc;
	}
	log_info("packets are moved by the kernel's xen-netback-ng");
	return sd_event_add_io(d->loop.event, &d->kernel_io, kernel_fd(), EPOLLIN, on_kernel, d);
}

static int start(struct daemon *d)
{
	int rc = lock_take(options_of.program, d->config->control_socket, &d->lock_fd);

	if (!rc)
		journal_start(d->config->control_socket);
	if (!rc)
		rc = loop_open(&d->loop, &calls, d);
	if (!rc) {
		rc = dataplane_start(&d->initial->data);
		d->dataplane = !rc;
		if (rc)
			log_error("the threads that move packets cannot be had: %s%s", strerror(-rc),
				  shortage_remedy(rc));
	}
	if (!rc)
		rc = sd_event_add_io(d->loop.event, NULL, links_fd(), EPOLLIN, on_links, NULL);
	if (rc >= 0)
		rc = start_kernel(d);
	if (rc >= 0)
		rc = backend_start(&d->backend, d->loop.event, d->config);
	if (!rc && !d->config->whole_host)
		rc = bus_start(&d->bus, d->loop.event, owns, &d->backend);
	if (!rc)
		rc = control_start(&d->control, d->loop.event, d->config->control_socket, answer, d);
	return rc;
}

static void stop(struct daemon *d)
{
	control_stop(d->control);
	bus_stop(d->bus);
	/* First: its vifs stay, for the next daemon. */
	sd_event_source_disable_unref(d->kernel_io);
	kernel_stop();
	if (d->backend.xs)
		backend_stop(&d->backend);
	if (d->dataplane)
		dataplane_stop();
	journal_stop();
	loop_close(&d->loop);
	if (d->config != d->initial)
		drop_config(d->config);
	drop_config(d->initial);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
}

int main(int argc, char **argv)
{
	struct daemon d = { .lock_fd = -1 };
	struct options o;
	int rc = options_parse(&options_of, argc, argv, &o);

	if (rc >= 0)
		return rc;
	d.config_file = o.config_file;
	d.initial = d.config = load(o.config_file);
	if (!d.config)
		return 1;
	if (o.check_config) {
		drop_config(d.config);
		return 0;
	}
	loop_block_signals();
	rc = start(&d);
	if (!rc) {
		sd_notifyf(0, "READY=1\nSTATUS=serving");
		log_info("netback-ngd " PACKAGE_VERSION " ready, %s mode",
			 d.config->whole_host ? "whole-host" : "mixed");
		rc = sd_event_loop(d.loop.event);
	} else {
		log_error("cannot start: %s%s", strerror(-rc), shortage_remedy(rc));
	}
	stop(&d);
	return rc ? 1 : 0;
}
