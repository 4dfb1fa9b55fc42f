/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xenstore in the embedded Xen: watches, transactions, permissions, quotas. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test_xensim.h"

#define BASE "/local/domain/0/t"

static struct xs_handle *dom0, *guest; /* guest is domain 7 */

static void open_both(void)
{
	as_domain(7);
	guest = xs_open(0);
	as_domain(0);
	dom0 = xs_open(0);
	ck_assert_ptr_nonnull(guest);
	ck_assert_ptr_nonnull(dom0);
	xs_rm(dom0, XBT_NULL, BASE);
}

static bool put(struct xs_handle *h, xs_transaction_t t, const char *path, const char *value)
{
	return xs_write(h, t, path, value, (unsigned int)strlen(value));
}

static void expect_value(struct xs_handle *h, xs_transaction_t t, const char *path, const char *value)
{
	unsigned int len;
	char *v = xs_read(h, t, path, &len);

	ck_assert_ptr_nonnull(v);
	ck_assert_str_eq(v, value);
	ck_assert_uint_eq(len, strlen(value));
	free(v);
}

static void expect_event(struct xs_handle *h, const char *path, const char *token)
{
	char **e;

	ck_assert_msg(readable(xs_fileno(h), PATIENCE_MS), "no event for %s", path);
	e = xs_check_watch(h);
	ck_assert_ptr_nonnull(e);
	ck_assert_str_eq(e[XS_WATCH_PATH], path);
	ck_assert_str_eq(e[XS_WATCH_TOKEN], token);
	free(e);
}

static void expect_quiet(struct xs_handle *h)
{
	ck_assert(!readable(xs_fileno(h), 0));
	ck_assert_ptr_null(xs_check_watch(h));
	ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(values_and_directories)
{
	char big[2100], **names;
	unsigned int n;

	open_both();
	ck_assert(put(dom0, XBT_NULL, BASE "/b/c", "1"));
	ck_assert(put(dom0, XBT_NULL, BASE "/a", ""));
	expect_value(dom0, XBT_NULL, BASE "/b", "");
	expect_value(dom0, XBT_NULL, BASE "/a", "");
	expect_value(dom0, XBT_NULL, "t/b/c", "1"); /* relative to the domain's directory */
	names = xs_directory(dom0, XBT_NULL, BASE, &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(names[0], "a");
	ck_assert_str_eq(names[1], "b");
	free(names);
	names = xs_directory(dom0, XBT_NULL, BASE "/a", &n);
	ck_assert_ptr_nonnull(names);
	ck_assert_uint_eq(n, 0);
	free(names);
	ck_assert_ptr_null(xs_read(dom0, XBT_NULL, BASE "/none", &n));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(xs_directory(dom0, XBT_NULL, BASE "/none", &n));
	ck_assert(xs_mkdir(dom0, XBT_NULL, BASE "/a"));
	ck_assert(xs_rm(dom0, XBT_NULL, BASE "/none"));
	ck_assert(!xs_rm(dom0, XBT_NULL, BASE "/none/none"));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!xs_rm(dom0, XBT_NULL, "/"));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!put(dom0, XBT_NULL, "/bad//path", ""));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert(!put(dom0, XBT_NULL, "/bad/", ""));
	ck_assert(!put(dom0, XBT_NULL, "/bad path", ""));
	ck_assert(!put(dom0, XBT_NULL, "@releaseDomain", ""));
	memset(big, 'a', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	ck_assert(!put(dom0, XBT_NULL, big, "")); /* a relative path may have 2048 bytes */
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(a_large_directory_is_listed_whole)
{
	char path[64], **names;
	unsigned int n;

	open_both();
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), BASE "/entry-%d", i);
		ck_assert(put(dom0, XBT_NULL, path, ""));
	}
	names = xs_directory(dom0, XBT_NULL, BASE, &n);
	ck_assert_uint_eq(n, 3000);
	free(names);
}
END_TEST

