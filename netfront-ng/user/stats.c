/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/guest.h"

#include <stddef.h>

struct counter {
	const char *name;
	size_t offset;
};

#define QUEUE(field) { #field, offsetof(struct front_counters, field) }
#define MOVER(field) { #field, offsetof(struct mover_counters, field) }

static const struct counter queue_counters[] = {
	QUEUE(tx_packets), QUEUE(tx_bytes), QUEUE(tx_gso), QUEUE(tx_errors), QUEUE(tx_full),
	QUEUE(rx_packets), QUEUE(rx_bytes), QUEUE(rx_gso), QUEUE(rx_dropped),
	QUEUE(rx_headroom), QUEUE(rx_misplaced),
	QUEUE(notified), QUEUE(wakeups),
};

static const struct counter mover_counters[] = {
	MOVER(tap_syscalls), MOVER(tx_dropped), MOVER(tx_lost), MOVER(rx_refused), MOVER(polls),
};

static void add_counters(json_t *to, const struct counter *c, size_t n, const void *from)
{
	for (; n; n--, c++) {
		const uint64_t *value = (const uint64_t *)((const char *)from + c->offset);

		json_object_set_new(to, c->name,
				    json_integer((json_int_t)__atomic_load_n(value,
									     __ATOMIC_RELAXED)));
	}
}

static json_t *errors_json(const struct netif_errors *errors)
{
	json_t *to = json_object();
	int i;

	for (i = 1; i < NETIF_ERR_COUNT; i++)
		json_object_set_new(to, netif_error_name((enum netif_error)i),
				    json_integer((json_int_t)netif_load(&errors->count[i])));
	return to;
}

static json_t *queue_json(const struct front_queue *q, const struct mover *m)
{
	const uint32_t pages = q->tx_pages.count + q->rx_pages.count;
	json_t *to = json_pack("{s:i, s:i, s:i}", "queue", (int)q->index, "static_grants",
			       (int)q->nstatic, "ordinary_grants", (int)(pages - q->nstatic));

	add_counters(to, queue_counters, sizeof(queue_counters) / sizeof(queue_counters[0]),
		     &q->counters);
	add_counters(to, mover_counters, sizeof(mover_counters) / sizeof(mover_counters[0]),
		     &m->counters);
	json_object_set_new(to, "errors", errors_json(&q->errors));
	return to;
}

json_t *guest_stats(const struct guest *g)
{
	const struct front *f = &g->front;
	json_t *queues = json_array();
	unsigned int i;

	/* Queues of earlier connections too: nothing that was counted disappears. */
	for (i = 0; i < FRONT_QUEUES_MAX && g->movers[i]; i++)
		json_array_append_new(queues, queue_json(&f->queues[i], g->movers[i]));
	return json_pack("{s:i, s:s, s:b, s:s, s:i, s:I, s:I, s:i, s:i, s:i, s:{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b}, s:o}",
			 "device", (int)g->config.front.devid,
			 "mode", g->config.front.ng ? "ng" : "stock",
			 "connected", f->connected,
			 "tap", g->tap.name,
			 "queues_connected", (int)f->nqueues,
			 "connections", (json_int_t)g->connections,
			 "resumptions", (json_int_t)g->resumptions,
			 "static_status", f->control_status,
			 "hash_status", f->hash_status,
			 "headroom", f->features.headroom ? (int)f->headroom : 0,
			 "features",
			 "sg", f->features.sg, "tso4", f->features.tso4, "tso6", f->features.tso6,
			 "csum", f->features.csum, "split", f->features.split,
			 "ctrl", f->features.ctrl, "half_pages", f->features.halves,
			 "headroom", f->features.headroom,
			 "queues", queues);
}
