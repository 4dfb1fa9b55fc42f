// SPDX-License-Identifier: GPL-2.0
/*
 * Finding VFs, and making them as the interface is.  Since Linux 6.15 the lock of a VF's driver
 * may be held in its notifications (but UNREGISTER's): what takes that lock, as setting the MTU
 * and opening do, is left to a work.
 */
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

#include "ng.h"

#define TAKEOVER_DELAY (HZ / 10) /* udev gets a chance to rename the VF */

static struct net_device *team_vf(const struct ng_device *dev)
{
	return rtnl_dereference(dev->team.vf);
}

/* The VF, if it is used. */
static struct net_device *ready_vf(const struct ng_device *dev)
{
	return dev->team.ready ? team_vf(dev) : NULL;
}

/* Later, in a work: use the VF, or the next one, that could not be used before. */
static void look_again(struct ng_device *dev)
{
	if (!dev->team.leaving)
		queue_delayed_work(ng_wq, &dev->team.takeover, TAKEOVER_DELAY);
}

/* ---- settings ---- */

static void hide(struct net_device *vf, bool on)
{
	if (on)
		vf->flags |= IFF_SLAVE;
	else
		vf->flags &= ~IFF_SLAVE;
	ng_set_no_addrconf(vf, on);
}

static void adjust_rx_flags(struct net_device *vf, unsigned int flags, int inc)
{
	if (flags & IFF_PROMISC)
		dev_set_promiscuity(vf, inc);
	if (flags & IFF_ALLMULTI)
		dev_set_allmulti(vf, inc);
}

/* A VF with another address hears no answer, and its switch may drop what it sends. */
static int give_mac(struct net_device *vf, const u8 *mac)
{
	struct sockaddr_storage address = { .ss_family = vf->type };

	if (ether_addr_equal(vf->dev_addr, mac))
		return 0;
	memcpy(((struct sockaddr *)&address)->sa_data, mac, ETH_ALEN);
	return dev_set_mac_address(vf, (void *)&address, NULL);
}

static int give_xdp(struct ng_device *dev, struct net_device *vf, struct bpf_prog *prog)
{
	int rc;

	if (!prog && !dev->team.has_xdp)
		return 0;
	rc = ng_netdev_give_xdp(vf, prog);
	dev->team.has_xdp = prog && !rc;
	return rc;
}

/* As the user set them on the interface; no LRO, which is wrong where that is in a bridge. */
static void give_features(struct ng_device *dev, struct net_device *vf)
{
	const netdev_features_t ours = dev->netdev->hw_features;

	dev_disable_lro(vf);
	ng_lock_ops(vf);
	vf->wanted_features = (vf->wanted_features & ~ours) | (dev->netdev->wanted_features & ours);
	netdev_update_features(vf);
	ng_unlock_ops(vf);
}

/* What the VF may refuse; *what: which of them. */
static int give_all(struct ng_device *dev, struct net_device *vf, const char **what)
{
	struct net_device *netdev = dev->netdev;
	int rc;

	*what = "address";
	rc = give_mac(vf, netdev->dev_addr);
	if (rc)
		return rc;
	*what = "MTU";
	rc = dev_set_mtu(vf, netdev->mtu);
	if (rc)
		return rc;
	*what = "XDP program";
	rc = give_xdp(dev, vf, rtnl_dereference(dev->xdp));
	if (rc)
		return rc;
	*what = "VLANs";
	rc = vlan_vids_add_by_dev(vf, netdev);
	if (rc)
		give_xdp(dev, vf, NULL);
	return rc;
}

/* The VF becomes as the interface is; where it cannot, the vif goes on alone. */
static int take_over(struct ng_device *dev, struct net_device *vf)
{
	struct net_device *netdev = dev->netdev;
	const char *what;
	int rc = give_all(dev, vf, &what);

	if (rc) {
		netdev_warn(netdev, "%s cannot have its %s (%d): it is not used until that changes\n",
			    netdev_name(vf), what, rc);
		return rc;
	}
	give_features(dev, vf);
	adjust_rx_flags(vf, netdev->flags, 1);
	netif_addr_lock_bh(netdev);
	dev_uc_sync_multiple(vf, netdev);
	dev_mc_sync_multiple(vf, netdev);
	netif_addr_unlock_bh(netdev);
	/* Else the VF's driver would copy each frame to make room. */
	WRITE_ONCE(netdev->needed_headroom, vf->needed_headroom);
	WRITE_ONCE(netdev->needed_tailroom, vf->needed_tailroom);
	WRITE_ONCE(dev->team.ready, true);
	return 0;
}

