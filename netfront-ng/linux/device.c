// SPDX-License-Identifier: GPL-2.0
/*
 * The handshake with the back end.  Ours is Initialising until the back end says
 * InitWait, then Connected; the back end follows.  A back end that goes from
 * Connected to InitWait and back has been restarted on our rings (man/netif-ng.7):
 * they are left alone, and it is told all that it forgot.
 */
#include <linux/delay.h>
#include <linux/rtnetlink.h>
#include <xen/events.h>

#include "ng.h"

#define CLOSE_TIMEOUT_MS 3000 /* a dead daemon does not answer: go without it */

/* ---- connecting ---- */

static void close_queues(struct ng_device *dev)
{
	ng_control_close(dev);
	while (dev->nqueues)
		ng_queue_close(dev->queue[--dev->nqueues]);
}

static int open_queues(struct ng_device *dev)
{
	unsigned int n = clamp(dev->features.max_queues, 1u, dev->max_queues);
	unsigned int before = dev->hash_queues;
	int rc = 0;

	if (dev->wanted_queues)
		n = min(n, dev->wanted_queues);

	while (dev->nqueues < n && !rc) {
		rc = ng_queue_open(dev->queue[dev->nqueues]);
		dev->nqueues += !rc;
	}
	if (!rc)
		rc = netif_set_real_num_queues(dev->netdev, n, n);
	if (!rc && dev->features.ctrl)
		rc = ng_control_open(dev);
	if (rc) {
		close_queues(dev);
		return rc;
	}
	if (n != before)
		ng_hash_default(dev, !before);
	dev->hash_queues = n;
	return 0;
}

static void start_queues(struct ng_device *dev)
{
	unsigned int i;

	if (!netif_running(dev->netdev))
		return;
	for (i = 0; i < dev->nqueues; i++)
		ng_queue_start(dev->queue[i]);
	netif_tx_start_all_queues(dev->netdev);
}

void ng_device_carrier(struct ng_device *dev)
{
	if (dev->connected || dev->team.active)
		netif_carrier_on(dev->netdev);
	else
		netif_carrier_off(dev->netdev);
}

/* rtnl is held.  No frame goes to the vif any more when it returns. */
static void quiesce(struct ng_device *dev)
{
	dev->connected = false;
	ng_device_carrier(dev);
	if (!dev->team.active)
		netif_tx_disable(dev->netdev);
}

static void disconnect(struct ng_device *dev)
{
	quiesce(dev);
	netif_tx_disable(dev->netdev);
	close_queues(dev);
	if (dev->team.active && netif_running(dev->netdev))
		netif_tx_start_all_queues(dev->netdev);
}

static int connect(struct ng_device *dev)
{
	int rc;

	disconnect(dev);
	ng_keys_read(dev);
	rc = open_queues(dev);
	if (rc)
		return rc;
	netdev_update_features(dev->netdev);
	if (!dev->features.sg && dev->netdev->mtu > ETH_DATA_LEN)
		dev_set_mtu(dev->netdev, ETH_DATA_LEN);
	rc = ng_keys_write(dev);
	if (rc) {
		close_queues(dev);
		return rc;
	}
	start_queues(dev);
	return 0;
}

/* From the watch, or from a work: whoever comes first connects. */
static void on_initwait(struct ng_device *dev)
{
	struct xenbus_device *xbdev = dev->xbdev;
	int rc = 0;

	rtnl_lock();
	/* Otherwise a back end that was restarted takes our rings over. */
	if (xbdev->state == XenbusStateInitialising && !dev->nqueues) {
		rc = connect(dev);
		if (!rc)
			xenbus_switch_state(xbdev, XenbusStateConnected);
	}
	rtnl_unlock();
	if (rc)
		xenbus_dev_fatal(xbdev, rc, "cannot share its rings with the back end");
}

static void on_connected(struct ng_device *dev)
{
	unsigned int i;

	if (dev->xbdev->state != XenbusStateConnected)
		return;
	rtnl_lock();
	if (dev->nqueues) {
		dev->connected = true;
		ng_statics_setup(dev);
		ng_hash_setup(dev);
		for (i = 0; i < dev->nqueues; i++)
			ng_queue_kick(dev->queue[i]);
		ng_device_carrier(dev);
		__netdev_notify_peers(dev->netdev);
	}
	rtnl_unlock();
}

/* ---- closing ---- */

/* It still ends what it had with another driver, or with us before: our turn comes. */
static bool is_of_the_past(const struct ng_device *dev)
{
	return dev->xbdev->state == XenbusStateInitialising &&
	       xenbus_read_unsigned(dev->xbdev->otherend, "online", 0);
}

static void on_closing(struct ng_device *dev)
{
	if (is_of_the_past(dev))
		return;
	rtnl_lock();
	quiesce(dev);
	rtnl_unlock();
	xenbus_frontend_closed(dev->xbdev);
}

