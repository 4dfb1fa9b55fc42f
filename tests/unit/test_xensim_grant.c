/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants in the embedded Xen: who may map and copy what, and what revocation does. */
#include <errno.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test_xensim.h"

enum { PAGE = XENSIM_PAGE };

static xengntshr_handle *shr;	/* domain 7's */
static xengnttab_handle *tab;	/* domain 0's */

static void open_both(void)
{
	as_domain(7);
	shr = xengntshr_open(NULL, 0);
	as_domain(0);
	tab = xengnttab_open(NULL, 0);
	ck_assert_ptr_nonnull(shr);
	ck_assert_ptr_nonnull(tab);
}

static char *share(int count, uint32_t *refs, int writable)
{
	char *p = xengntshr_share_pages(shr, 0, count, refs, writable);

	ck_assert_ptr_nonnull(p);
	return p;
}

static xengnttab_grant_copy_segment_t copy_from(uint32_t ref, void *to, uint16_t offset, uint16_t len)
{
	return (xengnttab_grant_copy_segment_t){
		.source.foreign = { .ref = ref, .offset = offset, .domid = 7 },
		.dest.virt = to, .len = len, .flags = GNTCOPY_source_gref, .status = 1,
	};
}

static xengnttab_grant_copy_segment_t copy_to(uint32_t ref, void *from, uint16_t offset, uint16_t len)
{
	return (xengnttab_grant_copy_segment_t){
		.dest.foreign = { .ref = ref, .offset = offset, .domid = 7 },
		.source.virt = from, .len = len, .flags = GNTCOPY_dest_gref, .status = 1,
	};
}

static int16_t copy_status(xengnttab_handle *h, xengnttab_grant_copy_segment_t s)
{
	ck_assert_int_eq(xengnttab_grant_copy(h, 1, &s), 0);
	return s.status;
}

START_TEST(mapped_pages_are_shared_memory)
{
	uint32_t refs[3], odd[3];
	char *theirs, *ours;

	open_both();
	theirs = share(3, refs, 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_ge(refs[i], XENSIM_GREF_MIN);
		theirs[i * PAGE] = (char)('a' + i);
		odd[i] = refs[2 - i]; /* not in the order of the frames */
	}
	ours = xengnttab_map_domain_grant_refs(tab, 3, 7, odd, PROT_READ | PROT_WRITE);
	ck_assert_ptr_nonnull(ours);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ours[i * PAGE], 'c' - i);
	ours[PAGE - 1] = 'x';
	ck_assert_int_eq(theirs[3 * PAGE - 1], 'x');
	ck_assert_int_eq(xengnttab_unmap(tab, ours, 2), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(xengnttab_unmap(tab, ours, 3), 0);
	ck_assert_int_eq(xengnttab_unmap(tab, ours, 3), -1);
	ck_assert_int_eq(xengntshr_unshare(shr, theirs, 3), 0);
}
END_TEST

START_TEST(only_the_grantee_may_use_a_grant)
{
	xengnttab_handle *other;
	char buf[8];
	uint32_t ref;

	open_both();
	share(1, &ref, 1);
	as_domain(8);
	other = xengnttab_open(NULL, 0);
	ck_assert_ptr_null(xengnttab_map_grant_ref(other, 7, ref, PROT_READ));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(copy_status(other, copy_from(ref, buf, 0, 8)), GNTST_general_error);
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref + 1000, PROT_READ));
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 9, ref, PROT_READ));
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 5000, ref, PROT_READ));
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, UINT32_MAX, PROT_READ));
	ck_assert_int_eq(xengnttab_close(other), 0);
}
END_TEST

START_TEST(a_read_only_grant_is_not_written)
{
	char buf[8] = "";
	uint32_t ref;
	char *page;

	open_both();
	page = share(1, &ref, 0);
	strcpy(page, "secret");
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ | PROT_WRITE));
	ck_assert_str_eq(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ), "secret");
	ck_assert_int_eq(copy_status(tab, copy_to(ref, buf, 0, 8)), GNTST_general_error);
	ck_assert_int_eq(copy_status(tab, copy_from(ref, buf, 0, 8)), GNTST_okay);
	ck_assert_str_eq(buf, "secret");
	ck_assert_str_eq(page, "secret");
}
END_TEST

