/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of the steps is what makes a switch lose nothing.
 *
 * A frame for the guest arrives at the NIC, whose switch delivers it by MAC: to the VF that has the
 * MAC, else to the PF, whose bridge forwards it to the vif. During a switch the PF takes the MAC,
 * too ("filter"), so that both paths carry frames to the guest, and the guest decides: a bond drops
 * what arrives on its inactive slave, netfront-ng takes from both.
 */
#include "xl-plugins/steps.h"
#include "xl-plugins/bridge.h"
#include "xl-plugins/guest.h"
#include "xl-plugins/lease.h"
#include "xl-plugins/pci.h"
#include "xl-plugins/sysfs.h"
#include "xl-plugins/uplink.h"

#include <errno.h>
#include <string.h>

#define POLL_MS 20
/* A guest whose link went down has moved its traffic within this, or will when the VF goes. */
#define LINK_SECONDS 2
/* A back end that has sent nothing for so long holds nothing back; a guest that never stops, does.
 */
#define SETTLE_MS 100
#define SETTLE_SECONDS 5
/* A guest that sends over its vif does it again within this, as long as it hears from others. */
#define QUIET_MS 1000
/*
 * A guest that was sending and then is silent on both paths for so long has moved to a VF that does
 * not work.
 */
#define SILENCE_MS 8000

/* What a NIC's driver cannot do is not needed for the switch, it only costs some frames. */
static int optional(struct xlnet *x, const struct op *op, const char *what, int rc)
{
	if (rc)
		progress(x, "    %s cannot %s (%s); going on", op->pf, what, strerror(-rc));
	return 0;
}

static int filter_add(struct xlnet *x, struct op *op)
{
	if (op->had_filter)
		return 0;
	return optional(x, op, "take the vif's MAC besides the VF",
			netlink_filter_add(op->pf, &op->nic.mac));
}

static int filter_del(struct xlnet *x, struct op *op)
{
	int rc;

	if (op->had_filter || (op->target == PATH_PV && !op->back && uplink_keeps(x, op)))
		return 0;
	rc = netlink_filter_del(op->pf, &op->nic.mac);
	if (rc && rc != -ENODEV && rc != -EOPNOTSUPP)
		uplink_adopt(x, op);
	return optional(x, op, "drop the vif's MAC", rc);
}

/* What a free VF has: some drivers refuse zeros, they get an address that no guest has. */
static int vf_clear_mac(struct xlnet *x, const struct op *op)
{
	struct mac none = { { 0 } };
	struct mac parked = { { 0x02, 'x', 'n', op->bdf.bus, op->bdf.dev, op->bdf.fn } };
	int rc = netlink_vf_set_mac(op->pf, op->vf, &none);

	return rc == -EINVAL ? netlink_vf_set_mac(op->pf, op->vf, &parked) : rc;
}

static int vf_configure(struct xlnet *x, struct op *op)
{
	char mac[MAC_TEXT];
	int rc;

	optional(x, op, "check its VFs for spoofing",
		 netlink_vf_set_spoofchk(op->pf, op->vf, true));
	rc = netlink_vf_set_vlan(op->pf, op->vf, op->vlan);
	if (rc && op->vlan)
		return problem(rc, "%s refuses VLAN %u for VF %u: %s", op->pf, op->vlan, op->vf,
			       strerror(-rc));
	optional(x, op, "set the link of a VF", netlink_vf_set_link(op->pf, op->vf, VF_LINK_AUTO));
	rc = lease_record(x, op);
	if (rc)
		return rc;
	rc = netlink_vf_set_mac(op->pf, op->vf, &op->nic.mac);
	return rc ? problem(rc, "%s refuses MAC %s for VF %u: %s", op->pf,
			    mac_text(&op->nic.mac, mac), op->vf, strerror(-rc))
		  : 0;
}

static int vf_clear(struct xlnet *x, struct op *op)
{
	int rc = vf_clear_mac(x, op);

	if (rc && rc != -ENODEV)
		return problem(rc, "%s keeps the guest's MAC on VF %u: %s", op->pf, op->vf,
			       strerror(-rc));
	if (op->vlan)
		netlink_vf_set_vlan(op->pf, op->vf, 0);
	optional(x, op, "set the link of a VF", netlink_vf_set_link(op->pf, op->vf, VF_LINK_AUTO));
	return lease_forget(x, op->dom.uuid);
}