static void give_back(struct ng_device *dev, struct net_device *vf)
{
	if (!dev->team.ready)
		return;
	WRITE_ONCE(dev->team.ready, false);
	WRITE_ONCE(dev->netdev->needed_headroom, 0);
	WRITE_ONCE(dev->netdev->needed_tailroom, 0);
	dev_uc_unsync(vf, dev->netdev);
	dev_mc_unsync(vf, dev->netdev);
	adjust_rx_flags(vf, dev->netdev->flags, -1);
	vlan_vids_del_by_dev(vf, dev->netdev);
	give_xdp(dev, vf, NULL);
}

static void open_vf(struct ng_device *dev, struct net_device *vf)
{
	int rc = netif_running(dev->netdev) ? dev_open(vf, NULL) : 0;

	if (rc)
		netdev_warn(dev->netdev, "%s cannot be opened (%d): it is not used\n",
			    netdev_name(vf), rc);
}

/* ---- joining and leaving ---- */

static void join(struct ng_device *dev, struct net_device *vf)
{
	int rc;

	if (team_vf(dev) || dev->team.leaving || dev->netdev->reg_state != NETREG_REGISTERED)
		return;
	if (netdev_master_upper_dev_get(vf)) {
		netdev_warn(dev->netdev, "%s has its MAC, but another master: it is not used until that releases it\n",
			    netdev_name(vf));
		return;
	}
	hide(vf, true);
	rc = netdev_rx_handler_register(vf, ng_team_receive, dev);
	if (!rc) {
		rc = netdev_master_upper_dev_link(vf, dev->netdev, NULL, NULL, NULL);
		if (rc)
			netdev_rx_handler_unregister(vf);
	}
	if (rc) {
		hide(vf, false);
		netdev_warn(dev->netdev, "%s has its MAC, but cannot become its slave (%d)\n",
			    netdev_name(vf), rc);
		return;
	}
	rcu_assign_pointer(dev->team.vf, vf);
	netdev_info(dev->netdev, "%s joins\n", netdev_name(vf));
	look_again(dev);
}

void ng_vf_leave(struct ng_device *dev)
{
	struct net_device *vf = team_vf(dev);

	if (!vf)
		return;
	ng_team_choose(dev, true);
	give_back(dev, vf);
	RCU_INIT_POINTER(dev->team.vf, NULL);
	/* Waits for all who saw the pointer, too. */
	netdev_rx_handler_unregister(vf);
	netdev_upper_dev_unlink(vf, dev->netdev);
	hide(vf, false);
	/* Where the interface goes, not the VF: as it was found. */
	if (vf->reg_state == NETREG_REGISTERED && vf->flags & IFF_UP)
		dev_close(vf);
	netdev_info(dev->netdev, "%s leaves\n", netdev_name(vf));
}

/* ---- finding VFs ---- */

/* NICs that a device model shows an HVM guest to boot by: they are the vif. */
static const struct pci_device_id emulated[] = {
	{ PCI_DEVICE(0x10ec, 0x8139) }, /* rtl8139 */
	{ PCI_DEVICE(0x10ec, 0x8029) }, /* ne2k_pci */
	{ PCI_DEVICE(0x8086, 0x100e) }, /* e1000 */
	{ PCI_DEVICE(0x8086, 0x100f) }, /* e1000-82545em */
	{ PCI_DEVICE(0x8086, 0x1001) }, /* e1000-82544gc */
	{ PCI_DEVICE(0x8086, 0x10d3) }, /* e1000e */
	{ PCI_DEVICE(0x8086, 0x1209) }, /* i82551 and its kin */
	{ PCI_DEVICE(0x1022, 0x2000) }, /* pcnet */
	{ PCI_DEVICE(0x15ad, 0x07b0) }, /* vmxnet3 */
	{ PCI_DEVICE(0x1af4, 0x1000) }, /* virtio-net */
	{ PCI_DEVICE(0x1af4, 0x1041) },
	{ }
};

