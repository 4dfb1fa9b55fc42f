/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_dataplane.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VNET_LEN 10 /* of a packet socket */

struct config_data plane_config;
bool guest_halves;
static struct config loaded;
static char folder[] = "/tmp/test_dataplane.XXXXXX";
char plane_rings[64];

/* --- the plane ---------------------------------------------------------------- */

static void journal_beside_folder(void)
{
	char socket[64];

	snprintf(socket, sizeof(socket), "%s/control", folder);
	journal_start(socket);
}

static void setup(void)
{
	int fd;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	/* Or the kernel would send its own multicasts to the guests. */
	fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);
	if (fd >= 0) {
		ck_assert_int_eq(write(fd, "1", 1), 1);
		close(fd);
	}
	ck_assert_int_eq(config_load(&loaded, "/nonexistent"), 0);
	plane_config = loaded.data;
	plane_config.worker_cpus.count = 0;
	plane_config.huge_pages = false;
	plane_config.switch_bridges.count = 1;
	plane_config.switch_bridges.items[0] = (char *)"br-test";
	guest_halves = false;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(plane_rings, sizeof(plane_rings), "%s/rings", folder);
	journal_beside_folder();
}

static void teardown(void)
{
	config_free(&loaded);
	journal_stop();
	/* Queues remove their own files, so it is empty. */
	ck_assert_int_eq(rmdir(plane_rings), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

TCase *plane_case(const char *name)
{
	TCase *c = test_xensim_case(name);

	tcase_add_checked_fixture(c, setup, teardown);
	return c;
}

void plane_start(unsigned int workers)
{
	as_domain(0);
	plane_config.workers = workers;
	ck_assert_int_eq(dataplane_start(&plane_config), 0);
}

/* --- a guest -------------------------------------------------------------------- */

void guest_open(struct guest *g, unsigned int domid, unsigned int nqueues, const char *bridge)
{
	struct vif_identity id = { .domid = (uint16_t)domid, .mac = { 2, 0, 0, 0, 0, (uint8_t)domid } };
	unsigned int i;

	memset(g, 0, sizeof(*g));
	g->domid = domid;
	g->nqueues = nqueues;
	memcpy(g->mac, id.mac, 6);
	as_domain(domid);
	g->xgs = xengntshr_open(NULL, 0);
	ck_assert_ptr_nonnull(g->xgs);
	g->c = (struct vif_connection){ .nqueues = nqueues, .sg = true, .gso4 = true, .gso6 = true,
					.csum4 = true, .csum6 = true, .half_pages = guest_halves,
					.rx_notify = true };
	for (i = 0; i < nqueues; i++) {
		g->q[i].index = i;
		g->q[i].halves = guest_halves;
		ck_assert_int_eq(front_queue_open(&g->q[i], g->xgs, 0, i % 2), 0);
		g->c.queue[i].tx_ref = g->q[i].rings.refs[0];
		g->c.queue[i].rx_ref = g->q[i].rings.refs[1];
		g->c.queue[i].tx_evtchn = g->q[i].tx_port;
		g->c.queue[i].rx_evtchn = g->q[i].rx_port;
	}
	as_domain(0);
	snprintf(id.name, sizeof(id.name), "vif%u.0", domid);
	if (bridge)
		snprintf(id.bridge, sizeof(id.bridge), "%s", bridge);
	ck_assert_int_eq(vif_create(&id, &g->vif), 0);
}

static int open_host(const struct guest *g)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = g->vif->tap.ifindex };
	int one = 1, size = 8 << 20, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	return fd;
}

void guest_switch(struct guest *g)
{
	atomic_store(&g->vif->tap_csum, true);
	atomic_store(&g->vif->tap_tso, true);
	atomic_store(&g->vif->direct_max, FRAME_MAX);
	bridge_place(g->vif->bridge, g->mac, g->vif);
}

void guest_connect(struct guest *g)
{
	const char *what = "?";
	unsigned int i;
	int rc = vif_connect(g->vif, &g->c, &what);

	ck_assert_msg(!rc, "vif_connect: %d, %s", rc, what);
	ck_assert_int_eq(tap_set_up(&g->vif->tap, true), 0);
	if (g->vif->bridge)
		guest_switch(g);
	g->host = open_host(g);
	for (i = 0; i < g->nqueues && !g->unposted; i++)
		front_queue_post(&g->q[i]);
}

void guest_start(struct guest *g, unsigned int domid, unsigned int nqueues, const char *bridge)
{
	guest_open(g, domid, nqueues, bridge);
	guest_connect(g);
}

