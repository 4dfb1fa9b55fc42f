/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjustd: moves scheduler weight to the domains that move packets; README tells how it is put together. */
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
#include <time.h>
#include <unistd.h>

#include "credit-adjust/request.h"
#include "credit-adjust/xlwatch.h"
#include "netback-ng/control.h"
#include "netback-ng/log.h"

#define LOOK_USEC 100000ull
#define LOOKS_PER_ROUND 10

struct daemon {
	const char *config_file;
	struct config *config;
	bool dry_run;
	sd_event *event;
	sd_event_source *timer, *watchdog;
	uint64_t watchdog_usec;
	struct control *control;
	struct xlwatch *xlwatch;
	struct adjust *adjust;
	unsigned int looks;
	uint32_t random;
	int lock_fd;
};

static void usage(FILE *out)
{
	fputs("usage: credit-adjustd [-c FILE] [-n] [-v]\n"
	      "  -c, --config FILE   configuration [" SYSCONFDIR "/xen/credit-adjust.conf]\n"
	      "  -t, --check-config  say whether the configuration is valid, and end\n"
	      "  -n, --dry-run       log what would be changed, change nothing\n"
	      "  -v, --verbose\n"
	      "  -V, --version\n"
	      "  -h, --help\n",
	      out);
}

struct options {
	const char *config_file;
	bool check_config, dry_run;
};

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "check-config", no_argument, NULL, 't' },
		{ "dry-run", no_argument, NULL, 'n' },	    { "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },	    { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	o->config_file = SYSCONFDIR "/xen/credit-adjust.conf";
	while ((opt = getopt_long(argc, argv, "c:tnvVh", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o->config_file = optarg;
			break;
		case 't':
			o->check_config = true;
			break;
		case 'n':
			o->dry_run = true;
			break;
		case 'v':
			log_set_level(LOG_DEBUG);
			break;
		case 'V':
			puts("credit-adjustd " PACKAGE_VERSION);
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

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static struct config *load(const char *file)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c || !config_load(c, file))
		return c;
	free(c);
	return NULL;
}

/* Two adjusters would take each other for operators. */
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
	log_error("another credit-adjustd is running: %s is locked", path);
	return -EBUSY;
}

/* Looks at regular intervals would see a periodic guest always in the same phase. */
static uint64_t look_delay(struct daemon *d)
{
	d->random = d->random * 1664525u + 1013904223u;
	return LOOK_USEC * 4 / 5 + (d->random >> 8) % (LOOK_USEC * 2 / 5);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	adjust_look(d->adjust);
	if (++d->looks % LOOKS_PER_ROUND == 0)
		adjust_round(d->adjust, now_ns());
	sd_event_source_set_time_relative(s, look_delay(d));
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

/* 0 or -EINVAL; on failure all stays as it was. */
static int reload(struct daemon *d)
{
	struct config *fresh = load(d->config_file), *old = d->config;

	if (!fresh) {
		log_error("reload failed: the old configuration stays in force");
		return -EINVAL;
	}
	if (strcmp(fresh->control_socket, old->control_socket) || strcmp(fresh->state_dir, old->state_dir) ||
	    strcmp(fresh->netback_socket, old->netback_socket) || fresh->watch_xl != old->watch_xl)
		log_warning("paths and watch_xl take effect at the next start only");
	adjust_reload(d->adjust, fresh);
	d->config = fresh;
	free(old);
	log_info("configuration reloaded");
	return 0;
}

static int on_hup(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	sd_notify(0, "RELOADING=1");
	reload(arg);
	sd_notify(0, "READY=1");
	return 0;
}

static int on_term(sd_event_source *s, const struct signalfd_siginfo *si, void *arg)
{
	struct daemon *d = arg;

	sd_notify(0, "STOPPING=1");
	return sd_event_exit(d->event, 0);
}

static int on_watchdog(sd_event_source *s, uint64_t usec, void *arg)
{
	struct daemon *d = arg;

	sd_notifyf(0, "WATCHDOG=1\nSTATUS=%u domains, %llu changes", d->adjust->n,
		   (unsigned long long)d->adjust->changes);
	sd_event_source_set_time_relative(s, d->watchdog_usec / 3);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static json_t *answer(void *arg, const char *command, const json_t *request)
{
	struct daemon *d = arg;

	if (!strcmp(command, "version"))
		return json_pack("{s:s}", "version", PACKAGE_VERSION);
	if (!strcmp(command, "reload"))
		return reload(d) ? json_pack("{s:s}", "error", "the new configuration is not valid; see the log") :
				   json_pack("{s:b}", "reloaded", 1);
	return request_answer(d->adjust, command, request, now_ns());
}

/* xl saves or migrates what this word names, if it names a domain. */
static bool on_leaving(void *arg, const char *word)
{
	struct daemon *d = arg;
	uint32_t i = adjust_find(d->adjust, word);

	if (i == d->adjust->n)
		return false;
	adjust_release(d->adjust, i, now_ns(), 0);
	return true;
}

static int add_signals(struct daemon *d)
{
	int rc = sd_event_add_signal(d->event, NULL, SIGHUP, on_hup, d);

	if (rc >= 0)
		rc = sd_event_add_signal(d->event, NULL, SIGTERM, on_term, d);
	if (rc >= 0)
		rc = sd_event_add_signal(d->event, NULL, SIGINT, on_term, d);
	return rc < 0 ? rc : 0;
}

static int add_timers(struct daemon *d)
{
	int rc = sd_event_add_time_relative(d->event, &d->timer, CLOCK_MONOTONIC, LOOK_USEC, 1000, on_timer, d);

	if (rc >= 0 && sd_watchdog_enabled(1, &d->watchdog_usec) > 0)
		rc = sd_event_add_time_relative(d->event, &d->watchdog, CLOCK_MONOTONIC, 0, 0, on_watchdog, d);
	return rc < 0 ? rc : 0;
}

static void watch_xl(struct daemon *d)
{
	int rc = d->config->watch_xl ? xlwatch_open(&d->xlwatch, d->event, on_leaving, d) : 0;

	if (rc < 0)
		log_warning("cannot watch for \"xl save\" and \"xl migrate\": %s; before them, use \"credit-adjustctl "
			    "release DOMAIN\"", strerror(-rc));
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
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
	if (!rc)
		rc = adjust_open(d->adjust, d->config, d->event, d->dry_run);
	if (!rc)
		rc = add_timers(d);
	if (!rc)
		rc = control_start(&d->control, d->event, d->config->control_socket, answer, d);
	if (!rc)
		watch_xl(d);
	return rc;
}

static void stop(struct daemon *d)
{
	xlwatch_close(d->xlwatch);
	control_stop(d->control);
	sd_event_source_disable_unref(d->timer);
	sd_event_source_disable_unref(d->watchdog);
	adjust_close(d->adjust);
	sd_event_unref(d->event);
	free(d->adjust);
	free(d->config);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
}

int main(int argc, char **argv)
{
	struct daemon d = { .lock_fd = -1, .random = (uint32_t)getpid() };
	struct options o = { 0 };
	int rc = parse_options(argc, argv, &o);

	if (rc >= 0)
		return rc;
	d.config_file = o.config_file;
	d.dry_run = o.dry_run;
	d.config = load(o.config_file);
	if (!d.config || o.check_config) {
		rc = d.config ? 0 : 1;
		free(d.config);
		return rc;
	}
	block_signals();
	d.adjust = calloc(1, sizeof(*d.adjust));
	rc = d.adjust ? start(&d) : -ENOMEM;
	if (!rc) {
		log_info("credit-adjustd " PACKAGE_VERSION "%s: %u domains", d.dry_run ? " (dry run)" : "", d.adjust->n);
		sd_notify(0, "READY=1");
		rc = sd_event_loop(d.event);
	}
	if (d.adjust)
		stop(&d);
	return rc ? 1 : 0;
}
