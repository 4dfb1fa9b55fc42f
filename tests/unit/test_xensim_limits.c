/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Xen refuses because there would be too much of it: the embedded Xen is no kinder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/test_xensim.h"

enum { MAPS = XENSIM_PINS / XENSIM_MAPS };

static xengntshr_handle *shr;	/* domain 7's */
static xengnttab_handle *tab;	/* domain 0's */
static struct xs_handle *dom0, *guest; /* guest is domain 7 */

static void open_both(void)
{
	as_domain(7);
	shr = xengntshr_open(NULL, 0);
	guest = xs_open(0);
	as_domain(0);
	tab = xengnttab_open(NULL, 0);
	dom0 = xs_open(0);
	ck_assert(shr && tab && guest && dom0);
}

static int16_t copy_status(uint32_t ref, bool write)
{
	static char here[XENSIM_PAGE];
	xengnttab_grant_copy_segment_t s = { .len = 1, .flags = write ? GNTCOPY_dest_gref : GNTCOPY_source_gref };

	if (write) {
		s.source.virt = here;
		s.dest.foreign.ref = ref;
		s.dest.foreign.domid = 7;
	} else {
		s.dest.virt = here;
		s.source.foreign.ref = ref;
		s.source.foreign.domid = 7;
	}
	ck_assert_int_eq(xengnttab_grant_copy(tab, 1, &s), 0);
	return s.status;
}

static void *map(uint32_t ref, int prot)
{
	return xengnttab_map_grant_ref(tab, 7, ref, prot);
}

/* What its owner takes back stays what it was for as long as somebody has it mapped. */
START_TEST(a_mapped_grant_is_not_ended)
{
	char *page, *first, *second;
	uint32_t ref, other;

	open_both();
	page = xengntshr_share_pages(shr, 0, 1, &ref, 1);
	strcpy(page, "old");
	first = map(ref, PROT_READ);
	ck_assert_int_eq(xengntshr_unshare(shr, page, 1), 0);
	second = map(ref, PROT_READ | PROT_WRITE);
	ck_assert_ptr_nonnull(second);
	ck_assert_int_eq(copy_status(ref, false), GNTST_okay);
	ck_assert_int_eq(copy_status(ref, true), GNTST_okay);
	strcpy(second, "new");
	ck_assert_str_eq(first, "new");
	page = xengntshr_share_pages(shr, 0, 1, &other, 1);
	ck_assert_str_eq(page, "");
	ck_assert_int_eq(xengnttab_unmap(tab, first, 1), 0);
	ck_assert_int_eq(copy_status(ref, false), GNTST_okay);
	ck_assert_int_eq(xengnttab_unmap(tab, second, 1), 0);
	ck_assert_int_eq(copy_status(ref, false), GNTST_general_error);
	ck_assert_ptr_null(map(ref, PROT_READ));
}
END_TEST

/* Half of the domain's grants are shared and mapped, and taken back: they are there again when they are unmapped. */
START_TEST(an_ended_grant_comes_back)
{
	static uint32_t refs[XENSIM_BATCH], more[XENSIM_BATCH];
	char *page, *there;

	open_both();
	page = xengntshr_share_pages(shr, 0, XENSIM_BATCH, refs, 1);
	there = xengnttab_map_domain_grant_refs(tab, XENSIM_BATCH, 7, refs, PROT_READ);
	ck_assert_ptr_nonnull(there);
	ck_assert_int_eq(xengntshr_unshare(shr, page, XENSIM_BATCH), 0);
	ck_assert_ptr_null(xengntshr_share_pages(shr, 0, XENSIM_BATCH, more, 1));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(xengnttab_unmap(tab, there, XENSIM_BATCH), 0);
	ck_assert_ptr_nonnull(xengntshr_share_pages(shr, 0, XENSIM_BATCH, more, 1));
}
END_TEST

