// SPDX-License-Identifier: GPL-2.0
/*
 * From one guest's pages straight into another's, past the bridge that both are in: no skb, one
 * copy.  Only what that bridge would pass unconditionally: netback-ngd says of each vif whether
 * its port does (NB_F_DIRECT), the bridge itself says which address is behind which port
 * (switchdev's notifications), and what may change between two frames is looked at here.
 */
#include <linux/jhash.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/sch_generic.h>
#include <net/switchdev.h>

#include "nb.h"
#include "netif/header.h"

#define BUCKETS 1024u
/* Addresses behind one vif: no guest can fill the table. */
#define PER_VIF 32u
/* So often a frame from an address takes the bridge, which else would forget where it is. */
#define REFRESH_JIFFIES HZ
/* What a bridge passes beyond the MTU (is_skb_forwardable()). */
#define BEYOND_MTU (ETH_HLEN + VLAN_HLEN)

struct address {
	struct hlist_node node;
	struct rcu_head rcu;
	struct nb_vif *vif;
	struct net_device *bridge;
	unsigned long refreshed; /* jiffies */
	u8 mac[ETH_ALEN];
};

static struct hlist_head buckets[BUCKETS];
static DEFINE_SPINLOCK(lock);
static u32 seed; /* of the buckets: no guest can choose addresses that meet in one */

static struct hlist_head *bucket_of(const u8 *mac)
{
	return &buckets[jhash(mac, ETH_ALEN, seed) % BUCKETS];
}

/* Behind that vif, or where that is NULL behind any of that bridge.  Under RCU. */
static struct address *find(const u8 *mac, const struct nb_vif *vif, const struct net_device *bridge)
{
	struct address *a;

	hlist_for_each_entry_rcu(a, bucket_of(mac), node)
		if (ether_addr_equal(a->mac, mac) && (vif ? a->vif == vif : a->bridge == bridge))
			return a;
	return NULL;
}

/* ---- what the bridge says ---- */

static void drop(struct address *a)
{
	hlist_del_rcu(&a->node);
	a->vif->naddresses--;
	kfree_rcu(a, rcu);
}

static void forget(struct nb_vif *vif, const u8 *mac)
{
	struct hlist_node *next;
	struct address *a;

	hlist_for_each_entry_safe(a, next, bucket_of(mac), node)
		if (a->vif == vif && ether_addr_equal(a->mac, mac))
			drop(a);
}

static void learn(struct nb_vif *vif, const u8 *mac)
{
	struct net_device *bridge = netdev_master_upper_dev_get_rcu(vif->netdev);
	struct address *a;

	forget(vif, mac);
	if (!bridge || vif->naddresses >= PER_VIF)
		return;
	a = kmalloc(sizeof(*a), GFP_ATOMIC | __GFP_NOWARN);
	if (!a)
		return;
	*a = (struct address){ .vif = vif, .bridge = bridge, .refreshed = jiffies };
	ether_addr_copy(a->mac, mac);
	vif->naddresses++;
	hlist_add_head_rcu(&a->node, bucket_of(mac));
}

static int on_switchdev(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct switchdev_notifier_fdb_info *fdb = ptr;
	struct net_device *netdev = switchdev_notifier_info_to_dev(ptr);

	if (event != SWITCHDEV_FDB_ADD_TO_DEVICE && event != SWITCHDEV_FDB_DEL_TO_DEVICE)
		return NOTIFY_DONE;
	/* An entry of a VLAN counts only where the bridge filters VLANs, and no vif is direct. */
	if (!nb_vif_is(netdev) || fdb->vid)
		return NOTIFY_DONE;
	rcu_read_lock();
	spin_lock_bh(&lock);
	if (event == SWITCHDEV_FDB_ADD_TO_DEVICE)
		learn(netdev_priv(netdev), fdb->addr);
	else
		forget(netdev_priv(netdev), fdb->addr);
	spin_unlock_bh(&lock);
	rcu_read_unlock();
	return NOTIFY_DONE;
}

static struct notifier_block switchdev_block = { .notifier_call = on_switchdev };

