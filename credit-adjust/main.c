/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjustd: moves scheduler weight to the domains that move packets; README tells how it is put together. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "credit-adjust/request.h"
#include "credit-adjust/xlwatch.h"
#include "lib/daemon/control.h"
#include "lib/daemon/lock.h"
#include "lib/daemon/log.h"
#include "lib/daemon/loop.h"
#include "lib/daemon/options.h"
#include "lib/daemon/shortage.h"

#define LOOK_USEC 100000ull
#define LOOKS_PER_ROUND 10

struct daemon {
	const char *config_file;
	struct config *config;
	bool dry_run;
	struct loop loop;
	sd_event_source *timer;
	struct control *control;
	struct xlwatch *xlwatch;
	struct adjust *adjust;
	unsigned int looks;
	uint32_t random;
	int lock_fd;
};

static const struct options_of options_of = {
	.program = "credit-adjustd",
	.config_file = SYSCONFDIR "/xen/credit-adjust.conf",
	.verbose = "",
	.own = 'n',
	.own_name = "dry-run",
	.own_help = "log what would be changed, change nothing",
};

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
static int reload(void *arg)
{
	struct daemon *d = arg;
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

static bool alive(void *arg, char status[LOOP_STATUS])
{
	struct daemon *d = arg;

	snprintf(status, LOOP_STATUS, "%u domains, %llu changes", d->adjust->n, (unsigned long long)d->adjust->changes);
	return true;
}

static const struct loop_calls calls = { reload, NULL, alive };

static json_t *answer(void *arg, const char *command, const json_t *request)
{
	struct daemon *d = arg;
	json_t *general = loop_answer(&d->loop, command);

	if (general)
		return general;
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

static void watch_xl(struct daemon *d)
{
	int rc = d->config->watch_xl ? xlwatch_open(&d->xlwatch, d->loop.event, on_leaving, d) : 0;

	if (rc < 0)
		log_warning("cannot watch for \"xl save\" and \"xl migrate\": %s; before them, use \"credit-adjustctl "
			    "release DOMAIN\"", strerror(-rc));
}

static int add_timer(struct daemon *d)
{
	int rc = sd_event_add_time_relative(d->loop.event, &d->timer, CLOCK_MONOTONIC, LOOK_USEC, 1000, on_timer, d);

	return rc < 0 ? rc : 0;
}

/* Two adjusters would take each other for operators: the lock comes first. */
static int start(struct daemon *d)
{
	int rc = lock_take(options_of.program, d->config->control_socket, &d->lock_fd);

	if (!rc)
		rc = loop_open(&d->loop, &calls, d);
	if (!rc)
		rc = adjust_open(d->adjust, d->config, d->loop.event, d->dry_run);
	if (!rc)
		rc = add_timer(d);
	if (!rc)
		rc = control_start(&d->control, d->loop.event, d->config->control_socket, answer, d);
	if (!rc)
		watch_xl(d);
	return rc;
}

static void stop(struct daemon *d)
{
	xlwatch_close(d->xlwatch);
	control_stop(d->control);
	sd_event_source_disable_unref(d->timer);
	adjust_close(d->adjust);
	loop_close(&d->loop);
	free(d->adjust);
	free(d->config);
	if (d->lock_fd >= 0)
		close(d->lock_fd);
}

int main(int argc, char **argv)
{
	struct daemon d = { .lock_fd = -1, .random = (uint32_t)getpid() };
	struct options o;
	int rc = options_parse(&options_of, argc, argv, &o);

	if (rc >= 0)
		return rc;
	d.config_file = o.config_file;
	d.dry_run = o.own;
	d.config = load(o.config_file);
	if (!d.config || o.check_config) {
		rc = d.config ? 0 : 1;
		free(d.config);
		return rc;
	}
	loop_block_signals();
	d.adjust = calloc(1, sizeof(*d.adjust));
	rc = d.adjust ? start(&d) : -ENOMEM;
	if (!rc) {
		log_info("credit-adjustd " PACKAGE_VERSION "%s: %u domains", d.dry_run ? " (dry run)" : "", d.adjust->n);
		sd_notify(0, "READY=1");
		rc = sd_event_loop(d.loop.event);
	} else {
		log_error("cannot start: %s%s", strerror(-rc), shortage_remedy(rc));
	}
	if (d.adjust)
		stop(&d);
	return rc ? 1 : 0;
}
