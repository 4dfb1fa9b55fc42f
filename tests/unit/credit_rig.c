/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/credit_rig.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/daemon/log.h"

#define ROUND_NS 3000000ull

struct credit_rig rig = { .dir = "/tmp/credit-adjust-XXXXXX" };

void credit_start(void)
{
	rig.a = calloc(1, sizeof(*rig.a));
	ck_assert_int_eq(adjust_open(rig.a, &rig.config, rig.event, false), 0);
}

void credit_stop(void)
{
	adjust_close(rig.a);
	free(rig.a);
}

void credit_crash(void)
{
	netback_close(rig.a->netback);
	net_close(&rig.a->net);
	xs_close(rig.a->xs);
	xc_interface_close(rig.a->xch);
	rules_free(&rig.a->rules);
	baselines_free(&rig.a->baselines);
	baselines_free(&rig.a->places);
	free(rig.a);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

void credit_rounds(unsigned int n, uint64_t frames)
{
	while (n--) {
		uint64_t began = rig.now;

		for (int i = 0; i < 20 || rig.now - began < ROUND_NS; i++) {
			adjust_look(rig.a);
			rig.now = clock_ns();
		}
		rig.moved += began ? frames * (rig.now - began) / 1000000000 : 0;
		record_found(RECORD_LINK)(rig.a, 7, false, 0, rig.moved);
		adjust_round(rig.a, rig.now);
	}
}

uint32_t credit_weight(uint32_t domid)
{
	uint32_t w = 0;

	ck_assert_int_eq(xen_weight_get(rig.xch, rig.sched, domid, &w), 0);
	return w;
}

void credit_begin(const char *scheduler)
{
	as_domain(0);
	strcpy(rig.dir + strlen(rig.dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(rig.dir));
	log_set_level(-1);
	rig.sched = strcmp(scheduler, "credit") ? POLICY_CREDIT2 : POLICY_CREDIT;
	ck_assert_int_eq(xensim("sched %s >/dev/null", scheduler), 0);
	ck_assert_int_eq(xensim("weight 0 256 >/dev/null"), 0);
	xensim("tslice 30 >/dev/null");
	ck_assert_int_eq(xensim("domain load 7 20 50"), 0);
	ck_assert_int_eq(xensim("domain load 8 80 100"), 0);
	ck_assert_int_eq(config_load(&rig.config, "/nonexistent"), 0);
	snprintf(rig.config.state_dir, sizeof(rig.config.state_dir), "%s/a/b", rig.dir);
	snprintf(rig.config.netback_socket, sizeof(rig.config.netback_socket), "%s/netback", rig.dir);
	ck_assert_int_ge(sd_event_new(&rig.event), 0);
	rig.xch = xc_interface_open(NULL, NULL, 0);
	ck_assert_ptr_nonnull(rig.xch);
	credit_start();
}

void credit_check_baselines(void)
{
	ck_assert_uint_eq(credit_weight(0), 256);
	ck_assert_uint_eq(credit_weight(7), 256);
	ck_assert_uint_eq(credit_weight(8), 256);
}
