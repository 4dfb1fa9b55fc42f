/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/bridge.h"
#include "xl-plugins/ovs.h"
#include "xl-plugins/sysfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *bridge_device(const char *bridge, char device[IFNAMSIZ])
{
	size_t n = strcspn(bridge, ".:");

	snprintf(device, IFNAMSIZ, "%.*s", (int)(n < IFNAMSIZ ? n : IFNAMSIZ - 1), bridge);
	return device;
}

bool bridge_is_ovs(const struct xlnet *x, const char *bridge)
{
	char device[IFNAMSIZ];

	return !sysfs_is_bridge(x, bridge) && sysfs_netdev_exists(x, bridge_device(bridge, device)) &&
	       ovs_has_bridge(x, device);
}

/* A Linux bridge may have a dot in its name. */
unsigned int bridge_vlan(const struct xlnet *x, const char *bridge)
{
	const char *dot = sysfs_is_bridge(x, bridge) ? NULL : strchr(bridge, '.');

	return dot ? (unsigned int)strtoul(dot + 1, NULL, 10) : 0;
}

bool bridge_exists(const struct xlnet *x, const char *bridge)
{
	return sysfs_is_bridge(x, bridge) || bridge_is_ovs(x, bridge);
}

/* ---- which bridges a PF leads into ---- */

struct wanted {
	const struct xlnet *x;
	const char *bridge;
	char device[IFNAMSIZ];
};

/* Open vSwitch's ports all have the one master, its datapath. */
static bool is_port(const char *name, const char *master, void *arg)
{
	const struct wanted *w = arg;
	char bridge[IFNAMSIZ];

	if (!strcmp(master, OVS_DATAPATH))
		return !ovs_bridge_of(w->x, name, bridge) && !strcmp(bridge, w->device);
	return !strcmp(master, w->bridge);
}

int bridge_uplink(const struct xlnet *x, const char *pf, const char *bridge,
		  char uplink[IFNAMSIZ])
{
	struct wanted w = { .x = x, .bridge = bridge };

	uplink[0] = '\0';
	bridge_device(bridge, w.device);
	return *bridge ? sysfs_stack_find(x, pf, is_port, &w, uplink) : -ENOENT;
}

struct names {
	const struct xlnet *x;
	const char *pf;
	json_t *list;
};

static void name_add(const char *bridge, void *arg)
{
	struct names *n = arg;
	char uplink[IFNAMSIZ];

	if (!n->pf || !bridge_uplink(n->x, n->pf, bridge, uplink))
		json_array_append_new(n->list, json_string(bridge));
}

json_t *bridge_names(const struct xlnet *x, const char *pf)
{
	struct names n = { x, pf, json_array() };

	sysfs_bridges(x, name_add, &n);
	ovs_bridges(x, name_add, &n);
	return n.list;
}

const char *bridge_text(const struct xlnet *x, const char *pf, char text[NAME_LEN])
{
	json_t *list = bridge_names(x, pf), *name;
	size_t i, used = 0;

	text[0] = '\0';
	json_array_foreach(list, i, name) {
		if (used < NAME_LEN)
			used += (size_t)snprintf(text + used, NAME_LEN - used, "%s%s",
						 i ? ", " : "", json_string_value(name));
	}
	json_decref(list);
	return text;
}

void bridge_interfaces(const struct xlnet *x, const char *pf,
		       void (*fn)(const char *name, void *arg), void *arg)
{
	json_t *list = bridge_names(x, pf), *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		const char *bridge = json_string_value(entry);

		if (sysfs_is_bridge(x, bridge))
			fn(bridge, arg);
		else
			ovs_interfaces(x, bridge, fn, arg);
	}
	json_decref(list);
}

/* ---- where a bridge sends a guest's frames ---- */

int bridge_place_get(const struct xlnet *x, const char *bridge, const struct mac *mac,
		     char port[IFNAMSIZ])
{
	char device[IFNAMSIZ];
	bool sticks;

	if (sysfs_is_bridge(x, bridge))
		return netlink_fdb_get(bridge, mac, port);
	return ovs_place_get(x, bridge_device(bridge, device), bridge_vlan(x, bridge), mac, port,
			     &sticks);
}

static int ovs_place_set(const struct xlnet *x, const char *bridge, const struct mac *mac,
			 const char *port, enum fdb_stay stay)
{
	char device[IFNAMSIZ];
	unsigned int vlan = bridge_vlan(x, bridge);
	int rc = ovs_place_stick(x, bridge_device(bridge, device), vlan, mac, port);

	if (rc || stay == FDB_STICKS)
		return rc;
	sleep_ms(ovs_lag_ms());
	return ovs_place_forget(x, device, vlan, mac, port);
}

int bridge_place_set(const struct xlnet *x, const char *bridge, const struct mac *mac,
		     const char *port, enum fdb_stay stay)
{
	if (sysfs_is_bridge(x, bridge))
		return netlink_fdb_set(port, mac, stay);
	return ovs_place_set(x, bridge, mac, port, stay);
}

int bridge_place_forget(const struct xlnet *x, const char *bridge, const struct mac *mac,
			const char *port)
{
	char device[IFNAMSIZ], now[IFNAMSIZ];
	int rc;

	if (sysfs_is_bridge(x, bridge))
		return netlink_fdb_del(port, mac);
	rc = bridge_place_get(x, bridge, mac, now);
	if (rc || strcmp(now, port))
		return rc == -ENOENT ? 0 : rc;
	return ovs_place_forget(x, bridge_device(bridge, device), bridge_vlan(x, bridge), mac, port);
}
