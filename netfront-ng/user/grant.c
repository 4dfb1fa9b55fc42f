/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/front.h"

#include <errno.h>
#include <string.h>

int front_grant_share(xengntshr_handle *xgs, uint32_t domid, struct front_grant *g, uint32_t count,
		      bool writable)
{
	errno = 0;
	g->addr = xengntshr_share_pages(xgs, domid, (int)count, g->refs, writable);
	if (!g->addr)
		return errno ? -errno : -EIO;
	g->count = count;
	return 0;
}

void front_grant_unshare(xengntshr_handle *xgs, struct front_grant *g)
{
	if (!g->addr)
		return;
	xengntshr_unshare(xgs, g->addr, g->count);
	memset(g, 0, sizeof(*g));
}

static uint32_t list_add(struct netif_gref *list, uint32_t n, uint32_t max,
			 const struct front_grant *g, uint16_t flags)
{
	uint32_t i;

	for (i = 0; i < g->count && n < max; i++, n++)
		list[n] = (struct netif_gref){ .ref = g->refs[i], .flags = flags };
	return n;
}

/* Both directions' buffers, at most max of them, into the list page. */
static uint32_t list_fill(struct front_control *c, const struct front_queue *q, uint32_t max)
{
	struct netif_gref *list = (struct netif_gref *)c->list.addr;
	uint32_t n;

	if (max > NETIF_GREFS_PER_PAGE)
		max = NETIF_GREFS_PER_PAGE;
	n = list_add(list, 0, max, &q->rx_pages, 0);
	return list_add(list, n, max, &q->tx_pages, NETIF_GREF_READONLY);
}

int front_control_map(struct front_control *c, struct front_queue *q)
{
	uint32_t args[3] = { q->index }, max = 0;
	int rc;

	q->nstatic = 0;
	rc = front_control_call(c, NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, args, &max);
	if (rc)
		return rc;
	if (!max)
		return NETIF_CTRL_STATUS_NOT_SUPPORTED;
	args[1] = c->list.refs[0];
	args[2] = list_fill(c, q, max);
	rc = front_control_call(c, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, args, NULL);
	if (!rc)
		q->nstatic = args[2];
	return rc;
}

int front_control_unmap(struct front_control *c, struct front_queue *q)
{
	uint32_t args[3] = { q->index, c->list.refs[0], 0 };

	if (!q->nstatic)
		return 0;
	args[2] = list_fill(c, q, q->nstatic);
	q->nstatic = 0;
	return front_control_call(c, NETIF_CTRL_TYPE_DEL_GREF_MAPPING, args, NULL);
}
