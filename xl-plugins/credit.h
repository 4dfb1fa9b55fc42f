/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * credit-adjustd, which changes weights. libxl copies the weight in force into the configuration
 * of a guest that leaves, so that it has to be the guest's own by then.
 */
#ifndef XLNET_CREDIT_H
#define XLNET_CREDIT_H

#include "xl-plugins/host.h"

#include <jansson.h>

/* The answer is the caller's. An error, a refusal too, was said; -ENOTCONN: no daemon runs. */
int credit_ask(struct xlnet *x, const json_t *request, json_t **answer);

/*
 * The guest's weight is its own, and stays so until it is claimed, gone, or the daemon's patience
 * ends. May be repeated. No daemon, or one that does not know the guest: there is nothing to do.
 */
int credit_release(struct xlnet *x, const struct domain *dom);
/* The daemon may adjust it again. May be repeated, and without a release. */
int credit_claim(struct xlnet *x, const struct domain *dom);

#endif
