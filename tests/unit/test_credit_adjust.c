/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjust over the embedded Xen: what it does to weights, and what it leaves behind however it ends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/daemon/log.h"
#include "tests/unit/config_rig.h"
#include "tests/unit/credit_rig.h"

static const char *const schedulers[] = { "credit", "credit2" };

START_TEST(weight_moves_and_goes_back)
{
	struct xen_domctl_sched_credit2 cap = { .weight = 256, .cap = 70 };

	credit_begin(schedulers[_i]);
	if (_i)
		ck_assert_int_eq(xc_sched_credit2_domain_set(rig.xch, 8, &cap), 0);
	credit_rounds(3, 20000);
	ck_assert_uint_eq(credit_weight(8), 205);
	ck_assert_uint_eq(credit_weight(0) + credit_weight(7), 512 + 51);
	credit_rounds(4, 0);
	credit_check_baselines();
	if (_i) {
		ck_assert_int_eq(xc_sched_credit2_domain_get(rig.xch, 8, &cap), 0);
		ck_assert_uint_eq(cap.cap, 70);
	}
	credit_stop();
}
END_TEST

START_TEST(it_settles_within_five_seconds_of_a_change)
{
	unsigned int up = 0, down = 0;

	credit_begin("credit2");
	credit_rounds(10, 0);
	while (credit_weight(8) == 256 && up < 20) {
		credit_rounds(1, 20000);
		up++;
	}
	while (credit_weight(8) != 256 && down < 20) {
		credit_rounds(1, 0);
		down++;
	}
	ck_assert_uint_le(up, 5);
	ck_assert_uint_le(down, 5);
	credit_stop();
}
END_TEST

START_TEST(a_stop_restores)
{
	credit_begin(schedulers[_i]);
	credit_rounds(3, 20000);
	ck_assert_uint_eq(credit_weight(8), 205);
	credit_stop();
	credit_check_baselines();
}
END_TEST

START_TEST(a_crash_is_repaired_at_the_next_start)
{
	credit_begin(schedulers[_i]);
	credit_rounds(3, 20000);
	credit_crash();
	ck_assert_uint_eq(credit_weight(8), 205);
	credit_start();
	credit_check_baselines();
	credit_rounds(3, 20000);
	ck_assert_uint_eq(credit_weight(8), 205);
	credit_stop();
	credit_check_baselines();
}
END_TEST

START_TEST(the_operator_wins)
{
	credit_begin("credit2");
	credit_rounds(3, 20000);
	ck_assert_int_eq(xensim("weight 8 1000 >/dev/null"), 0);
	credit_rounds(2, 20000);
	ck_assert_uint_eq(credit_weight(8), 800);
	credit_crash();
	ck_assert_int_eq(xensim("weight 7 400 >/dev/null"), 0); /* while nobody looks */
	credit_start();
	ck_assert_uint_eq(credit_weight(8), 1000);
	ck_assert_uint_eq(credit_weight(7), 400);
	ck_assert_uint_eq(credit_weight(0), 256);
	credit_stop();
	ck_assert_uint_eq(credit_weight(7), 400);
}
END_TEST

START_TEST(a_domain_that_vanishes)
{
	credit_begin("credit");
	credit_rounds(3, 20000);
	ck_assert_int_eq(xensim("domain destroy 8"), 0);
	credit_rounds(1, 20000);
	ck_assert_uint_eq(credit_weight(0), 256);
	ck_assert_uint_eq(credit_weight(7), 256);
	ck_assert_uint_eq(rig.a->n, 2);
	/* Restored from a file that has our weight in it. */
	ck_assert_int_eq(xensim("domain create 8"), 0);
	ck_assert_int_eq(xensim("weight 8 205 >/dev/null"), 0);
	credit_rounds(1, 0);
	ck_assert_uint_eq(credit_weight(8), 256);
	credit_stop();
}
END_TEST

