/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VF that has a guest's MAC, recorded for as long as it has it. A guest that is destroyed on its
 * VF leaves the MAC there, and the NIC would keep what is sent to it even when the guest runs
 * elsewhere: net-recover takes it back.
 */
#ifndef XLNET_LEASE_H
#define XLNET_LEASE_H

#include "xl-plugins/op.h"

/* Before the VF gets the MAC. 0 or -errno and a message. */
int lease_record(struct xlnet *x, const struct op *op);
int lease_forget(struct xlnet *x, const char *uuid);
/* All VFs of guests that are gone; guests at work right now are left alone. */
int lease_recover_all(struct xlnet *x);

#endif
