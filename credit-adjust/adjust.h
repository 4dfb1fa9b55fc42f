/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The adjuster: sources -> policy -> baselines -> hypervisor, for all domains of the host.
 * The event loop calls adjust_look() about ten times a second and adjust_round() once; nothing here waits.
 * record.c keeps the domains, weigh.c writes weights, place.c affinities, adjust.c joins them, report.c shows them.
 */
#ifndef CREDIT_ADJUST_H
#define CREDIT_ADJUST_H

#include <jansson.h>
#include <xenstore.h>

#include "lib/daemon/log.h"
#include "credit-adjust/baseline.h"
#include "credit-adjust/config.h"
#include "credit-adjust/net.h"
#include "credit-adjust/netback.h"
#include "credit-adjust/rule.h"
#include "credit-adjust/xen.h"

#define ADJUST_POOLS_MAX 64
#define RECORD_COUNTERS 32
#define RECORD_HOLD_SECONDS 600 /* a released domain that is not claimed again */

/* One interface's counter, as one source tells it. */
struct record_counter {
	uint32_t key; /* source and interface; 0: free */
	uint64_t last;
};

enum record_source { RECORD_LINK, RECORD_SWITCH, RECORD_VF, RECORD_SOURCES };

/* What is known of a domain beside the policy's state. */
struct record {
	struct xen_domain xen;
	char name[64];
	uint64_t round_cpu_ns; /* xen.cpu_ns at the last round */
	uint32_t looks, busy, turns; /* since the last round */
	bool was_blocked, seen;
	uint64_t moved[RECORD_SOURCES]; /* frames since the last round */
	uint64_t held_until_ns;		/* 0: not held */
	uint32_t refused;		/* rounds that it is left alone, because Xen refused a weight */
	uint32_t told;			/* dry run: the weight that the log already spoke of */
	struct config_rule rule;
	struct record_counter counter[RECORD_COUNTERS];
};

struct adjust_pool {
	struct xen_pool xen;
	uint32_t tslice_ms; /* in force; 0: not a credit pool */
	uint32_t tslice_baseline;
	bool named;   /* the log said that it is left alone */
	bool refused; /* its timeslice cannot be set; not tried again before the load ends */
};

/* Entry i of the four arrays is one domain; by rising domid. */
struct adjust {
	const struct config *config;
	bool dry_run;
	xc_interface *xch;
	struct xs_handle *xs; /* NULL: names and VFs are unknown */
	struct net net;
	bool net_failed;
	struct netback *netback;
	struct baselines baselines;
	struct baselines places; /* soft affinities, as XEN_ANYWHERE and so on */
	struct xen_sockets sockets; /* .cpus 0: not read yet */
	uint32_t home; /* XEN_SOCKET() where I/O domains are placed */
	struct rules rules;
	uint32_t n;
	struct record record[POLICY_DOMAINS_MAX];
	struct policy_domain state[POLICY_DOMAINS_MAX];
	struct policy_sample sample[POLICY_DOMAINS_MAX];
	struct policy_result result[POLICY_DOMAINS_MAX];
	struct adjust_pool pool[ADJUST_POOLS_MAX];
	uint32_t pools;
	int unsaved; /* why the baselines could not be written when it was tried last; 0: they could */
	int unsaved_places;
	struct log_limit log; /* of what would be said each round, or each look */
	uint64_t round_ns, rounds, changes;
	struct xen_domain seen[POLICY_DOMAINS_MAX]; /* scratch of a look */
};

/* Opens all sources, restores what an earlier run left.  The configuration must outlive it. */
int adjust_open(struct adjust *a, const struct config *config, sd_event *event, bool dry_run);
/* Restores every baseline and closes; for an adjust that was only zeroed, too. */
void adjust_close(struct adjust *a);
void adjust_look(struct adjust *a);
/* now: CLOCK_MONOTONIC. */
void adjust_round(struct adjust *a, uint64_t now_ns);
/* Another configuration; rules are matched anew. */
void adjust_reload(struct adjust *a, const struct config *config);

/* Baseline in force for the index-th domain until it is claimed, vanishes, or seconds pass. 0 or -errno. */
int adjust_release(struct adjust *a, uint32_t index, uint64_t now_ns, uint32_t seconds);
void adjust_claim(struct adjust *a, uint32_t index);
/* By name or decimal domid; the index, or a->n where there is none. */
uint32_t adjust_find(const struct adjust *a, const char *domain);

/* record.c */
void record_merge(struct adjust *a, uint32_t count);
void record_match_rule(const struct adjust *a, struct record *r);
void record_rename(struct adjust *a, uint32_t index);
net_found record_found(enum record_source source);

/* weigh.c: has what a->result says written, and remembered first. */
void weigh_observe(struct adjust *a);
/* The same, but of a pool where nothing can change only a tenth each time: a hypercall a domain is dear. */
void weigh_observe_live(struct adjust *a);
int weigh_apply(struct adjust *a);
void weigh_restore(struct adjust *a);

/* place.c: soft affinity of domains that move packets. */
void place_round(struct adjust *a);
void place_restore(struct adjust *a);

/* report.c */
json_t *report_status(const struct adjust *a, uint64_t now_ns);

#endif
