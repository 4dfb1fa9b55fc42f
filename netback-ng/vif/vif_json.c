/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics for the control socket.  Values are read while the workers count on. */
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>

#include "netback-ng/vif/uplink.h"
#include "netback-ng/vif/vif_data.h"

static json_t *integer(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static void set_errors(json_t *object, const struct netif_errors *a, const struct netif_errors *b)
{
	json_t *errors = json_object();
	unsigned int i;

	for (i = 1; i < NETIF_ERR_COUNT; i++) {
		uint64_t n = STAT_READ(a->count[i]) + (b ? STAT_READ(b->count[i]) : 0);

		if (n)
			json_object_set_new(errors, netif_error_name((enum netif_error)i),
					    integer(n));
	}
	json_object_set_new(object, "errors", errors);
}

static void set_stats(json_t *object, const struct queue_stats *s)
{
#define X(name) json_object_set_new(object, #name, integer(STAT_READ(s->name)));
	QUEUE_STATS(X)
#undef X
}

static json_t *queue_json(const struct queue *q)
{
	json_t *object = json_object();

	json_object_set_new(object, "queue", integer(q->index));
	json_object_set_new(object, "worker", integer(q->worker->index));
	json_object_set_new(object, "static_grants", integer(vif_gref_count(q->vif, q->index)));
	json_object_set_new(object, "port", json_string(q->uplink->name));
	set_stats(object, &q->stats);
	set_errors(object, &q->errors, &q->rx_errors);
	return object;
}

bool vif_interface(const struct vif *vif, char name[IF_NAMESIZE])
{
	return if_indextoname((unsigned int)vif->tap.ifindex, name);
}

/* A counter of the TAP's; its sense of direction is the host's. */
static uint64_t tap_counter(const struct vif *vif, const char *counter)
{
	char name[IF_NAMESIZE], path[96];
	unsigned long long n = 0;
	FILE *f;

	if (!vif_interface(vif, name))
		return 0;
	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", name, counter);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

json_t *uvif_json(const struct vif *vif)
{
	json_t *object, *queues, *past;
	unsigned int i, n = atomic_load(&vif->nqueues);
	char interface[IF_NAMESIZE];

	object = json_object();
	queues = json_array();
	past = json_object();
	json_object_set_new(object, "vif", json_string(vif->id.name));
	json_object_set_new(object, "interface",
			    vif_interface(vif, interface) ? json_string(interface) : json_null());
	json_object_set_new(object, "bridge", json_string(vif->id.bridge));
	json_object_set_new(object, "switched", json_boolean(vif->bridge && vif->bridge->listed));
	json_object_set_new(object, "switch", json_string(brport_word(vif->why)));
	json_object_set_new(object, "connected", json_boolean(n != 0));
	json_object_set_new(object, "broken", vif_broken(vif) ?
			    json_string(netif_error_name(vif_broken(vif))) : json_null());
	json_object_set_new(object, "port", n ? json_string(vif->queues[0]->uplink->name) : json_null());
	/* Because we were too slow to read, and because it is down or short of memory. */
	json_object_set_new(object, "tap_dropped", integer(tap_counter(vif, "tx_dropped")));
	json_object_set_new(object, "tap_refused", integer(tap_counter(vif, "rx_dropped")));
	for (i = 0; i < n; i++)
		json_array_append_new(queues, queue_json(vif->queues[i]));
	json_object_set_new(object, "queues", queues);
	set_stats(past, &vif->past);
	set_errors(past, &vif->past_errors, NULL);
	json_object_set_new(object, "past", past);
	return object;
}