START_TEST(revocation_spares_existing_maps)
{
	uint32_t ref, again;
	char buf[8], *page, *map;

	open_both();
	page = share(1, &ref, 1);
	strcpy(page, "old");
	map = xengnttab_map_grant_ref(tab, 7, ref, PROT_READ);
	ck_assert_int_eq(xengntshr_unshare(shr, page, 1), 0);
	strcpy(share(1, &again, 1), "new");
	ck_assert_uint_ne(again, ref);
	ck_assert_str_eq(map, "old");
	ck_assert_int_eq(xengnttab_unmap(tab, map, 1), 0);
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_int_eq(copy_status(tab, copy_from(ref, buf, 0, 8)), GNTST_general_error);
}
END_TEST

START_TEST(copies_check_bounds_as_gntdev_does)
{
	static char buf[2 * PAGE];
	xengnttab_grant_copy_segment_t seg[2];
	uint32_t ref;
	char *page;

	open_both();
	page = share(1, &ref, 1);
	memset(page, 'p', PAGE);
	/* The local side may cross a page, the granted one may not. */
	ck_assert_int_eq(copy_status(tab, copy_from(ref, buf + PAGE / 2, 0, PAGE)), GNTST_okay);
	ck_assert_int_eq(buf[PAGE / 2 + PAGE - 1], 'p');
	seg[0] = copy_from(ref, buf, 1, PAGE);
	ck_assert_int_eq(xengnttab_grant_copy(tab, 1, seg), -1);
	ck_assert_int_eq(errno, EINVAL);
	seg[0] = copy_to(ref, buf, PAGE - 1, 2);
	ck_assert_int_eq(xengnttab_grant_copy(tab, 1, seg), -1);
	seg[0] = copy_from(ref, buf, 0, 1);
	seg[0].flags = 0;
	ck_assert_int_eq(xengnttab_grant_copy(tab, 1, seg), -1);
	/* One bad segment does not spoil the next. */
	seg[0] = copy_from(ref + 99, buf, 0, 1);
	seg[1] = copy_to(ref, buf, 0, 1);
	buf[0] = 'q';
	ck_assert_int_eq(xengnttab_grant_copy(tab, 2, seg), 0);
	ck_assert_int_eq(seg[0].status, GNTST_general_error);
	ck_assert_int_eq(seg[1].status, GNTST_okay);
	ck_assert_int_eq(page[0], 'q');
	seg[0].source.foreign.ref = UINT32_MAX;
	ck_assert_int_eq(xengnttab_grant_copy(tab, 1, seg), 0);
	ck_assert_int_eq(seg[0].status, GNTST_bad_gntref);
	seg[0].source.foreign.domid = 9;
	ck_assert_int_eq(xengnttab_grant_copy(tab, 1, seg), 0);
	ck_assert_int_eq(seg[0].status, GNTST_bad_domain);
}
END_TEST

START_TEST(copy_from_grant_to_grant)
{
	xengnttab_grant_copy_segment_t s = { .len = 3, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref };
	uint32_t refs[2];
	char *pages;

	open_both();
	pages = share(2, refs, 1);
	strcpy(pages + 10, "ab");
	s.source.foreign.ref = refs[0];
	s.source.foreign.domid = 7;
	s.source.foreign.offset = 10;
	s.dest.foreign.ref = refs[1];
	s.dest.foreign.domid = 7;
	ck_assert_int_eq(copy_status(tab, s), GNTST_okay);
	ck_assert_str_eq(pages + PAGE, "ab");
}
END_TEST

