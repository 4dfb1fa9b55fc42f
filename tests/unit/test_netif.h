/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Check tests of lib/netif, one file per noun, one program.  The rigs give a
 * test both ends of a ring; raw_* writes what a hostile front end would.
 * Depends on lib/netif and Check only.
 */
#ifndef TEST_NETIF_H
#define TEST_NETIF_H

#include <check.h>

#include "lib/netif/front.h"
#include "lib/netif/header.h"
#include "lib/netif/rx.h"
#include "lib/netif/tx.h"

struct tx_rig {
	_Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];
	struct netif_front_tx front;
	struct netif_back_ring back;
	struct netif_tx_burst burst;
	struct netif_errors errors;
};

struct rx_rig {
	_Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];
	struct netif_front_rx front;
	struct netif_back_ring back;
	struct netif_front_burst burst;
	struct netif_errors errors;
};

/* One static rig each; a test that asks for it gets it fresh. */
struct tx_rig *tx_rig(void);
struct rx_rig *rx_rig(void);

/* An id of the front end's that is free: there must be one. */
u16 tx_id(struct tx_rig *t);

/* Both ends at index 'at', to cross 2^32. */
void tx_rig_start_at(struct tx_rig *t, u32 at);
void rx_rig_start_at(struct rx_rig *t, u32 at);

/* Unpublished writes at the front's producer; raw_publish() shows them. */
void raw_slot(struct tx_rig *t, u16 offset, u16 flags, u16 id, u16 size);
void raw_extra(struct tx_rig *t, struct netif_extra x);
void raw_publish(struct tx_rig *t);
enum netif_error raw_take(struct tx_rig *t);

/* Hostile back end: responses at the back's producer. */
void raw_rx_rsp(struct rx_rig *t, u16 id, u16 offset, u16 flags, s16 status);
void raw_rx_extra(struct rx_rig *t, struct netif_extra x);
void rx_post_all(struct rx_rig *t);
void rx_post_halves(struct rx_rig *t); /* lower and upper in turn */
enum netif_error raw_rx_take(struct rx_rig *t);

/* xorshift, seeded: the same sequence on every run. */
u32 rnd(u32 *state);
static inline u32 rnd_below(u32 *state, u32 n)
{
	return rnd(state) % n;
}

/* A frame under construction. */
struct frame {
	u8 data[4096];
	u32 len;
};

void frame_eth(struct frame *f, u16 proto);
void frame_vlan(struct frame *f, u16 id, u16 proto); /* behind the ethertype of the tag */
void frame_ipv4(struct frame *f, u8 proto, u32 options, u16 frag);
void frame_ipv6(struct frame *f, u8 next);
void frame_ext(struct frame *f, u8 next, u32 bytes);
void frame_tcp(struct frame *f, u32 options);
void frame_udp(struct frame *f);
void frame_payload(struct frame *f, u32 bytes);

TCase *netif_wire_case(void);
TCase *netif_ring_case(void);
TCase *netif_error_case(void);
TCase *netif_tx_case(void);
TCase *netif_journal_case(void);
TCase *netif_front_case(void);
TCase *netif_headroom_case(void);
TCase *netif_fetch_case(void);
TCase *netif_property_case(void);
TCase *netif_header_case(void);
TCase *netif_hash_case(void);
TCase *netif_gref_case(void);
TCase *netif_coalesce_case(void);

#endif
