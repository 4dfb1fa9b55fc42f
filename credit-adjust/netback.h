/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What netback-ngd's built-in switch carried: those frames never meet the TAP, whose counters net.c reads.
 * Asks over the daemon's control socket (netback-ngctl(8), "stats") and never waits for the answer:
 * it is there by the next round, or the vifs keep the counters they had.  No daemon is normal.
 */
#ifndef CREDIT_NETBACK_H
#define CREDIT_NETBACK_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "credit-adjust/net.h"

struct netback;

/* found as for net_refresh(), called from the event loop as answers come. */
int netback_open(struct netback **netback, sd_event *event, const char *path, net_found found, void *arg);
void netback_close(struct netback *netback);
/* Once a round.  Hosts without switched vifs are asked seldom. */
void netback_ask(struct netback *netback);

#endif
