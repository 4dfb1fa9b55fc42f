/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/front.h"

#include <errno.h>
#include <string.h>

#include "lib/xen/event.h"

static int bind_port(xenevtchn_handle *xce, uint32_t domid, evtchn_port_t *port)
{
	xenevtchn_port_or_error_t p = xenevtchn_bind_unbound_port(xce, domid);

	if (p < 0)
		return errno ? -errno : -EIO;
	*port = (evtchn_port_t)p;
	return 0;
}

static int open_ports(struct front_queue *q, uint32_t domid, bool split)
{
	int rc;

	q->xce = event_open(NULL);
	if (!q->xce)
		return errno ? -errno : -EIO;
	rc = bind_port(q->xce, domid, &q->tx_port);
	q->rx_port = q->tx_port;
	if (!rc && split)
		rc = bind_port(q->xce, domid, &q->rx_port);
	return rc;
}

int front_queue_open(struct front_queue *q, xengntshr_handle *xgs, uint32_t domid, bool split)
{
	int rc;

	rc = front_grant_share(xgs, domid, &q->rings, 2, true);
	if (rc)
		goto fail;
	/* The back end only reads what we transmit. */
	rc = front_grant_share(xgs, domid, &q->tx_pages, FRONT_PAGES, false);
	if (rc)
		goto fail;
	rc = front_grant_share(xgs, domid, &q->rx_pages, FRONT_PAGES >> q->halves, true);
	if (rc)
		goto fail;
	rc = open_ports(q, domid, split);
	if (rc)
		goto fail;
	netif_front_tx_init(&q->tx, q->rings.addr);
	netif_front_rx_init(&q->rx, q->rings.addr + NETIF_PAGE_SIZE);
	return 0;
fail:
	front_queue_close(q, xgs);
	return rc;
}

void front_queue_close(struct front_queue *q, xengntshr_handle *xgs)
{
	if (q->xce)
		xenevtchn_close(q->xce);
	q->xce = NULL;
	q->nstatic = 0;
	front_grant_unshare(xgs, &q->rx_pages);
	front_grant_unshare(xgs, &q->tx_pages);
	front_grant_unshare(xgs, &q->rings);
}

static void notify(struct front_queue *q, evtchn_port_t port)
{
	xenevtchn_notify(q->xce, port);
	front_count(&q->counters.notified, 1);
}

void front_queue_push_tx(struct front_queue *q)
{
	if (netif_front_push(&q->tx.ring))
		notify(q, q->tx_port);
}

void front_queue_push_rx(struct front_queue *q)
{
	if (netif_front_push(&q->rx.ring))
		notify(q, q->rx_port);
}

void front_queue_post(struct front_queue *q)
{
	const unsigned int most = q->rx_most ? q->rx_most : NETIF_RX_RING_SIZE;
	int id;

	while (NETIF_RX_RING_SIZE - netif_front_free(&q->rx.ring) < most &&
	       (id = netif_front_rx_next(&q->rx)) >= 0)
		netif_front_rx_post(&q->rx, q->rx_pages.refs[id >> q->halves],
				    q->halves ? NETIF_RX_LOWER + (id & 1) : NETIF_RX_WHOLE);
	front_queue_push_rx(q);
}

void front_queue_kick(struct front_queue *q)
{
	notify(q, q->tx_port);
	if (q->rx_port != q->tx_port)
		notify(q, q->rx_port);
}

void front_queue_wake(struct front_queue *q)
{
	xenevtchn_port_or_error_t port = xenevtchn_pending(q->xce);

	if (port < 0)
		return;
	xenevtchn_unmask(q->xce, (evtchn_port_t)port);
	front_count(&q->counters.wakeups, 1);
}
