/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels that the module is built for, Linux 6.1 and later: the newer
 * form of each call, made of the older one where that is all there is.  No other file asks for a
 * version, but ethtool.c, where whole functions differ.  (No __has_include: sparse 0.6.4 cannot
 * read it.)
 */
#ifndef NG_COMPAT_H
#define NG_COMPAT_H

#include <linux/bpf.h>
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/xdp.h>
#include <xen/xenbus.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#include <linux/hex.h>
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#include <net/netdev_lock.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* The back end's state; Unknown for a device that is gone, where the kernel can tell. */
static inline enum xenbus_state ng_backend_state(const struct xenbus_device *xbdev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	return xenbus_read_driver_state(xbdev, xbdev->otherend);
#else
	return xenbus_read_driver_state(xbdev->otherend);
#endif
}

/* No address by autoconfiguration: 6.1 has no flag for that, IFF_SLAVE is all it looks at. */
static inline void ng_set_no_addrconf(struct net_device *netdev, bool on)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	if (on)
		netdev->priv_flags |= IFF_NO_ADDRCONF;
	else
		netdev->priv_flags &= ~IFF_NO_ADDRCONF;
#endif
}

/* Drivers may ask for a lock of their own around their operations, beside rtnl. */
static inline void ng_lock_ops(struct net_device *netdev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	netdev_lock_ops(netdev);
#endif
}

static inline void ng_unlock_ops(struct net_device *netdev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	netdev_unlock_ops(netdev);
#endif
}

/* Attach a program to another driver's interface, or detach it (NULL); 0 or -errno. */
static inline int ng_netdev_give_xdp(struct net_device *netdev, struct bpf_prog *prog)
{
	struct netdev_bpf bpf = { .command = XDP_SETUP_PROG, .prog = prog };
	int rc;

	if (!netdev->netdev_ops->ndo_bpf)
		return -EOPNOTSUPP;
	if (dev_xdp_prog_count(netdev))
		return -EEXIST; /* somebody attached one to it */
	if (prog)
		bpf_prog_inc(prog);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	rc = dev_xdp_propagate(netdev, &bpf);
#else
	rc = netdev->netdev_ops->ndo_bpf(netdev, &bpf);
#endif
	if (rc && prog)
		bpf_prog_put(prog);
	return rc;
}

static inline void ng_set_xdp_features(struct net_device *netdev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	xdp_set_features_flag(netdev, NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
				      NETDEV_XDP_ACT_NDO_XMIT);
#endif
}

#endif