void steps_forget_vf(struct xlnet *x, const struct op *op)
{
	vf_clear_mac(x, op);
	if (op->vlan)
		netlink_vf_set_vlan(op->pf, op->vf, 0);
	if (!op->had_filter)
		netlink_filter_del(op->pf, &op->nic.mac);
}

static int assignable(struct xlnet *x, struct op *op)
{
	return pci_make_assignable(x, &op->bdf);
}

static int attach(struct xlnet *x, struct op *op)
{
	return pci_attach(x, &op->dom, &op->bdf);
}

/*
 * How often a bridge is looked at, and told to forget a guest that has been silent for so long: it
 * may be keeping the guest from its frames. A look at Open vSwitch costs its daemon more, and each
 * change has it judge all its flows anew. In milliseconds.
 */
struct pace {
	unsigned int look, silent, forget;
};

static const struct pace *pace_of(struct xlnet *x, const struct op *op)
{
	static const struct pace linux_bridge = { POLL_MS, 0, POLL_MS }, ovs = { 100, 60, 200 };

	return bridge_is_ovs(x, op->nic.bridge) ? &ovs : &linux_bridge;
}

/*
 * A bond that changes its slave may say so to nobody, and then only answers: as long as the bridge
 * sends its frames to the slave that it left, it hears nothing and is silent for good. So the
 * bridge is made to forget the old place until it sees the guest in the new one; it sends to both
 * meanwhile.
 */
static void forget_place(struct xlnet *x, const struct op *op, const char *port)
{
	if (!op->guest_switches && *port)
		bridge_place_forget(x, op->nic.bridge, &op->nic.mac, port);
}

struct released {
	struct xlnet *x;
	struct op *op;
	uint64_t every, next; /* ms */
};

static void release_poll(void *arg)
{
	struct released *r = arg;

	if (now_ms() < r->next)
		return;
	r->next = now_ms() + r->every;
	forget_place(r->x, r->op, r->op->uplink);
}

static int forward_to(struct xlnet *x, const struct op *op, const char *port,
		      enum fdb_stay stay)
{
	int rc;

	/* No bridge that we know, or none of its ports leads to the PF: the guest announces itself. */
	if (!*port || !bridge_exists(x, op->nic.bridge))
		return 0;
	rc = bridge_place_set(x, op->nic.bridge, &op->nic.mac, port, stay);
	return optional(x, op, "be told where the guest is", rc);
}

static int forward_to_vif(struct xlnet *x, struct op *op)
{
	return forward_to(x, op, op->nic.ifname, FDB_AGES);
}

static int release(struct xlnet *x, struct op *op)
{
	struct released r = { x, op, pace_of(x, op)->look, 0 };
	int rc = pci_release(x, &op->dom, &op->bdf, op->timeout, release_poll, &r);

	if (rc == -ETIMEDOUT)
		return problem(rc, "the guest does not let go of its VF; look at its console (is "
				   "xen-pcifront there?)");
	/* A last frame of the VF may be learnt only now: to stay until that is over. */
	if (!rc && !op->guest_switches)
		forward_to(x, op, op->nic.ifname, FDB_STICKS);
	return rc;
}

static int detach(struct xlnet *x, struct op *op)
{
	return pci_detach(x, &op->dom, &op->bdf);
}

static int release_and_detach(struct xlnet *x, struct op *op)
{
	int rc = release(x, op);

	if (rc)
		return rc;
	rc = detach(x, op);
	forward_to_vif(x, op);
	return rc;
}

static int forward_to_vf(struct xlnet *x, struct op *op)
{
	return forward_to(x, op, op->uplink, FDB_STAYS);
}

/*
 * Of a hybrid guest the bridge's entry stays at its vif: those behind the bridge are on this host,
 * or the NIC would not have brought their frames here.
 * Of others, a frame that the guest sent over its vif before it moved may come out of the back end
 * only now, and move the entry back, for good if the guest only answers: set again until the vif is
 * quiet.
 */
