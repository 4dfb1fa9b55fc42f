/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjust's policy: what it decides for known loads, and its invariants for random ones. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credit-adjust/policy.h"
#include "tests/unit/runner.h"

#define MAX 64

static struct policy_params params;
static struct policy_sample sample[MAX];
static struct policy_domain domain[MAX];
static struct policy_result result[MAX];
static uint32_t count, written;

static void setup(void)
{
	policy_params_default(&params);
	memset(sample, 0, sizeof(sample));
	memset(domain, 0, sizeof(domain));
	count = written = 0;
}

static struct policy_sample *add(enum policy_sched sched, uint32_t vcpus)
{
	struct policy_sample *s = &sample[count];

	*s = (struct policy_sample){ .id = count++, .sched = sched, .vcpus = vcpus, .baseline = 256, .current = 256 };
	return s;
}

static void be_hog(struct policy_sample *s)
{
	s->cpu_mille = 250;
	s->busy_mille = 1000;
	s->frames = 10;
}

static void be_io(struct policy_sample *s, uint32_t frames)
{
	s->cpu_mille = 250;
	s->busy_mille = 500;
	s->frames = frames;
}

static void be_idle(struct policy_sample *s)
{
	s->cpu_mille = s->busy_mille = s->frames = 0;
}

/* As the daemon: what the policy says is in force in the next round. */
static void rounds(uint32_t n)
{
	while (n--) {
		policy_round(&params, sample, domain, result, count);
		for (uint32_t i = 0; i < count; i++) {
			written += result[i].weight != sample[i].current;
			sample[i].current = result[i].weight;
		}
	}
}

/* Dom0, one I/O guest, three hogs: the case that the lab measures. */
static void contended(enum policy_sched sched)
{
	struct policy_sample *dom0 = add(sched, 1);

	be_io(dom0, 20000);
	dom0->relay = true;
	dom0->busy_mille = 1000;
	be_io(add(sched, 1), 20000);
	for (int i = 0; i < 3; i++)
		be_hog(add(sched, 1));
}

START_TEST(hogs_give_a_fifth_and_io_domains_share_it)
{
	contended(_i ? POLICY_CREDIT2 : POLICY_CREDIT);
	rounds(params.enter_rounds);
	ck_assert_int_eq(domain[0].class, POLICY_IO);
	ck_assert_int_eq(domain[1].class, POLICY_IO);
	for (int i = 2; i < 5; i++) {
		ck_assert_int_eq(domain[i].class, POLICY_CPU);
		ck_assert_uint_eq(result[i].weight, 256 - 51);
		ck_assert_int_eq(result[i].reason, POLICY_GIVES);
	}
	ck_assert_uint_eq(result[0].weight + result[1].weight, 512 + 3 * 51);
	ck_assert_uint_le(result[0].weight - result[1].weight + 1, 2);
	ck_assert_int_eq(result[1].reason, POLICY_RECEIVES);
}
END_TEST

START_TEST(in_proportion_to_demand)
{
	contended(POLICY_CREDIT);
	be_io(add(POLICY_CREDIT, 1), 10000);
	sample[0].frames = 30000;
	rounds(4);
	/* 153 units over demands 30000, 20000, 10000 */
	ck_assert_uint_ge(result[0].weight, 256 + 76);
	ck_assert_uint_ge(result[1].weight, 256 + 51);
	ck_assert_uint_ge(result[5].weight, 256 + 25);
	ck_assert_uint_eq(result[0].weight + result[1].weight + result[5].weight, 3 * 256 + 153);
}
END_TEST

START_TEST(little_traffic_moves_little)
{
	contended(POLICY_CREDIT);
	sample[0].frames = sample[1].frames = params.io_full / 2;
	rounds(4);
	ck_assert_uint_eq(result[2].weight, 256 - 25);
}
END_TEST

START_TEST(all_goes_back_when_the_load_ends)
{
	contended(POLICY_CREDIT2);
	rounds(5);
	be_idle(&sample[1]);
	be_idle(&sample[0]);
	rounds(params.leave_rounds - 1);
	ck_assert_uint_ne(sample[1].current, 256);
	rounds(1);
	for (uint32_t i = 0; i < count; i++)
		ck_assert_uint_eq(sample[i].current, 256);
	ck_assert_int_eq(result[2].reason, POLICY_NO_NEED);
}
END_TEST

START_TEST(nobody_gives_without_need)
{
	contended(POLICY_CREDIT);
	be_idle(&sample[0]);
	be_idle(&sample[1]);
	rounds(5);
	ck_assert_uint_eq(written, 0);
	be_io(&sample[1], 20000);
	for (int i = 2; i < 5; i++)
		be_idle(&sample[i]);
	rounds(5);
	ck_assert_uint_eq(written, 0);
	ck_assert_int_eq(result[1].reason, POLICY_NO_DONOR);
}
END_TEST

