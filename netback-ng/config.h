/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/xen/netback-ng.conf, parsed.  One table in config.c gives each key's
 * default, range and meaning; netback-ng.conf(5) is written from it.
 */
#ifndef NETBACK_CONFIG_H
#define NETBACK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_LIST_MAX 64

/* Strings of a list key; owned by the config. */
struct config_list {
	unsigned int count;
	char *items[CONFIG_LIST_MAX];
};

enum config_port { CONFIG_PORT_AUTO, CONFIG_PORT_IO_URING, CONFIG_PORT_VHOST, CONFIG_PORT_SPLIT,
		   CONFIG_PORT_KERNEL };

/* What the data plane uses; read at start and at reload (where noted, for new vifs only). */
struct config_data {
	unsigned int workers;	    /* threads; 0: one a CPU, at most 4.  At start only. */
	struct config_list worker_cpus; /* CPU number per worker; empty: not pinned.  At start only. */
	unsigned int max_queues;    /* per vif; 0: one a CPU, at most 8.  New vifs. */
	struct config_list switch_bridges; /* bridges whose vifs exchange frames directly (T1) */
	bool mac_filter;	    /* frames with a foreign source MAC are dropped */
	bool sg, gso, csum;	    /* features offered to guests.  New vifs. */
	bool ctrl_ring, static_grants, multicast_control, split_events; /* likewise */
	enum config_port port;	    /* how frames get to and from the TAP.  New vifs. */
	unsigned int copy_batch;    /* segments in one grant-copy call, 1..256 (T8) */
	bool copy_grants;	    /* own buffers are granted to ourselves, for copies between grants.  At start. */
	bool aligned_copy;	    /* local copies keep the guest page's offset (T11) */
	bool early_response;	    /* answer a copied packet before it is written to the TAP */
	bool rx_half_pages;	    /* offer guests to post half pages (T7).  New vifs. */
	bool direct_read;	    /* read the TAP straight into statically granted pages */
	bool prefetch;		    /* of the next frames' headers (T6) */
	bool huge_pages;	    /* worker buffers on huge pages where the host has some (T12).  At start. */
	unsigned int coalesce_packets; /* T15: event after this many */
	unsigned int coalesce_usecs;   /* and at most so much later */
	bool coalesce_adaptive;	       /* T16 */
	unsigned int poll_usecs;       /* T18, T19: keep looking this long before sleeping; 0: off */
	unsigned int quantum_bytes;    /* deficit round robin: bytes per vif and turn */
	unsigned int stall_usecs;      /* a sender waits this long for a receiver without buffers, then drops */
};

struct config {
	bool whole_host;		  /* mode = "mixed" or "whole-host" */
	struct config_list adopt_scripts; /* mixed mode: vifs whose script's file name is one of these, ... */
	struct config_list adopt_bridges; /* ... or that are on one of these bridges, ... */
	struct config_list adopt_domains; /* ... or whose domain's name matches (fnmatch) are ours */
	char *control_socket;
	struct config_data data;
};

/* One key of the file.  The table is the only list of keys: the parser, the sample
 * file's test and the man page's test all walk it. */
enum config_type { CONFIG_BOOL, CONFIG_NUMBER, CONFIG_STRING, CONFIG_MODE, CONFIG_PORT, CONFIG_LIST, CONFIG_CPUS };

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset;		/* of the value in struct config */
	const char *fallback;	/* the default, as it would be written; lists: one item or "" */
	unsigned int min, max;	/* CONFIG_NUMBER */
};

const struct config_key *config_keys(unsigned int *count);

/*
 * Parse FILE (absent: the defaults) into *c, whose old content is not freed.  0, or
 * -EINVAL after logging each error with file, line and key; *c is then untouched.
 */
int config_load(struct config *c, const char *file);
void config_free(struct config *c);

#endif
