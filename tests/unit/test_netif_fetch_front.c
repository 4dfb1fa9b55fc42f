// SPDX-License-Identifier: GPL-2.0-or-later
/* front.c once more, on memory that changes after its first read. */
#include "test_netif_fetch.h"

#define netif_front_tx_init counted_front_tx_init
#define netif_front_tx_ids counted_front_tx_ids
#define netif_front_tx_put_id counted_front_tx_put_id
#define netif_front_tx_room counted_front_tx_room
#define netif_front_tx_send counted_front_tx_send
#define netif_front_tx_reap counted_front_tx_reap
#define netif_front_rx_init counted_front_rx_init
#define netif_front_rx_next counted_front_rx_next
#define netif_front_rx_post counted_front_rx_post
#define netif_front_rx_take counted_front_rx_take
#include "lib/netif/front.c"

int fetch_front_rx_take(struct netif_front_rx *rx, struct netif_front_burst *b,
			struct netif_errors *e)
{
	return (int)netif_front_rx_take(rx, b, NETIF_RX_RING_SIZE, e);
}

int fetch_front_tx_reap(struct netif_front_tx *tx, u16 *done, u32 max, struct netif_errors *e)
{
	u32 bad = 0;

	return netif_front_tx_reap(tx, done, max, &bad, e);
}