START_TEST(a_domain_has_so_many_grants)
{
	static uint32_t refs[XENSIM_GRANTS];
	const int left = XENSIM_GRANTS - XENSIM_GREF_MIN - XENSIM_BATCH;

	open_both();
	ck_assert_int_eq(XENSIM_GRANTS, 64 * XENSIM_PAGE / 8);
	ck_assert_ptr_nonnull(xengntshr_share_pages(shr, 0, XENSIM_BATCH, refs, 1));
	ck_assert_ptr_nonnull(xengntshr_share_pages(shr, 0, left, refs, 1));
	ck_assert_ptr_null(xengntshr_share_pages(shr, 0, 1, refs, 1));
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(a_grant_has_so_many_maps)
{
	uint32_t ref, refs[2];
	void *last = NULL;
	int i, write;

	open_both();
	ck_assert_ptr_nonnull(xengntshr_share_pages(shr, 0, 2, refs, 1));
	ref = refs[0];
	for (write = 0; write < 2; write++) {
		const int prot = write ? PROT_READ | PROT_WRITE : PROT_READ;

		for (i = 0; i < MAPS; i++) {
			last = map(ref, prot);
			ck_assert_msg(last, "map %d", i);
		}
		ck_assert_ptr_null(map(ref, prot));
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_int_eq(copy_status(ref, write), GNTST_general_error);
		/* The whole call fails, and leaves nothing mapped. */
		ck_assert_ptr_null(xengnttab_map_domain_grant_refs(tab, 2, 7, (uint32_t[]){ refs[1], ref }, prot));
		ck_assert_ptr_nonnull(map(refs[1], prot));
	}
	ck_assert_int_eq(xengnttab_unmap(tab, last, 1), 0);
	ck_assert_int_eq(copy_status(ref, true), GNTST_okay);
	ck_assert_int_eq(copy_status(ref, false), GNTST_general_error);
	ck_assert_ptr_nonnull(map(ref, PROT_READ | PROT_WRITE));
}
END_TEST

START_TEST(a_domain_has_so_many_maps)
{
	static uint32_t refs[XENSIM_BATCH];
	void *last = NULL;
	int i;

	open_both();
	ck_assert_ptr_nonnull(xengntshr_share_pages(shr, 0, XENSIM_BATCH, refs, 1));
	for (i = 0; i < XENSIM_MAPTRACK / XENSIM_MAPS / XENSIM_BATCH; i++) {
		last = xengnttab_map_domain_grant_refs(tab, XENSIM_BATCH, 7, refs, PROT_READ);
		ck_assert_ptr_nonnull(last);
	}
	ck_assert_ptr_null(map(refs[0], PROT_READ));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(xengnttab_unmap(tab, last, XENSIM_BATCH), 0);
	ck_assert_ptr_nonnull(map(refs[0], PROT_READ));
	/* They go with the handle. */
	ck_assert_int_eq(xengnttab_close(tab), 0);
	as_domain(0);
	tab = xengnttab_open(NULL, 0);
	ck_assert_ptr_nonnull(xengnttab_map_domain_grant_refs(tab, XENSIM_BATCH, 7, refs, PROT_READ));
}
END_TEST

START_TEST(a_guest_has_so_many_ports)
{
	xenevtchn_handle *xce;
	int i;

	as_domain(7);
	xce = xenevtchn_open(NULL, 0);
	for (i = 0; i < 1023; i++)
		ck_assert_int_gt(xenevtchn_bind_unbound_port(xce, 0), 0);
	ck_assert_int_eq(xenevtchn_bind_unbound_port(xce, 0), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(xenevtchn_unbind(xce, 500), 0);
	ck_assert_int_eq(xenevtchn_bind_unbound_port(xce, 0), 500);
	ck_assert_int_eq(xenevtchn_close(xce), 0);
	as_domain(0);
	xce = xenevtchn_open(NULL, 0);
	for (i = 0; i < 1100; i++)
		ck_assert_int_gt(xenevtchn_bind_unbound_port(xce, 7), 0);
	ck_assert_int_eq(xenevtchn_close(xce), 0);
}
END_TEST

static bool put(xs_transaction_t t, const char *path, unsigned int len)
{
	static char big[4200];

	memset(big, 'x', sizeof(big));
	return xs_write(guest, t, path, big, len);
}

static void refused(bool done, int error)
{
	ck_assert(!done);
	ck_assert_int_eq(errno, error);
}

/* Not its value alone: a head of 16 bytes, 8 for each permission, and the names of its children. */
START_TEST(a_nodes_size)
{
	struct xs_permissions perms[5] = { { 7, XS_PERM_NONE }, { 0, XS_PERM_READ }, { 8, XS_PERM_READ },
					   { 9, XS_PERM_READ }, { 10, XS_PERM_READ } };
	char path[64];
	int i;

	open_both();
	ck_assert(put(XBT_NULL, "data/v", 2047 - 16 - 8));
	refused(put(XBT_NULL, "data/v", 2048 - 16 - 8), ENOSPC);
	refused(put(XBT_NULL, "data/w", 2048 - 16 - 8), ENOSPC);
	refused(xs_set_permissions(guest, XBT_NULL, "data/v", perms, 2), ENOSPC);
	ck_assert(put(XBT_NULL, "data/v", 2047 - 16 - 4 * 8));
	refused(xs_set_permissions(guest, XBT_NULL, "data/v", perms, 5), ENOSPC);
	ck_assert(xs_set_permissions(guest, XBT_NULL, "data/v", perms, 4));
	refused(put(XBT_NULL, "data/v", 2048 - 16 - 4 * 8), ENOSPC);
	/* Dom0 may do what it likes, to the guest's node as well. */
	ck_assert(xs_write(dom0, XBT_NULL, "/local/domain/7/data/v", path, sizeof(path)));
	ck_assert(xs_rm(guest, XBT_NULL, "data/v"));
	for (i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "data/%09d", i);
		if (!put(XBT_NULL, path, 0))
			break;
	}
	refused(false, ENOSPC);
	ck_assert_int_eq(i, (2047 - 16 - 8) / 10);
}
END_TEST

/* So many nodes, spread so that none has too many children. */
static int fill(xs_transaction_t t, const char *dir, int n)
{
	char path[64];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "data/%s%d/%d", dir, i / 100, i % 100);
		if (!put(t, path, 0))
			break;
	}
	return i;
}

