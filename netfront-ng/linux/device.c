// SPDX-License-Identifier: GPL-2.0
/*
 * The handshake with the back end.  Ours is Initialising until the back end says
 * InitWait, then Connected; the back end follows.  A back end that goes from
 * Connected to InitWait and back has been restarted on our rings (man/netif-ng.7):
 * they are left alone, and it is told all that it forgot.
 * All of it is done in works, one at a time: xenstore and a back end take their time, and
 * neither the guest's other devices nor its network configuration is to wait for them.
 */
#include <linux/delay.h>
#include <linux/rtnetlink.h>
#include <xen/events.h>

#include "ng.h"

#define CLOSE_TIMEOUT_MS 3000 /* a dead daemon does not answer: go without it */
/* For all that is asked at a connection; saving a domain waits 20 s for works. */
#define TALK_TIMEOUT (10 * HZ)
/* And so long is waited after a question that was not answered. */
#define AGAIN_AFTER (30 * HZ)
#define AGAIN_TIMES 4
/* More changes of the back end's state than that many in that time wait for a second each. */
#define CHANGES_INTERVAL (10 * HZ)
#define CHANGES_BURST 20

/* ---- connecting ---- */

static void close_queues(struct ng_device *dev, unsigned int n)
{
	ng_control_close(dev);
	while (n)
		ng_queue_close(dev->queue[--n]);
}

/* Open as many as there can be; nobody sees them yet. */
static int open_queues(struct ng_device *dev, unsigned int *n)
{
	unsigned int max = clamp(dev->features.max_queues, 1u, dev->max_queues);
	unsigned int wanted = READ_ONCE(dev->wanted_queues);
	int rc = 0;

	if (wanted)
		max = min(max, wanted);
	for (*n = 0; *n < max && !rc; *n += !rc)
		rc = ng_queue_open(dev->queue[*n]);
	if (!rc && dev->features.ctrl)
		rc = ng_control_open(dev);
	if (rc)
		close_queues(dev, *n);
	return rc;
}

static void start_queues(struct ng_device *dev)
{
	unsigned int i;

	if (!netif_running(dev->netdev))
		return;
	for (i = 0; i < dev->nqueues; i++)
		ng_queue_start(dev->queue[i]);
	netif_tx_wake_all_queues(dev->netdev);
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
	WRITE_ONCE(dev->connected, false);
	ng_device_carrier(dev);
	if (!dev->team.active)
		netif_tx_disable(dev->netdev);
}

/* The stack stops using them, under rtnl; how many there were. */
static unsigned int hide_queues(struct ng_device *dev)
{
	unsigned int i, n = dev->nqueues;

	rtnl_lock();
	quiesce(dev);
	netif_tx_disable(dev->netdev);
	for (i = 0; i < n; i++) {
		ng_queue_stop(dev->queue[i]);
		ng_tx_forget(dev->queue[i]);
	}
	WRITE_ONCE(dev->nqueues, 0);
	if (dev->team.active && netif_running(dev->netdev))
		netif_tx_wake_all_queues(dev->netdev);
	rtnl_unlock();
	return n;
}

static void disconnect(struct ng_device *dev)
{
	close_queues(dev, hide_queues(dev));
}

/* The stack sees n queues, and uses them, if the interface is up. */
static int show_queues(struct ng_device *dev, unsigned int n)
{
	int rc;

	rtnl_lock();
	rc = netif_set_real_num_rx_queues(dev->netdev, n);
	if (!rc) {
		if (n != dev->hash_queues)
			ng_hash_default(dev, n, !dev->hash_queues);
		dev->hash_queues = n;
		WRITE_ONCE(dev->nqueues, n);
		netdev_update_features(dev->netdev);
		if (!dev->features.sg && dev->netdev->mtu > ETH_DATA_LEN)
			dev_set_mtu(dev->netdev, ETH_DATA_LEN);
		start_queues(dev);
	}
	rtnl_unlock();
	return rc;
}

static void read_features(struct ng_device *dev)
{
	struct ng_features f;
	bool bounce;

	ng_keys_read(dev, &f, &bounce);
	rtnl_lock();
	dev->features = f;
	dev->bounce = bounce;
	rtnl_unlock();
}

static int connect(struct ng_device *dev)
{
	unsigned int n;
	int rc;

	disconnect(dev);
	read_features(dev);
	rc = open_queues(dev, &n);
	if (rc)
		return rc;
	rc = ng_keys_write(dev, n);
	if (!rc)
		rc = show_queues(dev, n);
	if (rc)
		close_queues(dev, n);
	return rc;
}

static void on_initwait(struct ng_device *dev)
{
	struct xenbus_device *xbdev = dev->xbdev;
	int rc;

	/* Otherwise a back end that was restarted takes our rings over. */
	if (xbdev->state != XenbusStateInitialising || dev->nqueues ||
	    ng_backend_state(xbdev) != XenbusStateInitWait)
		return;
	rc = connect(dev);
	if (rc)
		xenbus_dev_fatal(xbdev, rc, "cannot share its rings with the back end");
	else
		xenbus_switch_state(xbdev, XenbusStateConnected);
}

