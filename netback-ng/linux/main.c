// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/module.h>
#include <xen/xen.h>

#include "nb.h"

struct nb_params nb_params = {
	.stall_msecs = 10000,
	.coalesce_packets = 32,
	.coalesce_usecs = 100,
	.coalesce_adaptive = true,
	.gro = true,
	.direct = true,
};

module_param_named(max_static_pages, nb_params.max_static_pages, uint, 0644);
MODULE_PARM_DESC(max_static_pages, "Guests' pages that are mapped for good, all vifs together; 0: a quarter of memory, at most 131072");
module_param_named(stall_msecs, nb_params.stall_msecs, uint, 0644);
MODULE_PARM_DESC(stall_msecs, "What comes for a guest that posts no buffers for so long is dropped (10000)");
module_param_named(coalesce_packets, nb_params.coalesce_packets, uint, 0644);
MODULE_PARM_DESC(coalesce_packets, "Under load a guest notifies after so many requests (32; 1: each)");
module_param_named(coalesce_usecs, nb_params.coalesce_usecs, uint, 0644);
MODULE_PARM_DESC(coalesce_usecs, "And is looked at after so many microseconds (100)");
module_param_named(coalesce_adaptive, nb_params.coalesce_adaptive, bool, 0644);
MODULE_PARM_DESC(coalesce_adaptive, "Only while so much comes; else at once");
module_param_named(gro, nb_params.gro, bool, 0644);
MODULE_PARM_DESC(gro, "Frames that a guest sends are merged before the stack sees them");

module_param_named(direct, nb_params.direct, bool, 0644);
MODULE_PARM_DESC(direct, "Frames between guests of one bridge go past it, where it would pass them all");

/* Half of Xen's default for a domain's mappings (gnttab_max_maptrack_frames), and of ours. */
#define STATIC_PAGES_MOST (512u * 256u)

static int __init nb_init(void)
{
	int rc;

	if (!xen_domain())
		return -ENODEV;
	if (!nb_params.max_static_pages)
		nb_params.max_static_pages = min_t(unsigned long, totalram_pages() / 4, STATIC_PAGES_MOST);
	rc = nb_genl_register();
	if (rc)
		return rc;
	rc = nb_orphan_register();
	if (rc)
		goto genl;
	rc = nb_direct_register();
	if (!rc)
		return 0;
	nb_orphan_unregister();
genl:
	nb_genl_unregister();
	return rc;
}

/* Each vif holds the module: none is left here. */
static void __exit nb_exit(void)
{
	nb_direct_unregister();
	nb_orphan_unregister();
	nb_genl_unregister();
}

module_init(nb_init);
module_exit(nb_exit);

MODULE_DESCRIPTION("Xen network back end, data plane of netback-ngd");
MODULE_LICENSE("GPL");
MODULE_VERSION(NB_VERSION);
MODULE_ALIAS_GENL_FAMILY(NB_GENL_NAME);
