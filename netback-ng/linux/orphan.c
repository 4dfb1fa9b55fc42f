// SPDX-License-Identifier: GPL-2.0
/*
 * A daemon that dies costs no packet: its vifs go on as orphans until a new one adopts
 * them.  But nobody else would notice then that a guest died, and its memory would
 * be kept for good by the pages that we have mapped.
 */
#include <linux/netlink.h>
#include <xen/xenbus.h>

#include "nb.h"

static void on_release(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct nb_vif *vif, *next;

	mutex_lock(&nb_lock);
	list_for_each_entry_safe(vif, next, &nb_vifs, list) {
		if (vif->owner || !vif->connected || nb_queue_alive(vif->queue[0]))
			continue;
		nb_genl_event(vif, NB_EVENT_GONE);
		nb_vif_del(vif);
	}
	mutex_unlock(&nb_lock);
}

static struct xenbus_watch release_watch = {
	.node = "@releaseDomain",
	.callback = on_release,
};

static int on_netlink(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct netlink_notify *n = data;
	struct nb_vif *vif;

	if (action != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC || !n->portid)
		return NOTIFY_DONE;
	mutex_lock(&nb_lock);
	list_for_each_entry(vif, &nb_vifs, list) {
		if (vif->owner != n->portid || !net_eq(dev_net(vif->netdev), n->net))
			continue;
		vif->owner = 0;
		/* Nobody sees any more what becomes of its port. */
		WRITE_ONCE(vif->flags, vif->flags & ~NB_F_DIRECT);
		nb_genl_event(vif, NB_EVENT_ORPHANED);
	}
	mutex_unlock(&nb_lock);
	return NOTIFY_OK;
}

static struct notifier_block netlink_block = { .notifier_call = on_netlink };

int nb_orphan_register(void)
{
	int rc = register_xenbus_watch(&release_watch);

	if (rc)
		return rc;
	rc = netlink_register_notifier(&netlink_block);
	if (rc)
		unregister_xenbus_watch(&release_watch);
	return rc;
}

void nb_orphan_unregister(void)
{
	netlink_unregister_notifier(&netlink_block);
	unregister_xenbus_watch(&release_watch);
}
