/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static grants: what may be added and taken away, and that nothing stays behind. */
#include <errno.h>
#include <string.h>

#include "tests/unit/test_dataplane.h"

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static uint8_t got[FRAME_MAX + 1];

static struct netif_gref rx_gref(const struct guest *g, unsigned int i)
{
	return (struct netif_gref){ g->q[0].rx_pages.refs[i], 0, 0 };
}

static struct netif_gref tx_gref(const struct guest *g, unsigned int i)
{
	return (struct netif_gref){ g->q[0].tx_pages.refs[i], NETIF_GREF_READONLY, 0 };
}

static unsigned int entries(struct guest *g)
{
	return NETIF_GREF_MAP_MAX - vif_gref_room(g->vif, 0);
}

static void start(struct guest *g)
{
	plane_start(1);
	guest_start(g, 7, 1, NULL);
	ck_assert_uint_eq(entries(g), 0);
}

static void stop(struct guest *g)
{
	guest_stop(g);
	dataplane_stop();
}

START_TEST(all_or_nothing)
{
	struct netif_gref list[8];
	struct guest g;
	unsigned int i, bad;

	start(&g);
	for (bad = 0; bad < 8; bad++) {
		for (i = 0; i < 8; i++)
			list[i] = i % 2 ? rx_gref(&g, i) : tx_gref(&g, i);
		list[bad].ref = 60000;
		ck_assert_int_eq(guest_add(&g, 0, list, 8), -ENXIO);
		ck_assert_uint_eq(entries(&g), 0);
	}
	/* Writable is more than this page grants. */
	list[0] = (struct netif_gref){ g.q[0].tx_pages.refs[0], 0, 0 };
	ck_assert_int_eq(guest_add(&g, 0, list, 1), -ENXIO);
	stop(&g);
}
END_TEST

START_TEST(duplicates)
{
	struct netif_gref list[4];
	struct guest g;

	start(&g);
	list[0] = rx_gref(&g, 0);
	list[1] = list[2] = rx_gref(&g, 1);
	ck_assert_int_eq(guest_add(&g, 0, list, 3), -EEXIST);
	ck_assert_uint_eq(entries(&g), 0);
	/* The second time read-only: another map of the same page, but the same entry. */
	list[2].flags = NETIF_GREF_READONLY;
	ck_assert_int_eq(guest_add(&g, 0, list, 3), -EEXIST);
	ck_assert_uint_eq(entries(&g), 0);
	ck_assert_int_eq(guest_add(&g, 0, list, 2), 0);
	list[2] = rx_gref(&g, 2);
	ck_assert_int_eq(guest_add(&g, 0, list + 1, 2), -EEXIST);
	ck_assert_uint_eq(entries(&g), 2);
	stop(&g);
}
END_TEST