START_TEST(the_timeslice_follows)
{
	struct xen_sysctl_credit_schedule p;

	credit_begin("credit");
	credit_rounds(3, 20000);
	ck_assert_int_eq(xc_sched_credit_params_get(rig.xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 5);
	ck_assert_uint_eq(p.ratelimit_us, 1000);
	credit_crash();
	credit_start();
	ck_assert_int_eq(xc_sched_credit_params_get(rig.xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 30);
	credit_rounds(3, 20000);
	ck_assert_int_eq(xensim("tslice 20 >/dev/null"), 0);
	credit_rounds(5, 0);
	ck_assert_int_eq(xc_sched_credit_params_get(rig.xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 20);
	credit_stop();
}
END_TEST

/* sysctl.h: no timeslice below the rate limit.  Weights move all the same. */
START_TEST(a_timeslice_that_cannot_be)
{
	struct xen_sysctl_credit_schedule p = { .tslice_ms = 30, .ratelimit_us = 20000 };

	credit_begin("credit");
	ck_assert_int_eq(xc_sched_credit_params_set(rig.xch, 0, &p), 0);
	credit_rounds(5, 20000);
	ck_assert(rig.a->pool[0].refused);
	ck_assert_uint_eq(credit_weight(8), 205);
	p.ratelimit_us = 1000;
	ck_assert_int_eq(xc_sched_credit_params_set(rig.xch, 0, &p), 0);
	credit_rounds(6, 0);
	ck_assert(!rig.a->pool[0].refused);
	credit_rounds(3, 20000);
	ck_assert_int_eq(xc_sched_credit_params_get(rig.xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 5);
	credit_stop();
}
END_TEST

START_TEST(nothing_is_written_that_could_not_be_remembered)
{
	credit_begin("credit2");
	strcpy(rig.a->baselines.path, "/nonexistent/file");
	credit_rounds(5, 20000);
	credit_check_baselines();
	snprintf(rig.a->baselines.path, sizeof(rig.a->baselines.path), "%s/baselines.json", rig.config.state_dir);
	credit_rounds(1, 20000);
	ck_assert_uint_eq(credit_weight(8), 205);
	credit_stop();
}
END_TEST

static const char *logged(int (*fn)(struct adjust *a), unsigned int times)
{
	config_rig_listen();
	while (times--)
		fn(rig.a);
	return config_rig_heard();
}

/* The disk is full when the load ends: the operator's weights come back all the same, and it is said once. */
START_TEST(the_way_back_needs_no_disk)
{
	credit_begin(schedulers[_i]);
	credit_rounds(3, 20000);
	ck_assert_uint_eq(credit_weight(8), 205);
	strcpy(rig.a->baselines.path, "/nonexistent/file");
	credit_rounds(5, 0);
	credit_check_baselines();
	/* A crash now: the file says what was moved, and what is in force is its baseline. */
	credit_crash();
	credit_start();
	credit_check_baselines();
	ck_assert_int_eq(xen_weight_set(rig.xch, rig.sched, 8, 300), 0);
	credit_rounds(1, 0);
	ck_assert_uint_eq(credit_weight(8), 300);
	credit_stop();
	ck_assert_uint_eq(credit_weight(8), 300);
	ck_assert_int_eq(xen_weight_set(rig.xch, rig.sched, 8, 256), 0);
}
END_TEST

START_TEST(a_full_disk_is_told_once)
{
	const char *text;

	credit_begin("credit2");
	strcpy(rig.a->baselines.path, "/nonexistent/file");
	credit_rounds(3, 20000);
	rig.a->unsaved = 0;
	log_set_level(LOG_INFO);
	text = logged(weigh_apply, 30);
	ck_assert_ptr_nonnull(strstr(text, "cannot remember"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	snprintf(rig.a->baselines.path, sizeof(rig.a->baselines.path), "%s/baselines.json", rig.config.state_dir);
	ck_assert_ptr_nonnull(strstr(logged(weigh_apply, 1), "again"));
	log_set_level(-1);
	ck_assert_uint_eq(credit_weight(8), 205);
	credit_stop();
}
END_TEST

START_TEST(a_dry_run_writes_nothing)
{
	credit_begin("credit2");
	rig.a->dry_run = true;
	credit_rounds(5, 20000);
	credit_check_baselines();
	ck_assert_uint_eq(rig.a->result[2].weight, 205);
	credit_stop();
	ck_assert_int_ne(access(rig.config.state_dir, F_OK), -1);
}
END_TEST

static uint32_t place(uint32_t domid)
{
	uint32_t where = 0;

	ck_assert_int_eq(xen_soft_get(rig.xch, &rig.a->sockets, domid, 1, &where), 0);
	return where;
}

/* Two sockets: one CPU each, where there are two. */
START_TEST(io_domains_run_beside_dom0)
{
	setenv("XENSIM_SOCKETS", "2", 1);
	credit_begin("credit2");
	rig.config.affinity = true;
	if (xc_get_max_cpus(rig.xch) < 2) {
		credit_stop();
		return;
	}
	credit_rounds(3, 20000);
	ck_assert_uint_eq(place(7), XEN_SOCKET(0)); /* Dom0's one vCPU is there */
	ck_assert_uint_eq(place(8), XEN_ANYWHERE);
	credit_crash();
	credit_start();
	ck_assert_int_eq(xen_sockets_get(rig.xch, &rig.a->sockets), 0);
	ck_assert_uint_eq(place(7), XEN_ANYWHERE);
	credit_rounds(3, 20000);
	ck_assert_uint_eq(place(7), XEN_SOCKET(0));
	credit_rounds(5, 0);
	ck_assert_uint_eq(place(7), XEN_ANYWHERE);
	/* An operator's own placement stays, through load and stop. */
	ck_assert_int_eq(xen_soft_set(rig.xch, &rig.a->sockets, 7, 1, XEN_SOCKET(1)), 0);
	credit_rounds(4, 20000);
	ck_assert_uint_eq(place(7), XEN_SOCKET(1));
	adjust_close(rig.a);
	memset(rig.a, 0, sizeof(*rig.a));
	ck_assert_int_eq(adjust_open(rig.a, &rig.config, rig.event, false), 0);
	ck_assert_int_eq(xen_sockets_get(rig.xch, &rig.a->sockets), 0);
	ck_assert_uint_eq(place(7), XEN_SOCKET(1));
	credit_stop();
}
END_TEST

START_TEST(one_socket_is_left_alone)
{
	credit_begin("credit2");
	rig.config.affinity = true;
	credit_rounds(4, 20000);
	ck_assert_uint_eq(rig.a->sockets.sockets, 1);
	ck_assert_uint_eq(rig.a->places.count, 0);
	credit_stop();
}
END_TEST

static void add_life(TCase *c)
{
	tcase_add_loop_test(c, weight_moves_and_goes_back, 0, 2);
	tcase_add_test(c, it_settles_within_five_seconds_of_a_change);
	tcase_add_loop_test(c, a_stop_restores, 0, 2);
	tcase_add_loop_test(c, a_crash_is_repaired_at_the_next_start, 0, 2);
	tcase_add_test(c, the_operator_wins);
	tcase_add_test(c, a_domain_that_vanishes);
	tcase_add_test(c, the_timeslice_follows);
	tcase_add_test(c, a_timeslice_that_cannot_be);
	tcase_add_test(c, nothing_is_written_that_could_not_be_remembered);
	tcase_add_loop_test(c, the_way_back_needs_no_disk, 0, 2);
	tcase_add_test(c, a_full_disk_is_told_once);
	tcase_add_test(c, a_dry_run_writes_nothing);
	tcase_add_test(c, io_domains_run_beside_dom0);
	tcase_add_test(c, one_socket_is_left_alone);
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("credit-adjust");
	TCase *life = test_xensim_case("life"), *requests = test_xensim_case("requests");

	add_life(life);
	add_requests(requests);
	suite_add_tcase(s, life);
	suite_add_tcase(s, requests);
	test_xensim_main(s, argc, argv);
}
