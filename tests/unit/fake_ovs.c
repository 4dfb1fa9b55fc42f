/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ovs.c: where fake->ovs, the bridge is Open vSwitch's. */
#include "tests/unit/fake_part.h"
#include "xl-plugins/ovs.h"

#include <errno.h>
#include <string.h>

bool ovs_has_bridge(const struct xlnet *x, const char *bridge)
{
	return fake->ovs && !strcmp(bridge, "xenbr0");
}

void ovs_bridges(const struct xlnet *x, void (*fn)(const char *name, void *arg), void *arg)
{
	if (fake->ovs)
		fn("xenbr0", arg);
}

void ovs_interfaces(const struct xlnet *x, const char *bridge,
		    void (*fn)(const char *name, void *arg), void *arg)
{
	fn("xenbr0", arg);
}

int ovs_bridge_of(const struct xlnet *x, const char *interface, char bridge[IFNAMSIZ])
{
	text_copy(bridge, IFNAMSIZ, fake->ovs ? "xenbr0" : "");
	return fake->ovs ? 0 : -ENOENT;
}

int ovs_place_get(const struct xlnet *x, const char *bridge, unsigned int vlan,
		  const struct mac *mac, char port[IFNAMSIZ], bool *sticks)
{
	fake_guests_live();
	text_copy(port, IFNAMSIZ, fake->fdb);
	*sticks = fake->fdb_sticks;
	return *fake->fdb ? 0 : -ENOENT;
}

unsigned int ovs_lag_ms(void)
{
	return 0;
}

int ovs_place_stick(const struct xlnet *x, const char *bridge, unsigned int vlan,
		    const struct mac *mac, const char *port)
{
	if (!fake_event_begin())
		return -EREMOTEIO;
	text_copy(fake->fdb, sizeof(fake->fdb), port);
	fake->fdb_sticks = true;
	fake_event_end();
	return 0;
}

int ovs_place_forget(const struct xlnet *x, const char *bridge, unsigned int vlan,
		     const struct mac *mac, const char *port)
{
	int rc = ovs_place_stick(x, bridge, vlan, mac, port);

	if (rc)
		return rc;
	if (!fake_event_begin())
		return -EREMOTEIO;
	fake->fdb[0] = '\0';
	fake->fdb_sticks = false;
	fake_event_end();
	return 0;
}
