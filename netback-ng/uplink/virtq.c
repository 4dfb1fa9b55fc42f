/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/uplink/virtq.h"

#include "lib/netif/platform.h"

static size_t avail_bytes(unsigned int size)
{
	return (sizeof(struct vring_avail) + (size + 1) * sizeof(__virtio16) + 15) & ~(size_t)15;
}

size_t virtq_bytes(unsigned int size)
{
	size_t used = sizeof(struct vring_used) + size * sizeof(struct vring_used_elem) +
		      sizeof(__virtio16);

	return size * sizeof(struct vring_desc) + avail_bytes(size) + ((used + 15) & ~(size_t)15);
}

/* With VIRTIO_RING_F_EVENT_IDX: the index behind each ring's last entry. */
static __virtio16 *used_event(const struct virtq *vq)
{
	return &vq->avail->ring[vq->size];
}

static const __virtio16 *avail_event(const struct virtq *vq)
{
	return (const __virtio16 *)&vq->used->ring[vq->size];
}

void virtq_init(struct virtq *vq, void *mem, unsigned int size)
{
	uint8_t *at = mem;

	*vq = (struct virtq){
		.size = size,
		.desc = mem,
		.avail = (void *)(at + size * sizeof(struct vring_desc)),
		.used = (void *)(at + size * sizeof(struct vring_desc) + avail_bytes(size)),
	};
	virtq_mute(vq);
}

void virtq_add(struct virtq *vq, const struct iovec *iov, unsigned int n, bool writable)
{
	const uint16_t mask = (uint16_t)(vq->size - 1), flags = writable ? VRING_DESC_F_WRITE : 0;
	unsigned int i;

	vq->avail->ring[vq->avail_idx++ & mask] = vq->next & mask;
	for (i = 0; i < n; i++, vq->next++)
		vq->desc[vq->next & mask] = (struct vring_desc){
			.addr = (uintptr_t)iov[i].iov_base,
			.len = (uint32_t)iov[i].iov_len,
			.flags = i + 1 < n ? flags | VRING_DESC_F_NEXT : flags,
			.next = (uint16_t)(vq->next + 1) & mask,
		};
}

bool virtq_publish(struct virtq *vq)
{
	const uint16_t old = vq->published;

	if (old == vq->avail_idx)
		return false;
	vq->published = vq->avail_idx;
	netif_store_release(&vq->avail->idx, vq->published);
	/* The device must see the index before we see whether it sleeps. */
	netif_mb();
	return vring_need_event(netif_load(avail_event(vq)), vq->published, old);
}

unsigned int virtq_used(const struct virtq *vq)
{
	return (uint16_t)(netif_load_acquire(&vq->used->idx) - vq->used_idx);
}

uint32_t virtq_peek(const struct virtq *vq, unsigned int i, uint32_t *id)
{
	const struct vring_used_elem *e = &vq->used->ring[(vq->used_idx + i) & (vq->size - 1)];

	*id = e->id;
	return e->len;
}

uint16_t virtq_cancel(struct virtq *vq)
{
	netif_store(&vq->used->idx, vq->published);
	return vq->published;
}

bool virtq_want(struct virtq *vq, unsigned int ahead)
{
	netif_store(used_event(vq), (uint16_t)(vq->used_idx + ahead - 1));
	/* The device must see what we want before we see how far it is. */
	netif_mb();
	return virtq_used(vq) >= ahead;
}

void virtq_mute(struct virtq *vq)
{
	netif_store(used_event(vq), (uint16_t)(vq->used_idx - 1));
}
