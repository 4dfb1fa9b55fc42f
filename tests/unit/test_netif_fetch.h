/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that changes after its first read.  The core's sources are compiled a
 * second time with netif_load() going to a shadow of the ring page, each word
 * counted.  The page itself holds garbage, so that a read which bypasses
 * netif_load(), or comes twice, shows in the results or in the counts.
 */
#ifndef TEST_NETIF_FETCH_H
#define TEST_NETIF_FETCH_H

#include "lib/netif/platform.h"

struct fetch {
	_Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];
	_Alignas(NETIF_PAGE_SIZE) u8 shadow[NETIF_PAGE_SIZE];
	u8 loads[NETIF_PAGE_SIZE / sizeof(u32)];
};

extern struct fetch fetch;

/* The page's truth moves to the shadow, garbage takes its place. */
void fetch_begin(const void *page);
/* No word was read more than once. */
void fetch_check(void);
u32 fetch_load(const void *p);

#undef netif_load
#undef netif_load_acquire
#define netif_load(p) fetch_load(p)
#define netif_load_acquire(p) fetch_load(p)

struct netif_back_ring;
struct netif_front_rx;
struct netif_front_tx;
struct netif_tx_burst;
struct netif_front_burst;
struct netif_rx_req;
struct netif_errors;

int fetch_tx_take(struct netif_back_ring *r, struct netif_tx_burst *b, struct netif_errors *e);
int fetch_rx_take(struct netif_back_ring *r, struct netif_rx_req *reqs, u32 max);
int fetch_front_rx_take(struct netif_front_rx *rx, struct netif_front_burst *b,
			struct netif_errors *e);
int fetch_front_tx_reap(struct netif_front_tx *tx, u16 *done, u32 max, struct netif_errors *e);

#endif
