// SPDX-License-Identifier: GPL-2.0-or-later
#include "test_netif.h"

struct tx_rig *tx_rig(void)
{
	static struct tx_rig t;

	memset(&t, 0, sizeof(t));
	netif_front_tx_init(&t.front, t.page);
	netif_back_init(&t.back, t.page, NETIF_TX_RING_SIZE);
	return &t;
}

struct rx_rig *rx_rig(void)
{
	static struct rx_rig t;

	memset(&t, 0, sizeof(t));
	netif_front_rx_init(&t.front, t.page);
	netif_back_init(&t.back, t.page, NETIF_RX_RING_SIZE);
	return &t;
}

u16 tx_id(struct tx_rig *t)
{
	u16 id;

	ck_assert(netif_front_tx_ids(&t->front, &id, 1));
	return id;
}

static void ring_start_at(struct netif_front_ring *f, struct netif_back_ring *b, u32 at)
{
	f->shared->req_prod = f->shared->rsp_prod = at;
	f->shared->req_event = f->shared->rsp_event = at + 1;
	f->req_prod = f->req_pub = f->rsp_cons = at;
	netif_back_init(b, f->shared, f->size);
}

void tx_rig_start_at(struct tx_rig *t, u32 at)
{
	ring_start_at(&t->front.ring, &t->back, at);
}

void rx_rig_start_at(struct rx_rig *t, u32 at)
{
	ring_start_at(&t->front.ring, &t->back, at);
}

void raw_slot(struct tx_rig *t, u16 offset, u16 flags, u16 id, u16 size)
{
	struct netif_front_ring *r = &t->front.ring;

	NETIF_SLOT(union netif_tx_slot, r, r->req_prod++)->req =
		(struct netif_tx_req){ 1000u + id, offset, flags, id, size };
}

void raw_extra(struct tx_rig *t, struct netif_extra x)
{
	struct netif_front_ring *r = &t->front.ring;

	NETIF_SLOT(union netif_tx_slot, r, r->req_prod++)->extra = x;
}

void raw_publish(struct tx_rig *t)
{
	netif_front_push(&t->front.ring);
}

enum netif_error raw_take(struct tx_rig *t)
{
	raw_publish(t);
	return netif_tx_take(&t->back, &t->burst, NETIF_TX_RING_SIZE, &t->errors);
}

void raw_rx_rsp(struct rx_rig *t, u16 id, u16 offset, u16 flags, s16 status)
{
	NETIF_SLOT(union netif_rx_slot, &t->back, t->back.rsp_prod++)->rsp =
		(struct netif_rx_rsp){ id, offset, flags, status };
}

void raw_rx_extra(struct rx_rig *t, struct netif_extra x)
{
	NETIF_SLOT(union netif_rx_slot, &t->back, t->back.rsp_prod++)->extra = x;
}

void rx_post_all(struct rx_rig *t)
{
	int id;

	while ((id = netif_front_rx_next(&t->front)) >= 0)
		netif_front_rx_post(&t->front, 2000u + (u32)id, NETIF_RX_WHOLE);
	netif_front_push(&t->front.ring);
}

void rx_post_halves(struct rx_rig *t)
{
	int id;

	while ((id = netif_front_rx_next(&t->front)) >= 0)
		netif_front_rx_post(&t->front, 2000u + (u32)id / 2,
				    id & 1 ? NETIF_RX_UPPER : NETIF_RX_LOWER);
	netif_front_push(&t->front.ring);
}

enum netif_error raw_rx_take(struct rx_rig *t)
{
	netif_back_push(&t->back);
	return netif_front_rx_take(&t->front, &t->burst, NETIF_RX_RING_SIZE, &t->errors);
}

u32 rnd(u32 *state)
{
	u32 x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

static u8 *frame_room(struct frame *f, u32 bytes)
{
	u8 *p = f->data + f->len;

	ck_assert_uint_le(f->len + bytes, sizeof(f->data));
	memset(p, 0, bytes);
	f->len += bytes;
	return p;
}

static void be16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

void frame_eth(struct frame *f, u16 proto)
{
	f->len = 0;
	be16(frame_room(f, 14) + 12, proto);
}

void frame_vlan(struct frame *f, u16 id, u16 proto)
{
	u8 *p = frame_room(f, 4);

	be16(p, id);
	be16(p + 2, proto);
}

void frame_ipv4(struct frame *f, u8 proto, u32 options, u16 frag)
{
	static const u8 addrs[] = { 10, 0, 0, 1, 192, 168, 255, 254 };
	u8 *p = frame_room(f, 20 + options);

	p[0] = (u8)(0x40 | (5 + options / 4));
	be16(p + 6, frag);
	p[9] = proto;
	memcpy(p + 12, addrs, sizeof(addrs));
}

void frame_ipv6(struct frame *f, u8 next)
{
	u8 *p = frame_room(f, 40);
	u32 i;

	p[0] = 0x60;
	p[6] = next;
	for (i = 8; i < 40; i++)
		p[i] = (u8)(i * 37);
}

void frame_ext(struct frame *f, u8 next, u32 bytes)
{
	u8 *p = frame_room(f, bytes);

	p[0] = next;
	p[1] = (u8)(bytes / 8 - 1);
}

void frame_tcp(struct frame *f, u32 options)
{
	u8 *p = frame_room(f, 20 + options);

	be16(p, 40000);
	be16(p + 2, 443);
	p[12] = (u8)((5 + options / 4) << 4);
}

void frame_udp(struct frame *f)
{
	u8 *p = frame_room(f, 8);

	be16(p, 5353);
	be16(p + 2, 53);
}

void frame_payload(struct frame *f, u32 bytes)
{
	u8 *p = frame_room(f, bytes);
	u32 i;

	for (i = 0; i < bytes; i++)
		p[i] = (u8)(i * 131 + 7);
}
