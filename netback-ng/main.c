/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netback-ngd: a userspace back end for Xen's network interfaces.
 * Control plane (main thread, sd-event): main -> backend -> device -> frontend, ctrl,
 * script; bus (sysfs), adopt (the rule), control (socket), config, log.
 * Data plane (worker threads) behind vif.h.  The control plane may depend on
 * libxenstore, libsystemd, jansson, libconfuse; neither half on libxenctrl.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "netback-ng/backend.h"
#include "netback-ng/bus.h"
#include "netback-ng/control.h"

struct daemon {
	const char *config_file;
	struct config *initial; /* the data plane keeps a pointer into it */
	struct config *config;	/* in force */
	sd_event *event;
	struct backend backend;
	struct bus *bus;
	struct control *control;
	sd_event_source *watchdog;
	uint64_t watchdog_usec;
	int lock_fd;
	bool dataplane;
};

struct options {
	const char *config_file;
	bool check_config;
};

static void usage(FILE *out)
{
	fputs("usage: netback-ngd [-c FILE] [-v]\n"
	      "  -c, --config FILE   configuration [" SYSCONFDIR "/xen/netback-ng.conf]\n"
	      "  -t, --check-config  say whether the configuration is valid, and end\n"
	      "  -f, --foreground    accepted; the daemon never forks\n"
	      "  -v, --verbose       log every state change\n"
	      "  -V, --version\n"
	      "  -h, --help\n",
	      out);
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "check-config", no_argument, NULL, 't' },
		{ "foreground", no_argument, NULL, 'f' },   { "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },	    { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	o->config_file = SYSCONFDIR "/xen/netback-ng.conf";
	while ((opt = getopt_long(argc, argv, "c:tfvVh", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o->config_file = optarg;
			break;
		case 't':
			o->check_config = true;
			break;
		case 'f':
			break;
		case 'v':
			log_set_level(LOG_DEBUG);
			break;
		case 'V':
			puts("netback-ngd " PACKAGE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	usage(stderr);
	return 2;
}

/* One daemon a control socket; the kernel drops the lock with the process, however it ends. */
static int claim(struct daemon *d)
{
	char path[128], dir[128];

	snprintf(dir, sizeof(dir), "%s", d->config->control_socket);
	if (mkdir(dirname(dir), 0755) && errno != EEXIST)
		log_warning("cannot create %s: %s", dir, strerror(errno));
	snprintf(path, sizeof(path), "%s.lock", d->config->control_socket);
	d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock_fd < 0) {
		log_error("cannot open the lock file %s: %s", path, strerror(errno));
		return -errno;
	}
	if (!flock(d->lock_fd, LOCK_EX | LOCK_NB))
		return 0;
	log_error("another netback-ngd is running: %s is locked", path);
	return -EBUSY;
}

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
static int reload(struct daemon *d)
{
	struct config *fresh, *old = d->config;

	sd_notify(0, "RELOADING=1");
	fresh = load(d->config_file);
	if (!fresh) {
		log_error("reload failed: the old configuration stays in force");
		sd_notify(0, "READY=1");
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
	sd_notify(0, "READY=1");
	return 0;
}

static int on_hup(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	reload(arg);
	return 0;
}

static int on_term(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct daemon *d = arg;

	sd_notify(0, "STOPPING=1");
	log_info("stopping; %u vif%s stay as they are in xenstore for the next start", d->backend.count,
		 d->backend.count == 1 ? "" : "s");
	return sd_event_exit(d->event, 0);
}

/* The watchdog is fed only while the workers turn, too. */
static int on_watchdog(sd_event_source *s, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	if (dataplane_alive())
		sd_notifyf(0, "WATCHDOG=1\nSTATUS=serving %u vifs", d->backend.count);
	else
		log_warning("a worker thread does not turn");
	sd_event_source_set_time_relative(s, d->watchdog_usec / 3);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static json_t *answer(void *arg, const char *command, const json_t *request)
{
	struct daemon *d = arg;
	const char *vif = json_string_value(json_object_get(request, "vif"));

	if (!strcmp(command, "vifs") || !strcmp(command, "stats"))
		return json_pack("{s:o}", "vifs", backend_json(&d->backend, vif));
	if (!strcmp(command, "workers"))
		return json_pack("{s:o}", "workers", dataplane_json());
	if (!strcmp(command, "version"))
		return json_pack("{s:s}", "version", PACKAGE_VERSION);
	if (!strcmp(command, "reload"))
		return reload(d) ? json_pack("{s:s}", "error", "the new configuration is not valid; see the log") :
				   json_pack("{s:b}", "reloaded", 1);
	return json_pack("{s:s}", "error", "unknown command; there are stats, vifs, workers, reload, version");
}

static bool owns(void *arg, uint16_t domid, uint32_t devid)
{
	return backend_owns(arg, domid, devid);
}

static int add_signals(struct daemon *d)
{
	int rc = sd_event_add_signal(d->event, NULL, SIGHUP, on_hup, d);

	if (rc >= 0)
		rc = sd_event_add_signal(d->event, NULL, SIGTERM, on_term, d);
	if (rc >= 0)
		rc = sd_event_add_signal(d->event, NULL, SIGINT, on_term, d);
	if (rc >= 0 && sd_watchdog_enabled(1, &d->watchdog_usec) > 0)
		rc = sd_event_add_time_relative(d->event, &d->watchdog, CLOCK_MONOTONIC, 0, 0, on_watchdog, d);
	return rc < 0 ? rc : 0;
}

/* Blocked before any thread exists, so that every signal reaches the event loop. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int start(struct daemon *d)
{
	int rc = claim(d);

	if (!rc)
		rc = sd_event_default(&d->event);
	if (rc >= 0)
		rc = add_signals(d);
	if (!rc) {
		rc = dataplane_start(&d->initial->data);
		d->dataplane = !rc;
	}
	if (!rc)
		rc = backend_start(&d->backend, d->event, d->config);
	if (!rc && !d->config->whole_host)
		rc = bus_start(&d->bus, d->event, owns, &d->backend);
	if (!rc)
		rc = control_start(&d->control, d->event, d->config->control_socket, answer, d);
	return rc;
}

static void stop(struct daemon *d)
{
	control_stop(d->control);
	bus_stop(d->bus);
	if (d->backend.xs)
		backend_stop(&d->backend);
	if (d->dataplane)
		dataplane_stop();
	sd_event_source_disable_unref(d->watchdog);
	sd_event_unref(d->event);
	if (d->config != d->initial)
		drop_config(d->config);
	drop_config(d->initial);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
}

int main(int argc, char **argv)
{
	struct daemon d = { .lock_fd = -1 };
	struct options o = { 0 };
	int rc = parse_options(argc, argv, &o);

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
	block_signals();
	rc = start(&d);
	if (!rc) {
		sd_notifyf(0, "READY=1\nSTATUS=serving");
		log_info("netback-ngd " PACKAGE_VERSION " ready, %s mode",
			 d.config->whole_host ? "whole-host" : "mixed");
		rc = sd_event_loop(d.event);
	} else {
		log_error("cannot start: %s", strerror(-rc));
	}
	stop(&d);
	return rc ? 1 : 0;
}
