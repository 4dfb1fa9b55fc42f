// SPDX-License-Identifier: GPL-2.0-or-later
/* tx.c and rx.c once more, on memory that changes after its first read. */
#include "test_netif_fetch.h"

#define netif_tx_take counted_tx_take
#define netif_tx_respond counted_tx_respond
#define netif_rx_take counted_rx_take
#define netif_rx_lay counted_rx_lay
#define netif_rx_respond counted_rx_respond
#include "lib/netif/rx.c"
#include "lib/netif/tx.c"

int fetch_tx_take(struct netif_back_ring *r, struct netif_tx_burst *b, struct netif_errors *e)
{
	return (int)netif_tx_take(r, b, NETIF_TX_RING_SIZE, e);
}

int fetch_rx_take(struct netif_back_ring *r, struct netif_rx_req *reqs, u32 max)
{
	return netif_rx_take(r, reqs, max);
}