void guest_stop(struct guest *g)
{
	unsigned int i;

	vif_destroy(g->vif);
	for (i = 0; i < g->nqueues; i++)
		front_queue_close(&g->q[i], g->xgs);
	xengntshr_close(g->xgs);
	if (g->host)
		close(g->host);
}

/* --- frames ------------------------------------------------------------------------ */

uint8_t *frame_make(const uint8_t *dst, const uint8_t *src, unsigned int len, unsigned int seed)
{
	static uint8_t frame[FRAME_MAX + 1];
	unsigned int i;

	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	frame[12] = TEST_ETHERTYPE >> 8;
	frame[13] = TEST_ETHERTYPE & 0xff;
	for (i = 14; i < len; i++)
		frame[i] = (uint8_t)((seed + i) * 2654435761u >> 13);
	return frame;
}

uint8_t *frame_make_tcp(const uint8_t *dst, const uint8_t *src, unsigned int len)
{
	static const uint8_t head[40] = {
		0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0,
	};
	uint8_t *frame = frame_make(dst, src, len, len);
	uint32_t sum = 0;
	unsigned int i;

	frame[12] = 8;
	frame[13] = 0;
	memcpy(frame + 14, head, sizeof(head));
	frame[16] = (uint8_t)((len - 14) >> 8);
	frame[17] = (uint8_t)(len - 14);
	for (i = 14; i < 34; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	frame[24] = (uint8_t)(~sum >> 8);
	frame[25] = (uint8_t)~sum;
	return frame;
}

/* --- guest's ends ------------------------------------------------------------------- */

bool guest_queue(struct guest *g, unsigned int queue, const uint8_t *frame,
		 const struct netif_meta *m, unsigned int piece, unsigned int offset)
{
	struct front_queue *q = &g->q[queue];
	struct netif_front_seg segs[NETIF_TX_RING_SIZE];
	unsigned int at = 0, n = 0, need = (m->len + piece - 1) / piece + 1;

	if (netif_front_tx_room(&q->tx) < need)
		return false;
	for (; at < m->len; at += segs[n++].size) {
		uint16_t id;

		ck_assert(netif_front_tx_ids(&q->tx, &id, 1));
		segs[n].id = id;
		segs[n].gref = q->tx_pages.refs[id];
		segs[n].offset = (uint16_t)offset;
		segs[n].size = (uint16_t)(m->len - at < piece ? m->len - at : piece);
		memcpy(front_queue_tx_page(q, id) + offset, frame + at, segs[n].size);
	}
	netif_front_tx_send(&q->tx, m, segs, n);
	return true;
}

void guest_send(struct guest *g, unsigned int queue, const uint8_t *frame, unsigned int len)
{
	struct netif_meta m = { .len = len };

	ck_assert(guest_queue(g, queue, frame, &m, NETIF_PAGE_SIZE, 0));
	front_queue_push_tx(&g->q[queue]);
}

unsigned int guest_reap(struct guest *g, unsigned int queue, unsigned int n)
{
	struct netif_front_tx *tx = &g->q[queue].tx;
	uint16_t done[NETIF_TX_RING_SIZE];
	unsigned int had = 0, bad = 0;
	int got;

	while (had < n) {
		WAIT_FOR(netif_front_pending(&tx->ring));
		got = netif_front_tx_reap(tx, done, NETIF_TX_RING_SIZE, &bad, &g->q[queue].errors);
		ck_assert_int_ge(got, 0);
		had += (unsigned int)got;
	}
	ck_assert_uint_eq(had, n);
	return bad;
}

unsigned int guest_receive(struct guest *g, unsigned int queue, uint8_t *to, struct netif_meta *m,
			   int ms)
{
	static struct netif_front_burst b;
	struct front_queue *q = &g->q[queue];
	uint64_t end = clock_ns() + (uint64_t)ms * 1000000;
	unsigned int i, at = 0;

	while (!netif_front_pending(&q->rx.ring) && clock_ns() < end)
		poll(NULL, 0, 1);
	ck_assert_int_eq(netif_front_rx_take(&q->rx, &b, 1, &q->errors), NETIF_OK);
	if (!b.nframes)
		return 0;
	for (i = 0; i < b.frames[0].nparts; i++) {
		memcpy(to + at, front_queue_rx_page(q, b.parts[i].id) + b.parts[i].offset,
		       b.parts[i].size);
		at += b.parts[i].size;
	}
	if (m)
		*m = b.frames[0].meta;
	ck_assert_uint_eq(at, b.frames[0].error ? 0 : b.frames[0].meta.len);
	front_queue_post(q);
	return at;
}

void guest_post(struct guest *g, unsigned int queue, unsigned int n)
{
	struct front_queue *q = &g->q[queue];

	while (n--)
		netif_front_rx_post(&q->rx, q->rx_pages.refs[netif_front_rx_next(&q->rx)],
				    NETIF_RX_WHOLE);
	front_queue_push_rx(q);
}

int guest_map(struct guest *g, unsigned int queue, bool tx, bool rx)
{
	struct netif_gref list[2 * FRONT_PAGES];
	const struct front_queue *q = &g->q[queue];
	unsigned int i, n = 0;

	for (i = 0; tx && i < FRONT_PAGES; i++)
		list[n++] = (struct netif_gref){ q->tx_pages.refs[i], NETIF_GREF_READONLY, 0 };
	for (i = 0; rx && i < q->rx_pages.count; i++)
		list[n++] = (struct netif_gref){ q->rx_pages.refs[i], 0, 0 };
	return guest_add(g, queue, list, n);
}

static int wait_for_change(struct guest *g, int rc)
{
	if (rc == -EINPROGRESS)
		WAIT_FOR((rc = vif_gref_poll(g->vif)) != -EINPROGRESS);
	return rc;
}

int guest_add(struct guest *g, unsigned int queue, const struct netif_gref *list, unsigned int n)
{
	return wait_for_change(g, vif_gref_add(g->vif, queue, list, n));
}

unsigned int guest_del(struct guest *g, unsigned int queue, struct netif_gref *list, unsigned int n)
{
	unsigned int done;

	ck_assert_int_eq(wait_for_change(g, vif_gref_del(g->vif, queue, list, n, &done)), 0);
	return done;
}

/* --- the host ------------------------------------------------------------------------- */

void host_send(struct guest *g, const uint8_t *frame, unsigned int len, const struct netif_vnet *v)
{
	static const struct netif_vnet plain;
	struct iovec iov[2] = { { (void *)(uintptr_t)(v ? v : &plain), VNET_LEN },
				{ (void *)(uintptr_t)frame, len } };

	ck_assert_int_eq(writev(g->host, iov, 2), (ssize_t)len + VNET_LEN);
}

unsigned int host_receive(struct guest *g, uint8_t *to, struct netif_vnet *v, int ms)
{
	struct netif_vnet vnet;
	struct iovec iov[2] = { { v ? v : &vnet, VNET_LEN }, { to, FRAME_MAX } };
	ssize_t n;

	while (readable(g->host, ms)) {
		n = readv(g->host, iov, 2) - VNET_LEN;
		if (n >= 14 && ((to[12] == TEST_ETHERTYPE >> 8 && to[13] == (TEST_ETHERTYPE & 0xff)) ||
				(to[12] == 8 && !to[13])))
			return (unsigned int)n;
	}
	return 0;
}

/* --- counters ------------------------------------------------------------------------- */

static uint64_t sum_of(struct guest *g, const char *object, const char *name)
{
	json_t *json = vif_json(g->vif), *part = json_object_get(json, "past");
	uint64_t n = 0;
	size_t i = 0;

	do {
		json_t *from = object ? json_object_get(part, object) : part;

		n += (uint64_t)json_integer_value(json_object_get(from, name));
	} while ((part = json_array_get(json_object_get(json, "queues"), i++)));
	json_decref(json);
	return n;
}

uint64_t stat_of(struct guest *g, const char *name)
{
	return sum_of(g, NULL, name);
}

uint64_t error_of(struct guest *g, const char *name)
{
	return sum_of(g, "errors", name);
}

void guest_exchange(struct guest *g, unsigned int queue)
{
	static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
	static uint8_t got[FRAME_MAX + 1];
	const uint8_t *sent = frame_make(outside, g->mac, 700, queue);

	guest_send(g, queue, sent, 700);
	ck_assert_uint_eq(guest_reap(g, queue, 1), 0);
	ck_assert_uint_eq(host_receive(g, got, NULL, PATIENCE_MS), 700);
	ck_assert_mem_eq(got, sent, 700);
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("dataplane");

	if (geteuid() || access("/dev/net/tun", R_OK | W_OK))
		return 77;
	add_path_case(s);
	add_uplink_case(s);
	add_receive_case(s);
	add_switch_case(s);
	add_turn_case(s);
	add_gref_case(s);
	add_headroom_case(s);
	add_forward_case(s);
	add_hostile_case(s);
	add_journal_case(s);
	add_life_case(s);
	test_xensim_main(s, argc, argv);
}
