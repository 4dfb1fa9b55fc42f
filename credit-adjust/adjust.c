/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/adjust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "credit-adjust/file.h"
#include "lib/daemon/log.h"

#define SELDOM 10 /* rounds between looks at names and VFs */

static uint32_t per_second(uint64_t count, uint64_t ns)
{
	uint64_t rate = ns ? count * 1000000000ull / ns : 0;

	return rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
}

static uint32_t mille(uint64_t part, uint64_t whole)
{
	return whole ? (uint32_t)(part * 1000 / whole) : 0;
}

static enum policy_sched sched_of_pool(const struct adjust *a, uint32_t pool)
{
	for (uint32_t i = 0; i < a->pools; i++)
		if (a->pool[i].xen.id == pool)
			return a->pool[i].xen.sched;
	return POLICY_OTHER;
}

static bool is_held(struct record *r, uint64_t now)
{
	if (r->held_until_ns && r->held_until_ns <= now) {
		log_info("%s (%u): was released and neither claimed nor gone: adjusted again", r->name, r->xen.domid);
		r->held_until_ns = 0;
	}
	return r->held_until_ns != 0;
}

/* The switch's vifs are counted by netback-ngd, TAP or not; all others by their network device. */
static uint64_t frames_moved(const struct record *r)
{
	uint64_t link = r->moved[RECORD_LINK], sw = r->moved[RECORD_SWITCH];

	return link > sw ? link : sw;
}

/* Weights come later, with weigh_observe(). */
static void sample_fill(struct adjust *a, uint32_t i, uint64_t ns, uint64_t now)
{
	struct record *r = &a->record[i];
	const struct policy_sample before = a->sample[i];

	a->sample[i] = (struct policy_sample){
		.id = r->xen.domid, .pool = r->xen.pool, .sched = sched_of_pool(a, r->xen.pool),
		.vcpus = r->xen.vcpus, .current = before.current, .baseline = before.baseline,
		.cpu_mille = mille(r->xen.cpu_ns - r->round_cpu_ns, ns),
		.busy_mille = mille(r->busy, r->looks), .turns_mille = mille(r->turns, r->looks),
		.frames = per_second(frames_moved(r) + r->moved[RECORD_VF], ns),
		.blind = net_is_blind(&a->net, r->xen.domid), .held = is_held(r, now),
		.never = r->rule.never || r->refused, .floor = r->rule.floor, .share_mille = r->rule.share_mille,
	};
}

/* Dom0 relays what goes through vifs; VFs go past it. */
static void sample_relay(struct adjust *a, uint64_t ns)
{
	uint64_t relayed = 0;

	if (!a->n || a->record[0].xen.domid != 0)
		return;
	for (uint32_t i = 1; i < a->n; i++)
		relayed += frames_moved(&a->record[i]);
	a->sample[0].relay = true;
	a->sample[0].frames = per_second(relayed, ns);
	a->sample[0].never |= !a->config->dom0;
}

static void round_begin_again(struct adjust *a)
{
	for (uint32_t i = 0; i < a->n; i++) {
		struct record *r = &a->record[i];

		r->round_cpu_ns = r->xen.cpu_ns;
		r->looks = r->busy = r->turns = 0;
		r->refused -= r->refused != 0;
		memset(r->moved, 0, sizeof(r->moved));
	}
}

static void pools_read(struct adjust *a)
{
	struct xen_pool list[ADJUST_POOLS_MAX];
	int n = xen_pools(a->xch, list, ADJUST_POOLS_MAX);

	if (n < 0) {
		log_limited(&a->log, LOG_WARNING, "cannot list cpupools: %s", strerror(-n));
		return;
	}
	for (int i = 0; i < n; i++) {
		bool known = (uint32_t)i < a->pools && a->pool[i].xen.id == list[i].id;

		a->pool[i] = (struct adjust_pool){ .xen = list[i], .named = known && a->pool[i].named,
						    .refused = known && a->pool[i].refused };
	}
	a->pools = (uint32_t)n;
}

static void links_read(struct adjust *a)
{
	int rc = net_refresh(&a->net, record_found(RECORD_LINK), a);

	if (rc && !a->net_failed)
		log_warning("cannot read the interfaces' counters: %s; no domain counts as I/O until that works",
			    strerror(-rc));
	a->net_failed = rc;
}

static void seldom(struct adjust *a)
{
	net_assign(&a->net, a->xs);
	for (uint32_t i = 0; i < a->n; i++)
		record_rename(a, i);
}

void adjust_look(struct adjust *a)
{
	int n = xen_domains(a->xch, a->seen, POLICY_DOMAINS_MAX);

	if (n >= 0)
		record_merge(a, (uint32_t)n);
	else
		log_limited(&a->log, LOG_WARNING, "cannot list domains: %s", strerror(-n));
}

