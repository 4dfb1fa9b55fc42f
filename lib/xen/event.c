/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/xen/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

xenevtchn_handle *event_open(struct xentoollog_logger *logger)
{
	xenevtchn_handle *xce = xenevtchn_open(logger, 0);
	int flags, err;

	if (!xce)
		return NULL;
	flags = fcntl(xenevtchn_fd(xce), F_GETFL);
	if (flags >= 0 && !fcntl(xenevtchn_fd(xce), F_SETFL, flags | O_NONBLOCK))
		return xce;
	err = errno;
	xenevtchn_close(xce);
	errno = err;
	return NULL;
}
