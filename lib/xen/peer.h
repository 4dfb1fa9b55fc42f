/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/xen: the pages and event channels that another domain offers us, and whose fault it is where
 * one cannot be had.  The peer's: it is refused for that.  The host's (no descriptor, memory or
 * table entry is free): it passes, so the caller tries again and blames nobody.
 */
#ifndef XEN_PEER_H
#define XEN_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xentoollog.h>

/* The peer's faults, and these alone. */
#define PEER_BAD_GRANT (-ENXIO)
#define PEER_BAD_CHANNEL (-ESRCH)

/* For xengnttab_open() and event_open(): a peer decides how many of its grants fail, so libraries do not log each. */
extern struct xentoollog_logger peer_quiet;

/* Map a shared ring's page, writable.  0, PEER_BAD_GRANT or another -errno. */
int peer_map_ring(xengnttab_handle *xgt, uint16_t domid, uint32_t ref, void **page);
/* Our port, PEER_BAD_CHANNEL or another -errno. */
int peer_bind(xenevtchn_handle *xce, uint16_t domid, uint32_t port);
bool peer_is_at_fault(int rc);
/* An error of the host's own calls, by a number that cannot be taken for the peer's fault. */
int peer_host_error(int rc);

#endif
