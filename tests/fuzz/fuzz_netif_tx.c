// SPDX-License-Identifier: GPL-2.0-or-later
/* A hostile front end: byte 0 the burst's budget, byte 1 the slots published, then ring slots. */
#include "fuzz.h"
#include "lib/netif/tx.h"

static _Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];
static struct netif_tx_burst burst;

static void check_frame(const struct netif_tx_frame *f, u32 slots)
{
	u32 sum = 0, i;

	fuzz_check(f->slot == slots && f->nslots >= 1 && f->nslots <= NETIF_TX_FATAL_SLOTS);
	fuzz_check(f->error < NETIF_ERR_COUNT && !(f->error && netif_error_fatal(f->error)));
	if (f->error || f->mcast_op)
		return;
	for (i = 0; i < f->nslots; i++) {
		const struct netif_tx_req *s = &burst.slots[f->slot + i];

		fuzz_check(s->size && (u32)s->offset + s->size <= NETIF_PAGE_SIZE);
		sum += s->size;
	}
	fuzz_check(sum == f->meta.len && sum >= 14 && f->nslots <= NETIF_TX_SLOTS_MAX);
	fuzz_check(!f->meta.gso_type == !f->meta.gso_size);
}

/* All frames of a burst account for exactly the slots consumed. */
static void check_burst(struct netif_back_ring *r)
{
	u32 slots = 0, ring_slots = 0, i;

	for (i = 0; i < burst.nframes; i++) {
		check_frame(&burst.frames[i], slots);
		slots += burst.frames[i].nslots;
		ring_slots += netif_tx_ring_slots(&burst.frames[i]);
	}
	fuzz_check(slots == burst.nslots && ring_slots == r->req_cons - r->rsp_prod);
	for (i = 0; i < burst.nframes; i++)
		netif_tx_respond(r, &burst, &burst.frames[i],
				 burst.frames[i].error ? NETIF_RSP_ERROR : NETIF_RSP_OKAY);
	fuzz_check(r->rsp_prod == r->req_cons);
	netif_back_push(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct netif_errors errors = { { 0 } };
	struct netif_sring *shared = (void *)page;
	struct netif_back_ring r;
	u32 budget = fuzz_u8(&in) + 1u, slots = fuzz_u8(&in);

	memset(page, 0, sizeof(*shared));
	shared->rsp_prod = slots * 0x01010101u;
	netif_back_init(&r, page, NETIF_TX_RING_SIZE);
	shared->req_prod = shared->rsp_prod + slots + (slots == 255 ? 2 : 0);
	/* The ring wraps: slots are consumed from rsp_prod on, whatever lies there. */
	fuzz_bytes(&in, page + sizeof(*shared), sizeof(page) - sizeof(*shared));
	while (netif_back_pending(&r)) {
		enum netif_error err = netif_tx_take(&r, &burst, budget, &errors);

		if (err) {
			fuzz_check(netif_error_fatal(err) && errors.count[err] == 1);
			return 0;
		}
		fuzz_check(burst.nframes > 0);
		check_burst(&r);
	}
	return 0;
}
