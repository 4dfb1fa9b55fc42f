/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What domains do.  A frame costs Dom0 some time, then its guest; each I/O guest has a window of frames in
 * flight, and each frame that arrived makes room for the next after a round trip, as TCP would.
 * Beside them a probe a guest, twenty times a second, whose way is timed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "credit-adjust/sim/sim.h"

#define PROBE_EVERY (50 * MS)

static void *need(void *p)
{
	if (!p) {
		perror("credit-adjust-sim");
		exit(1);
	}
	return p;
}

static struct unit *relay_unit(struct sim *s, uint32_t guest)
{
	return &s->domain[0].unit[guest % s->domain[0].units];
}

static void packet_send(struct sim *s, uint32_t guest, bool probe, int64_t when)
{
	struct packet *p = need(calloc(1, sizeof(*p)));

	p->guest = guest;
	p->probe = probe;
	event_packet(s, when, p);
}

void load_begin(struct sim *s)
{
	s->traffic = true;
	for (uint32_t d = 1; d < s->domains; d++) {
		if (s->domain[d].kind != MOVES)
			continue;
		for (uint32_t i = 0; i < s->window; i++)
			packet_send(s, d, false, s->now + random_below(s, MS));
		packet_send(s, d, true, s->now + random_below(s, PROBE_EVERY));
	}
}

void load_end(struct sim *s)
{
	s->traffic = false;
}

static void unit_give(struct sim *s, struct unit *u, struct packet *p)
{
	bool rests = STAILQ_EMPTY(&u->packets);

	STAILQ_INSERT_TAIL(&u->packets, p, entry);
	if (rests)
		load_next(s, u);
	engine_wake(s, u);
}

void load_next(struct sim *s, struct unit *u)
{
	int64_t cost = u->domain->kind == RELAYS ? s->relay_cost : s->guest_cost;

	/* A tenth of spread, so that nothing moves in lockstep. */
	u->job_left = cost * 9 / 10 + random_below(s, (uint32_t)(cost / 5) + 1);
}

int64_t load_left(const struct unit *u)
{
	return STAILQ_EMPTY(&u->packets) ? INT64_MAX : u->job_left > 0 ? u->job_left : 0;
}

void load_arrives(struct sim *s, struct packet *p)
{
	p->born = s->now;
	if (p->probe && s->traffic)
		packet_send(s, p->guest, true, s->now + PROBE_EVERY);
	if (s->traffic)
		unit_give(s, relay_unit(s, p->guest), p);
	else
		free(p);
}

static void latency_add(struct sim *s, int64_t ns)
{
	if (s->latencies == s->latency_room) {
		s->latency_room = s->latency_room ? 2 * s->latency_room : 1024;
		s->latency = need(realloc(s->latency, s->latency_room * sizeof(*s->latency)));
	}
	s->latency[s->latencies++] = (double)ns / MS;
}

static void packet_delivered(struct sim *s, struct packet *p)
{
	if (p->probe) {
		latency_add(s, s->now - p->born);
	} else {
		s->domain[p->guest].frames++;
		s->domain[0].frames++;
		if (s->traffic)
			packet_send(s, p->guest, false, s->now + s->round_trip);
	}
	free(p);
}

void load_done(struct sim *s, struct unit *u)
{
	struct packet *p = STAILQ_FIRST(&u->packets);

	STAILQ_REMOVE_HEAD(&u->packets, entry);
	if (!STAILQ_EMPTY(&u->packets))
		load_next(s, u);
	if (u->domain->kind == RELAYS)
		unit_give(s, &s->domain[p->guest].unit[0], p);
	else
		packet_delivered(s, p);
}
