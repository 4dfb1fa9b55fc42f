// SPDX-License-Identifier: GPL-2.0-or-later
/* 10^5 random packets each way across both ends, indices crossing 2^32. */
#include "test_netif.h"

#define PACKETS 100000u

struct packet {
	struct netif_meta meta;
	struct netif_front_seg segs[NETIF_NR_SLOTS_MIN];
	u32 nsegs;
};

static void packet_make(struct packet *p, u32 *seed)
{
	u32 i, n = rnd_below(seed, 3) ? 1 : 1 + rnd_below(seed, 15);

	memset(p, 0, sizeof(*p));
	p->nsegs = n;
	for (i = 0; i < n; i++) {
		struct netif_front_seg *s = &p->segs[i];

		s->gref = rnd(seed);
		s->offset = (u16)rnd_below(seed, 64);
		s->size = (u16)(NETIF_ETH_HLEN + rnd_below(seed, 4096 - 64 - NETIF_ETH_HLEN));
		p->meta.len += s->size;
	}
	p->meta.csum = (u8)rnd_below(seed, 3);
	if (rnd_below(seed, 4))
		return;
	p->meta.gso_type = (u8)(1 + rnd_below(seed, 2));
	p->meta.gso_size = (u16)(1 + rnd_below(seed, 9000));
}

static void same_meta(const struct netif_meta *a, const struct netif_meta *b)
{
	ck_assert_uint_eq(a->len, b->len);
	ck_assert_uint_eq(a->csum, b->csum);
	ck_assert_uint_eq(a->gso_type, b->gso_type);
	ck_assert_uint_eq(a->gso_size, b->gso_size);
	ck_assert_uint_eq(a->hash_type, b->hash_type);
	ck_assert_uint_eq(a->hash, b->hash);
	ck_assert_uint_eq(a->headroom, b->headroom);
}

/* Sent and not yet taken, in order. */
static struct packet queue[NETIF_TX_RING_SIZE];

static u32 send_some(struct tx_rig *t, u32 tail, u32 *seed)
{
	u32 n = rnd_below(seed, 20), i;

	while (n--) {
		struct packet *p = &queue[tail % NETIF_TX_RING_SIZE];

		packet_make(p, seed);
		if (p->nsegs + 1 > netif_front_tx_room(&t->front))
			break;
		for (i = 0; i < p->nsegs; i++)
			p->segs[i].id = tx_id(t);
		netif_front_tx_send(&t->front, &p->meta, p->segs, p->nsegs);
		tail++;
	}
	netif_front_push(&t->front.ring);
	return tail;
}

static void same_packet(const struct tx_rig *t, const struct netif_tx_frame *f,
			const struct packet *p)
{
	u32 i;

	ck_assert_uint_eq(f->error, 0);
	ck_assert_uint_eq(f->nslots, p->nsegs);
	same_meta(&f->meta, &p->meta);
	for (i = 0; i < p->nsegs; i++) {
		const struct netif_tx_req *s = &t->burst.slots[f->slot + i];

		ck_assert_uint_eq(s->gref, p->segs[i].gref);
		ck_assert_uint_eq(s->id, p->segs[i].id);
		ck_assert_uint_eq(s->offset, p->segs[i].offset);
		ck_assert_uint_eq(s->size, p->segs[i].size);
	}
}

static u32 take_some(struct tx_rig *t, u32 head, u32 *seed, u32 *ids)
{
	u32 i;

	ck_assert_int_eq(netif_tx_take(&t->back, &t->burst, rnd_below(seed, 100), &t->errors), 0);
	for (i = 0; i < t->burst.nframes; i++) {
		same_packet(t, &t->burst.frames[i], &queue[(head + i) % NETIF_TX_RING_SIZE]);
		*ids += t->burst.frames[i].nslots;
	}
	/* Any order will do: here the last is answered first. */
	while (i--)
		netif_tx_respond(&t->back, &t->burst, &t->burst.frames[i], NETIF_RSP_OKAY);
	netif_back_push(&t->back);
	return head + t->burst.nframes;
}