void nb_direct_forget(struct nb_vif *vif)
{
	struct hlist_node *next;
	struct address *a;
	unsigned int i;

	spin_lock_bh(&lock);
	for (i = 0; i < BUCKETS && vif->naddresses; i++)
		hlist_for_each_entry_safe(a, next, &buckets[i], node)
			if (a->vif == vif)
				drop(a);
	spin_unlock_bh(&lock);
}

int nb_direct_register(void)
{
	seed = get_random_u32();
	return register_switchdev_notifier(&switchdev_block);
}

/* No vif is left, hence no address. */
void nb_direct_unregister(void)
{
	unregister_switchdev_notifier(&switchdev_block);
}

/* ---- may this frame? ---- */

/* Somebody looks at, or changes, what this vif's port or any bridge of the host passes. */
static bool is_watched(const struct net_device *netdev)
{
#ifdef CONFIG_NETFILTER_FAMILY_BRIDGE
	const struct netns_nf *nf = &dev_net(netdev)->nf;

	if (rcu_access_pointer(nf->hooks_bridge[NF_BR_PRE_ROUTING]) ||
	    rcu_access_pointer(nf->hooks_bridge[NF_BR_FORWARD]) ||
	    rcu_access_pointer(nf->hooks_bridge[NF_BR_POST_ROUTING]))
		return true;
#endif
#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(netdev->nf_hooks_ingress))
		return true;
#endif
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(netdev->nf_hooks_egress))
		return true;
#endif
	return dev_nit_active((struct net_device *)netdev);
}

static bool is_direct(const struct nb_vif *vif)
{
	return READ_ONCE(vif->flags) & NB_F_DIRECT && !nb_vif_broken(vif) && !is_watched(vif->netdev);
}

/* Can the guest take it as it is?  What it cannot, the stack makes fit. */
static bool fits(const struct nb_vif *to, const struct netif_meta *m)
{
	const netdev_features_t on = to->netdev->features;

	if (m->gso_type)
		return on & (m->gso_type == NETIF_GSO_TYPE_TCPV4 ? NETIF_F_TSO : NETIF_F_TSO6);
	if (m->csum == NETIF_CSUM_BLANK && (on & (NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM)) !=
						   (NETIF_F_IP_CSUM | NETIF_F_IPV6_CSUM))
		return false;
	return !nb_vif_lacks_room(to, m->len) && m->len <= READ_ONCE(to->netdev->mtu) + BEYOND_MTU;
}

/* Whom the frame is for, if it may go there past the bridge; *source: where it comes from. */
static struct nb_vif *route(struct nb_vif *from, const struct ethhdr *eth, const struct netif_meta *m,
			    struct address **source)
{
	struct address *dest;

	if (is_multicast_ether_addr(eth->h_dest) || !is_direct(from))
		return NULL;
	*source = find(eth->h_source, from, NULL);
	if (!*source)
		return NULL;
	if (READ_ONCE(from->flags) & NB_F_MAC_FILTER && !ether_addr_equal(eth->h_source, from->mac))
		return NULL;
	dest = find(eth->h_dest, NULL, (*source)->bridge);
	if (!dest || dest->vif == from || !is_direct(dest->vif) || !fits(dest->vif, m))
		return NULL;
	return dest->vif;
}

static bool refresh_due(struct address *source)
{
	if (time_before(jiffies, READ_ONCE(source->refreshed) + REFRESH_JIFFIES))
		return false;
	WRITE_ONCE(source->refreshed, jiffies);
	return true;
}

/* ---- the frame ---- */

/* The whole frame as pieces of the guest's pages, which stay mapped; its first bytes are a private copy. */
struct frame {
	u8 head[NETIF_HEADER_MAX];
	struct nb_piece piece[1 + NETIF_TX_SLOTS_MAX];
};

static bool frame_find(const struct nb_queue *q, const struct netif_tx_frame *f, struct frame *d)
{
	const struct netif_tx_req *slot = &q->burst.slots[f->slot];
	u32 i;

	for (i = 0; i < f->nslots; i++) {
		unsigned long addr = nb_grant_find(&q->grants, slot[i].gref);

		if (!addr)
			return false;
		d->piece[1 + i].at = (const u8 *)(addr & ~NB_ADDR_READONLY) + slot[i].offset;
		d->piece[1 + i].len = slot[i].size;
	}
	return true;
}