static bool is_ours(const struct net_device *netdev)
{
	return netdev->netdev_ops == &ng_netdev_ops;
}

static bool is_vf_of(const struct net_device *vf, const struct net_device *netdev)
{
	return vf->type == ARPHRD_ETHER && vf->dev.parent && dev_is_pci(vf->dev.parent) &&
	       ether_addr_equal(vf->perm_addr, netdev->perm_addr) &&
	       !pci_match_id(emulated, to_pci_dev(vf->dev.parent));
}

/* A VF of the interface's in a namespace, or NULL; one without a master first. */
static struct net_device *find_vf(const struct ng_device *dev, struct net *net)
{
	struct net_device *other, *found = NULL;

	for_each_netdev(net, other) {
		if (!is_vf_of(other, dev->netdev))
			continue;
		found = other;
		if (!netdev_master_upper_dev_get(other))
			break;
	}
	return found;
}

static void look_for_vf(struct ng_device *dev)
{
	struct net_device *vf = find_vf(dev, dev_net(dev->netdev));

	if (vf)
		join(dev, vf);
}

static struct ng_device *device_of(struct net_device *vf)
{
	struct net_device *other;

	for_each_netdev(dev_net(vf), other)
		if (is_ours(other) && is_vf_of(vf, other))
			return netdev_priv(other);
	return NULL;
}

static struct ng_device *master_of(struct net_device *vf)
{
	struct net_device *upper = netdev_master_upper_dev_get(vf);

	return upper && is_ours(upper) ? netdev_priv(upper) : NULL;
}

void ng_vf_takeover_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(to_delayed_work(work), struct ng_device, team.takeover);
	struct net_device *vf;

	rtnl_lock();
	vf = team_vf(dev);
	if (!vf) {
		look_for_vf(dev);
	} else if (dev->team.ready || !take_over(dev, vf)) {
		open_vf(dev, vf);
		ng_team_choose(dev, false);
	}
	rtnl_unlock();
}

/* The VF goes where the interface went. */
void ng_vf_follow_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(work, struct ng_device, team.follow);
	struct net_device *vf = NULL;
	struct net *from;
	int rc;

	rtnl_lock();
	from = dev->team.left_in;
	dev->team.left_in = NULL;
	if (from && !team_vf(dev) && !net_eq(from, dev_net(dev->netdev)))
		vf = find_vf(dev, from);
	if (vf && !netdev_master_upper_dev_get(vf)) {
		/* Its registration there makes it join. */
		rc = dev_change_net_namespace(vf, dev_net(dev->netdev), "eth%d");
		if (rc)
			netdev_warn(dev->netdev, "%s stays in the namespace that it left (%d)\n",
				    netdev_name(vf), rc);
	}
	rtnl_unlock();
	if (from)
		put_net(from);
}

/* ---- notifications ---- */

static void on_vf(struct net_device *vf, unsigned long event)
{
	struct ng_device *dev = event == NETDEV_REGISTER ? device_of(vf) : master_of(vf);

	if (!dev)
		return;
	switch (event) {
	case NETDEV_REGISTER:
		return join(dev, vf);
	case NETDEV_UNREGISTER:
		ng_vf_leave(dev);
		/* Another may have come before this one went. */
		return look_again(dev);
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		return ng_team_choose(dev, false);
	case NETDEV_GOING_DOWN:
		return ng_team_choose(dev, true);
	}
}

/* Another master has let go of it; not only when it is about to go itself. */
static void on_released(struct net_device *vf, const struct netdev_notifier_changeupper_info *info)
{
	struct ng_device *dev;

	if (!info->master || info->linking || is_ours(info->upper_dev) ||
	    vf->reg_state != NETREG_REGISTERED)
		return;
	dev = device_of(vf);
	if (dev)
		look_again(dev);
}

