/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Receive-side scaling as the guest set it through the control ring
 * (netif.h, control messages 1-7): algorithm, types, key, indirection table.
 */
#ifndef NETIF_HASH_H
#define NETIF_HASH_H

#include "toeplitz.h"

#define NETIF_HASH_MAPPING_MAX 128

struct netif_hash {
	u32 algorithm; /* NETIF_HASH_ALGORITHM_* */
	u32 types;     /* NETIF_HASH_TYPE_* mask */
	u32 mapping_size;
	u32 mapping[NETIF_HASH_MAPPING_MAX]; /* queue numbers, each < nqueues */
	u8 key[NETIF_TOEPLITZ_KEY_MAX];
	u32 keylen;
	struct netif_toeplitz toeplitz;
};

void netif_hash_init(struct netif_hash *h);

/*
 * Bytes that message q needs from the guest's page (SET_HASH_KEY: data[1],
 * SET_HASH_MAPPING: 4 * data[1]) with the gref in data[0]; 0: none needed; or
 * -EINVAL where the message's parameters rule it out (CTRL_DATA).
 */
int netif_hash_payload(const struct netif_hash *h, const struct netif_ctrl_req *q);

/*
 * Carry out messages 1-7.  payload: private copy of netif_hash_payload()
 * bytes; NULL where that was 0 or -EINVAL (the status then names the fault).
 * Fills rsp->status and rsp->data (id and type too).  A message that fails
 * changes nothing.  nqueues: of this vif, to check the mapping's entries.
 */
void netif_hash_control(struct netif_hash *h, const struct netif_ctrl_req *q, const void *payload,
			u32 nqueues, struct netif_ctrl_rsp *rsp);

/*
 * Queue for a frame, and its hash into m->hash/hash_type (0 where none applies).
 * Mapping size 0: modulo nqueues (netif.h).  Without algorithm: 'fallback'.
 */
u32 netif_hash_queue(const struct netif_hash *h, const u8 *frame, const struct netif_header *hdr,
		     u32 len, u32 nqueues, u32 fallback, struct netif_meta *m);

#endif