START_TEST(a_computing_guest_gains_nothing_by_packets)
{
	contended(POLICY_CREDIT);
	be_hog(&sample[2]);
	sample[2].cpu_mille = 1000;
	sample[2].frames = params.io_enter + 1; /* enough to be no donor, ... */
	rounds(5);
	ck_assert_int_eq(domain[2].class, POLICY_MIXED);
	ck_assert_uint_eq(result[2].weight, 256); /* ... not enough to receive */
}
END_TEST

START_TEST(a_throttled_io_guest_is_not_taken_for_a_hog)
{
	contended(POLICY_CREDIT);
	sample[1].busy_mille = 1000; /* runnable all the time, for it must wait for the hogs */
	sample[1].cpu_mille = 150;
	sample[1].frames = 3000;
	rounds(5);
	ck_assert_int_eq(domain[1].class, POLICY_IO);
}
END_TEST

START_TEST(operator_decides)
{
	contended(POLICY_CREDIT);
	sample[2].never = true;
	sample[3].floor = 240;
	sample[4].share_mille = 100;
	rounds(4);
	ck_assert_uint_eq(result[2].weight, 256);
	ck_assert_int_eq(result[2].reason, POLICY_NEVER);
	ck_assert_uint_eq(result[3].weight, 240);
	ck_assert_uint_eq(result[4].weight, 256 - 25);
	sample[3].floor = 300;
	sample[1].never = true;
	rounds(1);
	ck_assert_uint_eq(result[3].weight, 256);
	ck_assert_int_eq(result[3].reason, POLICY_AT_FLOOR);
	ck_assert_uint_eq(result[1].weight, 256);
	ck_assert_uint_eq(result[0].weight, 256 + 25);
}
END_TEST

START_TEST(a_released_domain_goes_home_at_once)
{
	contended(POLICY_CREDIT);
	rounds(4);
	sample[1].held = true;
	rounds(1);
	ck_assert_uint_eq(result[1].weight, 256);
	ck_assert_int_eq(result[1].reason, POLICY_HELD);
	ck_assert_uint_eq(result[0].weight, 256 + 153);
	sample[2].held = true;
	rounds(1);
	ck_assert_uint_eq(result[2].weight, 256);
	ck_assert_uint_eq(result[0].weight, 256 + 102);
}
END_TEST

START_TEST(other_schedulers_are_left_alone)
{
	contended(POLICY_OTHER);
	rounds(5);
	ck_assert_uint_eq(written, 0);
	ck_assert_int_eq(result[2].reason, POLICY_SCHEDULER);
}
END_TEST

START_TEST(pools_are_apart)
{
	contended(POLICY_CREDIT);
	for (int i = 2; i < 5; i++)
		sample[i].pool = 1;
	rounds(5);
	ck_assert_uint_eq(written, 0);
}
END_TEST

START_TEST(credit2_ratio_is_kept)
{
	contended(POLICY_CREDIT2);
	while (count < 40)
		be_hog(add(POLICY_CREDIT2, 1));
	rounds(4);
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < count; j++)
			ck_assert_uint_le(result[i].weight, 4 * result[j].weight);
	ck_assert_int_eq(result[1].reason, POLICY_AT_CEILING);
	ck_assert_uint_gt(result[1].weight, 3 * 256);
}
END_TEST

/* vCPU counts without a common step: what cannot be exchanged exactly stays. */
START_TEST(rounding_is_exact)
{
	static const uint32_t vcpus[][3] = { { 1, 2, 3 }, { 2, 3, 3 }, { 4, 6, 10 }, { 7, 5, 5 }, { 3, 128, 127 } };
	uint64_t before = 0, after = 0;

	for (int i = 0; i < 3; i++)
		add(POLICY_CREDIT, vcpus[_i][i]);
	be_io(&sample[0], 50000);
	be_hog(&sample[1]);
	be_hog(&sample[2]);
	rounds(4);
	for (uint32_t i = 0; i < count; i++) {
		before += (uint64_t)sample[i].baseline * sample[i].vcpus;
		after += (uint64_t)result[i].weight * sample[i].vcpus;
	}
	ck_assert_uint_eq(before, after);
	ck_assert_uint_gt(result[0].weight, 256);
	ck_assert_uint_lt(result[1].weight, 256);
}
END_TEST

START_TEST(a_blind_vf_is_judged_by_its_pattern)
{
	contended(POLICY_CREDIT);
	sample[1].frames = 0;
	sample[1].blind = true;
	sample[1].turns_mille = 400;
	rounds(4);
	ck_assert_int_eq(domain[1].class, POLICY_IO);
	ck_assert_uint_gt(result[1].weight, 256);
	sample[1].turns_mille = 0;
	be_hog(&sample[1]);
	rounds(8);
	ck_assert_int_eq(domain[1].class, POLICY_CPU);
}
END_TEST

