/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in switch's table, and what it hears from a bridge of the kernel's. */
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "netback-ng/vif/links.h"
#include "tests/unit/test_dataplane.h"

static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t somebody[6] = { 2, 0, 0, 0, 1, 1 };
static struct guest a, b;

static void start_two(void)
{
	plane_start(1);
	guest_start(&a, 7, 1, "br-test");
	guest_start(&b, 8, 1, "br-test");
}

static void stop_two(void)
{
	guest_stop(&a);
	guest_stop(&b);
	dataplane_stop();
}

static struct vif *routed(struct guest *from, const uint8_t *src, const uint8_t *dst)
{
	return bridge_route(from->vif, frame_make(dst, src, 60, 0));
}

START_TEST(only_known_addresses)
{
	struct bridge *br;

	start_two();
	br = a.vif->bridge;
	ck_assert_ptr_eq(routed(&a, a.mac, b.mac), b.vif);
	ck_assert_ptr_null(routed(&a, a.mac, a.mac));
	ck_assert_ptr_null(routed(&a, a.mac, everyone));
	ck_assert_ptr_null(routed(&a, a.mac, somebody));
	/* The bridge is to learn it first, ... */
	ck_assert_ptr_null(routed(&a, somebody, b.mac));
	bridge_place(br, somebody, a.vif);
	ck_assert_ptr_eq(routed(&a, somebody, b.mac), b.vif);
	ck_assert_ptr_eq(routed(&b, b.mac, somebody), a.vif);
	/* ... and may move it, ... */
	bridge_place(br, somebody, b.vif);
	ck_assert_ptr_null(routed(&a, somebody, b.mac));
	ck_assert_ptr_eq(routed(&a, a.mac, somebody), b.vif);
	bridge_place(br, somebody, NULL);
	ck_assert_ptr_null(routed(&a, a.mac, somebody));
	/* ... or forget it. */
	bridge_place(br, somebody, b.vif);
	bridge_unplace(br, somebody);
	ck_assert_ptr_null(routed(&a, a.mac, somebody));
	bridge_place(br, somebody, b.vif);
	bridge_unplace_all(br);
	ck_assert_ptr_null(routed(&a, a.mac, somebody));
	ck_assert_ptr_eq(routed(&a, a.mac, b.mac), b.vif);
	ck_assert_uint_eq(a.vif->learned + b.vif->learned, 0);
	stop_two();
}
END_TEST

START_TEST(own_address)
{
	struct bridge *br;

	start_two();
	br = a.vif->bridge;
	/* Aged: frames to it still go, those from it pass the bridge until it has it again. */
	bridge_unplace(br, b.mac);
	ck_assert_ptr_eq(routed(&a, a.mac, b.mac), b.vif);
	ck_assert_ptr_null(routed(&b, b.mac, a.mac));
	bridge_place(br, b.mac, b.vif);
	ck_assert_ptr_eq(routed(&b, b.mac, a.mac), a.vif);
	/* Another guest's frames do not take it away. */
	bridge_place(br, b.mac, a.vif);
	ck_assert_ptr_eq(routed(&a, a.mac, b.mac), b.vif);
	ck_assert_ptr_null(routed(&a, b.mac, b.mac));
	ck_assert_ptr_null(routed(&b, b.mac, a.mac));
	/* Elsewhere, as that of a guest on a VF: the bridge knows where. */
	bridge_place(br, b.mac, NULL);
	ck_assert_ptr_null(routed(&a, a.mac, b.mac));
	bridge_unplace_all(br);
	ck_assert_ptr_null(routed(&a, a.mac, b.mac));
	bridge_unplace(br, b.mac);
	ck_assert_ptr_eq(routed(&a, a.mac, b.mac), b.vif);
	vif_disconnect(b.vif);
	ck_assert_ptr_null(routed(&a, a.mac, b.mac));
	stop_two();
}
END_TEST

/* Neither can a guest that has ever new addresses, nor one that comes and goes. */
START_TEST(nobody_fills_the_table)
{
	uint8_t mac[6] = { 2, 0, 0, 1, 0, 0 };
	unsigned int i, known = 0;
	const char *what;

	start_two();
	for (i = 0; i < 3000; i++) {
		mac[4] = (uint8_t)(i >> 8);
		mac[5] = (uint8_t)i;
		bridge_place(a.vif->bridge, mac, b.vif);
		known += routed(&a, a.mac, mac) == b.vif;
		if (i % 30 == 29) {
			vif_disconnect(b.vif);
			ck_assert_ptr_null(routed(&a, a.mac, mac));
			ck_assert_int_eq(vif_connect(b.vif, &b.c, &what), 0);
		}
	}
	ck_assert_uint_eq(known, 3000);
	for (i = 0; i < 100; i++) {
		mac[3] = 2;
		mac[5] = (uint8_t)i;
		bridge_place(a.vif->bridge, mac, b.vif);
	}
	ck_assert_uint_eq(b.vif->learned, 32);
	ck_assert_ptr_null(routed(&a, a.mac, mac));
	ck_assert_ptr_eq(routed(&a, a.mac, b.mac), b.vif);
	stop_two();
}
END_TEST

