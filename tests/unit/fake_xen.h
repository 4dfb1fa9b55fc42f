/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Xen host for xl-net's unit tests, in the place of libxl, libxenstore, libxenctrl, netlink.c
 * and credit-adjustd at link time: two guests, one PF (eth0, in xenbr0) with two VFs, and a guest's behaviour on both
 * paths. It lives in shared memory, and its /sys in a directory, so that it outlives a killed
 * xl-net. Every call that changes it can be made to fail, or to kill the process before or after it
 * acts.
 */
#ifndef FAKE_XEN_H
#define FAKE_XEN_H

#include "xl-plugins/xlnet.h"

#define FAKE_NODES 128
#define FAKE_VFS 2
#define FAKE_DOMS 3

enum fake_guest { FAKE_STOCK, FAKE_NG };

struct fake_node {
	char path[160], value[64];
};

struct fake_vf {
	uint32_t owner, half; /* by libxl's books; by Xen's only */
	struct mac mac;
	unsigned int vlan, link;
	bool spoofchk, released;
};

struct fake_dom {
	uint32_t id; /* 0: not there */
	uint8_t uuid[16];
	char name[16];
	int type; /* libxl_domain_type */
	bool passthrough, ng, mute;
	struct mac mac;
	int nic_state;
};

struct fake_world {
	struct fake_dom doms[FAKE_DOMS];
	struct fake_vf vfs[FAKE_VFS];
	struct fake_node nodes[FAKE_NODES];
	char fdb[IFNAMSIZ]; /* where the bridge sends the first guest's frames */
	bool fdb_sticks;   /* whatever the guest sends where */
	bool ovs;	   /* the bridge is Open vSwitch's */
	bool filter[FAKE_DOMS]; /* the PF takes that guest's MAC */
	bool host_filter;	/* ...and that of the bridge's own interface */
	bool no_filters;	/* ...and its driver refuses more */
	/* So often the bond, with a VF, still broadcasts over the vif, and the NIC echoes; silence. */
	int echoes;
	bool then_silent;
	bool no_link_state, no_zero_mac;
	/* The number of the changing call that fails, or kills before (-) or after it; 0: none. */
	int calls, fail_at, kill_before, kill_after;
	int gone_at; /* as fail_at: the first guest is destroyed, its VF is nobody's */
	char sysfs[64], state[64];
	/* The other host: what its net-check prints ("" nothing), what its net-switch returns. */
	char there[320], asked[160];
	int there_status, there_calls;
	/* xl migrate: its status, whether the first guest leaves, whether we are killed meanwhile.
	 */
	int xl_status, xl_calls;
	char xl_ssh[160], xl_words[160]; /* what came behind -s */
	bool xl_leaves, xl_kills, no_shadow;
	uint32_t xl_weight; /* the first guest's, when xl copied it */
	/* credit-adjustd, which lends the first guest weight unless it holds it at its own. */
	bool credit_runs, credit_refuses, credit_knows_none, held, asked_dry;
	int credit_calls;
	/* The probe: the address that was asked, and how far it came; what this host's neighbour table has. */
	uint32_t probed, neighbour;
	int probe_phase, probe_waits;
	bool probe_fails;
};

#define FAKE_WEIGHT 256 /* a guest's own */
uint32_t fake_weight(void);

extern struct fake_world *fake;

/* A new world; the first guest is "g1", a PV guest of that kind. */
void fake_start(struct xlnet *x, enum fake_guest kind);
void fake_end(struct xlnet *x);
const char *fake_uuid(unsigned int dom);
/* From now on the bridge's own interface has a MAC that is not the PF's. */
void fake_host_mac(void);
/* From now on the bridge is Open vSwitch's. */
void fake_ovs_make(void);
/* As if the guest had rebooted: another number. */
void fake_reboot(unsigned int dom);
const char *fake_read(const char *path);
/* One command line of words between blanks; its exit status. */
int fake_run(struct xlnet *x, const char *line);

#endif
