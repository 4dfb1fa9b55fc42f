/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a vif cannot have just now, through no fault of its guest: the host is short of something, or
 * a hotplug script fails.  It is tried again by a timer, ever more rarely, until it works; the
 * caller says it once, and once more when it is over.
 */
#ifndef NETBACK_TROUBLE_H
#define NETBACK_TROUBLE_H

#include <stdbool.h>
#include <systemd/sd-event.h>

enum trouble_kind { TROUBLE_NONE, TROUBLE_STORE, TROUBLE_TAP, TROUBLE_SCRIPT, TROUBLE_CONNECT };

struct trouble {
	enum trouble_kind kind; /* the latest */
	int rc;			/* of the last try */
	unsigned int tries;	/* that failed since it last worked */
	unsigned int notes;	/* tries that ever failed, of all kinds */
	bool due;		/* the time of the next try has come */
	sd_event_source *timer;
	void (*again)(void *arg);
	void *arg;
};

/* again(arg) is called when the next try is due.  0 or -errno. */
int trouble_init(struct trouble *t, sd_event *event, void (*again)(void *arg), void *arg);
void trouble_free(struct trouble *t);
/* A try has failed; the next one is set.  True where this is news: another kind, or another rc. */
bool trouble_note(struct trouble *t, enum trouble_kind kind, int rc);
/* True where a try of this kind failed and the next one is not due yet. */
bool trouble_waits(const struct trouble *t, enum trouble_kind kind);
/* It works: how many tries had failed; 0 where this kind was no trouble. */
unsigned int trouble_over(struct trouble *t, enum trouble_kind kind);
/* Somebody may have mended it: the next try is due at once. */
void trouble_hurry(struct trouble *t);

#endif
