/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Adaptive event coalescing: from what arrived since the last look,
 * how many more requests to wait for before the peer notifies, how long at most,
 * and whether to poll rather than sleep.  Pure: the caller brings the time.
 */
#ifndef NETIF_COALESCE_H
#define NETIF_COALESCE_H

#include "platform.h"

struct netif_coalesce_config {
	u32 max_packets; /* event after at most this many (1: off) */
	u32 max_usecs;	 /* and at most this much later: the latency bound */
	u32 poll_usecs;	 /* keep polling this long after the last packet; 0: off */
	bool adaptive;	 /* false: always max_packets/max_usecs */
};

struct netif_coalesce {
	struct netif_coalesce_config config;
	u64 last_ns;	/* of the last update */
	u64 level;	/* packets per 2^20 ns, exponentially weighted, 16 bits of fraction */
	u64 last_packet_ns;
};

struct netif_coalesce_decision {
	u32 ahead;    /* for netif_back_arm(): >= 1 */
	u32 timer_ns; /* 0: no timer needed (ahead is 1) */
	bool poll;    /* look again instead of sleeping */
};

/* Copies *config, with max_packets held to 1..128 (half a ring) and max_usecs to one second. */
void netif_coalesce_init(struct netif_coalesce *c, const struct netif_coalesce_config *config);
/* packets: handled since the last call; now_ns: a monotonic clock. */
void netif_coalesce_update(struct netif_coalesce *c, u32 packets, u64 now_ns);
/* The average rate in packets per second, for statistics. */
u64 netif_coalesce_rate(const struct netif_coalesce *c, u64 now_ns);
/* At low load ahead is 1 and timer 0, so that one packet is never held. */
struct netif_coalesce_decision netif_coalesce_decide(const struct netif_coalesce *c, u64 now_ns);

#endif
