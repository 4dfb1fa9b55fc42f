/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame on its way from a guest or to one.  Its first bytes are a private copy, checked and
 * final; the rest may still lie in the sender's memory and is copied once.
 */
#ifndef NETBACK_FRAME_H
#define NETBACK_FRAME_H

#include <sys/uio.h>

#include "lib/netif/header.h"
#include "lib/netif/meta.h"

struct copy_grants;

/* The virtio header lies right before the frame, so that a TAP takes both as one piece. */
struct frame_head {
	uint8_t pad[4];
	struct netif_vnet vnet;
	uint8_t bytes[NETIF_HEADER_MAX];
	uint8_t tail[48];
};

_Static_assert(sizeof(struct frame_head) == 192, "three cache lines");
_Static_assert(offsetof(struct frame_head, bytes) ==
		       offsetof(struct frame_head, vnet) + sizeof(struct netif_vnet),
	       "header and frame are contiguous");

struct frame {
	struct netif_meta meta;
	struct iovec *iov; /* iov[0]: the private head; sum of lengths == meta.len */
	const struct copy_grants *grants; /* of each piece of iov; NULL: none has any */
	uint16_t niov;
	uint16_t index;	   /* the sender's own number for it */
	uint16_t slot_end; /* of the sender's burst: its memory ends before this slot */
	bool failed;	   /* could not be delivered; already counted */
};

static inline const uint8_t *frame_bytes(const struct frame *f)
{
	return f->iov[0].iov_base;
}

#endif
