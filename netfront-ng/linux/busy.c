// SPDX-License-Identifier: GPL-2.0
/*
 * Grants that a back end keeps beyond its answer.  Their frames stay until it has let go: the
 * skb, not a reference to the page, since a page of slab memory is not kept by one.
 */
#include <linux/skbuff.h>

#include "ng.h"

#define BUSY_INTERVAL HZ

struct busy {
	struct list_head list;
	grant_ref_t gref;
	struct sk_buff *skb;
};

static LIST_HEAD(kept);
static DEFINE_SPINLOCK(kept_lock);
static void retry_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(retry, retry_work);

void ng_busy_keep(grant_ref_t gref, struct sk_buff *skb)
{
	struct busy *b = kmalloc(sizeof(*b), GFP_ATOMIC);
	unsigned long flags;

	/* Lost memory is better than memory that another domain reads. */
	if (!b)
		return;
	skb_orphan(skb);
	b->gref = gref;
	b->skb = skb;
	spin_lock_irqsave(&kept_lock, flags);
	list_add_tail(&b->list, &kept);
	spin_unlock_irqrestore(&kept_lock, flags);
	queue_delayed_work(ng_wq, &retry, BUSY_INTERVAL);
}

static struct busy *first(void)
{
	struct busy *b;

	spin_lock_irq(&kept_lock);
	b = list_first_entry_or_null(&kept, struct busy, list);
	if (b)
		list_del(&b->list);
	spin_unlock_irq(&kept_lock);
	return b;
}

/* Each once; what is still busy comes back. */
static void retry_work(struct work_struct *work)
{
	LIST_HEAD(still);
	struct busy *b;

	while ((b = first())) {
		if (!gnttab_try_end_foreign_access(b->gref)) {
			list_add_tail(&b->list, &still);
			continue;
		}
		kfree_skb(b->skb);
		kfree(b);
	}
	if (list_empty(&still))
		return;
	spin_lock_irq(&kept_lock);
	list_splice(&still, &kept);
	spin_unlock_irq(&kept_lock);
	queue_delayed_work(ng_wq, &retry, BUSY_INTERVAL);
}

void ng_busy_exit(void)
{
	struct busy *b;
	u32 lost = 0;

	cancel_delayed_work_sync(&retry);
	while ((b = first())) {
		if (gnttab_try_end_foreign_access(b->gref))
			kfree_skb(b->skb);
		else
			lost++;
		kfree(b);
	}
	if (lost)
		pr_warn(KBUILD_MODNAME ": a back end still has %u pages of frames: lost until the next boot\n",
			lost);
}
