/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest says about a vif, and what we say to it, in xenstore (netif-ng(7), "Switching").
 * The guest is not trusted: a value that is none of the known is as good as absent.
 */
#ifndef XLNET_GUEST_H
#define XLNET_GUEST_H

#include "xl-plugins/host.h"

#include <netinet/in.h>

/* Does its front end follow requests (feature-datapath-switch = 1)? */
bool guest_can_switch(struct xlnet *x, const struct nic *nic);
/* With a VF, does it send to guests of this host over its vif (feature-datapath-hybrid = 1)? */
bool guest_is_hybrid(struct xlnet *x, const struct nic *nic);
/* The guest's own report: PATH_PV, PATH_VF, or PATH_UNKNOWN. */
enum path guest_datapath(struct xlnet *x, const struct nic *nic);
int guest_request(struct xlnet *x, const struct nic *nic, enum path path);
/* Waits for the report. -ETIMEDOUT; -ENODEV: the vif went away. */
int guest_wait(struct xlnet *x, const struct nic *nic, enum path path, unsigned int seconds);
/* "netback-ngd", the kernel's driver, or "": nobody serves the vif. */
void guest_backend(struct xlnet *x, const struct nic *nic, char *owner, size_t size);
/*
 * An IPv4 address that the guest says it has on this vif (xenstore-paths: ~/attr/vif/DEVID/ipv4/0,
 * by guest utilities). -ENOENT: it says none.
 */
int guest_address(struct xlnet *x, const struct nic *nic, struct in_addr *address);

#endif
