// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/netif/coalesce.h"
#include "test_netif.h"

#define USEC 1000ull
#define MSEC (1000 * USEC)
#define SEC (1000 * MSEC)
#define START (5 * SEC)

static const struct netif_coalesce_config defaults = {
	.max_packets = 32,
	.max_usecs = 50,
	.poll_usecs = 20,
	.adaptive = true,
};

/* pps packets a second in bursts, for 20 ms; returns the time of the last. */
static u64 feed(struct netif_coalesce *c, u64 now, u32 pps, u32 burst)
{
	u64 end = now + 20 * MSEC, step = SEC * burst / pps;

	for (; now < end; now += step)
		netif_coalesce_update(c, burst, now);
	return now - step;
}

START_TEST(test_coalesce_low_load)
{
	struct netif_coalesce c;
	struct netif_coalesce_decision d;

	netif_coalesce_init(&c, &defaults);
	d = netif_coalesce_decide(&c, START);
	ck_assert_uint_eq(d.ahead, 1);
	ck_assert_uint_eq(d.timer_ns, 0);
	ck_assert(!d.poll);
	d = netif_coalesce_decide(&c, feed(&c, START, 20000, 1));
	ck_assert_uint_eq(d.ahead, 1);
	ck_assert_uint_eq(d.timer_ns, 0);
	ck_assert(d.poll);
}
END_TEST

START_TEST(test_coalesce_high_load)
{
	struct netif_coalesce c;
	struct netif_coalesce_decision d;

	netif_coalesce_init(&c, &defaults);
	d = netif_coalesce_decide(&c, feed(&c, START, 5000000, 32));
	ck_assert_uint_eq(d.ahead, 32);
	ck_assert_uint_eq(d.timer_ns, 50 * USEC);
	ck_assert(d.poll);
}
END_TEST

/* The more arrives, the more is waited for, never beyond the bound. */
START_TEST(test_coalesce_monotonic)
{
	u32 rate, last = 0;

	for (rate = 1000; rate < 20000000; rate += rate / 3) {
		struct netif_coalesce c;
		struct netif_coalesce_decision d;

		netif_coalesce_init(&c, &defaults);
		d = netif_coalesce_decide(&c, feed(&c, START, rate, 1));
		ck_assert_uint_ge(d.ahead, last);
		ck_assert_uint_le(d.ahead, defaults.max_packets);
		ck_assert_uint_le(d.timer_ns, 50 * USEC);
		ck_assert_int_eq(d.timer_ns != 0, d.ahead > 1);
		last = d.ahead;
	}
	ck_assert_uint_eq(last, defaults.max_packets);
}
END_TEST

/* The average settles within 10 % of the truth, however it is delivered. */
START_TEST(test_coalesce_rate)
{
	static const u32 rates[] = { 50000, 300000, 2000000, 14000000 };
	static const u32 bursts[] = { 1, 4, 16, 64 };
	struct netif_coalesce c;
	u64 got, want = rates[_i];

	netif_coalesce_init(&c, &defaults);
	got = netif_coalesce_rate(&c, feed(&c, START, rates[_i], bursts[_i]));
	ck_assert_uint_gt(got, want * 9 / 10);
	ck_assert_uint_lt(got, want * 11 / 10);
}
END_TEST

START_TEST(test_coalesce_idle_decays)
{
	struct netif_coalesce c;
	struct netif_coalesce_decision d;
	u64 now, last;

	netif_coalesce_init(&c, &defaults);
	now = feed(&c, START, 5000000, 32);
	last = netif_coalesce_rate(&c, now);
	ck_assert(netif_coalesce_decide(&c, now + 19 * USEC).poll);
	ck_assert(!netif_coalesce_decide(&c, now + 20 * USEC).poll);
	for (; netif_coalesce_rate(&c, now); now += MSEC / 2) {
		ck_assert_uint_le(netif_coalesce_rate(&c, now), last);
		last = netif_coalesce_rate(&c, now);
		ck_assert_uint_lt(now, START + SEC);
	}
	d = netif_coalesce_decide(&c, now);
	ck_assert_uint_eq(d.ahead, 1);
	ck_assert_uint_eq(d.timer_ns, 0);
	/* Looking without finding keeps nobody polling. */
	netif_coalesce_update(&c, 0, now);
	ck_assert(!netif_coalesce_decide(&c, now).poll);
}
END_TEST

START_TEST(test_coalesce_fixed)
{
	struct netif_coalesce_config config = { .max_packets = 8, .max_usecs = 100 };
	struct netif_coalesce c;
	struct netif_coalesce_decision d;

	netif_coalesce_init(&c, &config);
	d = netif_coalesce_decide(&c, START);
	ck_assert_uint_eq(d.ahead, 8);
	ck_assert_uint_eq(d.timer_ns, 100 * USEC);
	netif_coalesce_update(&c, 1, START);
	ck_assert(!netif_coalesce_decide(&c, START).poll);
}
END_TEST

/* Off, unbounded and absurd settings: never a wait without a timer. */
START_TEST(test_coalesce_limits)
{
	static const struct {
		u32 max_packets, max_usecs, ahead, timer_ns;
	} rows[] = {
		{ 0, 50, 1, 0 },
		{ 1, 50, 1, 0 },
		{ 32, 0, 1, 0 },
		{ 0xffffffff, 50, 128, 50000 },
		{ 32, 0xffffffff, 32, 1000000000 },
	};
	struct netif_coalesce_config config = {
		.max_packets = rows[_i].max_packets,
		.max_usecs = rows[_i].max_usecs,
		.adaptive = false,
	};
	struct netif_coalesce c;
	u32 adaptive;

	for (adaptive = 0; adaptive < 2; adaptive++) {
		struct netif_coalesce_decision d;

		config.adaptive = adaptive;
		netif_coalesce_init(&c, &config);
		d = netif_coalesce_decide(&c, feed(&c, START, 14000000, 64));
		ck_assert_uint_eq(d.ahead, rows[_i].ahead);
		ck_assert_uint_eq(d.timer_ns, rows[_i].timer_ns);
	}
}
END_TEST

/* A clock that stands or runs back, and a flood in no time at all. */
START_TEST(test_coalesce_odd_clock)
{
	struct netif_coalesce c;
	u32 i;

	netif_coalesce_init(&c, &defaults);
	netif_coalesce_update(&c, 10, START);
	netif_coalesce_update(&c, 10, START - SEC);
	ck_assert_uint_eq(c.last_ns, START);
	for (i = 0; i < 100; i++)
		netif_coalesce_update(&c, 0xffffffff, START);
	ck_assert_uint_eq(netif_coalesce_decide(&c, START).ahead, defaults.max_packets);
	ck_assert_uint_eq(netif_coalesce_rate(&c, START + SEC), 0);
}
END_TEST

TCase *netif_coalesce_case(void)
{
	TCase *c = tcase_create("coalesce");

	tcase_add_test(c, test_coalesce_low_load);
	tcase_add_test(c, test_coalesce_high_load);
	tcase_add_test(c, test_coalesce_monotonic);
	tcase_add_loop_test(c, test_coalesce_rate, 0, 4);
	tcase_add_test(c, test_coalesce_idle_decays);
	tcase_add_test(c, test_coalesce_fixed);
	tcase_add_loop_test(c, test_coalesce_limits, 0, 5);
	tcase_add_test(c, test_coalesce_odd_clock);
	return c;
}