START_TEST(longer_than_the_mtu)
{
	struct netif_meta m = { .len = 1514 }, gso = {
		.len = 9000, .gso_type = 1, .gso_size = 1448, .csum = NETIF_CSUM_BLANK,
	};

	start_two();
	atomic_store(&b.vif->direct_max, 1514);
	ck_assert(queue_rx_accepts(b.vif->queues[0], &m));
	ck_assert(queue_rx_accepts(b.vif->queues[0], &gso));
	m.len++;
	ck_assert(!queue_rx_accepts(b.vif->queues[0], &m));
	atomic_store(&b.vif->tap_tso, false);
	ck_assert(!queue_rx_accepts(b.vif->queues[0], &gso));
	gso = (struct netif_meta){ .len = 1000, .csum = NETIF_CSUM_BLANK };
	ck_assert(queue_rx_accepts(b.vif->queues[0], &gso));
	atomic_store(&b.vif->tap_csum, false);
	ck_assert(!queue_rx_accepts(b.vif->queues[0], &gso));
	gso.csum = NETIF_CSUM_VALID;
	ck_assert(queue_rx_accepts(b.vif->queues[0], &gso));
	atomic_store(&b.vif->direct_max, 0);
	ck_assert(!queue_rx_accepts(b.vif->queues[0], &gso));
	ck_assert_ptr_null(routed(&b, b.mac, a.mac));
	stop_two();
}
END_TEST

/* --- with a bridge of the kernel's ------------------------------------------------- */

static int control(unsigned long request, const void *arg)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = ioctl(fd, request, arg) ? -errno : 0;

	close(fd);
	return rc;
}

static int port_add(struct guest *g, bool on)
{
	struct ifreq ifr = { .ifr_ifindex = g->vif->tap.ifindex };

	strcpy(ifr.ifr_name, "br-test");
	return control(on ? SIOCBRADDIF : SIOCBRDELIF, &ifr);
}

/* False where this kernel has no bridge. */
static bool bridge_make(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };

	strcpy(ifr.ifr_name, "br-test");
	if (control(SIOCBRADDBR, "br-test"))
		return false;
	ck_assert_int_eq(control(SIOCSIFFLAGS, &ifr), 0);
	return true;
}

static bool is(struct guest *g, enum brport_why why)
{
	links_turn();
	return g->vif->why == why;
}

static bool heard(const char *stat, uint64_t before)
{
	links_turn();
	guest_send(&a, 0, frame_make(b.mac, a.mac, 60, 0), 60);
	guest_reap(&a, 0, 1);
	return stat_of(&a, stat) > before;
}

static bool sends(const char *stat)
{
	uint64_t before = stat_of(&a, stat);

	WAIT_FOR(heard(stat, before));
	return true;
}

/* The forwarding delay of a bridge that nobody asked to have none is 15 seconds. */
static void no_delay(void)
{
	unsigned long args[4] = { 8 /* BRCTL_SET_BRIDGE_FORWARD_DELAY */, 0, 0, 0 };
	struct ifreq ifr = { .ifr_data = (void *)args };

	strcpy(ifr.ifr_name, "br-test");
	ck_assert_int_eq(control(SIOCDEVPRIVATE, &ifr), 0);
}

static bool start_bridged(void)
{
	if (!bridge_make())
		return false;
	no_delay();
	start_two();
	ck_assert_int_eq(port_add(&a, true), 0);
	ck_assert_int_eq(port_add(&b, true), 0);
	WAIT_FOR(is(&a, BRPORT_DIRECT) && is(&b, BRPORT_DIRECT));
	return true;
}

START_TEST(follows_the_bridge)
{
	struct config_data config = plane_config;

	if (!start_bridged())
		return;
	ck_assert(sends("tx_to_vif"));
	ck_assert_int_eq(port_add(&b, false), 0);
	WAIT_FOR(is(&b, BRPORT_NO_BRIDGE));
	ck_assert(sends("tx_to_tap"));
	ck_assert_int_eq(port_add(&b, true), 0);
	WAIT_FOR(is(&b, BRPORT_DIRECT));
	ck_assert(sends("tx_to_vif"));
	/* Out of the list and into it, while they are connected. */
	config.switch_bridges.count = 0;
	dataplane_reload(&config);
	ck_assert(is(&a, BRPORT_OFF) && is(&b, BRPORT_OFF));
	ck_assert(sends("tx_to_tap"));
	dataplane_reload(&plane_config);
	ck_assert_int_eq(a.vif->why, BRPORT_UNHEARD);
	WAIT_FOR(is(&a, BRPORT_DIRECT) && is(&b, BRPORT_DIRECT));
	ck_assert(sends("tx_to_vif"));
	stop_two();
}
END_TEST

/* More is said than was heard: off the switch until all is known again. */
START_TEST(too_much_to_hear)
{
	unsigned int i;

	if (!start_bridged())
		return;
	for (i = 0; i < 20000; i++)
		ck_assert_int_eq(tap_set_mtu(&b.vif->tap, 1400 + i % 2), 0);
	WAIT_FOR(is(&a, BRPORT_UNHEARD));
	WAIT_FOR(is(&a, BRPORT_DIRECT) && is(&b, BRPORT_DIRECT));
	ck_assert_uint_eq(b.vif->direct_max, 1401 + 18);
	ck_assert(sends("tx_to_vif"));
	stop_two();
}
END_TEST

void add_switch_case(Suite *s)
{
	TCase *c = plane_case("switch");

	tcase_add_test(c, only_known_addresses);
	tcase_add_test(c, own_address);
	tcase_add_test(c, nobody_fills_the_table);
	tcase_add_test(c, longer_than_the_mtu);
	tcase_add_test(c, follows_the_bridge);
	tcase_add_test(c, too_much_to_hear);
	suite_add_tcase(s, c);
}
