/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets a VF; and where a PF leads to, by a made-up /sys. */
#include "tests/unit/fake_xen.h"
#include "tests/unit/runner.h"
#include "xl-plugins/bridge.h"
#include "xl-plugins/policy.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MB 1000000ull

static const struct policy policy = { .floor = 5 * MB, .margin = 50, .residence = 300, .moves = 1 };

static struct candidate make(uint64_t rate, bool has_vf)
{
	return (struct candidate){ .rate = rate,
				   .since = UINT32_MAX,
				   .eligible = true,
				   .has_vf = has_vf,
				   .measured = true };
}

START_TEST(a_free_vf_goes_to_the_busiest)
{
	struct candidate c[] = { make(10 * MB, false), make(30 * MB, false), make(20 * MB, false) };

	policy_decide(&policy, c, 3, 2);
	ck_assert_int_eq(c[0].verdict, STAY);
	ck_assert_int_eq(c[1].verdict, TO_VF);
	ck_assert_int_eq(c[2].verdict, STAY);
}
END_TEST

START_TEST(who_uses_little_gets_none)
{
	struct candidate c[] = { make(5 * MB - 1, false) };

	policy_decide(&policy, c, 1, 2);
	ck_assert_int_eq(c[0].verdict, STAY);
	c[0].rate++;
	policy_decide(&policy, c, 1, 2);
	ck_assert_int_eq(c[0].verdict, TO_VF);
}
END_TEST

START_TEST(the_idlest_gives_its_vf_to_one_that_exceeds_the_margin)
{
	struct candidate c[] = { make(20 * MB, true), make(10 * MB, true), make(15 * MB, false) };

	policy_decide(&policy, c, 3, 0);
	ck_assert_int_eq(c[0].verdict, STAY);
	ck_assert_int_eq(c[1].verdict, TO_PV);
	ck_assert_int_eq(c[2].verdict, TO_VF);
	c[2].rate--;
	policy_decide(&policy, c, 3, 0);
	ck_assert_int_eq(c[1].verdict, STAY);
	ck_assert_int_eq(c[2].verdict, STAY);
}
END_TEST

START_TEST(nobody_moves_before_its_residence_is_over)
{
	struct candidate c[] = { make(10 * MB, true), make(100 * MB, false) };

	c[0].since = policy.residence - 1;
	policy_decide(&policy, c, 2, 0);
	ck_assert_int_eq(c[1].verdict, STAY);
	c[0].since = policy.residence;
	c[1].since = 0;
	policy_decide(&policy, c, 2, 0);
	ck_assert_int_eq(c[1].verdict, STAY);
	c[1].since = policy.residence;
	policy_decide(&policy, c, 2, 0);
	ck_assert_int_eq(c[1].verdict, TO_VF);
}
END_TEST

START_TEST(who_cannot_or_is_not_measured_is_left_alone)
{
	struct candidate c[] = { make(10 * MB, true), make(100 * MB, false), make(90 * MB, false) };

	c[1].eligible = false;
	policy_decide(&policy, c, 3, 0);
	ck_assert_int_eq(c[1].verdict, STAY);
	ck_assert_int_eq(c[2].verdict, TO_VF);
	c[0].measured = false;
	policy_decide(&policy, c, 3, 0);
	ck_assert_int_eq(c[0].verdict, STAY);
	ck_assert_int_eq(c[2].verdict, STAY);
}
END_TEST

/* Random loads, a VF for every third guest: who was moved stays for the residence. */
START_TEST(it_never_thrashes)
{
	enum { N = 9, ROUNDS = 2000, STEP = 10 };
	struct candidate c[N];
	unsigned int moves[N] = { 0 };

	srand(1);
	for (int i = 0; i < N; i++)
		c[i] = make(0, i % 3 == 0);
	for (int round = 0; round < ROUNDS; round++) {
		unsigned int vfs = 0;

		for (int i = 0; i < N; i++) {
			c[i].rate = policy_smooth(c[i].rate, (uint64_t)(rand() % 100) * MB);
			c[i].since += c[i].since < UINT32_MAX - STEP ? STEP : 0;
		}
		policy_decide(&policy, c, N, 0);
		for (int i = 0; i < N; i++) {
			if (c[i].verdict == STAY)
				continue;
			ck_assert(c[i].since >= policy.residence);
			c[i].has_vf = c[i].verdict == TO_VF;
			c[i].since = 0;
			moves[i]++;
		}
		for (int i = 0; i < N; i++)
			vfs += c[i].has_vf;
		ck_assert_uint_eq(vfs, 3);
	}
	for (int i = 0; i < N; i++)
		ck_assert_uint_le(moves[i], ROUNDS * STEP / policy.residence + 1);
}
END_TEST

START_TEST(every_verdict_has_a_reason)
{
	struct candidate c[] = { make(10 * MB, true), make(100 * MB, false), make(0, false),
				 make(50 * MB, false) };

	c[3].eligible = false;
	policy_decide(&policy, c, 4, 0);
	for (int i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(c[i].why);
}
END_TEST

static void link_make(const char *name, const char *to)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/class/net/%s", fake->sysfs, name);
	unlink(path);
	ck_assert_int_eq(symlink(to, path), 0);
}

static void dir_make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/class/net/%s", fake->sysfs, name);
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

START_TEST(the_uplink_of_a_pf)
{
	char uplink[IFNAMSIZ];
	struct xlnet x;

	fake_start(&x, FAKE_STOCK);
	ck_assert_int_eq(bridge_uplink(&x, "eth0", "xenbr0", uplink), 0);
	ck_assert_str_eq(uplink, "eth0");
	ck_assert_int_eq(bridge_uplink(&x, "eth0", "other", uplink), -ENOENT);
	/* eth0 in bond0, a VLAN interface of which is in the bridge. */
	dir_make("bond0");
	dir_make("bond0.5");
	link_make("eth0/master", "../bond0");
	link_make("eth0/upper_bond0", "../bond0");
	link_make("bond0/upper_bond0.5", "../bond0.5");
	link_make("bond0.5/master", "../xenbr0");
	ck_assert_int_eq(bridge_uplink(&x, "eth0", "xenbr0", uplink), 0);
	ck_assert_str_eq(uplink, "bond0.5");
	/* A loop ends. */
	link_make("bond0/upper_eth0", "../eth0");
	ck_assert_int_eq(bridge_uplink(&x, "eth0", "other", uplink), -ENOENT);
	fake_end(&x);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("xlnet policy");
	TCase *t = tcase_create("policy");

	tcase_add_test(t, a_free_vf_goes_to_the_busiest);
	tcase_add_test(t, who_uses_little_gets_none);
	tcase_add_test(t, the_idlest_gives_its_vf_to_one_that_exceeds_the_margin);
	tcase_add_test(t, nobody_moves_before_its_residence_is_over);
	tcase_add_test(t, who_cannot_or_is_not_measured_is_left_alone);
	tcase_add_test(t, it_never_thrashes);
	tcase_add_test(t, every_verdict_has_a_reason);
	tcase_add_test(t, the_uplink_of_a_pf);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return runner_run(suite());
}
