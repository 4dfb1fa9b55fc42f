// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "coalesce.h"
#include "wire.h"

/*
 * The average is a leaky bucket: a packet adds 1, the level decays with time
 * constant T = 2^20 ns (1.05 ms), so that at a steady rate it settles at the
 * packets per T.  Powers of two and fixed point, because this runs per burst
 * and in kernels without floating point or cheap 64-bit division.
 */
#define TAU_SHIFT 20
#define FRAC_SHIFT 16
#define E_INVERSE 24109u /* 1/e in 16 bits of fraction */
#define MAX_USECS 1000000u
#define NS_PER_USEC 1000u

static u32 clamp32(u32 v, u32 low, u32 high)
{
	if (v < low)
		return low;
	return v > high ? high : v;
}

void netif_coalesce_init(struct netif_coalesce *c, const struct netif_coalesce_config *config)
{
	memset(c, 0, sizeof(*c));
	c->config = *config;
	/* Beyond half a ring the peer would stall for want of slots before it notifies. */
	c->config.max_packets = clamp32(config->max_packets, 1, NETIF_TX_RING_SIZE / 2);
	c->config.max_usecs = clamp32(config->max_usecs, 0, MAX_USECS);
}

/* level * exp(-dt / T) */
static u64 decay(u64 level, u64 dt)
{
	u32 f, factor;

	if (dt >> (TAU_SHIFT + 5))
		return 0;
	for (; dt >> TAU_SHIFT; dt -= 1u << TAU_SHIFT)
		level = (level * E_INVERSE) >> FRAC_SHIFT;
	/* Taylor to the third power: 9 % too low at the end of the interval, no more. */
	f = (u32)(dt >> (TAU_SHIFT - FRAC_SHIFT));
	factor = 65536 - f + (f * f >> 17) - ((f * f >> FRAC_SHIFT) * f >> FRAC_SHIFT) / 6;
	return (level * factor) >> FRAC_SHIFT;
}

static u64 level_at(const struct netif_coalesce *c, u64 now_ns)
{
	return decay(c->level, now_ns > c->last_ns ? now_ns - c->last_ns : 0);
}

void netif_coalesce_update(struct netif_coalesce *c, u32 packets, u64 now_ns)
{
	u64 level = level_at(c, now_ns) + ((u64)packets << FRAC_SHIFT);
	u64 cap = (u64)1 << (20 + FRAC_SHIFT); /* 10^9 packets/s: keeps the products in 64 bits */

	c->level = level < cap ? level : cap;
	if (now_ns > c->last_ns)
		c->last_ns = now_ns;
	if (packets)
		c->last_packet_ns = c->last_ns;
}

u64 netif_coalesce_rate(const struct netif_coalesce *c, u64 now_ns)
{
	/* 10^9 / 2^20 = 953.67 = 61035 / 64 */
	return (level_at(c, now_ns) * 61035) >> (6 + FRAC_SHIFT);
}

/* Half of what max_usecs should bring, so that the event is usually there before the timer. */
static u32 adaptive_ahead(const struct netif_coalesce *c, u64 now_ns)
{
	u64 expected = (level_at(c, now_ns) >> 8) * c->config.max_usecs * NS_PER_USEC >>
		       (TAU_SHIFT + FRAC_SHIFT - 8);

	expected /= 2;
	return expected < c->config.max_packets ? (u32)expected : c->config.max_packets;
}

struct netif_coalesce_decision netif_coalesce_decide(const struct netif_coalesce *c, u64 now_ns)
{
	struct netif_coalesce_decision d = { .ahead = 1 };
	u64 idle = now_ns > c->last_packet_ns ? now_ns - c->last_packet_ns : 0;

	d.poll = c->last_packet_ns && idle < (u64)c->config.poll_usecs * NS_PER_USEC;
	if (!c->config.max_usecs)
		return d;
	d.ahead = c->config.adaptive ? adaptive_ahead(c, now_ns) : c->config.max_packets;
	if (d.ahead > 1)
		d.timer_ns = c->config.max_usecs * NS_PER_USEC;
	else
		d.ahead = 1;
	return d;
}
