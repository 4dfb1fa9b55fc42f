/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Uplinks: descriptors as vhost-net reads them (the test plays it), responses that wait for
 * an uplink, and what happens where there is no vhost-net.
 */
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "netback-ng/vif/uplink.h"
#include "netback-ng/uplink/virtq.h"
#include "tests/unit/test_dataplane.h"

#define SIZE 8u

static struct virtq vq;
static uint16_t device; /* chains that the device has used */

static void ring_new(void)
{
	void *mem = aligned_alloc(16, virtq_bytes(SIZE));

	ck_assert_ptr_nonnull(mem);
	memset(mem, 0, virtq_bytes(SIZE));
	virtq_init(&vq, mem, SIZE);
	device = 0;
}

static void ring_free(void)
{
	free(vq.desc);
}

/* The device's next chain: its pieces, their count and whether it may write. */
static unsigned int device_chain(struct iovec *iov, uint16_t *head, bool *writable)
{
	unsigned int n = 0;
	uint16_t i = *head = vq.avail->ring[device % SIZE];

	for (;; i = vq.desc[i].next) {
		ck_assert_uint_lt(i, SIZE);
		ck_assert_uint_lt(n, SIZE);
		iov[n].iov_base = (void *)(uintptr_t)vq.desc[i].addr;
		iov[n++].iov_len = vq.desc[i].len;
		*writable = vq.desc[i].flags & VRING_DESC_F_WRITE;
		if (!(vq.desc[i].flags & VRING_DESC_F_NEXT))
			return n;
	}
}

static void device_use(uint16_t head, uint32_t len)
{
	vq.used->ring[device % SIZE] = (struct vring_used_elem){ .id = head, .len = len };
	vq.used->idx = ++device;
}

/* Chains of every length, round the ring several times. */
START_TEST(chains_are_what_was_added)
{
	struct iovec in[SIZE], out[SIZE];
	uint32_t id, turn;
	unsigned int i, n;
	uint16_t head;
	bool writable;

	ring_new();
	for (turn = 0; turn < 100000; turn++) {
		n = turn % SIZE + 1;
		for (i = 0; i < n; i++)
			in[i] = (struct iovec){ (void *)(uintptr_t)(turn * 4096ul + i), turn % 1000 + i };
		virtq_add(&vq, in, n, turn & 1);
		ck_assert_uint_eq(vq.avail->idx, (uint16_t)turn);
		virtq_publish(&vq);
		ck_assert_uint_eq(vq.avail->idx, (uint16_t)(turn + 1));
		ck_assert_uint_eq(device_chain(out, &head, &writable), n);
		ck_assert_mem_eq(out, in, n * sizeof(in[0]));
		ck_assert_int_eq(writable, turn & 1);
		ck_assert_uint_eq(virtq_used(&vq), 0);
		device_use(head, turn);
		ck_assert_uint_eq(virtq_used(&vq), 1);
		ck_assert_uint_eq(virtq_peek(&vq, 0, &id), turn);
		ck_assert_uint_eq(id, head);
		virtq_take(&vq, 1);
	}
	ring_free();
}
END_TEST

START_TEST(kicks_only_a_device_that_sleeps)
{
	struct iovec iov = { &vq, 1 };
	uint16_t *event;

	ring_new();
	event = (uint16_t *)(void *)&vq.used->ring[SIZE];
	ck_assert(!virtq_publish(&vq)); /* nothing added */
	virtq_add(&vq, &iov, 1, false);
	ck_assert(virtq_publish(&vq)); /* it sleeps since 0 */
	virtq_add(&vq, &iov, 1, false);
	ck_assert(!virtq_publish(&vq)); /* it is at work: its event index is behind */
	*event = 2;
	virtq_add(&vq, &iov, 1, false);
	virtq_add(&vq, &iov, 1, false);
	ck_assert(virtq_publish(&vq));
	ck_assert(!virtq_publish(&vq));
	ring_free();
}
END_TEST

/* As vhost-net decides it. */
static bool device_calls(uint16_t old)
{
	return vring_need_event(vq.avail->ring[SIZE], vq.used->idx, old);
}

