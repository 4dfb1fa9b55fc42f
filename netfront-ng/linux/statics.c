// SPDX-License-Identifier: GPL-2.0
/*
 * Static grants (netif.h, control messages 8-10): the back end maps a queue's pools
 * once.  From then on all is sent from these pages, and no frame costs a grant.
 */
#include "ng.h"

static u32 pages_of(const struct ng_queue *q)
{
	return q->rx.pool.size + q->tx.pool.size;
}

/* Entry i of a queue's pages: those to receive first, then those to send. */
static struct netif_gref entry(const struct ng_queue *q, u32 i)
{
	if (i < q->rx.pool.size)
		return (struct netif_gref){ .ref = q->rx.pool.pages[i].gref };
	return (struct netif_gref){
		.ref = q->tx.pool.pages[i - q->rx.pool.size].gref,
		.flags = NETIF_GREF_READONLY,
	};
}

/* One message about n entries from first on. */
static int message(struct ng_queue *q, u16 type, u32 first, u32 n)
{
	u32 args[3] = { q->index, 0, n }, i;
	struct netif_gref *list = ng_control_page(q->dev, &args[1]);

	for (i = 0; i < n; i++)
		list[i] = entry(q, first + i);
	return ng_control_call(q->dev, type, args, NULL);
}

static int statics_add(struct ng_queue *q)
{
	const u32 args[3] = { q->index };
	u32 room = 0, first, n;
	int rc = ng_control_call(q->dev, NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, args, &room);

	room = min(room, pages_of(q));
	for (first = 0; first < room && !rc; first += n) {
		n = min_t(u32, room - first, NETIF_GREFS_PER_PAGE);
		rc = message(q, NETIF_CTRL_TYPE_ADD_GREF_MAPPING, first, n);
		/* Without an answer they may be mapped, or will be. */
		if (!rc || rc == -ETIMEDOUT)
			q->nstatic = max(q->nstatic, first + n);
	}
	/* Copying to a page that the back end does not map would only add a copy; nobody knows while it says nothing. */
	if (rc != -ETIMEDOUT)
		WRITE_ONCE(q->tx.mapped, !rc && room == pages_of(q));
	return rc;
}

static int statics_remove(struct ng_queue *q)
{
	u32 n;

	for (; q->nstatic; q->nstatic -= n) {
		n = q->nstatic % NETIF_GREFS_PER_PAGE ?: NETIF_GREFS_PER_PAGE;
		if (message(q, NETIF_CTRL_TYPE_DEL_GREF_MAPPING, q->nstatic - n, n) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

/*
 * A daemon that was started anew has nothing of it mapped, or the same as its predecessor.  One that
 * has, and takes no page twice, is asked to begin from nothing.
 */
static int map_queue(struct ng_queue *q)
{
	bool before = q->nstatic;
	int rc = statics_add(q);

	if (rc != -EINVAL || !before)
		return rc;
	rc = statics_remove(q);
	return rc ?: statics_add(q);
}

int ng_statics_setup(struct ng_device *dev)
{
	unsigned int i;
	int rc = 0;

	if (!dev->control.open || !ng_params.static_grants)
		return -EOPNOTSUPP;
	/* Once it refuses, the other queues stay with ordinary grants: the back end copies. */
	for (i = 0; i < dev->nqueues && !rc; i++)
		rc = map_queue(dev->queue[i]);
	if (rc && rc != -EOPNOTSUPP)
		netdev_warn(dev->netdev, "the back end did not map its pages (%d): it goes on with ordinary grants%s; see the back end's log\n",
			    rc, rc == -ETIMEDOUT ? " and asks again" : "");
	return rc;
}
