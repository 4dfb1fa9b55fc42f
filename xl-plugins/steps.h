/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a switch. Each may be repeated; each knows what is done already. */
#ifndef XLNET_STEPS_H
#define XLNET_STEPS_H

#include "xl-plugins/op.h"

/* Without the guest: takes the MAC off the VF and the filter off the PF; errors do not matter. */
void steps_forget_vf(struct xlnet *x, const struct op *op);

#endif