/* The interface comes, goes, or leaves one namespace for another, which is both. */
static void on_ours(struct ng_device *dev, unsigned long event)
{
	struct net_device *vf = team_vf(dev);

	switch (event) {
	case NETDEV_REGISTER:
		if (dev->team.left_in)
			queue_work(ng_wq, &dev->team.follow);
		return look_for_vf(dev);
	case NETDEV_UNREGISTER:
		if (vf && dev->netdev->reg_state == NETREG_REGISTERED && !dev->team.left_in)
			dev->team.left_in = maybe_get_net(dev_net(vf));
		return ng_vf_leave(dev);
	}
}

static int on_netdev(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *netdev = netdev_notifier_info_to_dev(ptr);

	if (is_ours(netdev))
		on_ours(netdev_priv(netdev), event);
	else if (event == NETDEV_CHANGEUPPER)
		on_released(netdev, ptr);
	else
		on_vf(netdev, event);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = on_netdev };

int ng_vf_register(void)
{
	return register_netdevice_notifier(&notifier);
}

void ng_vf_unregister(void)
{
	unregister_netdevice_notifier(&notifier);
}

/* ---- the interface changes ---- */

void ng_vf_open(struct ng_device *dev)
{
	struct net_device *vf = ready_vf(dev);

	if (vf)
		open_vf(dev, vf);
	ng_team_choose(dev, false);
}

void ng_vf_stop(struct ng_device *dev)
{
	struct net_device *vf = team_vf(dev);

	WRITE_ONCE(dev->team.active, false);
	if (vf)
		dev_close(vf);
}

int ng_vf_set_mtu(struct ng_device *dev, int mtu)
{
	struct net_device *vf = ready_vf(dev);

	if (vf)
		return dev_set_mtu(vf, mtu);
	look_again(dev);
	return 0;
}

int ng_vf_set_mac(struct ng_device *dev, void *addr)
{
	struct net_device *vf = ready_vf(dev);

	if (vf)
		return dev_set_mac_address(vf, addr, NULL);
	look_again(dev);
	return 0;
}

void ng_vf_set_xdp(struct ng_device *dev, struct bpf_prog *prog)
{
	struct net_device *vf = ready_vf(dev);
	int rc;

	if (!vf)
		return look_again(dev);
	rc = give_xdp(dev, vf, prog);
	if (!rc)
		return;
	netdev_warn(dev->netdev, "%s cannot have its XDP program (%d): it is not used until that changes\n",
		    netdev_name(vf), rc);
	ng_team_choose(dev, true);
	give_back(dev, vf);
	dev_close(vf);
}

void ng_vf_set_features(struct ng_device *dev)
{
	struct net_device *vf = ready_vf(dev);

	if (vf)
		give_features(dev, vf);
}

void ng_vf_rx_mode(struct ng_device *dev)
{
	struct net_device *vf;

	rcu_read_lock();
	vf = rcu_dereference(dev->team.vf);
	if (vf && READ_ONCE(dev->team.ready)) {
		dev_uc_sync_multiple(vf, dev->netdev);
		dev_mc_sync_multiple(vf, dev->netdev);
	}
	rcu_read_unlock();
}

void ng_vf_rx_flags(struct ng_device *dev, int change)
{
	struct net_device *vf = ready_vf(dev);
	unsigned int flags = dev->netdev->flags;

	if (!vf)
		return;
	if (change & IFF_PROMISC)
		dev_set_promiscuity(vf, flags & IFF_PROMISC ? 1 : -1);
	if (change & IFF_ALLMULTI)
		dev_set_allmulti(vf, flags & IFF_ALLMULTI ? 1 : -1);
}

int ng_vf_vid(struct ng_device *dev, __be16 proto, u16 vid, bool add)
{
	struct net_device *vf = ready_vf(dev);

	if (!vf)
		return 0;
	if (add)
		return vlan_vid_add(vf, proto, vid);
	vlan_vid_del(vf, proto, vid);
	return 0;
}
