/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/xen: event channel handles that never block. */
#ifndef XEN_EVENT_H
#define XEN_EVENT_H

#include <xenevtchn.h>

/*
 * xenevtchn_open(), non-blocking: xenevtchn_pending() then answers -1/EAGAIN
 * where nothing is pending.  A readable descriptor does not promise a port (its
 * far end may close in between), and nothing of ours may wait for a guest.
 * NULL and errno on failure.  logger: the caller's, NULL for stderr.
 */
xenevtchn_handle *event_open(struct xentoollog_logger *logger);

#endif
