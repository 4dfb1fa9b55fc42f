// SPDX-License-Identifier: GPL-2.0-or-later
/* A sequence of control messages, each followed by the payload that it asks for. */
#include "fuzz.h"
#include "lib/netif/hash.h"

static struct netif_hash hash;

static void check_state(u32 nqueues)
{
	static const u8 frame[64] = { [12] = 0x08, [14] = 0x45, [23] = 6, [46] = 0x50 };
	struct netif_header h;
	struct netif_meta m;
	u32 i, queue;

	fuzz_check(hash.algorithm <= NETIF_HASH_ALGORITHM_TOEPLITZ && hash.types <= 0xf);
	fuzz_check(hash.mapping_size <= NETIF_HASH_MAPPING_MAX);
	fuzz_check(hash.keylen <= NETIF_TOEPLITZ_KEY_MAX);
	for (i = 0; i < NETIF_HASH_MAPPING_MAX; i++)
		fuzz_check(hash.mapping[i] < nqueues);
	netif_header_parse(frame, sizeof(frame), &h);
	queue = netif_hash_queue(&hash, frame, &h, sizeof(frame), nqueues, 1000, &m);
	fuzz_check(queue < nqueues || queue == 1000);
	fuzz_check((queue == 1000) == (!hash.algorithm || !hash.types));
}

/* Types 1-7 and their neighbours; parameters mostly small. */
static void next_message(struct fuzz_input *in, struct netif_ctrl_req *q)
{
	u32 i;

	q->id = fuzz_u8(in);
	q->type = fuzz_u8(in) % 12;
	for (i = 0; i < 3; i++)
		q->data[i] = fuzz_u8(in);
	if (q->id == 0xff)
		fuzz_bytes(in, q->data, sizeof(q->data));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	u32 nqueues = fuzz_u8(&in) % 8 + 1u;

	netif_hash_init(&hash);
	while (in.left) {
		u8 payload[4 * NETIF_HASH_MAPPING_MAX];
		struct netif_ctrl_rsp rsp;
		struct netif_ctrl_req q;
		int need;

		next_message(&in, &q);
		need = netif_hash_payload(&hash, &q);
		fuzz_check(need <= (int)sizeof(payload));
		if (need > 0)
			fuzz_bytes(&in, payload, (size_t)need);
		netif_hash_control(&hash, &q, need > 0 ? payload : NULL, nqueues, &rsp);
		fuzz_check(rsp.id == q.id && rsp.type == q.type && rsp.status <= 3);
		fuzz_check(need >= 0 || rsp.status);
		check_state(nqueues);
	}
	return 0;
}
