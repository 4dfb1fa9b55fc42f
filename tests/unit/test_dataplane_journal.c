/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a daemon that is killed leaves to the next: answers on their way, and whose they are. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/test_dataplane.h"

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static uint8_t got[FRAME_MAX + 1];

/* A daemon that dies: rings of the guest's, and its file, mapped by hand. */
struct dying {
	int fd;
	struct journal *file;
	struct netif_back_ring tx, rx;
};

static void dying_open(struct dying *d, struct guest *g)
{
	const struct front_queue *q = &g->q[0];
	char path[96];

	snprintf(path, sizeof(path), "%s/vif%u.0-0", plane_rings, g->domid);
	d->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(d->fd, 0);
	ck_assert_int_eq(ftruncate(d->fd, NETIF_PAGE_SIZE), 0);
	d->file = mmap(NULL, NETIF_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	ck_assert_ptr_ne(d->file, MAP_FAILED);
	netif_back_init(&d->tx, q->tx.ring.shared, NETIF_TX_RING_SIZE);
	netif_back_init(&d->rx, q->rx.ring.shared, NETIF_RX_RING_SIZE);
	netif_back_journal(&d->tx, (void *)d->file->tx, NETIF_TX_SHAPE, false);
	netif_back_journal(&d->rx, (void *)d->file->rx, NETIF_RX_SHAPE, false);
	d->file->magic = JOURNAL_MAGIC;
	d->file->key = (struct journal_key){ g->c.queue[0].tx_ref, g->c.queue[0].rx_ref,
					     g->c.queue[0].tx_evtchn, g->c.queue[0].rx_evtchn, { 4711, 12 } };
	memcpy(d->tx.shared->mark, d->file->key.mark, sizeof(d->file->key.mark));
	memcpy(d->rx.shared->mark, d->file->key.mark, sizeof(d->file->key.mark));
}

static void dying_close(struct dying *d)
{
	munmap(d->file, NETIF_PAGE_SIZE);
	close(d->fd);
}

static const struct netif_meta tcp = {
	.len = 6000, .gso_size = 1448, .gso_type = NETIF_GSO_TYPE_TCPV4, .csum = NETIF_CSUM_BLANK,
	.hash_type = NETIF_HASH_TYPE_IPV4_TCP, .hash = 4711,
};

/* Answers to all that the guest sent, and large frames for it: extras in both rings. */
static void dying_answers(struct dying *d)
{
	static const struct netif_rx_part parts[] = { { 0, 4096 }, { 0, 1904 } };
	static struct netif_tx_burst burst;
	struct netif_errors errors = { { 0 } };
	struct netif_rx_req reqs[4];
	unsigned int i;

	ck_assert_int_eq(netif_tx_take(&d->tx, &burst, NETIF_TX_RING_SIZE, &errors), 0);
	for (i = 0; i < burst.nframes; i++)
		netif_tx_respond(&d->tx, &burst, &burst.frames[i], NETIF_RSP_OKAY);
	for (i = 0; i < 5; i++) {
		ck_assert_int_eq(netif_rx_take(&d->rx, reqs, 4), 4);
		netif_rx_respond(&d->rx, reqs, &tcp, parts, 2, NETIF_RSP_OKAY);
	}
}

static int unlink_rings(struct guest *g)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/vif%u.0-0", plane_rings, g->domid);
	return unlink(path) || rmdir(plane_rings) ? -errno : 0;
}

enum death { ANSWERS_WRITTEN, ANSWERS_COMPLETE, ANSWERS_IN_THE_RING, ANSWERS_PUBLISHED };

static void die(struct netif_back_ring *r, enum death when)
{
	if (when == ANSWERS_PUBLISHED)
		netif_store_release(&r->shared->rsp_prod, r->rsp_prod);
	if (when >= ANSWERS_IN_THE_RING)
		netif_journal_close(r);
	else if (when == ANSWERS_COMPLETE)
		netif_store(&r->journal->complete, r->rsp_prod);
}

/* Killed at any of these moments: each request is answered once, and nobody is to blame. */
START_TEST(killed_while_answering)
{
	const uint8_t *large;
	struct dying d;
	struct guest g;
	unsigned int i;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	guest_connect(&g);
	guest_exchange(&g, 0);
	vif_disconnect(g.vif);
	close(g.host);
	large = frame_make_tcp(outside, g.mac, tcp.len);
	for (i = 0; i < 4; i++)
		ck_assert(guest_queue(&g, 0, large, &tcp, 3000, 0));
	front_queue_push_tx(&g.q[0]);
	dying_open(&d, &g);
	dying_answers(&d);
	die(&d.tx, (enum death)_i);
	die(&d.rx, (enum death)_i);
	dying_close(&d);

	guest_connect(&g);
	ck_assert_uint_eq(guest_reap(&g, 0, 8), 0);
	for (i = 0; i < 5 && _i != ANSWERS_WRITTEN; i++)
		ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 6000);
	/* Those that were not answered are frames still to be sent. */
	ck_assert_uint_eq(stat_of(&g, "tx_gso_frames"), _i == ANSWERS_WRITTEN ? 4 : 0);
	WAIT_FOR(stat_of(&g, "tx_to_tap") + stat_of(&g, "tx_drop_tap_down") ==
		 1 + stat_of(&g, "tx_gso_frames"));
	while (host_receive(&g, got, NULL, 0))
		;
	guest_exchange(&g, 0);
	host_send(&g, frame_make(g.mac, outside, 900, 3), 900, NULL);
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 900);
	ck_assert_int_eq(vif_broken(g.vif), NETIF_OK);
	ck_assert_uint_eq(g.q[0].tx.nfree, NETIF_TX_RING_SIZE);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

