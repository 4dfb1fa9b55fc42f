/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_front.h"
#include "tests/unit/runner.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BURST_FRAMES 200u

static struct netif_front_burst burst;

static uint8_t pattern(uint32_t len, uint32_t at)
{
	return (uint8_t)(at * 7 + at / 251 + len);
}

static uint16_t take_id(struct netif_front_tx *tx)
{
	uint16_t id;

	ck_assert(netif_front_tx_ids(tx, &id, 1));
	return id;
}

void echo_send(struct front_queue *q, uint32_t len)
{
	const struct netif_meta meta = { .len = len };
	struct netif_front_seg segs[16];
	uint32_t at = 0, n = 0, i;

	while (at < len) {
		uint16_t id = take_id(&q->tx);
		uint32_t size = len - at < NETIF_PAGE_SIZE ? len - at : NETIF_PAGE_SIZE;

		for (i = 0; i < size; i++)
			front_queue_tx_page(q, id)[i] = pattern(len, at + i);
		segs[n++] = (struct netif_front_seg){ q->tx_pages.refs[id], id, 0, (uint16_t)size };
		at += size;
	}
	netif_front_tx_send(&q->tx, &meta, segs, n);
	front_queue_push_tx(q);
}

static int reap(struct front_queue *q)
{
	uint16_t done[NETIF_TX_RING_SIZE];
	uint32_t bad = 0;
	int n = netif_front_tx_reap(&q->tx, done, NETIF_TX_RING_SIZE, &bad, &q->errors);

	ck_assert_uint_eq(bad, 0);
	return n < 0 ? -EPROTO : 0;
}

static void sleep_for(struct front_queue *q)
{
	struct pollfd pfd = { xenevtchn_fd(q->xce), POLLIN, 0 };

	if (netif_front_arm(&q->rx.ring, 1))
		return;
	if (poll(&pfd, 1, 100) > 0)
		front_queue_wake(q);
}

/* At least one frame in burst, and all tx responses that are there. */
static int receive(struct front_queue *q)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;

	while (now_ms() < deadline) {
		if (reap(q) || netif_front_rx_take(&q->rx, &burst, NETIF_RX_RING_SIZE, &q->errors))
			return -EPROTO;
		if (burst.nframes)
			return 0;
		sleep_for(q);
	}
	return -ETIMEDOUT;
}

static int check_frame(const struct front_queue *q, const struct netif_front_frame *f, uint32_t len)
{
	uint32_t at = 0, i, j;

	if (f->error)
		return -EBADMSG;
	ck_assert_uint_eq(f->meta.len, len);
	for (i = 0; i < f->nparts; i++) {
		const struct netif_front_part *p = &burst.parts[f->part + i];
		const uint8_t *data = front_queue_rx_page(q, p->id) + p->offset;

		for (j = 0; j < p->size; j++, at++)
			ck_assert_uint_eq(data[j], pattern(len, at));
	}
	ck_assert_uint_eq(at, len);
	return 0;
}

int echo_one(struct front_queue *q, uint32_t len)
{
	int rc;

	echo_send(q, len);
	rc = receive(q);
	if (!rc)
		rc = check_frame(q, &burst.frames[0], len);
	if (!rc || rc == -EBADMSG)
		front_queue_post(q);
	return rc;
}

void echo_until_headroom(struct front_queue *q, uint32_t headroom)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;

	do
		ck_assert_int_eq(echo_one(q, 60), 0);
	while (burst.frames[0].meta.headroom != headroom && now_ms() < deadline);
	ck_assert_uint_eq(burst.frames[0].meta.headroom, headroom);
}

void echo_receive(struct front_queue *q, uint32_t len, unsigned int n)
{
	unsigned int got = 0, i;

	while (got < n) {
		ck_assert_int_eq(receive(q), 0);
		for (i = 0; i < burst.nframes; i++)
			ck_assert_int_eq(check_frame(q, &burst.frames[i], len), 0);
		got += burst.nframes;
		front_queue_post(q);
	}
	ck_assert_uint_eq(got, n);
}

static void echo_burst(struct front_queue *q)
{
	unsigned int i;

	for (i = 0; i < BURST_FRAMES; i++)
		echo_send(q, 100);
	echo_receive(q, 100, BURST_FRAMES);
}

void echo_sizes(struct front_queue *q)
{
	static const uint32_t sizes[] = { 14, 60, 1514, 4095, 4096, 4097, 9018, 32768, 65535 };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		ck_assert_int_eq(echo_one(q, sizes[i]), 0);
	echo_burst(q);
	while (netif_front_tx_room(&q->tx) < NETIF_TX_RING_SIZE)
		ck_assert_int_eq(reap(q), 0);
	ck_assert_uint_eq(q->tx.nfree, NETIF_TX_RING_SIZE);
}

static void run(const char *command)
{
	ck_assert_int_eq(system(command), 0);
}

void dom0_write(const char *node, const char *value)
{
	char path[200];
	struct xs_handle *xs;

	snprintf(path, sizeof(path), "%s/%s", front.backend, node);
	setenv("XENSIM_DOMID", "0", 1);
	xs = xs_open(0);
	setenv("XENSIM_DOMID", GUEST, 1);
	ck_assert_ptr_nonnull(xs);
	ck_assert(xs_write(xs, XBT_NULL, path, value, (unsigned int)strlen(value)));
	xs_close(xs);
}

void domain_limit(unsigned int pages)
{
	char command[300];

	snprintf(command, sizeof(command), XENSIM " domain limit " GUEST " %u", pages);
	run(command);
}