/* A load that comes and goes: within one leave time it is one load, beyond it two writes a period. */
START_TEST(square_waves_do_not_make_it_swing)
{
	uint32_t period = (uint32_t)_i, periods = 50, settled;

	contended(_i % 2 ? POLICY_CREDIT : POLICY_CREDIT2);
	rounds(10);
	settled = written;
	for (uint32_t t = 0; t < period * periods; t++) {
		uint32_t frames = t % period < (period + 1) / 2 ? 20000 : 0;

		sample[0].frames = sample[1].frames = frames;
		rounds(1);
	}
	if (period / 2 < params.leave_rounds)
		ck_assert_uint_eq(written, settled);
	else
		ck_assert_uint_le(written - settled, 2 * periods * count);
}
END_TEST

START_TEST(noise_is_not_followed)
{
	uint32_t settled;

	srand(1);
	contended(POLICY_CREDIT2);
	rounds(10);
	settled = written;
	for (int t = 0; t < 1000; t++) {
		sample[1].frames = 20000 + (uint32_t)rand() % 400;
		sample[0].frames = sample[1].frames;
		sample[2].busy_mille = 700 + (uint32_t)rand() % 300;
		rounds(1);
	}
	ck_assert_uint_eq(written, settled);
}
END_TEST

START_TEST(a_vanished_domain_leaves_no_debt)
{
	uint64_t have = 0, want = 0;

	contended(POLICY_CREDIT);
	rounds(4);
	/* The I/O guest goes; Dom0 still has what it moves. */
	memmove(&sample[1], &sample[2], 3 * sizeof(sample[0]));
	memmove(&domain[1], &domain[2], 3 * sizeof(domain[0]));
	count--;
	rounds(1);
	for (uint32_t i = 0; i < count; i++) {
		have += sample[i].current;
		want += sample[i].baseline;
	}
	ck_assert_uint_eq(have, want);
}
END_TEST

static uint32_t pick(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static void random_load(struct policy_sample *s)
{
	s->cpu_mille = pick(1000 * s->vcpus + 1);
	s->busy_mille = pick(3) ? pick(1001) : 1000;
	s->turns_mille = pick(1001);
	s->frames = pick(2) ? pick(100) : pick(1000000);
	s->blind = !pick(10);
}

static void random_domain(struct policy_sample *s)
{
	static const uint32_t common[] = { 1, 1, 1, 2, 2, 4, 8 };
	uint32_t pool = pick(3);

	*s = (struct policy_sample){ .id = pick(1000), .pool = pool, .sched = (enum policy_sched)pool,
				     .vcpus = pick(4) ? common[pick(7)] : 1 + pick(128),
				     .baseline = pick(3) ? 256 : 1 + pick(POLICY_WEIGHT_MAX), .relay = !pick(20),
				     .never = !pick(10), .floor = pick(5) ? 0 : pick(400),
				     .share_mille = pick(5) ? 0 : 1 + pick(params.max_share_mille) };
	s->current = s->baseline;
	random_load(s);
}

/* A world that changes in every round: loads, vCPUs, foreign weights, releases, births and deaths. */
static void random_step(void)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!pick(4))
			random_load(&sample[i]);
		if (!pick(100))
			sample[i].held = !sample[i].held;
		if (!pick(100))
			sample[i].vcpus = 1 + pick(8);
		if (!pick(100))
			sample[i].baseline = sample[i].current = 1 + pick(2000);
	}
	if (!pick(20)) {
		uint32_t i = pick(count);

		random_domain(&sample[i]);
		memset(&domain[i], 0, sizeof(domain[i]));
	}
}

static void check_sum(uint32_t pool)
{
	uint64_t have = 0, want = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (sample[i].pool != pool)
			continue;
		have += (uint64_t)result[i].weight * sample[i].vcpus;
		want += (uint64_t)sample[i].baseline * sample[i].vcpus;
	}
	ck_assert_uint_eq(have, want);
}

static void check_bounds(uint32_t i)
{
	const struct policy_sample *s = &sample[i];
	uint32_t w = result[i].weight;
	uint64_t share = s->share_mille ? s->share_mille : params.max_share_mille;

	ck_assert_uint_ge(w, 1);
	ck_assert_uint_le(w, POLICY_WEIGHT_MAX);
	ck_assert_uint_ge((uint64_t)w * 1000, s->baseline * (1000 - share));
	if (s->held)
		ck_assert_uint_eq(w, s->baseline);
	if (s->sched == POLICY_OTHER || s->never)
		ck_assert_uint_eq(w, s->baseline);
	if (w < s->baseline)
		ck_assert_uint_ge(w, s->floor < s->baseline ? s->floor : s->baseline);
}

