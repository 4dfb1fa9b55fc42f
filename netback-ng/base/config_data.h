/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of /etc/xen/netback-ng.conf, what the data plane uses. */
#ifndef NETBACK_CONFIG_DATA_H
#define NETBACK_CONFIG_DATA_H

#include <stdbool.h>

#define CONFIG_LIST_MAX 64

/* Strings of a list key; owned by the config. */
struct config_list {
	unsigned int count;
	char *items[CONFIG_LIST_MAX];
};

enum config_uplink { CONFIG_UPLINK_AUTO, CONFIG_UPLINK_IO_URING, CONFIG_UPLINK_VHOST, CONFIG_UPLINK_SPLIT,
		   CONFIG_UPLINK_KERNEL };

/* What the data plane uses; read at start and at reload (where noted, for new vifs only). */
struct config_data {
	unsigned int workers;	    /* threads; 0: one a CPU, at most 4.  At start only. */
	struct config_list worker_cpus; /* CPU number per worker; empty: not pinned.  At start only. */
	unsigned int max_queues;    /* per vif; 0: one a CPU, at most 8.  New vifs. */
	struct config_list switch_bridges; /* bridges whose vifs exchange frames directly */
	bool mac_filter;	    /* frames with a foreign source MAC are dropped */
	bool sg, gso, csum;	    /* features offered to guests.  New vifs. */
	bool ctrl_ring, static_grants, multicast_control, split_events; /* likewise */
	enum config_uplink uplink;	    /* how frames get to and from the TAP.  New vifs. */
	unsigned int copy_batch;    /* segments in one grant-copy call, 1..256 */
	bool copy_grants;	    /* own buffers are granted to ourselves, for copies between grants.  At start. */
	bool aligned_copy;	    /* local copies keep the guest page's offset */
	bool early_response;	    /* answer a copied packet before it is written to the TAP */
	bool rx_half_pages;	    /* offer guests to post half pages.  New vifs. */
	bool direct_read;	    /* read the TAP straight into statically granted pages */
	bool prefetch;		    /* of the next frames' headers */
	bool huge_pages;	    /* worker buffers on huge pages where the host has some.  At start. */
	unsigned int coalesce_packets; /* event after this many */
	unsigned int coalesce_usecs;   /* and at most so much later */
	bool coalesce_adaptive;	       /* how much later follows the load */
	unsigned int poll_usecs;       /* keep looking this long before sleeping; 0: off */
	unsigned int quantum_bytes;    /* deficit round robin: bytes per vif and turn */
	unsigned int stall_usecs;      /* a sender waits this long for a receiver without buffers, then drops */
};

#endif
