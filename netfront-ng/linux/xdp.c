// SPDX-License-Identifier: GPL-2.0
/*
 * XDP on a copy: the back end can still write to the page that a frame came in, so a
 * program that looks there could be deceived.  While one is attached the back end is told to
 * send frames of one page only (no feature-sg), which takes a new connection.
 */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <net/xdp.h>

#include "ng.h"

#define XDP_ROOM (PAGE_SIZE - XDP_PACKET_HEADROOM - SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))

int ng_xdp_open(struct ng_queue *q)
{
	int rc = xdp_rxq_info_reg(&q->rx.xdp_rxq, q->dev->netdev, q->index, 0);

	if (rc)
		return rc;
	rc = xdp_rxq_info_reg_mem_model(&q->rx.xdp_rxq, MEM_TYPE_PAGE_SHARED, NULL);
	if (rc)
		xdp_rxq_info_unreg(&q->rx.xdp_rxq);
	return rc;
}

void ng_xdp_close(struct ng_queue *q)
{
	xdp_rxq_info_unreg(&q->rx.xdp_rxq);
}

static struct sk_buff *pass(struct xdp_buff *xdp)
{
	unsigned int meta = xdp->data - xdp->data_meta;
	struct sk_buff *skb = build_skb(xdp->data_hard_start, PAGE_SIZE);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, xdp->data - xdp->data_hard_start);
	__skb_put(skb, xdp->data_end - xdp->data);
	if (meta)
		skb_metadata_set(skb, meta);
	return skb;
}

static bool send_back(struct ng_queue *q, const struct xdp_buff *xdp)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);
	bool sent;

	__netif_tx_lock(txq, smp_processor_id());
	sent = ng_tx_send_bytes(q, xdp->data, xdp->data_end - xdp->data);
	__netif_tx_unlock(txq);
	q->rx.xdp_sent |= sent;
	return sent;
}

/* What the program says; true where the page is somebody's, or gone. */
static bool carry_out(struct ng_queue *q, struct bpf_prog *prog, struct xdp_buff *xdp, u32 act,
		      struct sk_buff **skb)
{
	struct net_device *netdev = q->dev->netdev;

	switch (act) {
	case XDP_PASS:
		*skb = pass(xdp);
		return *skb;
	case XDP_TX:
		ng_count(&q->stats.xdp_tx, 1);
		/* It was copied: the page is ours to free. */
		if (!send_back(q, xdp))
			ng_count(&q->stats.xdp_failed, 1);
		return false;
	case XDP_REDIRECT:
		if (xdp_do_redirect(netdev, xdp, prog))
			break;
		ng_count(&q->stats.xdp_redirect, 1);
		q->rx.xdp_redirected = true;
		return true;
	default:
		bpf_warn_invalid_xdp_action(netdev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		break;
	case XDP_DROP:
		ng_count(&q->stats.xdp_drop, 1);
		return false;
	}
	trace_xdp_exception(netdev, prog, act);
	ng_count(&q->stats.xdp_failed, 1);
	return false;
}

struct sk_buff *ng_xdp_run(struct ng_queue *q, struct bpf_prog *prog, const void *data, u32 len)
{
	struct sk_buff *skb = NULL;
	struct xdp_buff xdp;
	struct page *page;

	if (len > XDP_ROOM) {
		ng_count(&q->stats.xdp_failed, 1);
		return NULL;
	}
	page = dev_alloc_page();
	if (unlikely(!page)) {
		ng_count(&q->stats.rx_dropped, 1);
		return NULL;
	}
	memcpy(page_address(page) + XDP_PACKET_HEADROOM, data, len);
	xdp_init_buff(&xdp, PAGE_SIZE, &q->rx.xdp_rxq);
	xdp_prepare_buff(&xdp, page_address(page), XDP_PACKET_HEADROOM, len, true);
	if (!carry_out(q, prog, &xdp, bpf_prog_run_xdp(prog, &xdp), &skb))
		put_page(page);
	return skb;
}

void ng_xdp_flush(struct ng_queue *q)
{
	struct netdev_queue *txq = netdev_get_tx_queue(q->dev->netdev, q->index);

	if (q->rx.xdp_redirected)
		xdp_do_flush();
	if (q->rx.xdp_sent) {
		__netif_tx_lock(txq, smp_processor_id());
		ng_tx_push(q);
		__netif_tx_unlock(txq);
	}
	q->rx.xdp_redirected = q->rx.xdp_sent = false;
}

/* Frames that other interfaces redirect to this one. */
int ng_xdp_xmit(struct net_device *netdev, int n, struct xdp_frame **frames, u32 flags)
{
	struct ng_device *dev = netdev_priv(netdev);
	unsigned int queues = READ_ONCE(dev->nqueues);
	struct netdev_queue *txq;
	struct ng_queue *q;
	int i;

	if (!netif_running(netdev) || !netif_carrier_ok(netdev))
		return -ENETDOWN;
	i = ng_team_xdp_xmit(dev, n, frames, flags);
	if (i != -EAGAIN)
		return i;
	if (!queues)
		return -ENETDOWN;
	q = dev->queue[raw_smp_processor_id() % queues];
	txq = netdev_get_tx_queue(netdev, q->index);
	__netif_tx_lock(txq, smp_processor_id());
	for (i = 0; i < n; i++) {
		if (!ng_tx_send_bytes(q, frames[i]->data, frames[i]->len))
			break;
		xdp_return_frame_rx_napi(frames[i]);
	}
	if (flags & XDP_XMIT_FLUSH)
		ng_tx_push(q);
	__netif_tx_unlock(txq);
	return i;
}

static int setup(struct ng_device *dev, struct bpf_prog *prog, struct netlink_ext_ack *ack)
{
	struct bpf_prog *old = rtnl_dereference(dev->xdp);

	if (prog && dev->netdev->mtu > NG_XDP_MTU) {
		NL_SET_ERR_MSG(ack, "the MTU is too large for XDP: 3400 at most");
		return -EINVAL;
	}
	rcu_assign_pointer(dev->xdp, prog);
	ng_vf_set_xdp(dev, prog);
	if (old)
		bpf_prog_put(old);
	if (!old != !prog && dev->netdev->reg_state == NETREG_REGISTERED)
		ng_device_restart(dev);
	return 0;
}

int ng_xdp_control(struct net_device *netdev, struct netdev_bpf *bpf)
{
	if (bpf->command != XDP_SETUP_PROG)
		return -EINVAL;
	return setup(netdev_priv(netdev), bpf->prog, bpf->extack);
}