static uint32_t least_of_pool(uint32_t pool)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < count; i++)
		if (sample[i].pool == pool && result[i].weight < least)
			least = result[i].weight;
	return least;
}

static void check_ratio(void)
{
	for (uint32_t i = 0; i < count; i++)
		if (sample[i].sched == POLICY_CREDIT2 && result[i].weight > sample[i].baseline)
			ck_assert_uint_le(result[i].weight, 4ull * least_of_pool(sample[i].pool));
}

START_TEST(random_worlds_keep_the_invariants)
{
	srand((unsigned int)_i);
	count = 2 + pick(MAX - 2);
	for (uint32_t i = 0; i < count; i++)
		random_domain(&sample[i]);
	for (int t = 0; t < 200; t++) {
		random_step();
		rounds(1);
		for (uint32_t pool = 0; pool < 3; pool++)
			check_sum(pool);
		for (uint32_t i = 0; i < count; i++)
			check_bounds(i);
		check_ratio();
	}
}
END_TEST

/* The same samples again and again: after the longest hysteresis nothing changes any more. */
START_TEST(random_worlds_converge)
{
	uint32_t settled;

	srand((unsigned int)_i);
	count = 2 + pick(MAX - 2);
	for (uint32_t i = 0; i < count; i++)
		random_domain(&sample[i]);
	rounds(params.leave_rounds + params.enter_rounds + 1);
	settled = written;
	rounds(50);
	ck_assert_uint_eq(written, settled);
}
END_TEST

/* Whoever wants the CPU gets (1 - max_share) of what he would get without us, whatever the others do. */
START_TEST(nobody_starves)
{
	contended(_i ? POLICY_CREDIT2 : POLICY_CREDIT);
	while (count < 60)
		be_io(add(_i ? POLICY_CREDIT2 : POLICY_CREDIT, 1), 1000000);
	for (int t = 0; t < 1000; t++) {
		uint64_t sum = 0;

		rounds(1);
		for (uint32_t i = 0; i < count; i++)
			sum += result[i].weight;
		for (int i = 2; i < 5; i++)
			ck_assert_uint_ge(result[i].weight * 1000ull * count, sum * 800);
	}
}
END_TEST

START_TEST(every_class_and_reason_has_a_text)
{
	for (int i = POLICY_REST; i <= POLICY_UNEVEN; i++)
		ck_assert_ptr_nonnull(policy_reason_text((enum policy_reason)i));
	ck_assert_str_eq(policy_class_name(POLICY_MIXED), "mixed");
}
END_TEST

static void add_cases(TCase *c)
{
	tcase_add_loop_test(c, hogs_give_a_fifth_and_io_domains_share_it, 0, 2);
	tcase_add_test(c, in_proportion_to_demand);
	tcase_add_test(c, little_traffic_moves_little);
	tcase_add_test(c, all_goes_back_when_the_load_ends);
	tcase_add_test(c, nobody_gives_without_need);
	tcase_add_test(c, a_computing_guest_gains_nothing_by_packets);
	tcase_add_test(c, a_throttled_io_guest_is_not_taken_for_a_hog);
	tcase_add_test(c, operator_decides);
	tcase_add_test(c, a_released_domain_goes_home_at_once);
	tcase_add_test(c, other_schedulers_are_left_alone);
	tcase_add_test(c, pools_are_apart);
	tcase_add_test(c, credit2_ratio_is_kept);
	tcase_add_loop_test(c, rounding_is_exact, 0, 5);
	tcase_add_test(c, a_blind_vf_is_judged_by_its_pattern);
	tcase_add_test(c, a_vanished_domain_leaves_no_debt);
	tcase_add_test(c, every_class_and_reason_has_a_text);
}

static void add_properties(TCase *c)
{
	tcase_add_loop_test(c, square_waves_do_not_make_it_swing, 2, 20);
	tcase_add_test(c, noise_is_not_followed);
	tcase_add_loop_test(c, random_worlds_keep_the_invariants, 0, 30);
	tcase_add_loop_test(c, random_worlds_converge, 0, 30);
	tcase_add_loop_test(c, nobody_starves, 0, 2);
}

int main(void)
{
	Suite *s = suite_create("credit-adjust policy");
	TCase *cases = tcase_create("cases"), *properties = tcase_create("properties");

	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_checked_fixture(properties, setup, NULL);
	add_cases(cases);
	add_properties(properties);
	suite_add_tcase(s, cases);
	suite_add_tcase(s, properties);
	return runner_run(s);
}
