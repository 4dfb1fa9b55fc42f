/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a killed daemon leaves to the next: a file of memory for each queue, with the answers
 * that it was about to publish (lib/netif/ring.h says what that is good for).
 * Main thread only; the worker writes the pages, by way of lib/netif.
 */
#ifndef NETBACK_JOURNAL_H
#define NETBACK_JOURNAL_H

#include "lib/netif/ring.h"
#include "netback-ng/vif/vif.h"

struct queue;

/*
 * Whose rings they are: grants and channels as the guest offered them, and the mark that both bear,
 * another one for each connection; all zero: nobody's.  The numbers alone do not tell: a guest
 * that sets up its interface anew while no daemon is there gets the same ones.
 */
struct journal_key {
	uint32_t tx_ref, rx_ref, tx_evtchn, rx_evtchn, mark[2];
};

/* The file.  Made anew at each connection, so that no two versions need to agree on it. */
struct journal {
	uint32_t magic; /* of this layout */
	struct journal_key key;
	uint32_t tx[NETIF_JOURNAL_WORDS(NETIF_TX_RING_SIZE, 1)];
	uint32_t rx[NETIF_JOURNAL_WORDS(NETIF_RX_RING_SIZE, 2)];
};

#define JOURNAL_MAGIC 0x6e676a32u

_Static_assert(sizeof(struct journal) <= NETIF_PAGE_SIZE, "a page for each queue");

/* Files are in the folder "rings" beside this one.  They should be in memory: /run. */
void journal_start(const char *beside);
void journal_stop(void);

/*
 * A queue whose rings have just been attached to: publish what a killed daemon did not, and
 * keep a journal from now on.  Where there can be no file it warns, and keeps it in memory
 * of its own: the vif works, but may be lost when the daemon is killed.  0 or -ENOMEM.
 */
int journal_attach(struct queue *q, const struct vif_connection *c);
/* A daemon that was killed had the vif, or this one has it. */
bool journal_left(uint16_t domid, uint32_t devid);
/* The rings are as the guest may have them. */
void journal_detach(struct queue *q);

#endif
