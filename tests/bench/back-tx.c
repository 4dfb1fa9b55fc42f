/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on what a front end sends: responses in the transmit ring, and events. */
#include "tests/bench/back-evil.h"

#include <signal.h>
#include <unistd.h>

#define STORM_MS 1000
#define NULL_IDS 300 /* more than there are */
#define NULL_MS 20000

/* The id of the oldest request that waits for its answer. */
static uint16_t waiting(struct back_evil *e)
{
	return NETIF_SLOT(union netif_tx_slot, &e->q->tx, e->q->tx.rsp_prod)->req.id;
}

static void answer(struct back_evil *e, uint16_t id, int16_t status)
{
	struct netif_back_ring *r = &e->q->tx;

	NETIF_SLOT(union netif_tx_slot, r, r->rsp_prod)->rsp = (struct netif_tx_rsp){ id, status };
	r->req_cons = ++r->rsp_prod;
}

static void push(struct back_evil *e)
{
	netif_back_push(&e->q->tx);
	back_notify(e);
}

static void id(struct back_evil *e)
{
	answer(e, 0xffff, NETIF_RSP_OKAY);
	push(e);
}

/* An id of the ring's, but one that is not out. */
static void id_free(struct back_evil *e)
{
	const uint32_t prod = netif_load(&e->q->tx.shared->req_prod);
	bool out[NETIF_TX_RING_SIZE] = { false };
	uint16_t free = 0;
	uint32_t i;

	for (i = e->q->tx.rsp_prod; i != prod; i++)
		out[NETIF_SLOT(union netif_tx_slot, &e->q->tx, i)->req.id % NETIF_TX_RING_SIZE] = true;
	while (free < NETIF_TX_RING_SIZE - 1 && out[free])
		free++;
	answer(e, free, NETIF_RSP_OKAY);
	push(e);
}

static void twice(struct back_evil *e)
{
	uint16_t first = waiting(e);

	answer(e, first, NETIF_RSP_OKAY);
	answer(e, first, NETIF_RSP_OKAY);
	push(e);
}

static void overrun(struct back_evil *e)
{
	e->q->tx.rsp_prod += 3 * NETIF_TX_RING_SIZE;
	push(e);
}

static void backwards(struct back_evil *e)
{
	e->q->tx.rsp_prod -= 1;
	push(e);
}

static void answer_all(struct back_evil *e, int16_t status)
{
	int n = netif_back_pending(&e->q->tx);

	while (n-- > 0)
		answer(e, waiting(e), status);
	push(e);
}

static void errors(struct back_evil *e)
{
	answer_all(e, INT16_MIN);
}

/*
 * As if they were extra info.  A front end that believes it has the slots back, but not the
 * ids: it must notice at the first, not when it has no id left for a slot that is free.
 */
static void null(struct back_evil *e)
{
	uint64_t end = now_ms() + NULL_MS;
	unsigned int given = 0;

	while (given < NULL_IDS && now_ms() < end &&
	       store_read_state(e->hub.xs, XBT_NULL, e->v->fe) == STATE_CONNECTED) {
		given += (unsigned int)netif_back_pending(&e->q->tx);
		answer_all(e, NETIF_RSP_NULL);
		usleep(1000);
	}
}

static void storm(struct back_evil *e)
{
	uint64_t end = now_ms() + STORM_MS;

	while (now_ms() < end)
		back_notify(e);
}

static void vanish(struct back_evil *e)
{
	kill(getpid(), SIGKILL);
}

const struct back_attack back_tx_attacks[] = {
	{ "tx-id", "a response with an id beyond the ring", id, BACK_SHUTS, NULL, false },
	{ "tx-id-free", "a response with an id that is not out", id_free, BACK_SHUTS, NULL, false },
	{ "tx-twice", "two responses with one id", twice, BACK_SHUTS, NULL, false },
	{ "tx-overrun", "producer index three rings ahead", overrun, BACK_SHUTS, NULL, false },
	{ "tx-backwards", "producer index before the last", backwards, BACK_SHUTS, NULL, false },
	{ "tx-errors", "every frame is refused", errors, BACK_STAYS, NULL, false },
	{ "tx-null", "frames are answered as if they were extra info", null, BACK_SHUTS, NULL, false },
	{ "event-storm", "events without end, and no work", storm, BACK_STAYS, NULL, false },
	{ "vanish", "killed with all rings connected", vanish, BACK_ANY, NULL, false },
	{ NULL, NULL, NULL, BACK_ANY, NULL, false },
};