/* Xen looks for a local page among the caller's own, and finds the granting domain's instead. */
START_TEST(mapped_pages_are_no_local_side)
{
	xengnttab_grant_copy_segment_t s = { .len = 1, .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref };
	xengnttab_handle *other;
	static char buf[PAGE];
	uint32_t refs[3], own;
	char *map, *mine;
	xengntshr_handle *ours;

	open_both();
	share(3, refs, 1)[PAGE] = 'm';
	other = xengnttab_open(NULL, 0);
	map = xengnttab_map_domain_grant_refs(other, 2, 7, refs, PROT_READ | PROT_WRITE);
	ck_assert_ptr_nonnull(map);
	ck_assert_int_eq(copy_status(tab, copy_to(refs[2], map, 0, 1)), GNTST_bad_page);
	ck_assert_int_eq(copy_status(tab, copy_to(refs[2], map + 2 * PAGE - 1, 0, 1)), GNTST_bad_page);
	ck_assert_int_eq(copy_status(tab, copy_from(refs[2], map + PAGE, 0, PAGE)), GNTST_bad_page);
	ck_assert_int_eq(map[PAGE], 'm');
	/* By its grant it can be had. */
	s.source.foreign.ref = refs[1];
	s.dest.foreign.ref = refs[2];
	s.source.foreign.domid = s.dest.foreign.domid = 7;
	ck_assert_int_eq(copy_status(tab, s), GNTST_okay);
	ck_assert_int_eq(copy_status(tab, copy_from(refs[2], buf, 0, 1)), GNTST_okay);
	ck_assert_int_eq(buf[0], 'm');
	/* Own pages stay own pages, granted or not; and what was unmapped is nobody's any more. */
	ours = xengntshr_open(NULL, 0);
	mine = xengntshr_share_pages(ours, 7, 1, &own, 1);
	ck_assert_int_eq(copy_status(tab, copy_from(refs[2], mine, 0, 1)), GNTST_okay);
	ck_assert_int_eq(mine[0], 'm');
	ck_assert_int_eq(xengnttab_unmap(other, map, 2), 0);
	ck_assert_ptr_eq(mmap(map, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), map);
	ck_assert_int_eq(copy_status(tab, copy_from(refs[2], map, 0, 1)), GNTST_okay);
	munmap(map, 2 * PAGE);
	map = xengnttab_map_grant_ref(other, 7, refs[0], PROT_READ);
	ck_assert_int_eq(copy_status(tab, copy_to(refs[2], map, 0, 1)), GNTST_bad_page);
	ck_assert_int_eq(xengnttab_close(other), 0);
	ck_assert_int_eq(xengntshr_close(ours), 0);
}
END_TEST

START_TEST(limits_hold)
{
	uint32_t refs[20];

	open_both();
	ck_assert_int_eq(xensim("domain limit 7 10"), 0);
	ck_assert_ptr_null(xengntshr_share_pages(shr, 0, 11, refs, 1));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_ptr_null(xengntshr_share_pages(shr, 0, 0, refs, 1));
	share(10, refs, 1);
	ck_assert_ptr_null(xengntshr_share_pages(shr, 0, 1, refs + 10, 1));
	xengnttab_set_max_grants(tab, 9);
	ck_assert_ptr_null(xengnttab_map_domain_grant_refs(tab, 10, 7, refs, PROT_READ));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_ptr_nonnull(xengnttab_map_domain_grant_refs(tab, 9, 7, refs, PROT_READ));
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, refs[0], PROT_READ));
}
END_TEST

START_TEST(a_failed_map_leaves_nothing_behind)
{
	uint64_t errors = counter(0, XENSIM_C_map_errors);
	uint32_t refs[3];
	char *pages;

	open_both();
	pages = share(2, refs, 1);
	refs[2] = refs[1] + 500;
	ck_assert_ptr_null(xengnttab_map_domain_grant_refs(tab, 3, 7, refs, PROT_READ));
	ck_assert_int_eq(xengntshr_unshare(shr, pages, 2), 0);
	ck_assert_int_eq(xengntshr_unshare(shr, pages, 2), -1);
	ck_assert_uint_eq(counter(0, XENSIM_C_map_errors) - errors, 1);
}
END_TEST

START_TEST(a_killed_process_loses_its_grants)
{
	int pipefd[2];
	uint32_t ref;
	char *map, c;
	pid_t pid;

	ck_assert_int_eq(pipe(pipefd), 0);
	pid = fork();
	if (pid == 0) {
		as_domain(7);
		shr = xengntshr_open(NULL, 0);
		strcpy(share(1, &ref, 1), "alive");
		(void)!write(pipefd[1], &ref, sizeof(ref));
		pause();
	}
	ck_assert_int_eq(read(pipefd[0], &ref, sizeof(ref)), sizeof(ref));
	as_domain(0);
	tab = xengnttab_open(NULL, 0);
	map = xengnttab_map_grant_ref(tab, 7, ref, PROT_READ);
	ck_assert_ptr_nonnull(map);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_str_eq(map, "alive");
	ck_assert_int_eq(xengnttab_unmap(tab, map, 1), 0);
	/* The end of its connection reaches xensimd when it may: the test's time limit is the deadline. */
	while (copy_status(tab, copy_from(ref, &c, 0, 1)) != GNTST_general_error)
		usleep(1000);
}
END_TEST