static void on_closed(struct ng_device *dev)
{
	if (is_of_the_past(dev))
		return;
	if (dev->xbdev->state != XenbusStateClosed)
		on_closing(dev);
	rtnl_lock();
	disconnect(dev);
	rtnl_unlock();
}

static void on_backend(struct xenbus_device *xbdev, enum xenbus_state state)
{
	struct ng_device *dev = dev_get_drvdata(&xbdev->dev);

	switch (state) {
	case XenbusStateInitWait:
		ng_team_watch(dev);
		return on_initwait(dev);
	case XenbusStateConnected:
		return on_connected(dev);
	case XenbusStateClosing:
		return on_closing(dev);
	case XenbusStateClosed:
		return on_closed(dev);
	default:
		return;
	}
}

static bool backend_closed(struct xenbus_device *xbdev, bool closing)
{
	switch (ng_backend_state(xbdev)) {
	case XenbusStateClosing:
		return closing;
	case XenbusStateInitWait:
	case XenbusStateConnected:
	case XenbusStateInitialised:
		return false;
	default:
		return true;
	}
}

static void wait_closed(struct xenbus_device *xbdev, bool closing)
{
	unsigned long end = jiffies + msecs_to_jiffies(CLOSE_TIMEOUT_MS);

	while (!backend_closed(xbdev, closing) && time_before(jiffies, end))
		msleep(10);
}

/* As the back ends expect it: Closing, their Closing, Closed, their Closed. */
static void close_orderly(struct ng_device *dev)
{
	rtnl_lock();
	quiesce(dev);
	rtnl_unlock();
	if (dev->xbdev->state == XenbusStateConnected) {
		xenbus_switch_state(dev->xbdev, XenbusStateClosing);
		wait_closed(dev->xbdev, true);
	}
	xenbus_switch_state(dev->xbdev, XenbusStateClosed);
	ng_keys_remove(dev);
	wait_closed(dev->xbdev, false);
	rtnl_lock();
	disconnect(dev);
	rtnl_unlock();
}

static void reset_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(work, struct ng_device, reset);

	if (dev->xbdev->state != XenbusStateClosed)
		close_orderly(dev);
	if (!xchg(&dev->restart, false))
		return;
	xenbus_switch_state(dev->xbdev, XenbusStateInitialising);
	/* It may have been there all the time: no watch tells of it then. */
	if (ng_backend_state(dev->xbdev) == XenbusStateInitWait)
		on_initwait(dev);
}

void ng_device_restart(struct ng_device *dev)
{
	dev->restart = true;
	schedule_work(&dev->reset);
}

void ng_device_revive(struct ng_device *dev)
{
	if (!dev->nqueues && dev->xbdev->state == XenbusStateClosed)
		ng_device_restart(dev);
}

/* ---- the driver ---- */

static int probe(struct xenbus_device *xbdev, const struct xenbus_device_id *id)
{
	struct ng_device *dev = ng_netdev_create(xbdev);
	int rc;

	if (IS_ERR(dev)) {
		xenbus_dev_fatal(xbdev, PTR_ERR(dev), "cannot make its interface; is its \"mac\" node right?");
		return PTR_ERR(dev);
	}
	INIT_WORK(&dev->reset, reset_work);
	dev_set_drvdata(&xbdev->dev, dev);
	rc = register_netdev(dev->netdev);
	if (rc) {
		xenbus_dev_fatal(xbdev, rc, "cannot register its interface");
		ng_netdev_destroy(dev);
		return rc;
	}
	/* Where another driver had the device, its back end waits for a new beginning. */
	xenbus_switch_state(xbdev, XenbusStateInitialising);
	return 0;
}

static void remove(struct xenbus_device *xbdev)
{
	struct ng_device *dev = dev_get_drvdata(&xbdev->dev);

	cancel_work_sync(&dev->reset);
	ng_team_detach(dev);
	close_orderly(dev);
	ng_keys_withdraw(dev);
	unregister_netdev(dev->netdev);
	cancel_work_sync(&dev->reset);
	ng_netdev_destroy(dev);
}

/* In a new domain, or from a saved one: nothing that was shared is any more. */
static int resume(struct xenbus_device *xbdev)
{
	struct ng_device *dev = dev_get_drvdata(&xbdev->dev);

	rtnl_lock();
	disconnect(dev);
	rtnl_unlock();
	return 0;
}

static const struct xenbus_device_id ids[] = { { "vif" }, { "" } };

struct xenbus_driver ng_driver = {
	.name = "xen-netfront-ng",
	.ids = ids,
	.probe = probe,
	.remove = remove,
	.resume = resume,
	.otherend_changed = on_backend,
};