START_TEST(a_guests_nodes)
{
	int i;

	open_both();
	i = fill(XBT_NULL, "d", 1100);
	refused(false, ENOSPC);
	/* Six are its own from the start, and ten are the directories. */
	ck_assert_int_eq(i, 999 - 6 - 10);
	ck_assert(xs_rm(guest, XBT_NULL, "data/d0/0"));
	ck_assert(xs_rm(guest, XBT_NULL, "data/d0/1"));
	/* All that is made on the way counts. */
	refused(put(XBT_NULL, "data/a/b/c", 0), ENOSPC);
	ck_assert(put(XBT_NULL, "data/a/b", 0));
	refused(put(XBT_NULL, "data/a/c", 0), ENOSPC);
}
END_TEST

/* Each of them has room, both together have not. */
START_TEST(a_guests_nodes_of_two_transactions)
{
	xs_transaction_t one, two;

	open_both();
	one = xs_transaction_start(guest);
	two = xs_transaction_start(guest);
	ck_assert_int_eq(fill(one, "one", 600), 600);
	ck_assert_int_eq(fill(two, "two", 600), 600);
	ck_assert(xs_transaction_end(guest, one, false));
	refused(xs_transaction_end(guest, two, false), ENOSPC);
	ck_assert_int_eq(fill(XBT_NULL, "three", 300), 300);
}
END_TEST

START_TEST(a_transactions_nodes)
{
	xs_transaction_t t;
	unsigned int len;
	char path[64];
	int i;

	open_both();
	t = xs_transaction_start(guest);
	for (i = 0; i < 1100; i++) {
		snprintf(path, sizeof(path), "data/x%d", i);
		free(xs_read(guest, t, path, &len));
		if (errno != ENOENT)
			break;
		/* The same again is no other. */
		free(xs_read(guest, t, path, &len));
		ck_assert_int_eq(errno, ENOENT);
	}
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(i, 1023);
}
END_TEST

START_TEST(a_guests_watches_and_transactions)
{
	char token[16];
	int i;

	open_both();
	for (i = 0; i < 200; i++) {
		snprintf(token, sizeof(token), "%d", i);
		if (!xs_watch(guest, "data", token))
			break;
	}
	refused(false, E2BIG);
	ck_assert_int_eq(i, 127);
	for (i = 0; i < 20 && xs_transaction_start(guest) != XBT_NULL; i++)
		;
	refused(false, ENOSPC);
	ck_assert_int_eq(i, 9);
}
END_TEST

/* The error of reading a node that is not there, of this length behind the prefix. */
static int error_of_path(struct xs_handle *h, const char *prefix, size_t len)
{
	static char path[3200];
	unsigned int n;
	size_t at = strlen(prefix);

	memcpy(path, prefix, at);
	memset(path + at, 'x', len);
	path[at + len] = '\0';
	ck_assert_ptr_null(xs_read(h, XBT_NULL, path, &n));
	return errno;
}

START_TEST(a_paths_length)
{
	open_both();
	ck_assert_int_eq(error_of_path(guest, "data/", 2047 - 5), ENOENT);
	ck_assert_int_eq(error_of_path(guest, "data/", 2048 - 5), EINVAL);
	ck_assert_int_eq(error_of_path(guest, "/local/domain/7/data/", 2047 - 5), ENOENT);
	ck_assert_int_eq(error_of_path(guest, "/local/domain/7/data/", 2048 - 5), EINVAL);
	ck_assert_int_eq(error_of_path(dom0, "/local/domain/7/", 2048), ENOENT);
	ck_assert_int_eq(error_of_path(dom0, "/local/domain/7/", 2049), EINVAL);
	ck_assert_int_eq(error_of_path(dom0, "/tool/", 2048 - 6), ENOENT);
	ck_assert_int_eq(error_of_path(dom0, "/tool/", 2049 - 6), EINVAL);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("xensim limits");
	TCase *c = test_xensim_case("limits");

	tcase_add_test(c, a_mapped_grant_is_not_ended);
	tcase_add_test(c, an_ended_grant_comes_back);
	tcase_add_test(c, a_domain_has_so_many_grants);
	tcase_add_test(c, a_grant_has_so_many_maps);
	tcase_add_test(c, a_domain_has_so_many_maps);
	tcase_add_test(c, a_guest_has_so_many_ports);
	tcase_add_test(c, a_nodes_size);
	tcase_add_test(c, a_guests_nodes);
	tcase_add_test(c, a_guests_nodes_of_two_transactions);
	tcase_add_test(c, a_transactions_nodes);
	tcase_add_test(c, a_guests_watches_and_transactions);
	tcase_add_test(c, a_paths_length);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