static void send_one(struct guest *g)
{
	ck_assert(guest_queue(g, 0, frame_make(outside, g->mac, 100, 1),
			      &(struct netif_meta){ .len = 100 }, NETIF_PAGE_SIZE, 0));
	front_queue_push_tx(&g->q[0]);
}

/*
 * No daemon is there, and the guest sets up its interface anew: the same pages, grants and channels,
 * as they are what is free. The answers that were about to be published are not to these requests.
 */
START_TEST(ring_made_anew)
{
	struct front_queue *q;
	struct dying d;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	q = &g.q[0];
	send_one(&g);
	front_queue_post(q);
	dying_open(&d, &g);
	dying_answers(&d);
	die(&d.tx, ANSWERS_IN_THE_RING);
	die(&d.rx, ANSWERS_IN_THE_RING);
	if (_i != 1)
		netif_front_tx_init(&q->tx, q->rings.addr);
	if (_i != 0)
		netif_front_rx_init(&q->rx, q->rings.addr + NETIF_PAGE_SIZE);
	if (_i != 1)
		send_one(&g);
	if (_i != 0)
		front_queue_post(q);
	guest_connect(&g);
	if (_i != 1) {
		ck_assert_uint_eq(guest_reap(&g, 0, 1), 0);
		WAIT_FOR(stat_of(&g, "tx_frames") == 1);
	}
	if (_i != 0)
		ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, 0), 0);
	guest_stop(&g);
	dying_close(&d);
	dataplane_stop();
}
END_TEST

/* A file of other rings, of another layout, too short, or in a folder that is not there. */
START_TEST(file_of_another)
{
	struct dying d;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	send_one(&g);
	dying_open(&d, &g);
	d.tx.rsp_prod++;
	die(&d.tx, ANSWERS_COMPLETE);
	if (_i == 0)
		d.file->key.rx_ref++;
	else if (_i == 4)
		d.file->key.mark[1]++;
	else if (_i == 1)
		d.file->magic++;
	else if (_i == 2)
		ck_assert_int_eq(ftruncate(d.fd, 10), 0);
	else if (_i == 3)
		ck_assert_int_eq(unlink_rings(&g), 0);
	guest_connect(&g);
	ck_assert_uint_eq(guest_reap(&g, 0, 1), 0);
	WAIT_FOR(stat_of(&g, "tx_frames") == 1);
	guest_stop(&g);
	dying_close(&d);
	if (_i == 3)
		ck_assert_int_eq(mkdir(plane_rings, 0700), 0);
	dataplane_stop();
}
END_TEST

/* The kernel's data plane goes on with the rings: it finds them as the killed daemon would have left them. */
START_TEST(settled_for_another_plane)
{
	const char *what = NULL;
	char path[96];
	struct dying d;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	g.unposted = true;
	ck_assert_int_eq(uvif_settle(g.vif, &g.c, &what), 0);
	ck_assert_ptr_null(what);
	send_one(&g);
	front_queue_post(&g.q[0]);
	dying_open(&d, &g);
	dying_answers(&d);
	die(&d.tx, ANSWERS_COMPLETE);
	die(&d.rx, ANSWERS_COMPLETE);
	ck_assert_int_eq(uvif_settle(g.vif, &g.c, &what), 0);
	ck_assert_uint_eq(d.tx.shared->rsp_prod, 1);
	ck_assert_uint_eq(d.rx.shared->rsp_prod, d.rx.rsp_prod);
	ck_assert(!journal_left(7, 0));
	g.c.queue[0].tx_ref = 1;
	dying_close(&d);
	dying_open(&d, &g);
	ck_assert_int_lt(uvif_settle(g.vif, &g.c, &what), 0);
	ck_assert_ptr_null(g.vif->xgt);
	guest_stop(&g);
	dying_close(&d);
	snprintf(path, sizeof(path), "%s/vif7.0-0", plane_rings);
	ck_assert_int_eq(unlink(path), 0);
	dataplane_stop();
}
END_TEST

/* What nobody will ask for goes at the next start; what is still to be published stays. */
START_TEST(files_are_swept)
{
	struct dying needed, old;
	struct guest g;
	char path[96];

	plane_start(1);
	guest_open(&g, 8, 1, NULL);
	dying_open(&old, &g);
	dying_close(&old);
	g.domid = 7;
	dying_open(&needed, &g);
	needed.rx.rsp_prod++;
	die(&needed.rx, ANSWERS_COMPLETE);
	dying_close(&needed);
	journal_stop();
	snprintf(path, sizeof(path), "%s.socket", plane_rings);
	journal_start(path);
	snprintf(path, sizeof(path), "%s/vif8.0-0", plane_rings);
	ck_assert_int_ne(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%s/vif7.0-0", plane_rings);
	ck_assert_int_eq(unlink(path), 0);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

void add_journal_case(Suite *s)
{
	TCase *c = plane_case("journal");

	tcase_add_loop_test(c, killed_while_answering, ANSWERS_WRITTEN, ANSWERS_PUBLISHED + 1);
	tcase_add_loop_test(c, ring_made_anew, 0, 3);
	tcase_add_loop_test(c, file_of_another, 0, 5);
	tcase_add_test(c, files_are_swept);
	tcase_add_test(c, settled_for_another_plane);
	suite_add_tcase(s, c);
}