/* Static grants, and where flows go. */
static void ask(struct ng_device *dev)
{
	int rc;

	ng_control_begin(dev, TALK_TIMEOUT);
	rc = ng_statics_setup(dev);
	if (rc != -ETIMEDOUT)
		rc = ng_hash_setup(dev);
	/* One that comes back after that tells so by its state. */
	if (rc == -ETIMEDOUT && ++dev->unanswered < AGAIN_TIMES)
		queue_delayed_work(ng_wq, &dev->again, AGAIN_AFTER);
}

static void on_connected(struct ng_device *dev)
{
	unsigned int i;

	if (dev->xbdev->state != XenbusStateConnected || !dev->nqueues)
		return;
	/* Frames first: what is asked for below makes them cheaper, and may be answered late. */
	rtnl_lock();
	WRITE_ONCE(dev->connected, true);
	for (i = 0; i < dev->nqueues; i++)
		ng_queue_kick(dev->queue[i]);
	ng_device_carrier(dev);
	__netdev_notify_peers(dev->netdev);
	rtnl_unlock();
	dev->unanswered = 0;
	ask(dev);
}

/* The back end may have been too busy, or just dead. */
static void again_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(to_delayed_work(work), struct ng_device, again);

	mutex_lock(&dev->lock);
	if (!dev->leaving && dev->connected && dev->xbdev->state == XenbusStateConnected)
		ask(dev);
	mutex_unlock(&dev->lock);
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
	disconnect(dev);
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
	disconnect(dev);
}

/* ---- works ---- */

/* Whatever the back end went through since the last time, in the order of its life. */
static void handshake_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(to_delayed_work(work), struct ng_device, handshake);
	unsigned long seen = xchg(&dev->seen, 0);

	mutex_lock(&dev->lock);
	if (test_bit(XenbusStateClosing, &seen))
		on_closing(dev);
	if (test_bit(XenbusStateClosed, &seen))
		on_closed(dev);
	if (test_bit(XenbusStateInitWait, &seen))
		on_initwait(dev);
	if (test_bit(XenbusStateConnected, &seen))
		on_connected(dev);
	mutex_unlock(&dev->lock);
}

/*
 * In xenbus' thread, which all devices share: only what it is that must be done is noted.  One that
 * changes its state without end is followed once a second.
 */
static void on_backend(struct xenbus_device *xbdev, enum xenbus_state state)
{
	struct ng_device *dev = dev_get_drvdata(&xbdev->dev);

	if (state != XenbusStateInitWait && state != XenbusStateConnected &&
	    state != XenbusStateClosing && state != XenbusStateClosed)
		return;
	if (READ_ONCE(dev->leaving))
		return;
	if (state == XenbusStateInitWait)
		ng_team_watch(dev);
	set_bit(state, &dev->seen);
	ng_control_wake(dev);
	queue_delayed_work(ng_wq, &dev->handshake, __ratelimit(&dev->changes) ? 0 : HZ);
}

static void reset_work(struct work_struct *work)
{
	struct ng_device *dev = container_of(work, struct ng_device, reset);

	mutex_lock(&dev->lock);
	if (dev->xbdev->state != XenbusStateClosed)
		close_orderly(dev);
	if (xchg(&dev->restart, false)) {
		xenbus_switch_state(dev->xbdev, XenbusStateInitialising);
		/* It may have been there all the time: no watch tells of it then. */
		on_initwait(dev);
	}
	mutex_unlock(&dev->lock);
}

void ng_device_restart(struct ng_device *dev)
{
	if (READ_ONCE(dev->leaving))
		return;
	dev->restart = true;
	queue_work(ng_wq, &dev->reset);
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
	mutex_init(&dev->lock);
	ng_control_init(dev);
	INIT_DELAYED_WORK(&dev->handshake, handshake_work);
	INIT_DELAYED_WORK(&dev->again, again_work);
	INIT_WORK(&dev->reset, reset_work);
	ratelimit_state_init(&dev->changes, CHANGES_INTERVAL, CHANGES_BURST);
	ratelimit_set_flags(&dev->changes, RATELIMIT_MSG_ON_RELEASE);
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

static void cancel_works(struct ng_device *dev)
{
	cancel_delayed_work_sync(&dev->handshake);
	cancel_delayed_work_sync(&dev->again);
	cancel_work_sync(&dev->reset);
	dev->seen = 0;
	dev->restart = false;
}

static void remove(struct xenbus_device *xbdev)
{
	struct ng_device *dev = dev_get_drvdata(&xbdev->dev);

	WRITE_ONCE(dev->leaving, true);
	ng_control_wake(dev);
	cancel_works(dev);
	ng_team_detach(dev);
	mutex_lock(&dev->lock);
	close_orderly(dev);
	mutex_unlock(&dev->lock);
	ng_keys_withdraw(dev);
	unregister_netdev(dev->netdev);
	cancel_works(dev);
	ng_netdev_destroy(dev);
}

/* In a new domain, or from a saved one: nothing that was shared is any more. */
static int resume(struct xenbus_device *xbdev)
{
	struct ng_device *dev = dev_get_drvdata(&xbdev->dev);

	/* The workqueue is frozen: nothing runs, and what waited was about the old connection. */
	cancel_works(dev);
	ng_team_resume(dev);
	mutex_lock(&dev->lock);
	disconnect(dev);
	mutex_unlock(&dev->lock);
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