START_TEST(test_property_tx)
{
	struct tx_rig *t = tx_rig();
	u32 seed = 4711, head = 0, tail = 0, answered = 0, reaped = 0, bad = 0;
	u16 done[NETIF_TX_RING_SIZE];

	tx_rig_start_at(t, 0u - 1000);
	while (head < PACKETS) {
		int n;

		tail = send_some(t, tail, &seed);
		head = take_some(t, head, &seed, &answered);
		n = netif_front_tx_reap(&t->front, done, rnd_below(&seed, 256), &bad, &t->errors);
		ck_assert_int_ge(n, 0);
		reaped += (u32)n;
	}
	reaped += (u32)netif_front_tx_reap(&t->front, done, NETIF_TX_RING_SIZE, &bad, &t->errors);
	ck_assert_uint_eq(reaped, answered);
	ck_assert_uint_eq(bad, 0);
	ck_assert_uint_lt(t->back.req_cons, 0u - 1000);
}
END_TEST


/* Write what fits of up to 16 frames; returns the new tail of the queue. */
static u32 deliver_some(struct rx_rig *t, u32 tail, u32 *seed)
{
	static struct netif_rx_req reqs[NETIF_RX_RING_SIZE];
	int have = netif_rx_take(&t->back, reqs, NETIF_RX_RING_SIZE);
	u32 used = 0, n, i;

	ck_assert_int_ge(have, 0);
	for (n = rnd_below(seed, 16); n; n--) {
		struct packet *p = &queue[tail % NETIF_TX_RING_SIZE];
		struct netif_rx_part parts[NETIF_NR_SLOTS_MIN];

		packet_make(p, seed);
		if (!rnd_below(seed, 3)) {
			p->meta.hash_type = (u8)(1u << rnd_below(seed, 4));
			p->meta.hash = rnd(seed);
		}
		if (!rnd_below(seed, 3))
			p->meta.headroom = p->segs[0].offset;
		if (used + p->nsegs + netif_rx_extras(&p->meta) > (u32)have)
			break;
		for (i = 0; i < p->nsegs; i++)
			parts[i] = (struct netif_rx_part){ p->segs[i].offset, p->segs[i].size };
		netif_rx_respond(&t->back, reqs + used, &p->meta, parts, p->nsegs, NETIF_RSP_OKAY);
		used += p->nsegs + netif_rx_extras(&p->meta);
		tail++;
	}
	netif_rx_untake(&t->back, (u32)have - used);
	netif_back_push(&t->back);
	return tail;
}

static u32 receive_some(struct rx_rig *t, u32 head, u32 *seed)
{
	struct netif_front_burst *b = &t->burst;
	u32 i, j;

	ck_assert_int_eq(netif_front_rx_take(&t->front, b, rnd_below(seed, 120), &t->errors), 0);
	for (i = 0; i < b->nframes; i++) {
		const struct packet *p = &queue[head++ % NETIF_TX_RING_SIZE];
		const struct netif_front_frame *f = &b->frames[i];

		ck_assert_uint_eq(f->error, 0);
		ck_assert_uint_eq(f->nparts, p->nsegs);
		same_meta(&f->meta, &p->meta);
		for (j = 0; j < f->nparts; j++) {
			ck_assert_uint_eq(b->parts[f->part + j].offset, p->segs[j].offset);
			ck_assert_uint_eq(b->parts[f->part + j].size, p->segs[j].size);
			ck_assert_uint_eq(t->front.posted[b->parts[f->part + j].id], 0);
		}
	}
	return head;
}

START_TEST(test_property_rx)
{
	struct rx_rig *t = rx_rig();
	u32 seed = 815, head = 0, tail = 0;

	rx_rig_start_at(t, 0u - 1000);
	while (head < PACKETS) {
		rx_post_all(t);
		tail = deliver_some(t, tail, &seed);
		head = receive_some(t, head, &seed);
	}
	ck_assert_uint_lt(t->back.req_cons, 0u - 1000);
}
END_TEST

TCase *netif_property_case(void)
{
	TCase *c = tcase_create("property");

	tcase_add_test(c, test_property_tx);
	tcase_add_test(c, test_property_rx);
	return c;
}
