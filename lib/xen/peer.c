/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/xen/peer.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

/* The last byte of what ring.h reserves before the slots of a ring: neither end uses it. */
#define RING_PAD_OFFSET 63

static void quiet_message(struct xentoollog_logger *logger, xentoollog_level level, int errnoval,
			  const char *context, const char *format, va_list al)
{
}

static void quiet_destroy(struct xentoollog_logger *logger)
{
}

struct xentoollog_logger peer_quiet = { .vmessage = quiet_message, .destroy = quiet_destroy };

/*
 * One byte from or to the page by a copy of the hypervisor's, which needs nothing of ours that could
 * be used up.  False where Xen says that the grant is not good for it.
 */
static bool copy_byte(xengnttab_handle *xgt, uint16_t domid, uint32_t ref, uint8_t *byte, bool to_peer)
{
	xengnttab_grant_copy_segment_t s = { .len = 1, .status = GNTST_okay };

	if (to_peer) {
		s.source.virt = byte;
		s.dest.foreign.ref = ref;
		s.dest.foreign.offset = RING_PAD_OFFSET;
		s.dest.foreign.domid = domid;
		s.flags = GNTCOPY_dest_gref;
	} else {
		s.source.foreign.ref = ref;
		s.source.foreign.offset = RING_PAD_OFFSET;
		s.source.foreign.domid = domid;
		s.dest.virt = byte;
		s.flags = GNTCOPY_source_gref;
	}
	if (xengnttab_grant_copy(xgt, 1, &s))
		return true; /* not even tried: no word about the grant */
	return s.status == GNTST_okay || s.status == GNTST_eagain;
}

/* gntdev says EINVAL for a bad grant and for a hypervisor without a free entry alike; a copy tells. */
static bool grant_is_good(xengnttab_handle *xgt, uint16_t domid, uint32_t ref)
{
	uint8_t byte;

	return copy_byte(xgt, domid, ref, &byte, false) && copy_byte(xgt, domid, ref, &byte, true);
}

int peer_map_ring(xengnttab_handle *xgt, uint16_t domid, uint32_t ref, void **page)
{
	int rc;

	*page = xengnttab_map_grant_ref(xgt, domid, ref, PROT_READ | PROT_WRITE);
	if (*page)
		return 0;
	rc = peer_host_error(errno ? -errno : -EIO);
	return rc == -EINVAL && !grant_is_good(xgt, domid, ref) ? PEER_BAD_GRANT : rc;
}

/* EVTCHNOP_bind_interdomain: EINVAL, the port does not wait for us; ESRCH, the domain is gone. */
int peer_bind(xenevtchn_handle *xce, uint16_t domid, uint32_t port)
{
	xenevtchn_port_or_error_t ours = xenevtchn_bind_interdomain(xce, domid, port);

	if (ours >= 0)
		return ours;
	if (errno == EINVAL || errno == ESRCH)
		return PEER_BAD_CHANNEL;
	return peer_host_error(errno ? -errno : -EIO);
}

bool peer_is_at_fault(int rc)
{
	return rc == PEER_BAD_GRANT || rc == PEER_BAD_CHANNEL;
}

int peer_host_error(int rc)
{
	return peer_is_at_fault(rc) ? -ENODEV : rc;
}
