// SPDX-License-Identifier: GPL-2.0-or-later
/* A hostile back end: byte 0 chooses the ring and the budget, byte 1 the responses, then slots. */
#include "fuzz.h"
#include "lib/netif/front.h"

static _Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];

static void answer(struct fuzz_input *in)
{
	struct netif_sring *shared = (void *)page;

	shared->rsp_prod = fuzz_u8(in) + (in->left & 1);
	fuzz_bytes(in, page + sizeof(*shared), sizeof(page) - sizeof(*shared));
}

/* Every id outstanding or free, none both, none twice; and one for every slot that is free. */
static void check_ids(const struct netif_front_tx *tx)
{
	u8 seen[NETIF_TX_RING_SIZE] = { 0 };
	u32 i;

	fuzz_check(tx->nfree <= NETIF_TX_RING_SIZE);
	for (i = 0; i < tx->nfree; i++) {
		fuzz_check(tx->free[i] < NETIF_TX_RING_SIZE && !seen[tx->free[i]]++);
		fuzz_check(!tx->outstanding[tx->free[i]]);
	}
	fuzz_check(tx->nfree == netif_front_free(&tx->ring) + tx->nextras);
}

/* Three in four with an extra, which is what RSP_NULL answers. */
static void send_frame(struct netif_front_tx *tx, u32 i)
{
	const struct netif_meta m = { .len = 60, .gso_type = i % 4 ? NETIF_GSO_TYPE_TCPV4 : 0 };
	u16 id;

	if (netif_front_tx_ids(tx, &id, 1))
		netif_front_tx_send(tx, &m, &(struct netif_front_seg){ i, id, 0, 60 }, 1);
}

static void fuzz_tx(struct fuzz_input *in, u32 max)
{
	static struct netif_front_tx tx;
	struct netif_errors errors = { { 0 } };
	u16 done[NETIF_TX_RING_SIZE];
	u32 bad = 0, i;
	int n;

	netif_front_tx_init(&tx, page);
	for (i = 0; i < 120; i++)
		send_frame(&tx, i);
	netif_front_push(&tx.ring);
	answer(in);
	do {
		n = netif_front_tx_reap(&tx, done, max, &bad, &errors);
		check_ids(&tx);
		for (i = 0; n > 0 && i < (u32)n; i++)
			fuzz_check(!tx.outstanding[done[i]]);
	} while (n > 0);
	fuzz_check(!n || netif_error_fatal((enum netif_error)-n));
}

/* Whole pages, or a mixture of all three sorts. */
static u16 where_of(u32 id, u32 max)
{
	return max & 1 ? (u16)(id % 3) : NETIF_RX_WHOLE;
}

static void check_frame(const struct netif_front_burst *b, const struct netif_front_frame *f,
			u32 max)
{
	u32 sum = 0, i;

	fuzz_check(f->part + f->nparts <= b->nparts && !f->error == !!f->nparts);
	for (i = 0; i < f->nparts; i++) {
		const struct netif_front_part *p = &b->parts[f->part + i];
		const u16 where = where_of(p->id, max);

		fuzz_check((u32)p->offset + p->size <= NETIF_PAGE_SIZE >> (where == NETIF_RX_LOWER));
		fuzz_check(where != NETIF_RX_UPPER || p->offset >= NETIF_HALF_PAGE);
		sum += p->size;
	}
	fuzz_check(f->error || (sum == f->meta.len && sum >= 14));
	fuzz_check(f->nparts <= NETIF_FRONT_PARTS_MAX >> !(max & 1));
}

static void fuzz_rx(struct fuzz_input *in, u32 max)
{
	static struct netif_front_rx rx;
	static struct netif_front_burst b;
	struct netif_errors errors = { { 0 } };
	u8 seen[NETIF_RX_RING_SIZE] = { 0 };
	u32 i;

	netif_front_rx_init(&rx, page);
	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		netif_front_rx_post(&rx, i, where_of(i, max));
	netif_front_push(&rx.ring);
	answer(in);
	while (netif_front_pending(&rx.ring)) {
		if (netif_front_rx_take(&rx, &b, max, &errors))
			return;
		fuzz_check(b.nframes > 0);
		for (i = 0; i < b.nframes; i++)
			check_frame(&b, &b.frames[i], max);
		/* Each buffer comes back exactly once. */
		for (i = 0; i < b.nparts; i++)
			fuzz_check(!seen[b.parts[i].id]++ && !rx.posted[b.parts[i].id]);
		for (i = 0; i < b.nspare; i++)
			fuzz_check(!seen[b.spare[i]]++ && !rx.posted[b.spare[i]]);
	}
	for (i = 0; i < NETIF_RX_RING_SIZE; i++)
		fuzz_check(seen[i] != !!rx.posted[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	u8 choice = fuzz_u8(&in);
	u32 max = (choice >> 1) + 1u;

	if (choice & 1)
		fuzz_tx(&in, max);
	else
		fuzz_rx(&in, max);
	return 0;
}
