// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "hash.h"

#define ALL_TYPES                                                                                 \
	(NETIF_HASH_TYPE_IPV4 | NETIF_HASH_TYPE_IPV4_TCP | NETIF_HASH_TYPE_IPV6 |                 \
	 NETIF_HASH_TYPE_IPV6_TCP)

void netif_hash_init(struct netif_hash *h)
{
	memset(h, 0, sizeof(*h));
}

/* SUCCESS, or what netif.h says for a mapping message of these bounds. */
static u32 mapping_bounds(const struct netif_hash *h, u32 count, u32 offset)
{
	if (count > NETIF_HASH_MAPPING_MAX || offset > NETIF_HASH_MAPPING_MAX - count)
		return NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
	if (offset + count > h->mapping_size)
		return NETIF_CTRL_STATUS_INVALID_PARAMETER;
	return NETIF_CTRL_STATUS_SUCCESS;
}

int netif_hash_payload(const struct netif_hash *h, const struct netif_ctrl_req *q)
{
	switch (q->type) {
	case NETIF_CTRL_TYPE_SET_HASH_KEY:
		return q->data[1] > NETIF_TOEPLITZ_KEY_MAX ? -EINVAL : (int)q->data[1];
	case NETIF_CTRL_TYPE_SET_HASH_MAPPING:
		if (mapping_bounds(h, q->data[1], q->data[2]))
			return -EINVAL;
		return (int)(q->data[1] * sizeof(u32));
	default:
		return 0;
	}
}

static u32 set_algorithm(struct netif_hash *h, u32 algorithm)
{
	if (algorithm > NETIF_HASH_ALGORITHM_TOEPLITZ)
		return NETIF_CTRL_STATUS_INVALID_PARAMETER;
	h->algorithm = algorithm;
	return NETIF_CTRL_STATUS_SUCCESS;
}

static u32 get_types(const struct netif_hash *h, u32 *types)
{
	if (h->algorithm == NETIF_HASH_ALGORITHM_NONE)
		return NETIF_CTRL_STATUS_NOT_SUPPORTED;
	*types = ALL_TYPES;
	return NETIF_CTRL_STATUS_SUCCESS;
}

static u32 set_types(struct netif_hash *h, u32 types)
{
	if (h->algorithm == NETIF_HASH_ALGORITHM_NONE || (types & ~(u32)ALL_TYPES))
		return NETIF_CTRL_STATUS_INVALID_PARAMETER;
	h->types = types;
	return NETIF_CTRL_STATUS_SUCCESS;
}

static u32 set_key(struct netif_hash *h, const u8 *key, u32 len)
{
	if (len > NETIF_TOEPLITZ_KEY_MAX)
		return NETIF_CTRL_STATUS_BUFFER_OVERFLOW;
	memset(h->key, 0, sizeof(h->key));
	if (len)
		memcpy(h->key, key, len);
	h->keylen = len;
	netif_toeplitz_init(&h->toeplitz, h->key, len);
	return NETIF_CTRL_STATUS_SUCCESS;
}

static u32 set_mapping_size(struct netif_hash *h, u32 size)
{
	if (size > NETIF_HASH_MAPPING_MAX)
		return NETIF_CTRL_STATUS_INVALID_PARAMETER;
	h->mapping_size = size;
	memset(h->mapping, 0, sizeof(h->mapping));
	return NETIF_CTRL_STATUS_SUCCESS;
}

static u32 set_mapping(struct netif_hash *h, const void *table, u32 count, u32 offset, u32 nqueues)
{
	u32 status = mapping_bounds(h, count, offset);
	u32 queues[NETIF_HASH_MAPPING_MAX];
	u32 i;

	if (status || !count)
		return status;
	memcpy(queues, table, count * sizeof(u32));
	for (i = 0; i < count; i++) {
		if (queues[i] >= nqueues)
			return NETIF_CTRL_STATUS_INVALID_PARAMETER;
	}
	memcpy(&h->mapping[offset], queues, count * sizeof(u32));
	return NETIF_CTRL_STATUS_SUCCESS;
}

void netif_hash_control(struct netif_hash *h, const struct netif_ctrl_req *q, const void *payload,
			u32 nqueues, struct netif_ctrl_rsp *rsp)
{
	*rsp = (struct netif_ctrl_rsp){ .id = q->id, .type = q->type };
	switch (q->type) {
	case NETIF_CTRL_TYPE_SET_HASH_ALGORITHM:
		rsp->status = set_algorithm(h, q->data[0]);
		return;
	case NETIF_CTRL_TYPE_GET_HASH_FLAGS:
		rsp->status = get_types(h, &rsp->data);
		return;
	case NETIF_CTRL_TYPE_SET_HASH_FLAGS:
		rsp->status = set_types(h, q->data[0]);
		return;
	case NETIF_CTRL_TYPE_SET_HASH_KEY:
		rsp->status = set_key(h, payload, q->data[1]);
		return;
	case NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE:
		rsp->data = NETIF_HASH_MAPPING_MAX;
		return;
	case NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE:
		rsp->status = set_mapping_size(h, q->data[0]);
		return;
	case NETIF_CTRL_TYPE_SET_HASH_MAPPING:
		rsp->status = set_mapping(h, payload, q->data[1], q->data[2], nqueues);
		return;
	default:
		rsp->status = NETIF_CTRL_STATUS_NOT_SUPPORTED;
	}
}

u32 netif_hash_queue(const struct netif_hash *h, const u8 *frame, const struct netif_header *hdr,
		     u32 len, u32 nqueues, u32 fallback, struct netif_meta *m)
{
	m->hash = 0;
	m->hash_type = 0;
	if (!h->algorithm || !h->types)
		return fallback;
	/* A frame that no type covers has hash 0 and its place in the table (netback). */
	m->hash_type = netif_toeplitz_frame(&h->toeplitz, h->types, frame, hdr, len, &m->hash);
	if (!h->mapping_size)
		return m->hash % nqueues;
	return h->mapping[m->hash % h->mapping_size];
}