START_TEST(close_revokes_at_once)
{
	uint32_t ref;
	char c;

	open_both();
	share(1, &ref, 1);
	xengntshr_close(shr);
	ck_assert_int_eq(copy_status(tab, copy_from(ref, &c, 0, 1)), GNTST_general_error);
	ck_assert_int_eq(xengnttab_close(tab), 0);
}
END_TEST

START_TEST(unmap_notifies_the_other_side)
{
	xenevtchn_handle *front, *back;
	int fport, bport;
	uint32_t ref;
	char *page, *map;

	open_both();
	as_domain(7);
	front = xenevtchn_open(NULL, 0);
	as_domain(0);
	back = xenevtchn_open(NULL, 0);
	fport = xenevtchn_bind_unbound_port(front, 0);
	bport = xenevtchn_bind_interdomain(back, 7, (evtchn_port_t)fport);
	page = share(1, &ref, 1);
	map = xengnttab_map_grant_ref_notify(tab, 7, ref, PROT_READ | PROT_WRITE, 100, (evtchn_port_t)bport);
	ck_assert_ptr_nonnull(map);
	map[100] = 1;
	ck_assert_int_eq(xengnttab_unmap(tab, map, 1), 0);
	ck_assert_int_eq(page[100], 0);
	ck_assert_int_eq(xenevtchn_pending(front), fport);
	ck_assert_ptr_null(xengnttab_map_grant_ref_notify(tab, 7, ref, PROT_READ, PAGE, (evtchn_port_t)bport));
	xenevtchn_close(front);
	xenevtchn_close(back);
}
END_TEST

START_TEST(unshare_notifies_the_other_side)
{
	uint32_t ref;
	char *page, *map;

	open_both();
	page = xengntshr_share_page_notify(shr, 0, &ref, 1, 5, (evtchn_port_t)-1);
	ck_assert_ptr_nonnull(page);
	map = xengnttab_map_grant_ref(tab, 7, ref, PROT_READ);
	page[5] = 1;
	ck_assert_int_eq(xengntshr_unshare(shr, page, 1), 0);
	ck_assert_int_eq(map[5], 0);
}
END_TEST

START_TEST(operations_are_counted)
{
	xengnttab_grant_copy_segment_t seg[20];
	static char buf[PAGE];
	uint32_t refs[4], own;
	uint64_t own_copies = counter(0, XENSIM_C_granted_copies);
	uint64_t calls = counter(0, XENSIM_C_copy_calls), segs = counter(0, XENSIM_C_copy_segments),
		 hyper = counter(0, XENSIM_C_hypercalls), pages = counter(0, XENSIM_C_map_pages),
		 bytes = counter(0, XENSIM_C_copy_bytes);
	xengntshr_handle *ours;
	void *shared;
	char *map;

	open_both();
	share(4, refs, 1);
	for (int i = 0; i < 20; i++)
		seg[i] = copy_from(refs[i % 4], buf, 0, 100);
	ck_assert_int_eq(xengnttab_grant_copy(tab, 20, seg), 0);
	map = xengnttab_map_domain_grant_refs(tab, 4, 7, refs, PROT_READ);
	xengnttab_unmap(tab, map, 4);
	ck_assert_uint_eq(counter(0, XENSIM_C_copy_calls) - calls, 1);
	ck_assert_uint_eq(counter(0, XENSIM_C_copy_segments) - segs, 20);
	ck_assert_uint_eq(counter(0, XENSIM_C_copy_bytes) - bytes, 2000);
	ck_assert_uint_eq(counter(0, XENSIM_C_map_pages) - pages, 4);
	/* 20 segments are two batches of gntdev; one map; one unmap. */
	ck_assert_uint_eq(counter(0, XENSIM_C_hypercalls) - hyper, 4);
	ck_assert_uint_eq(counter(7, XENSIM_C_granted_copies), 20);
	/* Both ends are counted, but not a domain's own. */
	as_domain(0);
	ours = xengntshr_open(NULL, 0);
	shared = xengntshr_share_pages(ours, 0, 1, &own, 1);
	ck_assert_ptr_nonnull(shared);
	seg[0].flags = GNTCOPY_source_gref | GNTCOPY_dest_gref;
	seg[0].dest.foreign = seg[0].source.foreign;
	seg[1] = copy_from(own, NULL, 0, 100);
	seg[1].flags |= GNTCOPY_dest_gref;
	seg[1].dest.foreign = seg[0].dest.foreign;
	seg[1].source.foreign.domid = 0;
	ck_assert_int_eq(xengnttab_grant_copy(tab, 2, seg), 0);
	ck_assert_int_eq(seg[1].status, GNTST_okay);
	ck_assert_uint_eq(counter(7, XENSIM_C_granted_copies), 23);
	ck_assert_uint_eq(counter(0, XENSIM_C_granted_copies), own_copies);
	xengntshr_unshare(ours, shared, 1);
	xengntshr_close(ours);
}
END_TEST