static int forward_and_settle(struct xlnet *x, struct op *op)
{
	uint64_t end = now_ms() + SETTLE_SECONDS * 1000, frames;
	char port[IFNAMSIZ];
	bool moved;

	if (!*op->uplink || !bridge_exists(x, op->nic.bridge))
		return 0;
	if (guest_is_hybrid(x, &op->nic))
		return forward_to(x, op, op->nic.ifname, FDB_STICKS);
	do {
		frames = sysfs_counter(x, op->nic.ifname, "rx_packets");
		forward_to_vf(x, op);
		sleep_ms(SETTLE_MS);
		moved = !bridge_place_get(x, op->nic.bridge, &op->nic.mac, port) &&
			!strcmp(port, op->nic.ifname);
	} while ((moved || sysfs_counter(x, op->nic.ifname, "rx_packets") != frames) &&
		 now_ms() < end);
	return 0;
}

/* A bond is on the VF until that is gone: both places, then. */
static int forward_both(struct xlnet *x, struct op *op)
{
	if (op->guest_switches)
		return forward_to_vif(x, op);
	forget_place(x, op, op->uplink);
	return 0;
}

static int ask(struct xlnet *x, struct op *op, enum path path)
{
	int rc = guest_request(x, &op->nic, path);

	if (!rc)
		rc = guest_wait(x, &op->nic, path, op->timeout);
	if (rc == -ETIMEDOUT)
		return problem(rc,
			       "the guest does not report datapath=%s within %u s (--timeout); is "
			       "netfront-ng still "
			       "loaded in it, and its VF's driver?",
			       path_name(path), op->timeout);
	return rc;
}

/*
 * Frames that the guest sent over its vif, and when the last of them came; whether the bridge saw
 * it at the uplink meanwhile.
 */
struct pulse {
	uint64_t first, frames, at, next_look;
	bool seen;
};

static void pulse_look(struct xlnet *x, const struct op *op, struct pulse *p)
{
	uint64_t frames = sysfs_counter(x, op->nic.ifname, "rx_packets");

	if (!p->at)
		p->first = frames;
	if (!p->at || frames != p->frames)
		p->at = now_ms();
	p->frames = frames;
}

/*
 * Does the guest send over the VF? The VF counts frames, or the bridge has learnt it, perhaps from
 * nothing but its announcement. While the vif sends, that may be an echo: some NICs hand a
 * broadcast back to the port that sent it. So the vif must have become quiet, with the bridge
 * sending to both.
 */
static bool vf_in_use(struct xlnet *x, const struct op *op, struct pulse *p, unsigned int look_ms)
{
	char port[IFNAMSIZ] = "";
	struct vf_state state;

	if (*op->uplink && now_ms() >= p->next_look) {
		if (!bridge_place_get(x, op->nic.bridge, &op->nic.mac, port) &&
		    !strcmp(port, op->uplink))
			p->seen = true;
		p->next_look = now_ms() + look_ms;
	}
	/* After the bridge: the vif has counted a frame before its echo comes. */
	pulse_look(x, op, p);
	if (!netlink_vf_get(op->pf, op->vf, &state) && state.counted && state.tx_packets)
		return true;
	return p->seen && (p->frames == p->first || now_ms() - p->at >= QUIET_MS);
}

static int bond_failed(const struct op *op, const struct pulse *p, bool silent)
{
	if (silent)
		return problem(-EIO, "the guest went silent on both paths: it moved to its VF, "
				     "which does not work");
	if (p->frames == p->first)
		return problem(-ETIMEDOUT,
			       "the guest sent nothing for %u s (--timeout), so nobody can tell "
			       "whether it uses "
			       "its VF: have it send something, as a ping",
			       op->timeout);
	return problem(-ETIMEDOUT,
		       "the guest still sends over its vif after %u s (--timeout); does it have "
		       "the VF's driver, "
		       "and a bond of vif and VF with the VF as primary?",
		       op->timeout);
}

static int wait_bond(struct xlnet *x, struct op *op)
{
	const struct pace *pace = pace_of(x, op);
	uint64_t end = now_ms() + op->timeout * 1000ull, next_forget = 0;
	struct pulse p = { .at = 0 };
	bool silent = false;

	/* It may have been learnt there long ago, when the guest ran on another host. */
	pulse_look(x, op, &p);
	forget_place(x, op, op->uplink);
	while (!vf_in_use(x, op, &p, pace->look)) {
		if (now_ms() >= next_forget && now_ms() - p.at >= pace->silent) {
			forget_place(x, op, op->uplink);
			forget_place(x, op, op->nic.ifname);
			next_forget = now_ms() + pace->forget;
		}
		silent = p.frames != p.first && now_ms() - p.at > SILENCE_MS;
		if (silent || now_ms() >= end)
			return bond_failed(op, &p, silent);
		sleep_ms(POLL_MS);
	}
	return 0;
}