START_TEST(watches_fire)
{
	open_both();
	ck_assert(xs_watch(dom0, BASE, "tok"));
	expect_event(dom0, BASE, "tok");
	expect_quiet(dom0);
	ck_assert(!xs_watch(dom0, BASE, "tok"));
	ck_assert_int_eq(errno, EEXIST);
	put(dom0, XBT_NULL, BASE "/x/y", "1");
	expect_event(dom0, BASE "/x/y", "tok");
	put(dom0, XBT_NULL, BASE "y", "1"); /* not below */
	expect_quiet(dom0);
	ck_assert(xs_watch(dom0, BASE "/x/y", "deep"));
	expect_event(dom0, BASE "/x/y", "deep");
	ck_assert(xs_watch(dom0, BASE "/x/none", "none"));
	expect_event(dom0, BASE "/x/none", "none");
	/* Removing a parent tells each watch whose node went, in its own words. */
	xs_rm(dom0, XBT_NULL, BASE "/x");
	for (int i = 0; i < 2; i++) {
		char **e = xs_check_watch(dom0);

		ck_assert_ptr_nonnull(e);
		ck_assert_str_eq(e[XS_WATCH_PATH], strcmp(e[XS_WATCH_TOKEN], "deep") ? BASE "/x" : BASE "/x/y");
		free(e);
	}
	expect_quiet(dom0);
}
END_TEST

START_TEST(unwatch_takes_waiting_events_along)
{
	open_both();
	ck_assert(xs_watch(dom0, BASE, "a"));
	ck_assert(xs_unwatch(dom0, BASE, "a"));
	expect_quiet(dom0);
	ck_assert(!xs_unwatch(dom0, BASE, "a"));
	ck_assert_int_eq(errno, ENOENT);
	put(dom0, XBT_NULL, BASE "/x", "");
	expect_quiet(dom0);
}
END_TEST

START_TEST(relative_watches_report_relative_paths)
{
	unsigned int num;
	char **e;

	open_both();
	ck_assert(xs_watch(guest, "data", "t"));
	expect_event(guest, "data", "t");
	put(guest, XBT_NULL, "data/k", "v");
	e = xs_read_watch(guest, &num);
	ck_assert_uint_eq(num, 2);
	ck_assert_str_eq(e[0], "data/k");
	free(e);
}
END_TEST

START_TEST(a_guest_is_told_only_what_it_may_read)
{
	open_both();
	put(dom0, XBT_NULL, BASE, "");
	ck_assert(xs_watch(guest, BASE, "t"));
	expect_event(guest, BASE, "t");
	put(dom0, XBT_NULL, BASE "/secret", "1");
	expect_quiet(guest);
}
END_TEST

START_TEST(transactions_are_isolated)
{
	xs_transaction_t t;

	open_both();
	put(dom0, XBT_NULL, BASE "/a", "0");
	ck_assert(xs_watch(guest, "data", "w"));
	expect_event(guest, "data", "w");
	t = xs_transaction_start(dom0);
	ck_assert_uint_ne(t, XBT_NULL);
	put(dom0, t, BASE "/a", "1");
	put(dom0, t, "/local/domain/7/data/x", "1");
	expect_value(dom0, t, BASE "/a", "1");
	expect_value(dom0, XBT_NULL, BASE "/a", "0");
	expect_quiet(guest);
	ck_assert(xs_transaction_end(dom0, t, false));
	expect_value(dom0, XBT_NULL, BASE "/a", "1");
	expect_event(guest, "data/x", "w");
	expect_quiet(guest);
	ck_assert(!xs_transaction_end(dom0, t, false));
	ck_assert_int_eq(errno, ENOENT);
	t = xs_transaction_start(dom0);
	put(dom0, t, BASE "/a", "2");
	xs_rm(dom0, t, "/local/domain/7/data");
	ck_assert(xs_transaction_end(dom0, t, true));
	expect_value(dom0, XBT_NULL, BASE "/a", "1");
	expect_quiet(guest);
}
END_TEST

