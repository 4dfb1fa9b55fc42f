// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <xen/platform_pci.h>
#include <xen/xen.h>

#include "ng.h"

struct workqueue_struct *ng_wq;

struct ng_params ng_params = {
	.max_queues = 0,
	.rx_buffers = 512,
	.tx_copy = 2048,
	.static_grants = true,
};

module_param_named(max_queues, ng_params.max_queues, uint, 0444);
MODULE_PARM_DESC(max_queues, "Queues of an interface at most; 0: one for each CPU, up to 8");
module_param_named(rx_pages, ng_params.rx_buffers, uint, 0444);
MODULE_PARM_DESC(rx_pages, "Receive buffers of a queue, pages or halves of them, granted once (320 to 768)");
module_param_named(tx_copy, ng_params.tx_copy, uint, 0644);
MODULE_PARM_DESC(tx_copy, "Frames up to so many bytes are sent from pages that stay granted");
module_param_named(static_grants, ng_params.static_grants, bool, 0444);
MODULE_PARM_DESC(static_grants, "Ask the back end to map all pages once");
module_param_named(half_pages, ng_params.half_pages, bool, 0444);
MODULE_PARM_DESC(half_pages, "Receive into half pages where the back end offers it");
module_param_named(hybrid, ng_params.hybrid, bool, 0644);
MODULE_PARM_DESC(hybrid, "Beside a VF, send to guests of the same host through the vif");

static int __init ng_init(void)
{
	int rc;

	if (!xen_domain() || !xen_has_pv_nic_devices())
		return -ENODEV;
	ng_params.rx_buffers = clamp(ng_params.rx_buffers, NG_RX_BUFFERS_MIN, NG_RX_BUFFERS_MAX);
	/* Frozen while the domain is saved: no work meets a connection that is no more. */
	ng_wq = alloc_workqueue(KBUILD_MODNAME, WQ_UNBOUND | WQ_FREEZABLE, 0);
	if (!ng_wq)
		return -ENOMEM;
	rc = ng_vf_register();
	if (rc)
		goto destroy;
	rc = xenbus_register_frontend(&ng_driver);
	if (rc)
		goto unregister;
	return 0;
unregister:
	ng_vf_unregister();
destroy:
	destroy_workqueue(ng_wq);
	return rc;
}

static void __exit ng_exit(void)
{
	xenbus_unregister_driver(&ng_driver);
	ng_vf_unregister();
	ng_busy_exit();
	destroy_workqueue(ng_wq);
}

module_init(ng_init);
module_exit(ng_exit);

MODULE_DESCRIPTION("Xen network front end with static grants");
MODULE_LICENSE("GPL");
MODULE_VERSION(NG_VERSION);
MODULE_ALIAS("xen:vif");
