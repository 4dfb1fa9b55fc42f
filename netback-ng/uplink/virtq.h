/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtio split ring (virtio 1.2, 2.7) as its driver sees it: we offer buffers, the
 * device, vhost-net in the kernel, uses them in order.  Memory and indices only: no I/O,
 * no knowledge of vifs.  The ring is the daemon's own memory, no guest sees it.
 */
#ifndef NETBACK_VIRTQ_H
#define NETBACK_VIRTQ_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct virtq {
	unsigned int size; /* descriptors, a power of two */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t next;	    /* free-running, as all that follows: descriptor to fill */
	uint16_t avail_idx; /* chains added */
	uint16_t published; /* of them, offered to the device */
	uint16_t used_idx;  /* chains taken back */
};

/* Bytes of a ring, 16-aligned. */
size_t virtq_bytes(unsigned int size);
/* mem: zeroed, 16-aligned.  Neither side wants to be told of anything yet. */
void virtq_init(struct virtq *vq, void *mem, unsigned int size);
/*
 * Add one chain of n pieces, for the device to write or to read.  The caller knows that
 * so many descriptors are free: those of the chains not yet taken back are not.
 */
void virtq_add(struct virtq *vq, const struct iovec *iov, unsigned int n, bool writable);
/* Offer what was added.  True: the device sleeps and wants to be kicked. */
bool virtq_publish(struct virtq *vq);
/* Chains that the device is done with and that were not taken back. */
unsigned int virtq_used(const struct virtq *vq);
/* The i-th of them: bytes written; *id: its first descriptor. */
uint32_t virtq_peek(const struct virtq *vq, unsigned int i, uint32_t *id);
/* Take n back. */
static inline void virtq_take(struct virtq *vq, unsigned int n)
{
	vq->used_idx = (uint16_t)(vq->used_idx + n);
}
/* With the device detached: all that was offered counts as used.  Returns where it must go on. */
uint16_t virtq_cancel(struct virtq *vq);
/* Want to be called once 'ahead' (>= 1) chains can be taken back.  True: they can already. */
bool virtq_want(struct virtq *vq, unsigned int ahead);
/* Do not want to be called. */
void virtq_mute(struct virtq *vq);

#endif