/* What the transaction does to see or change something; what happens outside; is that a conflict? */
START_TEST(transactions_conflict)
{
	static const struct {
		const char *read, *write, *list, *outside;
		bool conflict;
	} table[] = {
		{ BASE "/a", NULL, NULL, BASE "/a", true },
		{ NULL, BASE "/a", NULL, BASE "/a", true },
		{ BASE "/a", NULL, NULL, BASE "/b", false },
		{ BASE "/new", NULL, NULL, BASE "/new", true },
		{ NULL, NULL, BASE, BASE "/new", true },
		{ NULL, NULL, BASE, BASE "/a", false },
		{ NULL, BASE "/x", NULL, BASE "/y", false },
	};
	unsigned int n;

	open_both();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		xs_transaction_t t;

		xs_rm(dom0, XBT_NULL, BASE);
		put(dom0, XBT_NULL, BASE "/a", "0");
		put(dom0, XBT_NULL, BASE "/b", "0");
		t = xs_transaction_start(dom0);
		if (table[i].read)
			free(xs_read(dom0, t, table[i].read, &n));
		if (table[i].write)
			put(dom0, t, table[i].write, "in");
		if (table[i].list)
			free(xs_directory(dom0, t, table[i].list, &n));
		put(dom0, XBT_NULL, table[i].outside, "out");
		errno = 0;
		ck_assert_msg(xs_transaction_end(dom0, t, false) == !table[i].conflict, "case %zu", i);
		ck_assert_int_eq(errno, table[i].conflict ? EAGAIN : 0);
		expect_value(dom0, XBT_NULL, table[i].outside, "out");
	}
}
END_TEST

