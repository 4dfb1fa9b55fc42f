// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A front end's buffers, of any sort, and a frame that is laid over them: byte 0 chooses half pages
 * and extras, then the frame's length and headroom, then how many buffers and their pads.  What
 * the back end says of it the front end reads as it was meant.
 */
#include "fuzz.h"
#include "lib/netif/front.h"
#include "lib/netif/header.h"
#include "lib/netif/rx.h"

static _Alignas(NETIF_PAGE_SIZE) u8 page[NETIF_PAGE_SIZE];

static u16 fuzz_u16(struct fuzz_input *in)
{
	u16 v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static struct netif_meta meta_of(struct fuzz_input *in, u8 choice)
{
	struct netif_meta m = { .len = fuzz_u16(in), .headroom = fuzz_u16(in) };

	if (choice & 2)
		m.gso_type = NETIF_GSO_TYPE_TCPV6;
	m.gso_size = m.gso_type ? 1400 : 0;
	if (choice & 4)
		m.hash_type = NETIF_HASH_TYPE_IPV6;
	if (choice & 8) /* as it is handed down: validated */
		m.headroom %= netif_rx_headroom_max(choice & 1) + 1;
	if (m.len < NETIF_ETH_HLEN)
		m.len = NETIF_ETH_HLEN;
	return m;
}

static void check_part(const struct netif_rx_req *req, const struct netif_rx_part *p, bool halves,
		       u32 headroom)
{
	const struct netif_rx_part room = netif_rx_buffer(req, halves);

	fuzz_check(p->size && p->offset == room.offset + headroom);
	fuzz_check(headroom + p->size <= room.size);
}

static void check_laid(const struct netif_rx_req *reqs, const struct netif_rx_part *parts, u32 n,
		       const struct netif_meta *m, bool halves)
{
	u32 i, sum = 0, slot = 0;

	for (i = 0; i < n; i++) {
		check_part(&reqs[slot], &parts[i], halves, i ? 0 : m->headroom);
		sum += parts[i].size;
		slot += i ? 1 : 1 + netif_rx_extras(m);
	}
	fuzz_check(sum == m->len);
}

static void check_read(struct netif_front_rx *rx, const struct netif_meta *m,
		       const struct netif_rx_part *parts, u32 n)
{
	static struct netif_front_burst b;
	struct netif_errors errors = { { 0 } };
	u32 i;

	fuzz_check(!netif_front_rx_take(rx, &b, NETIF_RX_RING_SIZE, &errors) && b.nframes == 1);
	fuzz_check(!b.frames[0].error && b.frames[0].nparts == n && b.nspare == netif_rx_extras(m));
	fuzz_check(b.frames[0].meta.len == m->len && b.frames[0].meta.headroom == m->headroom);
	fuzz_check(b.frames[0].meta.gso_size == m->gso_size && b.frames[0].meta.hash_type == m->hash_type);
	for (i = 0; i < n; i++)
		fuzz_check(b.parts[i].offset == parts[i].offset && b.parts[i].size == parts[i].size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct netif_front_rx rx;
	static struct netif_rx_req reqs[NETIF_RX_RING_SIZE];
	static struct netif_rx_part parts[NETIF_RX_RING_SIZE];
	struct fuzz_input in = { data, size };
	const u8 choice = fuzz_u8(&in);
	const bool halves = choice & 1;
	const struct netif_meta m = meta_of(&in, choice);
	u32 n = fuzz_u8(&in), slots, nparts, i;
	struct netif_back_ring back;
	bool bad;

	netif_front_rx_init(&rx, page);
	for (i = 0; i < n; i++)
		netif_front_rx_post(&rx, i, halves ? fuzz_u8(&in) & 3 : NETIF_RX_WHOLE);
	netif_front_push(&rx.ring);
	netif_back_init(&back, page, NETIF_RX_RING_SIZE);
	fuzz_check(netif_rx_take(&back, reqs, NETIF_RX_RING_SIZE) == (int)n);
	slots = netif_rx_lay(reqs, n, &m, halves, parts, &bad);
	fuzz_check(slots <= n);
	if (!slots) {
		/* So many would have been enough, of whatever sort. */
		fuzz_check(n < netif_rx_need(&m, halves) || m.headroom > netif_rx_headroom_max(halves));
		return 0;
	}
	nparts = slots - netif_rx_extras(&m);
	if (bad) {
		fuzz_check(!parts[nparts - 1].size);
		return 0;
	}
	check_laid(reqs, parts, nparts, &m, halves);
	netif_rx_respond(&back, reqs, &m, parts, nparts, NETIF_RSP_OKAY);
	fuzz_check(back.rsp_prod == slots);
	netif_back_push(&back);
	check_read(&rx, &m, parts, nparts);
	return 0;
}