/* Bytes of the frame that are decided on, and go on from the copy that was looked at. */
static void frame_copy_head(struct frame *d, u32 len)
{
	struct nb_piece *p = &d->piece[1];
	u32 done = 0, n;

	for (; done < len; done += n) {
		n = min(len - done, p->len);
		memcpy(d->head + done, p->at, n);
		p->at += n;
		p->len -= n;
		if (!p->len)
			p++;
	}
	d->piece[0] = (struct nb_piece){ d->head, len };
}

/* The receiver is spared what no host's stack would pass on either. */
static bool headers_good(struct frame *d, const struct netif_meta *m)
{
	struct netif_vnet v;

	if (m->csum != NETIF_CSUM_BLANK && !m->gso_type)
		return true;
	return !netif_vnet_from_meta(&v, m, d->head, d->piece[0].len);
}

static unsigned int queue_for(const struct nb_vif *to, const struct nb_queue *q, const struct frame *d,
			      struct netif_meta *m)
{
	const struct netif_hash *hash = rcu_dereference(to->hash);
	unsigned int n = READ_ONCE(to->nqueues);
	struct netif_header hdr;

	m->hash_type = 0;
	if (n < 2)
		return 0;
	if (!hash)
		return q->index % n;
	netif_header_parse(d->head, d->piece[0].len, &hdr);
	return netif_hash_queue(hash, d->head, &hdr, m->len, n, 0, m);
}

/* ---- the receiving queue, locked from its first frame to the end of the chunk ---- */

static bool is_ready(const struct nb_queue *to, const struct netdev_queue *txq)
{
	/* What waits for this guest already goes first. */
	return !netif_xmit_frozen_or_stopped(txq) && qdisc_is_empty(rcu_dereference_bh(txq->qdisc)) &&
	       !to->npending && !to->rx_need;
}

void nb_direct_end(struct nb_queue *q)
{
	struct nb_queue *to = q->direct_to;
	struct netdev_queue *txq;

	if (!to)
		return;
	txq = netdev_get_tx_queue(to->vif->netdev, to->index);
	q->direct_to = NULL;
	nb_rx_push(to);
	__acquire(&txq->_xmit_lock); /* for sparse: lock_queue() did */
	__netif_tx_unlock(txq);
}

static bool lock_queue(struct nb_queue *q, struct nb_vif *vif, unsigned int i)
{
	struct netdev_queue *txq = netdev_get_tx_queue(vif->netdev, i);
	struct nb_queue *to;

	if (q->direct_to && q->direct_to == READ_ONCE(vif->queue[i]))
		return true;
	nb_direct_end(q);
	__netif_tx_lock(txq, smp_processor_id());
	/* Its queues are taken away only when nobody is in here any more. */
	to = i < READ_ONCE(vif->nqueues) ? vif->queue[i] : NULL;
	if (to && netif_running(vif->netdev) && is_ready(to, txq)) {
		q->direct_to = to;
		__release(&txq->_xmit_lock); /* for sparse: nb_direct_end() will */
		return true;
	}
	__netif_tx_unlock(txq);
	return false;
}

enum nb_direct nb_direct_send(struct nb_queue *q, const struct netif_tx_frame *f)
{
	struct netif_meta m = f->meta;
	struct address *source;
	struct nb_vif *to;
	struct frame d;

	if (!nb_params.direct || !(READ_ONCE(q->vif->flags) & NB_F_DIRECT) || !frame_find(q, f, &d))
		return NB_DIRECT_NO;
	frame_copy_head(&d, min_t(u32, m.len, sizeof(d.head)));
	to = route(q->vif, (const struct ethhdr *)d.head, &m, &source);
	if (!to || !headers_good(&d, &m))
		return NB_DIRECT_NO;
	/* A segmented frame's checksums are filled in by whoever cuts it up. */
	if (m.gso_type)
		m.csum = NETIF_CSUM_BLANK;
	if (q->direct_off || refresh_due(source) || !lock_queue(q, to, queue_for(to, q, &d, &m)) ||
	    !nb_rx_direct(q->direct_to, &m, d.piece)) {
		/* Those behind it must not overtake it. */
		q->direct_off = true;
		return NB_DIRECT_LATE;
	}
	nb_count(&q->stats->tx_direct_frames, 1);
	return NB_DIRECT_SENT;
}