START_TEST(guests_obey_permissions)
{
	struct xs_permissions rw[2] = { { 0, XS_PERM_NONE }, { 7, XS_PERM_READ | XS_PERM_WRITE } };
	struct xs_permissions mine = { 7, XS_PERM_NONE }, *p;
	unsigned int n;

	open_both();
	put(dom0, XBT_NULL, BASE "/k", "v");
	ck_assert_ptr_null(xs_read(guest, XBT_NULL, BASE "/k", &n));
	ck_assert_int_eq(errno, EACCES);
	ck_assert_ptr_null(xs_read(guest, XBT_NULL, BASE "/none", &n));
	ck_assert_int_eq(errno, EACCES);
	ck_assert(!put(guest, XBT_NULL, "name", "x"));
	ck_assert_int_eq(errno, EACCES);
	ck_assert(!put(guest, XBT_NULL, "new", "x"));
	ck_assert_int_eq(errno, EACCES);
	ck_assert(!xs_rm(guest, XBT_NULL, BASE));
	ck_assert(put(guest, XBT_NULL, "data/x/y", "mine"));
	p = xs_get_permissions(dom0, XBT_NULL, "/local/domain/7/data/x", &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(p[0].id, 7);
	free(p);
	ck_assert(xs_set_permissions(dom0, XBT_NULL, BASE "/k", rw, 2));
	expect_value(guest, XBT_NULL, BASE "/k", "v");
	ck_assert(put(guest, XBT_NULL, BASE "/k/new", "g"));
	/* What a guest creates is its own, with the rest of the permissions from above. */
	p = xs_get_permissions(dom0, XBT_NULL, BASE "/k/new", &n);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(p[0].id, 7);
	free(p);
	ck_assert(!xs_set_permissions(guest, XBT_NULL, BASE "/k", rw, 2)); /* writer, not owner */
	ck_assert_int_eq(errno, EACCES);
	ck_assert(!xs_set_permissions(guest, XBT_NULL, BASE "/k/new", rw, 2)); /* give away */
	ck_assert_int_eq(errno, EPERM);
	ck_assert(xs_set_permissions(guest, XBT_NULL, BASE "/k/new", &mine, 1));
	ck_assert(!xs_watch(guest, "@releaseDomain", "t"));
	ck_assert_int_eq(errno, EACCES);
	ck_assert(!xs_introduce_domain(guest, 8, 0, 0));
	ck_assert_int_eq(errno, EACCES);
}
END_TEST

/* The others: test_xensim_limits.c. */
START_TEST(guests_have_quotas)
{
	static char big[4200];

	open_both();
	memset(big, 'x', sizeof(big));
	ck_assert(xs_write(guest, XBT_NULL, "data/v", big, 2000));
	ck_assert(!xs_write(guest, XBT_NULL, "data/v", big, 2048));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert(xs_write(dom0, XBT_NULL, BASE "/v", big, 3000));
	ck_assert(!xs_write(dom0, XBT_NULL, BASE "/v", big, 4096));
	ck_assert_int_eq(errno, E2BIG);
}
END_TEST

START_TEST(domains_come_and_go)
{
	char *path;

	open_both();
	path = xs_get_domain_path(dom0, 7);
	ck_assert_str_eq(path, "/local/domain/7");
	free(path);
	ck_assert(xs_is_domain_introduced(dom0, 7));
	ck_assert(!xs_is_domain_introduced(dom0, 99));
	ck_assert(!xs_introduce_domain(dom0, 99, 0, 0));
	ck_assert(xs_watch(dom0, "@releaseDomain", "rel"));
	expect_event(dom0, "@releaseDomain", "rel");
	ck_assert(xs_watch(dom0, "/local/domain/7/data", "data"));
	expect_event(dom0, "/local/domain/7/data", "data");
	ck_assert_int_eq(xensim("domain destroy 7"), 0);
	expect_event(dom0, "/local/domain/7/data", "data");
	expect_event(dom0, "@releaseDomain", "rel");
	ck_assert(!xs_is_domain_introduced(dom0, 7));
	ck_assert(!put(guest, XBT_NULL, "data/x", "1"));
	ck_assert_int_eq(errno, EIO);
	/* Whoever polls the dead handle learns of it. */
	ck_assert(readable(xs_fileno(guest), PATIENCE_MS));
	as_domain(7);
	ck_assert_ptr_null(xs_open(0));
	ck_assert_int_eq(xensim("domain destroy 7 2>/dev/null"), 1);
}
END_TEST

START_TEST(eagain_is_injected)
{
	xs_transaction_t t;

	open_both();
	ck_assert_int_eq(xensim("fault 0 store-eagain count=1"), 0);
	t = xs_transaction_start(dom0);
	ck_assert(!xs_transaction_end(dom0, t, false));
	ck_assert_int_eq(errno, EAGAIN);
	t = xs_transaction_start(dom0);
	ck_assert(xs_transaction_end(dom0, t, false));
}
END_TEST

/* A transaction that cannot end is gone all the same, and what was written in it. */
START_TEST(one_call_fails)
{
	xs_transaction_t t;
	unsigned int len;

	setenv(XENSIM_ENV_FAILING, program_invocation_short_name, 1);
	open_both();
	ck_assert_int_eq(xensim("fault 0 store-call nth=3"), 0);
	t = xs_transaction_start(dom0);
	ck_assert(xs_write(dom0, t, "/t", "x", 1));
	ck_assert(!xs_transaction_end(dom0, t, false));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert(!xs_transaction_end(dom0, t, true));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(xs_read(dom0, XBT_NULL, "/t", &len));
	ck_assert_int_eq(errno, ENOENT);
	/* Events that wait are no call. */
	ck_assert_int_eq(xensim("fault 0 store-call nth=1"), 0);
	ck_assert_ptr_null(xs_check_watch(dom0));
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert(!xs_watch(dom0, "/t", "token"));
	ck_assert_int_eq(errno, ENOMEM);
	unsetenv(XENSIM_ENV_FAILING);
}
END_TEST

START_TEST(helpers_without_a_store)
{
	struct xs_permissions p[2];

	ck_assert(xs_path_is_subpath("/a", "/a/b"));
	ck_assert(xs_path_is_subpath("/a", "/a"));
	ck_assert(!xs_path_is_subpath("/a", "/ab"));
	ck_assert(xs_strings_to_perms(p, 2, "b5\0n0"));
	ck_assert_uint_eq(p[0].id, 5);
	ck_assert_uint_eq(p[0].perms, XS_PERM_READ | XS_PERM_WRITE);
	ck_assert(!xs_strings_to_perms(p, 1, "x5"));
	ck_assert(!xs_strings_to_perms(p, 1, "r"));
	unsetenv(XENSIM_ENV_SOCKET);
	ck_assert_ptr_null(xs_open(0));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("xensim xenstore");
	TCase *c = test_xensim_case("store");

	tcase_add_test(c, values_and_directories);
	tcase_add_test(c, a_large_directory_is_listed_whole);
	tcase_add_test(c, watches_fire);
	tcase_add_test(c, unwatch_takes_waiting_events_along);
	tcase_add_test(c, relative_watches_report_relative_paths);
	tcase_add_test(c, a_guest_is_told_only_what_it_may_read);
	tcase_add_test(c, transactions_are_isolated);
	tcase_add_test(c, transactions_conflict);
	tcase_add_test(c, guests_obey_permissions);
	tcase_add_test(c, guests_have_quotas);
	tcase_add_test(c, domains_come_and_go);
	tcase_add_test(c, eagain_is_injected);
	tcase_add_test(c, one_call_fails);
	tcase_add_test(c, helpers_without_a_store);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
