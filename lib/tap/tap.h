/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/tap: TAP devices, for the daemon's host side and for the userspace guest.
 * Opens, sizes and tunes them; moving frames is the caller's (io_uring, readv).
 * A frame on the file descriptor is struct netif_vnet (12 bytes) + Ethernet.
 * Every descriptor is non-blocking and close-on-exec.  Nothing here logs.
 * May depend on Linux's tun and rtnetlink ioctls, and lib/netif's header.h.
 */
#ifndef TAP_TAP_H
#define TAP_TAP_H

#include <stdbool.h>
#include <stdint.h>

#define TAP_QUEUES_MAX 16
#define TAP_VNET_LEN 12
/* The largest frame a TAP gives or takes: a GSO frame and its Ethernet+VLAN header. */
#define TAP_FRAME_MAX (65535 + 18)

struct tap {
	char name[16]; /* IFNAMSIZ; the kernel's answer; a hotplug script may rename it (vifname) */
	int ifindex;   /* survives a rename */
	unsigned int nqueues;
	int fds[TAP_QUEUES_MAX];
};

/* Offloads towards us: what the guest can take (TUNSETOFFLOAD). */
struct tap_offload {
	bool csum;
	bool tso4;
	bool tso6;
};

/*
 * Create NAME with one multi-queue descriptor, or attach where it exists
 * already and is not in use.  Link stays down.  0 or -errno; *tap is filled in.
 */
int tap_open(struct tap *tap, const char *name);
/* Grow or shrink to n queues (1..TAP_QUEUES_MAX).  0 or -errno with the old ones kept. */
int tap_set_queues(struct tap *tap, unsigned int n);
int tap_set_offload(const struct tap *tap, const struct tap_offload *offload);
/* What of it is on: an operator may have turned some off (ethtool -K); tso4 and tso6 are one there.  0 or -errno. */
int tap_get_offload(const struct tap *tap, struct tap_offload *offload);
/* Turn off what an operator would, leaving it to him to turn it on. */
void tap_forgo_csum(const struct tap *tap);
void tap_forgo_tso(const struct tap *tap);
/* Carrier off: the bridge sees the port go down (TUNSETCARRIER, Linux 5.0). */
int tap_set_carrier(const struct tap *tap, bool on);
int tap_set_mtu(const struct tap *tap, unsigned int mtu);
int tap_set_mac(const struct tap *tap, const uint8_t mac[6]);
int tap_set_up(const struct tap *tap, bool up);
/* Closing the last descriptor deletes the (non-persistent) interface. */
void tap_close(struct tap *tap);

#endif