START_TEST(calls_when_wanted)
{
	struct iovec iov = { &vq, 1 };
	unsigned int i;

	ring_new();
	for (i = 0; i < 6; i++)
		virtq_add(&vq, &iov, 1, false);
	virtq_publish(&vq);
	device_use(0, 0);
	ck_assert(!device_calls(0)); /* nobody asked yet */
	ck_assert(virtq_want(&vq, 1)); /* there is one already */
	virtq_take(&vq, 1);
	ck_assert(!virtq_want(&vq, 3));
	device_use(1, 0);
	ck_assert(!device_calls(1));
	device_use(2, 0);
	ck_assert(!device_calls(2));
	device_use(3, 0);
	ck_assert(device_calls(3));
	virtq_take(&vq, 3);
	virtq_mute(&vq);
	device_use(4, 0);
	ck_assert(!device_calls(4));
	/* What a device that was detached will never use. */
	ck_assert_uint_eq(virtq_cancel(&vq), 6);
	ck_assert_uint_eq(virtq_used(&vq), 2);
	ring_free();
}
END_TEST

/* --- responses that wait ---------------------------------------------------------- */

static struct queue q;
static uint8_t ring_page[4096] __attribute__((aligned(4096)));

static void late_new(void)
{
	memset(&q, 0, sizeof(q));
	memset(ring_page, 0, sizeof(ring_page));
	q.late = queue_late_new();
	ck_assert_ptr_nonnull(q.late);
	netif_back_init(&q.tx, (void *)ring_page, NETIF_TX_RING_SIZE);
	netif_store(&q.tx.shared->rsp_event, 0x80000000u); /* nobody wants an event */
}

static void burst(uint16_t first_id, unsigned int n, bool held, u32 settled)
{
	struct netif_back_ring *ring = queue_late_ring(&q, held);
	unsigned int i;

	for (i = 0; i < n; i++)
		NETIF_SLOT(union netif_tx_slot, ring, ring->rsp_prod++)->rsp =
			(struct netif_tx_rsp){ (u16)(first_id + i), NETIF_RSP_OKAY };
	if (ring == &q.tx)
		netif_back_push(&q.tx);
	else
		queue_late_hold(&q, settled);
}

static void answered(unsigned int n)
{
	unsigned int i;

	queue_late_flush(&q);
	ck_assert_uint_eq(q.tx.shared->rsp_prod, n);
	for (i = n > NETIF_TX_RING_SIZE ? n - NETIF_TX_RING_SIZE : 0; i < n; i++)
		ck_assert_uint_eq(NETIF_SLOT(union netif_tx_slot, &q.tx, i)->rsp.id, (u16)i);
}

START_TEST(responses_keep_their_order)
{
	late_new();
	burst(0, 3, false, 0);
	answered(3); /* nothing waits: at once */
	burst(3, 2, true, 2);
	burst(5, 1, false, 0); /* behind one that waits, though it need not itself */
	burst(6, 4, true, 6);
	burst(10, 0, true, 6); /* answers nothing */
	ck_assert(queue_late_waits(&q));
	answered(3);
	q.settled = 1;
	answered(3);
	q.settled = 2;
	answered(6);
	q.settled = 6;
	answered(10);
	ck_assert(!queue_late_waits(&q));
	burst(10, 1, false, 0);
	answered(11);
	free(q.late);
}
END_TEST

START_TEST(responses_wait_round_the_ring)
{
	unsigned int i, id = 0;

	late_new();
	q.settled = UINT32_MAX - 1000; /* it wraps */
	for (i = 0; i < 3000; i++, id += 200) {
		u32 held = q.settled + 1;

		burst((u16)id, 100, true, held);
		burst((u16)(id + 100), 100, false, q.settled);
		queue_late_flush(&q);
		ck_assert_uint_eq(q.tx.shared->rsp_prod, id);
		q.settled = held;
		answered(id + 200);
	}
	/* Bursts without answers, more than there is room for. */
	burst((u16)id, 1, true, q.settled + 1);
	for (i = 0; i < 1000; i++)
		burst(0, 0, true, q.settled + 1);
	q.settled++;
	answered(id + 1);
	free(q.late);
}
END_TEST

/* --- without vhost-net -------------------------------------------------------------- */

static char said[8192];

