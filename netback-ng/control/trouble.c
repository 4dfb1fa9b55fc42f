/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/trouble.h"

#include <stddef.h>

/* The first retry comes while a guest may not have noticed yet; the last ones cost a host next to nothing. */
#define FIRST_USEC 250000ull
#define DOUBLINGS 7 /* 32 s */

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
	struct trouble *t = arg;

	t->due = true;
	t->again(t->arg);
	return 0;
}

int trouble_init(struct trouble *t, sd_event *event, void (*again)(void *arg), void *arg)
{
	int rc;

	*t = (struct trouble){ .again = again, .arg = arg };
	rc = sd_event_add_time_relative(event, &t->timer, CLOCK_MONOTONIC, 0, 0, on_timer, t);
	return rc < 0 ? rc : sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
}

void trouble_free(struct trouble *t)
{
	t->timer = sd_event_source_disable_unref(t->timer);
}

static void set_timer(struct trouble *t, uint64_t usec)
{
	sd_event_source_set_time_relative(t->timer, usec);
	sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

bool trouble_note(struct trouble *t, enum trouble_kind kind, int rc)
{
	bool news = t->kind != kind || t->rc != rc;

	if (t->kind != kind)
		t->tries = 0;
	t->kind = kind;
	t->rc = rc;
	t->due = false;
	set_timer(t, FIRST_USEC << (t->tries < DOUBLINGS ? t->tries : DOUBLINGS));
	t->tries++;
	t->notes++;
	return news;
}

bool trouble_waits(const struct trouble *t, enum trouble_kind kind)
{
	return t->kind == kind && !t->due;
}

unsigned int trouble_over(struct trouble *t, enum trouble_kind kind)
{
	unsigned int tries = t->tries;

	if (t->kind != kind)
		return 0;
	t->kind = TROUBLE_NONE;
	t->rc = 0;
	t->tries = 0;
	sd_event_source_set_enabled(t->timer, SD_EVENT_OFF);
	return tries;
}

void trouble_hurry(struct trouble *t)
{
	if (t->kind == TROUBLE_NONE)
		return;
	t->due = true;
	t->tries = 1; /* the one after it comes soon, too */
	set_timer(t, 0);
}