static int move_to_vf(struct xlnet *x, struct op *op)
{
	return op->guest_switches ? ask(x, op, PATH_VF) : wait_bond(x, op);
}

/* The bond sees the VF's link go and takes the vif; the bridge sees the guest there. */
static int drop_link(struct xlnet *x, struct op *op)
{
	uint64_t end = now_ms() + LINK_SECONDS * 1000;
	bool bridged = bridge_exists(x, op->nic.bridge);
	unsigned int look_ms = pace_of(x, op)->look;
	char port[IFNAMSIZ];
	int rc = netlink_vf_set_link(op->pf, op->vf, VF_LINK_DISABLE);

	if (rc)
		return optional(x, op, "take a VF's link down", rc);
	while (now_ms() < end && bridged &&
	       (bridge_place_get(x, op->nic.bridge, &op->nic.mac, port) ||
		strcmp(port, op->nic.ifname))) {
		forget_place(x, op, op->uplink);
		sleep_ms(look_ms);
	}
	return 0;
}

static int move_to_vif(struct xlnet *x, struct op *op)
{
	return op->guest_switches ? ask(x, op, PATH_PV) : drop_link(x, op);
}

/* Going back from the VF: a guest that does not answer is on its vif still. */
static int unmove_to_vf(struct xlnet *x, struct op *op)
{
	if (op->guest_switches)
		return guest_request(x, &op->nic, PATH_PV);
	return drop_link(x, op);
}

/* Going back to the VF, which never went away. */
static int unmove_to_vif(struct xlnet *x, struct op *op)
{
	if (op->guest_switches)
		return guest_request(x, &op->nic, PATH_VF);
	return optional(x, op, "set the link of a VF",
			netlink_vf_set_link(op->pf, op->vf, VF_LINK_AUTO));
}

/*
 * The guest sends over the vif. One that takes from both paths gets each frame twice until the VF
 * has lost the MAC; a bond still listens on the VF only, it keeps the MAC until the VF is gone.
 */
static int quiet(struct xlnet *x, struct op *op)
{
	return op->guest_switches
		       ? optional(x, op, "take the MAC from a VF in use", vf_clear_mac(x, op))
		       : 0;
}

static int unquiet(struct xlnet *x, struct op *op)
{
	return op->guest_switches ? netlink_vf_set_mac(op->pf, op->vf, &op->nic.mac) : 0;
}

static const struct step to_vf[] = {
	{ "filter", filter_add, filter_del, "let the PF take the guest's MAC, too" },
	{ "configure", vf_configure, vf_clear, "set MAC, VLAN and spoof check on the VF" },
	{ "assignable", assignable, NULL, "give the VF to xen-pciback" },
	{ "attach", attach, release_and_detach, "attach the VF to the guest" },
	{ "move", move_to_vf, unmove_to_vf, "wait until the guest uses the VF" },
	{ "forward", forward_and_settle, forward_to_vif,
	  "point the bridge's entry at the uplink (a hybrid guest: at its vif, for good)" },
	{ "unfilter", filter_del, filter_add, "the PF no longer takes the guest's MAC" },
};

static const struct step to_pv[] = {
	{ "filter", filter_add, filter_del, "let the PF take the guest's MAC, too" },
	{ "move", move_to_vif, unmove_to_vif, "have the guest move its traffic to the vif" },
	{ "forward", forward_both, forward_to_vf,
	  "have the bridge send to the vif (a bonded guest: to both)" },
	{ "quiet", quiet, unquiet, "take the MAC from the VF" },
	{ "release", release, NULL, "have the guest let go of the VF" },
	{ "detach", detach, NULL, "detach the VF" },
	{ "clear", vf_clear, NULL, "reset the VF's MAC and VLAN" },
	{ "settle", forward_to_vif, NULL, "point the bridge's entry at the vif" },
	{ "unfilter", filter_del, NULL, "the PF no longer takes the guest's MAC" },
};

const struct plan plan_to_vf = { to_vf, ARRAY_SIZE(to_vf), ARRAY_SIZE(to_vf) };
const struct plan plan_to_pv = { to_pv, ARRAY_SIZE(to_pv), 4 };
