// SPDX-License-Identifier: GPL-2.0
/* The control ring: one message at a time, under dev->lock.  Who asks may sleep for its answer. */
#include <xen/events.h>
#include <xen/page.h>

#include "ng.h"

#define CONTROL_TIMEOUT (2 * HZ)

static irqreturn_t control_event(int irq, void *arg)
{
	struct ng_control *c = arg;

	wake_up(&c->wait);
	xen_irq_lateeoi(irq, netif_front_pending(&c->ring) ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

static int open_event(struct ng_control *c, struct xenbus_device *xbdev)
{
	int rc = xenbus_alloc_evtchn(xbdev, &c->port);

	if (rc)
		return rc;
	rc = bind_evtchn_to_irqhandler_lateeoi(c->port, control_event, 0, "xen-netfront-ng-ctrl", c);
	if (rc < 0) {
		xenbus_free_evtchn(xbdev, c->port);
		return rc;
	}
	c->irq = rc;
	return 0;
}

void ng_control_init(struct ng_device *dev)
{
	init_waitqueue_head(&dev->control.wait);
}

void ng_control_wake(struct ng_device *dev)
{
	wake_up(&dev->control.wait);
}

/* The driver or the back end goes: no answer is waited for any more. */
static bool is_over(const struct ng_device *dev)
{
	return READ_ONCE(dev->leaving) ||
	       READ_ONCE(dev->seen) & (BIT(XenbusStateClosing) | BIT(XenbusStateClosed));
}

int ng_control_open(struct ng_device *dev)
{
	struct ng_control *c = &dev->control;
	int rc = xenbus_setup_ring(dev->xbdev, GFP_KERNEL, &c->shared, 1, &c->ring_ref);

	if (rc)
		return rc;
	rc = ng_pool_open(&c->list, dev->xbdev->otherend_id, 1, false);
	if (rc)
		goto teardown;
	netif_front_init(&c->ring, c->shared, NETIF_CTRL_RING_SIZE);
	rc = open_event(c, dev->xbdev);
	if (rc)
		goto close_list;
	c->open = true;
	return 0;
close_list:
	ng_pool_close(&c->list);
teardown:
	xenbus_teardown_ring(&c->shared, 1, &c->ring_ref);
	return rc;
}

void ng_control_close(struct ng_device *dev)
{
	struct ng_control *c = &dev->control;

	if (!c->open)
		return;
	c->open = false;
	unbind_from_irqhandler(c->irq, c);
	ng_pool_close(&c->list);
	xenbus_teardown_ring(&c->shared, 1, &c->ring_ref);
}

void *ng_control_page(struct ng_device *dev, u32 *gref)
{
	*gref = dev->control.list.pages[0].gref;
	return page_address(dev->control.list.pages[0].page);
}

void ng_control_begin(struct ng_device *dev, unsigned long timeout)
{
	dev->control.end = jiffies + timeout;
}

static int wait_response(struct ng_device *dev, unsigned long end)
{
	struct ng_control *c = &dev->control;
	long left = end - jiffies;
	int n;

	if (left <= 0)
		return -ETIMEDOUT;
	/* An impossible index ends the wait, too. */
	wait_event_timeout(c->wait,
			   netif_front_pending(&c->ring) || netif_front_arm(&c->ring, 1) ||
				   is_over(dev),
			   left);
	n = netif_front_pending(&c->ring);
	if (n < 0)
		return -EPROTO;
	return n ? 0 : -ETIMEDOUT;
}

/* A daemon that was started anew also answers what its predecessor left: given up long ago. */
static int take_response(struct ng_device *dev, u16 id, struct netif_ctrl_rsp *rsp)
{
	struct ng_control *c = &dev->control;
	unsigned long end = jiffies + CONTROL_TIMEOUT;
	union netif_ctrl_slot s;
	int rc;

	if (time_before(c->end, end))
		end = c->end;
	do {
		rc = wait_response(dev, end);
		if (rc)
			return rc;
		netif_snapshot(&s, NETIF_SLOT(union netif_ctrl_slot, &c->ring, c->ring.rsp_cons),
			       sizeof(s) / 4);
		c->ring.rsp_cons++;
	} while ((u16)(id - s.rsp.id - 1) < NETIF_CTRL_RING_SIZE);
	*rsp = s.rsp;
	return 0;
}

int ng_control_call(struct ng_device *dev, u16 type, const u32 args[3], u32 *data)
{
	struct ng_control *c = &dev->control;
	struct netif_ctrl_req req = { .type = type };
	struct netif_ctrl_rsp rsp;
	int rc;

	lockdep_assert_held(&dev->lock);
	if (!c->open)
		return -EOPNOTSUPP;
	if (!netif_front_free(&c->ring))
		return -ENOBUFS; /* a back end that never answered filled it */
	req.id = c->next_id++;
	memcpy(req.data, args, sizeof(req.data));
	netif_put(NETIF_SLOT(union netif_ctrl_slot, &c->ring, c->ring.req_prod++), &req,
		  sizeof(req) / 4);
	if (netif_front_push(&c->ring))
		notify_remote_via_irq(c->irq);
	c->calls++;
	rc = take_response(dev, req.id, &rsp);
	if (!rc && (rsp.id != req.id || rsp.type != type))
		rc = -EPROTO;
	c->failures += rc != 0 || rsp.status != NETIF_CTRL_STATUS_SUCCESS;
	if (rc)
		return rc;
	if (data)
		*data = rsp.data;
	switch (rsp.status) {
	case NETIF_CTRL_STATUS_SUCCESS:
		return 0;
	case NETIF_CTRL_STATUS_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case NETIF_CTRL_STATUS_BUFFER_OVERFLOW:
		return -ENOSPC;
	default:
		return -EINVAL;
	}
}
