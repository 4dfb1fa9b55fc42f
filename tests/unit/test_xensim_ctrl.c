/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenctrl in the embedded Xen: domains, weights and the two schedulers. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <xenctrl.h>

#include "tests/unit/test_xensim.h"

static xc_interface *xch;

static void open_ctrl(void)
{
	as_domain(0);
	xch = xc_interface_open(NULL, NULL, 0);
	ck_assert_ptr_nonnull(xch);
}

START_TEST(domains_are_listed)
{
	xc_domaininfo_t info[4];
	xc_vcpuinfo_t vcpu;
	uint64_t before;

	ck_assert_int_eq(xensim("domain destroy 8"), 0);
	ck_assert_int_eq(xensim("domain create 8 vcpus=3 memory=64"), 0);
	open_ctrl();
	ck_assert_int_eq(xc_domain_getinfolist(xch, 0, 4, info), 3);
	ck_assert_int_eq(info[0].domain, 0);
	ck_assert_int_eq(info[1].domain, 7);
	ck_assert_int_eq(info[2].domain, 8);
	ck_assert_int_eq(info[2].nr_online_vcpus, 3);
	ck_assert_int_eq(info[2].tot_pages, 64 * 256);
	ck_assert_int_eq(xc_domain_getinfolist(xch, 8, 4, info), 1);
	ck_assert_int_eq(xc_domain_getinfolist(xch, 0, 2, info), 2);
	ck_assert_int_eq(xc_domain_getinfolist(xch, 9, 2, info), 0);
	ck_assert_int_eq(xc_vcpu_getinfo(xch, 8, 2, &vcpu), 0);
	ck_assert_int_eq(xc_vcpu_getinfo(xch, 8, 3, &vcpu), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(xc_vcpu_getinfo(xch, 99, 0, &vcpu), -1);
	ck_assert_int_eq(errno, ESRCH);
	/* CPU time stands still until the domain has a load. */
	ck_assert_int_eq(xensim("domain load 8 300"), 0);
	before = info[0].cpu_time;
	do
		ck_assert_int_eq(xc_domain_getinfolist(xch, 8, 1, info), 1);
	while (info[0].cpu_time <= before);
	ck_assert_int_eq(xc_domain_getinfolist(xch, 7, 1, info), 1);
	ck_assert_int_eq(info[0].cpu_time, 0);
}
END_TEST

START_TEST(credit2_is_the_default)
{
	struct xen_domctl_sched_credit2 dom = { .weight = 0, .cap = 0 };
	struct xen_domctl_sched_credit wrong;
	struct xen_sysctl_credit2_schedule params;
	int id;

	ck_assert_int_eq(xensim("sched credit2 >/dev/null"), 0);
	open_ctrl();
	ck_assert_int_eq(xc_sched_id(xch, &id), 0);
	ck_assert_int_eq(id, XEN_SCHEDULER_CREDIT2);
	ck_assert_int_eq(xc_sched_credit2_domain_get(xch, 7, &dom), 0);
	ck_assert_int_eq(dom.weight, 256);
	dom.weight = 512;
	dom.cap = 50;
	ck_assert_int_eq(xc_sched_credit2_domain_set(xch, 7, &dom), 0);
	dom.weight = 0;	  /* leave */
	dom.cap = 0xffff; /* leave */
	ck_assert_int_eq(xc_sched_credit2_domain_set(xch, 7, &dom), 0);
	ck_assert_int_eq(xc_sched_credit2_domain_get(xch, 7, &dom), 0);
	ck_assert_int_eq(dom.weight, 512);
	ck_assert_int_eq(dom.cap, 50);
	ck_assert_int_eq(xc_sched_credit_domain_get(xch, 7, &wrong), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(xc_sched_credit2_domain_get(xch, 99, &dom), -1);
	ck_assert_int_eq(errno, ESRCH);
	params.ratelimit_us = 2000;
	ck_assert_int_eq(xc_sched_credit2_params_set(xch, 0, &params), 0);
	params.ratelimit_us = 50;
	ck_assert_int_eq(xc_sched_credit2_params_set(xch, 0, &params), -1);
	ck_assert_int_eq(xc_sched_credit2_params_get(xch, 0, &params), 0);
	ck_assert_int_eq(params.ratelimit_us, 2000);
	ck_assert_int_eq(xc_sched_credit2_params_get(xch, 1, &params), -1);
}
END_TEST

START_TEST(credit_has_a_timeslice)
{
	struct xen_sysctl_credit_schedule s = { .tslice_ms = 5, .ratelimit_us = 1000 };
	xc_cpupoolinfo_t *pool;

	ck_assert_int_eq(xensim("sched credit >/dev/null"), 0);
	open_ctrl();
	ck_assert_int_eq(xc_sched_credit_params_set(xch, 0, &s), 0);
	s.tslice_ms = 0;
	ck_assert_int_eq(xc_sched_credit_params_set(xch, 0, &s), -1);
	ck_assert_int_eq(xc_sched_credit_params_get(xch, 0, &s), 0);
	ck_assert_int_eq(s.tslice_ms, 5);
	pool = xc_cpupool_getinfo(xch, 0);
	ck_assert_ptr_nonnull(pool);
	ck_assert_int_eq(pool->sched_id, XEN_SCHEDULER_CREDIT);
	ck_assert_int_eq(pool->n_dom, 3);
	ck_assert(xc_cpumap_testcpu(0, pool->cpumap));
	xc_cpupool_infofree(xch, pool);
	ck_assert_ptr_null(xc_cpupool_getinfo(xch, 1));
	ck_assert_int_eq(xensim("sched credit2 >/dev/null"), 0);
}
END_TEST

START_TEST(affinity_is_kept)
{
	xc_cpumap_t map;

	open_ctrl();
	map = xc_cpumap_alloc(xch);
	xc_cpumap_setcpu(0, map);
	ck_assert_int_eq(xc_vcpu_setaffinity(xch, 7, 0, map, NULL, XEN_VCPUAFFINITY_HARD), 0);
	xc_cpumap_clearcpu(0, map);
	ck_assert_int_eq(xc_vcpu_setaffinity(xch, 7, 0, map, NULL, XEN_VCPUAFFINITY_HARD), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(xc_vcpu_getaffinity(xch, 7, 0, map, NULL, XEN_VCPUAFFINITY_HARD), 0);
	ck_assert(xc_cpumap_testcpu(0, map));
	for (int cpu = 1; cpu < xc_get_max_cpus(xch); cpu++)
		ck_assert(!xc_cpumap_testcpu(cpu, map));
	ck_assert_int_eq(xc_vcpu_getaffinity(xch, 7, 1, map, NULL, XEN_VCPUAFFINITY_HARD), -1);
	ck_assert_int_eq(xc_vcpu_getaffinity(xch, 7, 0, map, map, 0), -1);
	free(map);
}
END_TEST

START_TEST(the_host_is_described)
{
	unsigned int cpus = 0;
	xc_physinfo_t phys;
	xc_cputopo_t topo[64];

	open_ctrl();
	ck_assert_int_eq(xc_physinfo(xch, &phys), 0);
	ck_assert_int_eq(xc_cputopoinfo(xch, &cpus, NULL), 0);
	ck_assert_uint_eq(cpus, phys.nr_cpus);
	ck_assert_int_eq((int)cpus, xc_get_online_cpus(xch));
	ck_assert_int_eq(xc_cputopoinfo(xch, &cpus, topo), 0);
	cpus = 0;
	ck_assert_int_eq(xc_cputopoinfo(xch, &cpus, topo), -1);
	ck_assert_int_eq(errno, ENOBUFS);
	ck_assert_int_eq(xc_interface_close(xch), 0);
}
END_TEST

START_TEST(a_guest_may_not_touch_the_scheduler)
{
	struct xen_domctl_sched_credit2 dom = { .weight = 1000, .cap = 0 };

	as_domain(7);
	xch = xc_interface_open(NULL, NULL, 0);
	ck_assert_int_eq(xc_sched_credit2_domain_set(xch, 7, &dom), -1);
	ck_assert_int_eq(errno, EPERM);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("xensim libxenctrl");
	TCase *c = test_xensim_case("ctrl");

	tcase_add_test(c, domains_are_listed);
	tcase_add_test(c, credit2_is_the_default);
	tcase_add_test(c, credit_has_a_timeslice);
	tcase_add_test(c, affinity_is_kept);
	tcase_add_test(c, the_host_is_described);
	tcase_add_test(c, a_guest_may_not_touch_the_scheduler);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
