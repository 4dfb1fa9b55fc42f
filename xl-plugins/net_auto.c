/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VFs go to those who use the network most: measure, decide (policy.c), move, again. */
#include "xl-plugins/command.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/policy.h"
#include "xl-plugins/rate.h"
#include "xl-plugins/switch.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define RESIDENCE 300
#define MARGIN 50
#define FLOOR_MBIT 50
#define INTERVAL 10

/* What is remembered of a vif from round to round. */
struct track {
	char uuid[UUID_LEN];
	int devid;
	uint64_t rate, moved; /* moved: ms, 0 never */
	bool seen;
};

struct autopilot {
	struct xlnet *x;
	struct policy policy;
	unsigned int interval;
	bool once, stock;
	struct track *tracks;
	size_t n;
};

static struct track *track_find(struct autopilot *a, const struct vif *v)
{
	struct track *more;

	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->tracks[i].uuid, v->dom.uuid) && a->tracks[i].devid == v->nic.devid)
			return &a->tracks[i];
	more = realloc(a->tracks, (a->n + 1) * sizeof(*more));
	if (!more)
		return NULL;
	a->tracks = more;
	more[a->n] = (struct track){ .devid = v->nic.devid };
	text_copy(more[a->n].uuid, UUID_LEN, v->dom.uuid);
	return &more[a->n++];
}

static void tracks_measure(struct autopilot *a, const struct sample *before,
			   const struct sample *now)
{
	for (size_t i = 0; i < now->n; i++) {
		struct rate r = rate_between(before, now, &now->vifs[i]);
		struct track *t = track_find(a, &now->vifs[i]);
		uint64_t rate = (uint64_t)(r.vif_in + r.vif_out + r.vf_in + r.vf_out);

		if (!t)
			continue;
		t->rate = t->seen ? policy_smooth(t->rate, rate) : rate;
		t->seen = true;
	}
}

static bool eligible(struct autopilot *a, const struct vif *v)
{
	struct domain dom = v->dom;

	if (!a->stock && !v->can_switch)
		return false;
	return !host_domain_config(a->x, &dom) && dom.passthrough && dom.type != GUEST_PVH &&
	       !v->nic.backend_domid;
}

static void candidate_fill(struct autopilot *a, const struct vif *v, struct candidate *c)
{
	const struct track *t = track_find(a, v);

	memset(c, 0, sizeof(*c));
	c->rate = t ? t->rate : 0;
	c->since = t && t->moved ? (unsigned int)((now_ms() - t->moved) / 1000) : UINT32_MAX;
	c->has_vf = v->has_vf;
	c->measured = !v->has_vf || v->vf.state.counted;
	c->eligible = eligible(a, v);
}

static unsigned int free_vfs(struct xlnet *x)
{
	unsigned int count = 0;
	struct vf *vfs;
	size_t n;

	if (vf_list(x, &vfs, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		count += !strcmp(vf_use(&vfs[i]), "free");
	free(vfs);
	return count;
}

static void explain(const struct autopilot *a, const struct vif *v, const struct candidate *c)
{
	static const char *const verdicts[] = { "stays", "-> vf", "-> pv" };

	if (c->verdict != STAY || a->once || a->x->verbose)
		printf("%-24s vif %d %9.2f Mbit/s on %-6s %s: %s\n", v->dom.name, v->nic.devid,
		       (double)c->rate * 8 / 1e6, path_name(v->path), verdicts[c->verdict], c->why);
	fflush(stdout);
}

/* A guest that cannot be moved is left alone for the residence, like one that was. */
static void move(struct autopilot *a, const struct vif *v, enum path target)
{
	struct switch_wish wish = { .target = target, .timeout = SWITCH_TIMEOUT };
	struct track *t = track_find(a, v);
	char devid[16];
	struct op op;
	int fd;

	snprintf(devid, sizeof(devid), "%d", v->nic.devid);
	wish.devid = devid;
	if (!journal_lock(a->x, v->dom.uuid, &fd))
		switch_run(a->x, &v->dom, &wish, &op);
	journal_unlock(&fd);
	if (t)
		t->moved = now_ms();
}

static void carry_out(struct autopilot *a, const struct sample *s, const struct candidate *c)
{
	for (size_t i = 0; i < s->n; i++)
		if (c[i].verdict == TO_PV)
			move(a, &s->vifs[i], PATH_PV);
	for (size_t i = 0; i < s->n; i++)
		if (c[i].verdict == TO_VF)
			move(a, &s->vifs[i], PATH_VF);
}

static int decide(struct autopilot *a, const struct sample *s)
{
	struct candidate *c = calloc(s->n + 1, sizeof(*c));

	if (!c)
		return -1;
	for (size_t i = 0; i < s->n; i++)
		candidate_fill(a, &s->vifs[i], &c[i]);
	policy_decide(&a->policy, c, s->n, free_vfs(a->x));
	for (size_t i = 0; i < s->n; i++)
		explain(a, &s->vifs[i], &c[i]);
	if (!a->x->dry_run)
		carry_out(a, s, c);
	free(c);
	return 0;
}

static int fly(struct autopilot *a)
{
	struct sample before = { NULL, 0, 0 }, now;
	int rc = sample_take(a->x, &before);

	while (!rc) {
		sleep_ms(a->interval * 1000);
		rc = sample_take(a->x, &now);
		if (rc)
			break;
		tracks_measure(a, &before, &now);
		rc = decide(a, &now);
		sample_free(&before);
		before = now;
		if (a->once)
			break;
	}
	sample_free(&before);
	free(a->tracks);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}

static const struct option longs[] = {
	{ "once", no_argument, NULL, 'o' },
	{ "interval", required_argument, NULL, 'i' },
	{ "residence", required_argument, NULL, 'r' },
	{ "margin", required_argument, NULL, 'm' },
	{ "floor", required_argument, NULL, 'f' },
	{ "stock", no_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

/* false: not an option of ours. */
static bool option_take(struct autopilot *a, int opt, const char *value)
{
	unsigned int n = value ? (unsigned int)strtoul(value, NULL, 10) : 0;

	switch (opt) {
	case 'o':
		a->once = true;
		return true;
	case 's':
		a->stock = true;
		return true;
	case 'i':
		a->interval = n;
		return n;
	case 'r':
		a->policy.residence = n;
		return true;
	case 'm':
		a->policy.margin = n;
		return true;
	case 'f':
		a->policy.floor = (uint64_t)n * 1000000 / 8;
		return true;
	default:
		return false;
	}
}

int net_auto(struct xlnet *x, int argc, char **argv)
{
	struct autopilot a = { .x = x,
			       .interval = INTERVAL,
			       .policy = { .floor = FLOOR_MBIT * 1000000ull / 8,
					   .margin = MARGIN,
					   .residence = RESIDENCE,
					   .moves = 1 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if (!option_take(&a, opt, optarg))
			return command_usage(argv[0]);
	return optind == argc ? fly(&a) : command_usage(argv[0]);
}