/* A hypercall for 16 operations, and an operation for each page of ours that a segment touches. */
START_TEST(hypercalls_are_gntdevs)
{
	static char ours[3 * PAGE] __attribute__((aligned(PAGE)));
	xengnttab_grant_copy_segment_t seg[16];
	uint64_t hyper, operations;
	uint32_t ref;

	open_both();
	share(1, &ref, 1);
	for (int i = 0; i < 16; i++)
		seg[i] = copy_from(ref, ours, 0, 100);
	hyper = counter(0, XENSIM_C_hypercalls);
	operations = counter(0, XENSIM_C_copy_operations);
	ck_assert_int_eq(xengnttab_grant_copy(tab, 16, seg), 0);
	ck_assert_uint_eq(counter(0, XENSIM_C_hypercalls) - hyper, 1);
	seg[3].dest.virt = ours + PAGE - 50;
	ck_assert_int_eq(xengnttab_grant_copy(tab, 16, seg), 0);
	ck_assert_uint_eq(counter(0, XENSIM_C_hypercalls) - hyper, 3);
	ck_assert_uint_eq(counter(0, XENSIM_C_copy_operations) - operations, 33);
}
END_TEST

START_TEST(faults_are_injected)
{
	char c;
	uint32_t ref;
	int bad = 0;

	open_both();
	share(1, &ref, 1);
	ck_assert_int_eq(xensim("fault 0 map-fail count=2"), 0);
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_ptr_nonnull(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_int_eq(xensim("fault 0 copy-fail every=3"), 0);
	for (int i = 0; i < 9; i++)
		bad += copy_status(tab, copy_from(ref, &c, 0, 1)) == GNTST_general_error;
	ck_assert_int_eq(bad, 3);
	ck_assert_int_eq(xensim("fault 0 clear"), 0);
	for (int i = 0; i < 9; i++)
		ck_assert_int_eq(copy_status(tab, copy_from(ref, &c, 0, 1)), GNTST_okay);
	ck_assert_int_eq(xensim("fault 0 copy-fail 2>/dev/null"), 2);
	ck_assert_int_eq(xensim("fault 99 map-fail count=1 2>/dev/null"), 1);
}
END_TEST

/* By its number among all calls of the library, in a program that asked for it. */
START_TEST(one_call_fails)
{
	xengnttab_handle *other;
	xengnttab_grant_copy_segment_t seg;
	uint32_t ref;
	char c;

	setenv(XENSIM_ENV_FAILING, program_invocation_short_name, 1);
	open_both();
	share(1, &ref, 1);
	seg = copy_from(ref, &c, 0, 1);
	ck_assert_int_eq(xensim("fault 0 map-fail nth=2"), 0);
	ck_assert_ptr_nonnull(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_ptr_nonnull(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	for (int i = 1; i <= 3; i++) {
		xengnttab_handle *h;

		ck_assert_int_eq(xensim("fault 0 grant-call nth=%d", i), 0);
		h = xengnttab_open(NULL, 0);
		ck_assert(!h == (i == 1));
		ck_assert(!xengnttab_map_grant_ref(tab, 7, ref, PROT_READ) == (i == 2));
		ck_assert(!!xengnttab_grant_copy(tab, 1, &seg) == (i == 3));
		ck_assert_int_eq(xengnttab_grant_copy(tab, 1, &seg), 0);
		xengnttab_close(h);
	}
	/* Another program's calls are not even counted. */
	setenv(XENSIM_ENV_FAILING, "another", 1);
	ck_assert_int_eq(xensim("fault 0 grant-call nth=1"), 0);
	other = xengnttab_open(NULL, 0);
	ck_assert_ptr_nonnull(other);
	xengnttab_close(other);
	unsetenv(XENSIM_ENV_FAILING);
	ck_assert_int_eq(xensim("fault 0 grant-call nth=0 2>/dev/null"), 1);
}
END_TEST

START_TEST(a_dead_domain_is_gone)
{
	uint32_t ref, again;
	char c, *map;

	open_both();
	strcpy(share(1, &ref, 1), "left");
	map = xengnttab_map_grant_ref(tab, 7, ref, PROT_READ);
	ck_assert_int_eq(xensim("domain destroy 7"), 0);
	ck_assert_str_eq(map, "left");
	ck_assert_ptr_null(xengnttab_map_grant_ref(tab, 7, ref, PROT_READ));
	ck_assert_int_eq(copy_status(tab, copy_from(ref, &c, 0, 1)), GNTST_bad_domain);
	ck_assert_ptr_null(xengntshr_share_pages(shr, 0, 1, &again, 1));
	as_domain(7);
	ck_assert_ptr_null(xengntshr_open(NULL, 0));
	ck_assert_int_eq(xengntshr_close(shr), 0);
	/* Its successor has memory of its own. */
	ck_assert_int_eq(xensim("domain create 7"), 0);
	shr = xengntshr_open(NULL, 0);
	strcpy(share(1, &again, 1), "next");
	ck_assert_int_eq(copy_status(tab, copy_from(again, &c, 0, 1)), GNTST_okay);
	ck_assert_int_eq(c, 'n');
	ck_assert_str_eq(map, "left");
	ck_assert_int_eq(xengnttab_unmap(tab, map, 1), 0);
}
END_TEST

START_TEST(dmabuf_is_not_supported)
{
	uint32_t x = 0;

	open_both();
	ck_assert_int_eq(xengnttab_dmabuf_exp_from_refs(tab, 7, 0, 1, &x, &x), -1);
	ck_assert_int_eq(errno, EOPNOTSUPP);
	ck_assert_int_eq(xengnttab_dmabuf_exp_wait_released(tab, 0, 0), -1);
	ck_assert_int_eq(xengnttab_dmabuf_imp_to_refs(tab, 7, 0, 1, &x), -1);
	ck_assert_int_eq(xengnttab_dmabuf_imp_release(tab, 0), -1);
	ck_assert_int_ge(xengnttab_fd(tab), 0);
	ck_assert_int_ge(xengntshr_fd(shr), 0);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("xensim grants");
	TCase *c = test_xensim_case("grants");

	tcase_add_test(c, mapped_pages_are_shared_memory);
	tcase_add_test(c, only_the_grantee_may_use_a_grant);
	tcase_add_test(c, a_read_only_grant_is_not_written);
	tcase_add_test(c, revocation_spares_existing_maps);
	tcase_add_test(c, copies_check_bounds_as_gntdev_does);
	tcase_add_test(c, copy_from_grant_to_grant);
	tcase_add_test(c, mapped_pages_are_no_local_side);
	tcase_add_test(c, limits_hold);
	tcase_add_test(c, a_failed_map_leaves_nothing_behind);
	tcase_add_test(c, a_killed_process_loses_its_grants);
	tcase_add_test(c, close_revokes_at_once);
	tcase_add_test(c, unmap_notifies_the_other_side);
	tcase_add_test(c, unshare_notifies_the_other_side);
	tcase_add_test(c, operations_are_counted);
	tcase_add_test(c, hypercalls_are_gntdevs);
	tcase_add_test(c, faults_are_injected);
	tcase_add_test(c, one_call_fails);
	tcase_add_test(c, a_dead_domain_is_gone);
	tcase_add_test(c, dmabuf_is_not_supported);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
