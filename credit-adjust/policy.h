/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the adjuster decides: samples and kept state in, weights and their reasons out.
 * Pure: no clock, no I/O, no allocation; the daemon, the simulator and the tests run this very code.
 * classify.c says what a domain is, transfer.c what moves in one pool, policy.c what is worth writing.
 *
 * Invariants, each a property test (tests/unit/test_credit_policy.c):
 *   - the sum of weight x vCPUs over a pool is that of its baselines, to the unit;
 *   - no domain has less than (1 - max_share) of its baseline, nor less than 1;
 *   - on credit2 no two weights are further apart than max_ratio, unless their baselines are.
 */
#ifndef CREDIT_POLICY_H
#define CREDIT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#define POLICY_DOMAINS_MAX 1024
#define POLICY_WEIGHT_MAX 65535u
#define POLICY_WINDOW 16 /* rounds that a domain's demand is remembered, at most */

enum policy_class {
	POLICY_IDLE,  /* neither of the others */
	POLICY_CPU,   /* never rests and moves no packets: gives */
	POLICY_IO,    /* its CPU time moves packets: receives */
	POLICY_MIXED, /* moves packets, but computes most of the time: neither */
};

enum policy_sched { POLICY_CREDIT, POLICY_CREDIT2, POLICY_OTHER };

/* Why a domain has the weight it has. */
enum policy_reason {
	POLICY_REST,	   /* its baseline: it neither gives nor receives */
	POLICY_NO_DONOR,   /* I/O, but no CPU-bound domain competes with it */
	POLICY_NO_NEED,	   /* CPU-bound, but no I/O domain needs anything */
	POLICY_GIVES,
	POLICY_RECEIVES,
	POLICY_AT_CEILING, /* receives, and would get more but for max_ratio or the largest weight */
	POLICY_AT_FLOOR,   /* CPU-bound, and the operator's floor lets it give nothing */
	POLICY_NEVER,	   /* the operator excluded it */
	POLICY_HELD,	   /* released for a migration or a save */
	POLICY_SCHEDULER,  /* its pool has neither credit nor credit2 */
	POLICY_UNEVEN,	   /* the vCPU counts of this pool let no exact exchange be made */
};

/* Parts per thousand are called mille.  A frame is 1500 bytes, or a packet where they are smaller. */
struct policy_params {
	uint32_t max_share_mille;   /* of its baseline, what a CPU-bound domain gives at most; 0..500 */
	uint32_t io_enter, io_leave; /* frames/s at which a domain becomes and stops being I/O */
	uint32_t io_full;	    /* frames/s in a pool at which all of max_share moves; below, a part */
	uint32_t enter_rounds, leave_rounds; /* so many rounds in a row before a class is left; see classify.c */
	uint32_t busy_mille;	    /* looks that find a CPU-bound domain runnable */
	uint32_t mixed_below;	    /* frames per second of CPU time; a busy domain below is mixed, not I/O */
	uint32_t min_change_mille;  /* of a weight in force; a pool without such a change is left alone */
	uint32_t max_ratio;	    /* credit2: between any two weights of a pool */
};

/* One domain in one round. */
struct policy_sample {
	uint32_t id;	    /* domid; only for the caller */
	uint32_t pool;
	enum policy_sched sched;
	uint32_t vcpus;	    /* online, at least 1 */
	uint32_t baseline;  /* weight without us, 1..65535 */
	uint32_t current;   /* weight in force */
	uint32_t cpu_mille; /* of one CPU, used since the last round */
	uint32_t busy_mille; /* looks that did not find all its vCPUs blocked */
	uint32_t turns_mille; /* looks that found the opposite of the look before */
	uint32_t frames;    /* per second, both directions */
	bool relay;	    /* Dom0: moves others' packets; what it does itself cannot be seen by looking */
	bool blind;	    /* has a VF without counters: judged by its pattern of blocking */
	bool never, held;
	uint32_t floor;	    /* least weight that the operator allows, 0: none */
	uint32_t share_mille; /* in place of max_share_mille where not 0 */
};

/* What is remembered of a domain; all zero for a new one. */
struct policy_domain {
	enum policy_class class;
	uint32_t rounds; /* in a row that spoke for another class */
	uint32_t window[POLICY_WINDOW], at; /* frames of the last rounds */
};

struct policy_result {
	uint32_t weight; /* to be in force from now on */
	uint32_t demand; /* frames/s: the most of the last leave_rounds */
	enum policy_reason reason;
};

void policy_params_default(struct policy_params *params);

/*
 * One round over n <= POLICY_DOMAINS_MAX domains; the entries of the three arrays belong together.
 * A result differs from the sample's current weight only where it is to be written, and
 * either all domains of a pool have results that obey the invariants, or nothing of it is to be written.
 */
void policy_round(const struct policy_params *params, const struct policy_sample *sample,
		  struct policy_domain *domain, struct policy_result *result, uint32_t n);

/* The two halves of a round.  The first looks neither at baselines nor at weights in force; the second may be
 * repeated when these or a hold changed. */
void policy_classify(const struct policy_params *params, const struct policy_sample *sample,
		     struct policy_domain *domain, struct policy_result *result, uint32_t n);
void policy_decide(const struct policy_params *params, const struct policy_sample *sample,
		   const struct policy_domain *domain, struct policy_result *result, uint32_t n);

/* Between the halves: may the second change anything in this pool? */
bool policy_is_live(uint32_t pool, const struct policy_sample *sample, const struct policy_domain *domain, uint32_t n);

const char *policy_class_name(enum policy_class class);
/* A clause for the log and for status: "gives: CPU-bound while others move packets". */
const char *policy_reason_text(enum policy_reason reason);

/* classify.c: one more sample of one domain. */
void classify_round(const struct policy_params *params, const struct policy_sample *sample,
		    struct policy_domain *domain, struct policy_result *result);

/* transfer.c: targets and reasons for the domains of one pool, whose classes are decided. */
void transfer_pool(const struct policy_params *params, uint32_t pool, const struct policy_sample *sample,
		   const struct policy_domain *domain, struct policy_result *result, uint32_t n);

#endif
