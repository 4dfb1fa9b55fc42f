/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xenstore fails once, at each of the daemon's calls in turn: a value that cannot be read is not one that is not there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test_netback.h"

/* More calls than the test makes: the last ones meet no failure. */
#define CALLS_OF_A_LIFE 90
#define CALLS_OF_A_RESUMPTION 72

static const struct vif_identity expected = {
	.domid = 7, .name = "vif7.0", .bridge = "xenbr0", .mac = { 0, 0x16, 0x3e, 1, 2, 3 }, .mtu = 9000,
};

/* Its calls can be made to fail, ours cannot. */
static void start_failing(int nth)
{
	rig_daemon_stop();
	setenv(XENSIM_ENV_FAILING, program_invocation_short_name, 1);
	ck_assert_int_eq(backend_start(&rig.backend, rig.event, &rig.config), 0);
	unsetenv(XENSIM_ENV_FAILING);
	rig.running = true;
	if (nth)
		ck_assert_int_eq(xensim("fault 0 store-call nth=%d", nth), 0);
}

static bool rate_is(const void *arg)
{
	return fake.rate_bytes == *(const uint64_t *)arg;
}

static void check_identity(void)
{
	ck_assert_str_eq(fake.id.bridge, expected.bridge);
	ck_assert_mem_eq(fake.id.mac, expected.mac, 6);
	ck_assert_uint_eq(fake.id.mtu, expected.mtu);
	ck_assert_uint_eq(fake.last.rate_bytes, 12500);
}

START_TEST(comes_and_changes)
{
	const uint64_t rate = 999;

	start_failing(_i);
	toolstack_attach("vif-ng");
	toolstack_write(BACK "/rate", "12500,50000");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	check_identity();
	toolstack_write(BACK "/rate", "999,1000");
	ck_assert(rig_turn_until(rate_is, &rate));
	ck_assert_uint_eq(fake.rates, 1);
}
END_TEST

static char script[] = "/tmp/netback-failing-XXXXXX";

/* Each run leaves a line in it. */
static void make_script(void)
{
	int fd;

	strcpy(script + sizeof(script) - 7, "XXXXXX");
	fd = mkstemp(script);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_gt(dprintf(fd, "#!/bin/sh\necho '#' ran >>%s\n", script), 0);
	ck_assert_int_eq(fchmod(fd, 0755), 0);
	close(fd);
}

static bool has_run(void)
{
	struct stat st;

	ck_assert_int_eq(stat(script, &st), 0);
	ck_assert_int_eq(unlink(script), 0);
	return st.st_size > (off_t)(strlen("#!/bin/sh\necho '#' ran >>\n") + strlen(script));
}

static bool connected_anew(const void *arg)
{
	return fake.connects && fake.connected;
}

/* By the daemon after: the new TAP's script, and the guest's rate. */
START_TEST(is_resumed)
{
	make_script();
	toolstack_attach("vif-ng");
	toolstack_write(BACK "/rate", "12500,50000");
	ck_assert(back_becomes(2));
	toolstack_plugged();
	guest_connect(1, false);
	ck_assert(back_becomes(4));
	toolstack_write(BACK "/script", script);
	rig.config.whole_host = true;
	rig_daemon_stop();
	fake_reset();
	start_failing(_i);
	ck_assert(rig_turn_until(connected_anew, NULL));
	ck_assert(back_becomes(4));
	check_identity();
	ck_assert(has_run());
}
END_TEST

/* An error that a daemon before it left: the vif was shut for a shortage of the host's. */
START_TEST(is_taken_up_again)
{
	connect_one();
	rig_daemon_stop();
	fake_reset();
	toolstack_write(ERROR_NODE, "24 Too many open files");
	toolstack_write(BACK "/state", "6");
	toolstack_write(BACK "/script", "");
	rig.config.whole_host = true;
	start_failing(_i);
	ck_assert(rig_turn_until(connected_anew, NULL));
	ck_assert(back_becomes(4));
}
END_TEST

/* To be ours for its script or its bridge; where neither can be read it may not be given to the kernel. */
START_TEST(nobodys_until_it_is_known)
{
	start_failing(0);
	toolstack_attach("vif-bridge");
	rig_settle();
	ck_assert_int_eq(backend_owns(&rig.backend, 7, 0), 0);
	for (int nth = 1; nth <= 3; nth++) {
		ck_assert_int_eq(xensim("fault 0 store-call nth=%d", nth), 0);
		ck_assert_int_eq(backend_owns(&rig.backend, 7, 0), -ENOMEM);
		ck_assert_int_eq(backend_owns(&rig.backend, 7, 0), 0);
	}
	rig.config.adopt_bridges.count = 1;
	rig.config.adopt_bridges.items[0] = (char *)"xenbr0";
	ck_assert_int_eq(xensim("fault 0 store-call nth=1"), 0);
	ck_assert_int_eq(backend_owns(&rig.backend, 7, 0), 1);
	rig.config.adopt_bridges.count = 0;
	/* What says that it is ours cannot be read when it is scanned: it is scanned again. */
	rig.config.whole_host = true;
	ck_assert_int_eq(xensim("fault 0 store-call count=2"), 0);
	backend_reload(&rig.backend, &rig.config);
	ck_assert(back_becomes(2));
}
END_TEST

void add_failing_tests(TCase *c)
{
	tcase_add_loop_test(c, comes_and_changes, 1, CALLS_OF_A_LIFE);
	tcase_add_loop_test(c, is_resumed, 1, CALLS_OF_A_RESUMPTION);
	tcase_add_loop_test(c, is_taken_up_again, 1, CALLS_OF_A_RESUMPTION);
	tcase_add_test(c, nobodys_until_it_is_known);
}
