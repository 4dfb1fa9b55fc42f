/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listens to what the kernel says (rtnetlink) of the vifs' TAPs, their bridges and where these
 * have which address, and keeps each vif on the built-in switch or off it accordingly.  Main
 * thread only; never waits, and a turn is bounded: a guest can make the bridge say much.
 */
#ifndef NETBACK_LINKS_H
#define NETBACK_LINKS_H

#include "netback-ng/base/config_data.h"

struct vif;

/* 0 or -errno. */
int links_open(const struct config_list *bridges);
void links_close(void);
/* Other bridges: takes effect at once. */
void links_reload(const struct config_list *bridges);
/* Readable when there is something to hear. */
int links_fd(void);
void links_turn(void);

/* From the TAP's creation to its end. */
void links_add(struct vif *vif);
void links_remove(struct vif *vif);
/* Where does the bridge have the vif's own address?  The answer comes in a later turn. */
void links_ask_address(struct vif *vif);

#endif