START_TEST(bad_requests)
{
	struct netif_gref list[NETIF_GREF_MAP_MAX + 1] = { { 0 } };
	struct guest g;

	start(&g);
	list[0] = rx_gref(&g, 0);
	ck_assert_int_eq(guest_add(&g, 1, list, 1), -EINVAL);
	ck_assert_int_eq(guest_add(&g, VIF_QUEUES_MAX, list, 1), -EINVAL);
	ck_assert_int_eq(guest_add(&g, 0, list, 0), -EINVAL);
	ck_assert_int_eq(guest_add(&g, 0, list, NETIF_GREF_MAP_MAX + 1), -ENOSPC);
	ck_assert_uint_eq(guest_del(&g, 1, list, 1), 0);
	ck_assert_uint_eq(list[0].status, NETIF_CTRL_STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(vif_gref_room(g.vif, 1), 0);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	ck_assert_uint_eq(vif_gref_room(g.vif, 0), 512);
	ck_assert_int_eq(guest_add(&g, 0, list, 513), -ENOSPC);
	stop(&g);
}
END_TEST

static void exchange(struct guest *g)
{
	const uint8_t *sent = frame_make(outside, g->mac, 1000, 1);
	unsigned int i;

	for (i = 0; i < 300; i++) {
		sent = frame_make(outside, g->mac, 1000, i);
		guest_send(g, 0, sent, 1000);
		ck_assert_uint_eq(guest_reap(g, 0, 1), 0);
		ck_assert_uint_eq(host_receive(g, got, NULL, PATIENCE_MS), 1000);
		ck_assert_mem_eq(got, sent, 1000);
		sent = frame_make(g->mac, outside, 1000, i + 7);
		host_send(g, sent, 1000, NULL);
		ck_assert_uint_eq(guest_receive(g, 0, got, NULL, PATIENCE_MS), 1000);
		ck_assert_mem_eq(got, sent, 1000);
	}
}

/* What is taken away may be revoked; what stays goes on. */
START_TEST(partial_del)
{
	struct netif_gref list[FRONT_PAGES];
	struct guest g;
	unsigned int i;

	start(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, true), 0);
	for (i = 0; i < FRONT_PAGES / 2; i++) {
		list[i] = rx_gref(&g, 2 * i);
		list[i + FRONT_PAGES / 2] = tx_gref(&g, 2 * i + 1);
	}
	list[3].ref = 60000;
	list[4] = list[5];
	ck_assert_uint_eq(guest_del(&g, 0, list, FRONT_PAGES), FRONT_PAGES - 2);
	for (i = 0; i < FRONT_PAGES; i++)
		ck_assert_uint_eq(list[i].status, i == 3 || i == 5 ?
				  NETIF_CTRL_STATUS_INVALID_PARAMETER : NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_uint_eq(entries(&g), FRONT_PAGES + 2);
	exchange(&g);
	ck_assert_uint_ge(stat_of(&g, "rx_static_slots"), 128);
	ck_assert_uint_ge(stat_of(&g, "rx_copy_segments"), 128);
	ck_assert_uint_eq(guest_del(&g, 0, list, FRONT_PAGES), 0);
	stop(&g);
}
END_TEST

/* The rest of a unit cannot be mapped anew: nothing changes, nothing is lost. */
START_TEST(del_that_fails)
{
	struct netif_gref list[1];
	struct guest g;

	start(&g);
	ck_assert_int_eq(guest_map(&g, 0, true, false), 0);
	list[0] = tx_gref(&g, 9);
	ck_assert_int_eq(xensim("fault 0 map-fail count=1"), 0);
	ck_assert_uint_eq(guest_del(&g, 0, list, 1), 0);
	ck_assert_uint_eq(list[0].status, NETIF_CTRL_STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(entries(&g), FRONT_PAGES);
	exchange(&g);
	ck_assert_uint_eq(stat_of(&g, "tx_copy_segments"), 0);
	ck_assert_uint_eq(guest_del(&g, 0, list, 1), 1);
	ck_assert_uint_eq(entries(&g), FRONT_PAGES - 1);
	stop(&g);
}
END_TEST

/* One by one they would cost a kernel memory area each: the process has 65530. */
START_TEST(many_small_additions)
{
	struct netif_gref one;
	unsigned int i, n = 0;
	struct guest g;

	start(&g);
	for (i = 0; i < FRONT_PAGES; i++) {
		one = rx_gref(&g, i);
		n += !guest_add(&g, 0, &one, 1);
	}
	ck_assert_uint_ge(n, 32);
	ck_assert_uint_lt(n, FRONT_PAGES);
	ck_assert_uint_eq(entries(&g), n);
	exchange(&g);
	stop(&g);
}
END_TEST

static json_int_t of_worker(unsigned int worker, const char *name)
{
	json_t *list = dataplane_json(), *value = json_object_get(json_array_get(list, worker), name);
	json_int_t n;

	ck_assert_ptr_nonnull(value);
	n = json_integer_value(value);
	json_decref(list);
	return n;
}

/*
 * What a guest can ask for as often as it likes: no worker is waited for, one that is not the
 * guest's is not even woken, and what is set already costs nothing.
 */
START_TEST(changes_wait_for_no_worker)
{
	static struct netif_hash hash;
	struct netif_gref list[1];
	json_int_t calls[2], posts[2], rounds;
	struct guest g;
	unsigned int i;

	plane_start(2);
	guest_start(&g, 7, 1, NULL);
	exchange(&g);
	for (i = 0; i < 2; i++) {
		calls[i] = of_worker(i, "calls");
		posts[i] = of_worker(i, "posts");
	}
	rounds = of_worker(1, "rounds");
	netif_hash_init(&hash);
	ck_assert_int_eq(vif_set_hash(g.vif, &hash), 0);
	ck_assert_ptr_null(atomic_load(&g.vif->hash));
	hash.algorithm = NETIF_HASH_ALGORITHM_TOEPLITZ;
	for (i = 0; i < 100; i++) {
		const struct netif_hash *now;

		hash.types = i & 15;
		WAIT_FOR(!vif_set_hash(g.vif, &hash));
		now = atomic_load(&g.vif->hash);
		ck_assert_int_eq(vif_set_hash(g.vif, &hash), 0);
		ck_assert_ptr_eq(atomic_load(&g.vif->hash), now);
		list[0] = tx_gref(&g, i);
		ck_assert_int_eq(guest_add(&g, 0, list, 1), 0);
		ck_assert_uint_eq(guest_del(&g, 0, list, 1), 1);
	}
	for (i = 0; i < 2; i++)
		ck_assert_int_eq(of_worker(i, "calls"), calls[i]);
	ck_assert_int_ge(of_worker(0, "posts"), posts[0] + 200);
	ck_assert_int_eq(of_worker(1, "posts"), posts[1]);
	ck_assert_int_eq(of_worker(1, "rounds"), rounds);
	exchange(&g);
	/* One change that is under way is all that there can be; the end of the connection ends it. */
	ck_assert_int_eq(vif_gref_add(g.vif, 0, list, 1), -EINPROGRESS);
	ck_assert_int_eq(vif_gref_add(g.vif, 0, list, 1), -EINVAL);
	ck_assert_int_eq(vif_gref_del(g.vif, 0, list, 1, &i), 0);
	ck_assert_uint_eq(i, 0);
	vif_disconnect(g.vif);
	guest_connect(&g);
	ck_assert_uint_eq(entries(&g), 0);
	ck_assert_int_eq(guest_add(&g, 0, list, 1), 0);
	ck_assert_int_eq(vif_gref_del(g.vif, 0, list, 1, &i), -EINPROGRESS);
	stop(&g);
}
END_TEST

START_TEST(switched_off)
{
	struct guest g;

	plane_config.static_grants = false;
	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	ck_assert_uint_eq(vif_gref_room(g.vif, 0), 0);
	ck_assert_int_eq(guest_map(&g, 0, true, true), -ENOSPC);
	stop(&g);
}
END_TEST

/* A receive page mapped read-only is never written. */
START_TEST(read_only_receive_pages)
{
	struct netif_gref list[FRONT_PAGES];
	struct guest g;
	unsigned int i;

	start(&g);
	for (i = 0; i < FRONT_PAGES; i++) {
		list[i] = rx_gref(&g, i);
		list[i].flags = NETIF_GREF_READONLY;
	}
	ck_assert_int_eq(guest_add(&g, 0, list, FRONT_PAGES), 0);
	memset(g.q[0].rx_pages.addr, 0x5a, FRONT_PAGES * NETIF_PAGE_SIZE);
	host_send(&g, frame_make(g.mac, outside, 1000, 1), 1000, NULL);
	WAIT_FOR(stat_of(&g, "rx_drop_grant") == 1);
	ck_assert_uint_eq(error_of(&g, "rx_readonly_gref"), 1);
	WAIT_FOR(netif_front_pending(&g.q[0].rx.ring));
	ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, 100), 0);
	for (i = 0; i < FRONT_PAGES * NETIF_PAGE_SIZE; i++)
		ck_assert_uint_eq(g.q[0].rx_pages.addr[i], 0x5a);
	stop(&g);
}
END_TEST

void add_gref_case(Suite *s)
{
	TCase *c = plane_case("gref");

	tcase_add_test(c, all_or_nothing);
	tcase_add_test(c, duplicates);
	tcase_add_test(c, bad_requests);
	tcase_add_test(c, partial_del);
	tcase_add_test(c, del_that_fails);
	tcase_add_test(c, many_small_additions);
	tcase_add_test(c, changes_wait_for_no_worker);
	tcase_add_test(c, switched_off);
	tcase_add_test(c, read_only_receive_pages);
	suite_add_tcase(s, c);
}