void adjust_round(struct adjust *a, uint64_t now)
{
	uint64_t ns = a->round_ns ? now - a->round_ns : 0;

	pools_read(a);
	links_read(a);
	netback_ask(a->netback);
	if (a->rounds++ % SELDOM == 0)
		seldom(a);
	a->round_ns = now;
	for (uint32_t i = 0; i < a->n; i++)
		sample_fill(a, i, ns, now);
	sample_relay(a, ns);
	policy_classify(&a->config->params, a->sample, a->state, a->result, a->n);
	weigh_observe_live(a);
	policy_decide(&a->config->params, a->sample, a->state, a->result, a->n);
	weigh_apply(a);
	place_round(a);
	round_begin_again(a);
}

/* Holds or weights changed between rounds: classes and rates are those of the last one. */
static int decide_again(struct adjust *a)
{
	weigh_observe(a);
	policy_decide(&a->config->params, a->sample, a->state, a->result, a->n);
	return weigh_apply(a);
}

int adjust_release(struct adjust *a, uint32_t i, uint64_t now, uint32_t seconds)
{
	struct record *r = &a->record[i];
	int rc;

	r->held_until_ns = now + (seconds ? seconds : RECORD_HOLD_SECONDS) * 1000000000ull;
	a->sample[i].held = true;
	log_info("%s (%u): released: at its baseline for %u s, or until it is gone or claimed", r->name, r->xen.domid,
		 seconds ? seconds : RECORD_HOLD_SECONDS);
	rc = decide_again(a);
	place_round(a);
	if (!rc && !a->dry_run && a->sample[i].current != a->sample[i].baseline)
		rc = -EIO;
	return rc;
}

void adjust_claim(struct adjust *a, uint32_t i)
{
	a->record[i].held_until_ns = 0;
	a->sample[i].held = false;
}

uint32_t adjust_find(const struct adjust *a, const char *domain)
{
	/* As xl takes it: what is all digits is a number, whatever domains are called. */
	bool number = *domain && !domain[strspn(domain, "0123456789")];
	uint32_t i;

	for (i = 0; *domain && i < a->n; i++)
		if (number ? strtoul(domain, NULL, 10) == a->record[i].xen.domid :
			     !strcmp(a->record[i].name, domain))
			return i;
	return a->n;
}

void adjust_reload(struct adjust *a, const struct config *config)
{
	a->config = config;
	for (uint32_t i = 0; i < a->n; i++)
		record_match_rule(a, &a->record[i]);
}

/* As mkdir -p. */
static int directory_make(const char *path)
{
	char part[256];
	char *slash;

	snprintf(part, sizeof(part), "%s", path);
	for (slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(part, 0700) && errno != EEXIST ? -errno : 0;
}

static int state_open(struct adjust *a)
{
	char path[FILE_PATH_MAX];
	int rc = directory_make(a->config->state_dir);

	if (rc) {
		log_error("cannot make %s: %s", a->config->state_dir, strerror(-rc));
		return rc;
	}
	snprintf(path, sizeof(path), "%s/baselines.json", a->config->state_dir);
	rc = baselines_load(&a->baselines, path); /* -EINVAL: told, and set aside */
	if (rc && rc != -EINVAL)
		return rc;
	snprintf(path, sizeof(path), "%s/placements.json", a->config->state_dir);
	rc = baselines_load(&a->places, path);
	if (rc && rc != -EINVAL)
		return rc;
	snprintf(path, sizeof(path), "%s/rules.json", a->config->state_dir);
	rc = rules_load(&a->rules, path);
	return rc == -EINVAL ? 0 : rc;
}

static int sources_open(struct adjust *a, sd_event *event)
{
	int rc;

	a->xch = xc_interface_open(NULL, NULL, 0);
	if (!a->xch) {
		rc = errno ? -errno : -EIO;
		log_error("cannot open the hypervisor's interface: %s; is this a Xen Dom0, and are we root?",
			  strerror(-rc));
		return rc;
	}
	a->xs = xs_open(0);
	if (!a->xs)
		log_warning("cannot reach xenstore: domains have no names, VFs are not seen");
	rc = net_open(&a->net);
	if (rc) {
		log_error("cannot open rtnetlink: %s", strerror(-rc));
		return rc;
	}
	return netback_open(&a->netback, event, a->config->netback_socket, record_found(RECORD_SWITCH), a);
}

int adjust_open(struct adjust *a, const struct config *config, sd_event *event, bool dry_run)
{
	int rc;

	a->config = config;
	a->dry_run = dry_run;
	rc = state_open(a);
	if (!rc)
		rc = sources_open(a, event);
	if (rc)
		return rc;
	adjust_look(a);
	pools_read(a);
	for (uint32_t i = 0; i < a->n; i++)
		sample_fill(a, i, 0, 0);
	weigh_restore(a);
	place_restore(a);
	return 0;
}

void adjust_close(struct adjust *a)
{
	if (a->netback) { /* the last of what adjust_open() opens */
		adjust_look(a);
		pools_read(a);
		for (uint32_t i = 0; i < a->n; i++)
			sample_fill(a, i, 0, 0);
		weigh_restore(a);
		place_restore(a);
	}
	netback_close(a->netback);
	net_close(&a->net);
	if (a->xs)
		xs_close(a->xs);
	if (a->xch)
		xc_interface_close(a->xch);
	rules_free(&a->rules);
	baselines_free(&a->places);
	baselines_free(&a->baselines);
}
