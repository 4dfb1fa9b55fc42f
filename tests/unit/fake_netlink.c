/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netlink.c. */
#include "tests/unit/fake_part.h"
#include "xl-plugins/netlink.h"

#include <errno.h>
#include <string.h>

static struct fake_vf *vf_at(const char *pf, unsigned int vf)
{
	return strcmp(pf, "eth0") || vf >= FAKE_VFS ? NULL : &fake->vfs[vf];
}

int netlink_vf_get(const char *pf, unsigned int index, struct vf_state *state)
{
	const struct fake_vf *vf = vf_at(pf, index);

	memset(state, 0, sizeof(*state));
	if (!vf)
		return -ENODEV;
	state->mac = vf->mac;
	state->vlan = vf->vlan;
	state->spoofchk = vf->spoofchk;
	state->link = (enum vf_link)vf->link;
	return 0;
}

int netlink_vf_set_mac(const char *pf, unsigned int index, const struct mac *mac)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || !fake_event_begin())
		return vf ? -EIO : -ENODEV;
	if (fake->no_zero_mac && mac_is_zero(mac))
		return -EINVAL;
	vf->mac = *mac;
	fake_event_end();
	return 0;
}

int netlink_vf_set_vlan(const char *pf, unsigned int index, unsigned int vlan)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || !fake_event_begin())
		return vf ? -EIO : -ENODEV;
	vf->vlan = vlan;
	fake_event_end();
	return 0;
}

int netlink_vf_set_spoofchk(const char *pf, unsigned int index, bool on)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || !fake_event_begin())
		return vf ? -EIO : -ENODEV;
	vf->spoofchk = on;
	fake_event_end();
	return 0;
}

int netlink_vf_set_link(const char *pf, unsigned int index, enum vf_link link)
{
	struct fake_vf *vf = vf_at(pf, index);

	if (!vf || fake->no_link_state)
		return vf ? -EOPNOTSUPP : -ENODEV;
	if (!fake_event_begin())
		return -EIO;
	vf->link = link;
	fake_event_end();
	return 0;
}

int netlink_fdb_get(const char *bridge, const struct mac *mac, char port[IFNAMSIZ])
{
	fake_guests_live();
	text_copy(port, IFNAMSIZ, fake->fdb);
	return *fake->fdb ? 0 : -ENOENT;
}

int netlink_fdb_set(const char *port, const struct mac *mac, enum fdb_stay stay)
{
	if (!fake_event_begin())
		return -EIO;
	text_copy(fake->fdb, sizeof(fake->fdb), port);
	fake->fdb_sticks = stay == FDB_STICKS;
	fake_event_end();
	return 0;
}

/* Where the guest sends next, the bridge learns again. */
int netlink_fdb_del(const char *port, const struct mac *mac)
{
	if (!strcmp(fake->fdb, port))
		fake->fdb[0] = '\0';
	return 0;
}

static bool *filter_of(const struct mac *mac)
{
	for (int i = 0; i < FAKE_DOMS; i++)
		if (mac_equal(&fake->doms[i].mac, mac))
			return &fake->filter[i];
	return &fake->host_filter;
}

int netlink_filter_get(const char *port, const struct mac *mac)
{
	return *filter_of(mac) ? 0 : -ENOENT;
}

static int filter_set(const struct mac *mac, bool on)
{
	if (!fake_event_begin())
		return -EIO;
	*filter_of(mac) = on;
	fake_event_end();
	return 0;
}

int netlink_filter_add(const char *port, const struct mac *mac)
{
	return fake->no_filters ? -EOPNOTSUPP : filter_set(mac, true);
}

int netlink_filter_del(const char *port, const struct mac *mac)
{
	return filter_set(mac, false);
}

int netlink_neighbour_find(const struct mac *mac, struct in_addr *address)
{
	address->s_addr = fake->neighbour;
	return fake->neighbour ? 0 : -ENOENT;
}
