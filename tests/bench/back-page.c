/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks on the pages that a front end shares: looking at more of them than was meant, and keeping them. */
#include "tests/bench/back-evil.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PEEK_FRAMES 100
#define PATIENCE_MS 60000
#define PAGES_MAX 1024u /* of both directions, of each queue */
#define KEPT_MAX 64u
#define TOKEN 0xa5

/* What the front end has shown of a page so far: zeroes, and the bytes of its requests. */
struct shown {
	uint32_t gref;
	uint8_t bytes[NETIF_PAGE_SIZE];
};

static struct shown pages[PAGES_MAX];
static unsigned int npages;

static struct shown *shown_of(uint32_t gref)
{
	unsigned int i;

	for (i = 0; i < npages; i++)
		if (pages[i].gref == gref)
			return &pages[i];
	if (npages == PAGES_MAX)
		return NULL;
	pages[npages].gref = gref;
	return &pages[npages++];
}

/* Is there a byte on the page beside those that it has shown? */
static void peek(struct back_evil *e, uint32_t gref, uint32_t offset, uint32_t size, const char *what)
{
	struct shown *s = shown_of(gref);
	uint8_t page[NETIF_PAGE_SIZE];
	uint32_t i;

	if (!s || offset + size > sizeof(page) ||
	    hub_access(&e->hub, e->v, e->q, gref, 0, page, sizeof(page), false))
		return;
	memcpy(s->bytes + offset, page + offset, size);
	for (i = 0; i < sizeof(page); i++)
		if (page[i] != s->bytes[i]) {
			fprintf(stderr, "netback-ng-evil: byte %u of a %s page holds 0x%02x, which nobody sent\n",
				i, what, page[i]);
			e->caught = true;
			return;
		}
}

static void peek_ring(struct back_evil *e, const uint8_t *page, size_t slot, const char *what)
{
	uint32_t i;

	for (i = (uint32_t)(sizeof(struct netif_sring) + NETIF_TX_RING_SIZE * slot); i < NETIF_PAGE_SIZE; i++)
		if (page[i]) {
			fprintf(stderr, "netback-ng-evil: byte %u of the %s ring's page holds 0x%02x\n", i, what, page[i]);
			e->caught = true;
			return;
		}
}

/* The buffers that are posted: nobody has sent anything in them. */
static void peek_buffers(struct back_evil *e)
{
	const struct netif_back_ring *r = &e->q->rx;
	uint32_t i, end = netif_load(&r->shared->req_prod);

	for (i = r->rsp_prod; i != end; i++)
		peek(e, NETIF_SLOT(union netif_rx_slot, r, i)->req.gref, 0, 0, "receive");
}

/* The frames that wait, before they are answered: their pages are ours to read until then. */
static unsigned int peek_frames(struct back_evil *e)
{
	static struct netif_tx_burst burst;
	static struct netif_errors errors;
	unsigned int i, s;

	if (netif_tx_take(&e->q->tx, &burst, NETIF_TX_RING_SIZE, &errors))
		return 0;
	for (i = 0; i < burst.nframes; i++) {
		const struct netif_tx_frame *f = &burst.frames[i];

		for (s = f->slot; s < (unsigned int)f->slot + f->nslots; s++)
			peek(e, burst.slots[s].gref, burst.slots[s].offset, burst.slots[s].size, "transmit");
		netif_tx_respond(&e->q->tx, &burst, f, NETIF_RSP_OKAY);
	}
	netif_back_push(&e->q->tx);
	back_notify(e);
	return burst.nframes;
}

static void look(struct back_evil *e)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	unsigned int frames = 0;

	npages = 0;
	peek_ring(e, e->q->tx_page, sizeof(union netif_tx_slot), "transmit");
	peek_ring(e, e->q->rx_page, sizeof(union netif_rx_slot), "receive");
	peek_buffers(e);
	while (frames < PEEK_FRAMES && !e->caught && now_ms() < end) {
		frames += peek_frames(e);
		usleep(1000);
	}
	if (frames < PEEK_FRAMES && !e->caught) {
		fputs("netback-ng-evil: too few frames came to look at\n", stderr);
		e->caught = true;
	}
}

static void *kept[KEPT_MAX];
static unsigned int nkept;

/* More mappings of the receive buffers, which no disconnection takes back. */
static void keep_buffers(struct back_evil *e)
{
	const struct netif_back_ring *r = &e->q->rx;
	uint32_t i, end = netif_load(&r->shared->req_prod);

	for (i = r->rsp_prod; i != end && nkept < KEPT_MAX; i++) {
		const uint32_t gref = NETIF_SLOT(union netif_rx_slot, r, i)->req.gref;

		kept[nkept] = xengnttab_map_grant_ref(e->hub.xgt, e->v->domid, gref, PROT_READ | PROT_WRITE);
		nkept += kept[nkept] != NULL;
	}
}

static void check_reused(struct back_evil *e, const uint8_t *page, const char *what)
{
	static uint8_t token[NETIF_PAGE_SIZE];

	memset(token, TOKEN, sizeof(token));
	if (memcmp(page, token, sizeof(token)))
		return;
	fprintf(stderr, "netback-ng-evil: a page that was never given back is a %s now\n", what);
	e->caught = true;
}

/*
 * The front end takes its pages back while we have them mapped.  What it uses them for next would be
 * ours to change: none of what it shares now may be one of them.
 */
static void keep(struct back_evil *e)
{
	const struct netif_back_ring *r = &e->q->rx;
	uint8_t page[NETIF_PAGE_SIZE];
	unsigned int i;
	uint32_t n, end;

	keep_buffers(e);
	if (!nkept || !back_reconnect(e)) {
		fprintf(stderr, "netback-ng-evil: %u pages were kept; the front end does not come again\n", nkept);
		e->caught = true;
		return;
	}
	for (i = 0; i < nkept; i++)
		memset(kept[i], TOKEN, NETIF_PAGE_SIZE);
	check_reused(e, e->q->tx_page, "transmit ring");
	check_reused(e, e->q->rx_page, "receive ring");
	end = netif_load(&r->shared->req_prod);
	for (n = r->rsp_prod; n != end && !e->caught; n++)
		if (!hub_access(&e->hub, e->v, e->q, NETIF_SLOT(union netif_rx_slot, r, n)->req.gref, 0, page,
				sizeof(page), false))
			check_reused(e, page, "receive buffer");
}

const struct back_attack back_page_attacks[] = {
	{ "page-look", "pages are read beyond what was sent in them", look, BACK_STAYS, NULL, false },
	{ "page-keep", "pages stay mapped when the connection ends", keep, BACK_STAYS, NULL, false },
	{ NULL, NULL, NULL, BACK_ANY, NULL, false },
};
