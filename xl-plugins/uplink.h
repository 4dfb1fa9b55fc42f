/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guests on their vifs, as guests on VFs see them. A NIC's switch delivers what a VF sends to the
 * function that has the address, else to the wire: it does not know who is behind the PF's bridge.
 * So as long as a guest has a VF of a PF, that PF takes the MACs of the other guests' vifs on the
 * bridges that it leads into, and of the host's own interfaces there ("self" entries; the NIC has room for some dozens). What xl-net gave it
 * is recorded, and only that is taken away again.
 */
#ifndef XLNET_UPLINK_H
#define XLNET_UPLINK_H

#include "xl-plugins/op.h"

/*
 * Makes it so for all PFs; with coming, as if that operation's guest had its VF already. Idempotent.
 * A NIC that cannot is said once, when the need arises: -errno, and the rest is done.
 */
int uplink_sync(struct xlnet *x, const struct op *coming);
/* Did the PF get the MAC from uplink_sync? */
bool uplink_gave(struct xlnet *x, const char *pf, const struct mac *mac);
/* From now on the MAC of the operation's guest, which its PF took for it, is uplink_sync's to judge. */
int uplink_adopt(struct xlnet *x, const struct op *op);
/*
 * The operation's guest is on its vif again, and its PF has its MAC. Shall it keep it, for guests
 * on other VFs? Then it is adopted.
 */
bool uplink_keeps(struct xlnet *x, const struct op *op);

#endif