static void read_log(int fd)
{
	ssize_t n;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	n = read(fd, said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
}

/* Vifs use io_uring, and the log says so once.  Not tried where the machine has vhost-net. */
START_TEST(without_vhost_net)
{
	static const enum config_uplink uplinks[] = { CONFIG_UPLINK_AUTO, CONFIG_UPLINK_VHOST, CONFIG_UPLINK_SPLIT };
	static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
	static uint8_t got[FRAME_MAX + 1];
	int saved = dup(2), log = memfd_create("log", MFD_CLOEXEC);
	struct guest a, b;
	const char *line;

	if (!access("/dev/vhost-net", F_OK))
		return;
	plane_config.uplink = uplinks[_i];
	plane_start(1);
	dup2(log, 2);
	guest_start(&a, 7, 2, NULL);
	guest_start(&b, 8, 1, NULL);
	dup2(saved, 2);
	read_log(log);
	line = strstr(said, "/dev/vhost-net cannot be used: No such file or directory");
	ck_assert_msg(line != NULL, "%s", said);
	ck_assert_msg(strstr(said, "modprobe vhost_net") && strstr(said, "io_uring"), "%s", said);
	ck_assert_msg(!strstr(line + 1, "/dev/vhost-net cannot"), "said twice: %s", said);
	ck_assert_str_eq(a.vif->queues[1]->uplink->name, "io_uring");
	guest_send(&a, 0, frame_make(outside, a.mac, 100, 1), 100);
	ck_assert_uint_eq(host_receive(&a, got, NULL, PATIENCE_MS), 100);
	guest_stop(&a);
	guest_stop(&b);
	dataplane_stop();
	close(saved);
	close(log);
}
END_TEST

/* --- an old kernel's TAP --------------------------------------------------------- */

/*
 * A raw terminal in place of the guest's TAP: it refuses RWF_NOWAIT, as TAPs do before Linux 6.4.
 * The TAP stays open: the worker may still wait for a frame on it.
 */
static int tap_replace(struct guest *g, int *tap)
{
	struct termios raw = { 0 };
	int host, terminal;

	*tap = dup(g->vif->tap.fds[0]);
	cfmakeraw(&raw);
	ck_assert_int_eq(openpty(&host, &terminal, NULL, &raw, NULL), 0);
	ck_assert_int_eq(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(terminal, g->vif->tap.fds[0]), g->vif->tap.fds[0]);
	close(terminal);
	return host;
}

START_TEST(reads_a_tap_that_refuses_nowait)
{
	static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
	static uint8_t packed[TAP_VNET_LEN + 200], got[FRAME_MAX + 1];
	struct guest g;
	const uint8_t *sent;
	unsigned int i;
	int host, tap;

	plane_config.uplink = CONFIG_UPLINK_IO_URING;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	host = tap_replace(&g, &tap);
	sent = frame_make(g.mac, outside, sizeof(packed) - TAP_VNET_LEN, 1);
	memcpy(packed + TAP_VNET_LEN, sent, sizeof(packed) - TAP_VNET_LEN);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(write(host, packed, sizeof(packed)), sizeof(packed));
		if (i == 0)
			host_send(&g, sent, 60, NULL);
		ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), sizeof(packed) - TAP_VNET_LEN);
		ck_assert_mem_eq(got, packed + TAP_VNET_LEN, sizeof(packed) - TAP_VNET_LEN);
	}
	ck_assert_uint_eq(stat_of(&g, "tap_read_errors"), 0);
	guest_stop(&g);
	dataplane_stop();
	close(host);
	close(tap);
}
END_TEST

void add_uplink_case(Suite *s)
{
	TCase *pure = tcase_create("uplink"), *c = plane_case("uplink-fallback");

	tcase_add_test(pure, chains_are_what_was_added);
	tcase_add_test(pure, kicks_only_a_device_that_sleeps);
	tcase_add_test(pure, calls_when_wanted);
	tcase_add_test(pure, responses_keep_their_order);
	tcase_add_test(pure, responses_wait_round_the_ring);
	tcase_add_loop_test(c, without_vhost_net, 0, 3);
	tcase_add_test(c, reads_a_tap_that_refuses_nowait);
	suite_add_tcase(s, pure);
	suite_add_tcase(s, c);
}
