// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/netif/gref.h"
#include "test_netif.h"

static struct netif_gref_map map;
static u8 memory[4096];

START_TEST(test_gref_basic)
{
	netif_gref_map_init(&map);
	ck_assert_ptr_null(netif_gref_map_find(&map, 0));
	ck_assert_int_eq(netif_gref_map_add(&map, 0, &memory[0], false), 0);
	ck_assert_int_eq(netif_gref_map_add(&map, 0xffffffff, &memory[1], true), 0);
	ck_assert_int_eq(netif_gref_map_add(&map, 0, &memory[2], false), -EEXIST);
	ck_assert_int_eq(netif_gref_map_add(&map, 1, NULL, false), -EINVAL);
	ck_assert_ptr_eq(netif_gref_map_find(&map, 0)->addr, &memory[0]);
	ck_assert(!netif_gref_map_find(&map, 0)->readonly);
	ck_assert(netif_gref_map_find(&map, 0xffffffff)->readonly);
	ck_assert_ptr_eq(netif_gref_map_del(&map, 0), &memory[0]);
	ck_assert_ptr_null(netif_gref_map_del(&map, 0));
	ck_assert_ptr_null(netif_gref_map_find(&map, 0));
	ck_assert_uint_eq(map.count, 1);
}
END_TEST

START_TEST(test_gref_full)
{
	u32 i;

	netif_gref_map_init(&map);
	for (i = 0; i < NETIF_GREF_MAP_MAX; i++)
		ck_assert_int_eq(netif_gref_map_add(&map, i * 3, &memory[i], false), 0);
	ck_assert_int_eq(netif_gref_map_add(&map, 1, &memory[0], false), -ENOSPC);
	ck_assert_int_eq(netif_gref_map_add(&map, 3, &memory[0], false), -EEXIST);
	for (i = 0; i < NETIF_GREF_MAP_MAX; i++)
		ck_assert_ptr_eq(netif_gref_map_find(&map, i * 3)->addr, &memory[i]);
	ck_assert_ptr_null(netif_gref_map_find(&map, 1));
	ck_assert_ptr_eq(netif_gref_map_del(&map, 3), &memory[1]);
	ck_assert_int_eq(netif_gref_map_add(&map, 1, &memory[0], false), 0);
}
END_TEST

/* Grefs with one home slot, the last of the table, so that the run wraps. */
static void colliding(u32 *grefs, u32 n)
{
	u32 g = 0, found = 0;

	while (found < n) {
		if (netif_gref_hash(g) == NETIF_GREF_MAP_SLOTS - 1)
			grefs[found++] = g;
		g++;
	}
}

/* Delete from the front, middle and end of a run: the others stay findable. */
START_TEST(test_gref_collisions)
{
	u32 grefs[6], i, deleted;

	colliding(grefs, 6);
	for (deleted = 0; deleted < 6; deleted++) {
		netif_gref_map_init(&map);
		for (i = 0; i < 6; i++)
			ck_assert_int_eq(netif_gref_map_add(&map, grefs[i], &memory[i], false), 0);
		ck_assert_ptr_eq(netif_gref_map_del(&map, grefs[deleted]), &memory[deleted]);
		for (i = 0; i < 6; i++) {
			const struct netif_gref_entry *e = netif_gref_map_find(&map, grefs[i]);

			ck_assert(i == deleted ? !e : e && e->addr == &memory[i]);
		}
	}
}
END_TEST

/* A long random life against a plain array. */
START_TEST(test_gref_model)
{
	static u8 *model[3000];
	u32 seed = 11, step, count = 0, i;

	memset(model, 0, sizeof(model));
	netif_gref_map_init(&map);
	for (step = 0; step < 200000; step++) {
		u32 g = rnd_below(&seed, 3000);

		if (model[g]) {
			ck_assert_ptr_eq(netif_gref_map_del(&map, g), model[g]);
			model[g] = NULL;
			count--;
		} else if (count < NETIF_GREF_MAP_MAX) {
			model[g] = &memory[g];
			ck_assert_int_eq(netif_gref_map_add(&map, g, model[g], false), 0);
			count++;
		}
		if (step % 1000)
			continue;
		for (i = 0; i < 3000; i++) {
			const struct netif_gref_entry *e = netif_gref_map_find(&map, i);

			ck_assert_ptr_eq(e ? e->addr : NULL, model[i]);
		}
	}
	ck_assert_uint_eq(map.count, count);
}
END_TEST

START_TEST(test_gref_pool)
{
	struct netif_gref_page pages[4] = { { 0 } };
	struct netif_gref_pool p;
	u32 stack[4];
	int i;

	netif_gref_pool_init(&p, pages, stack, 4);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(netif_gref_pool_get(&p), i);
	ck_assert_int_eq(netif_gref_pool_get(&p), -ENOBUFS);
	ck_assert_uint_eq(p.empty, 1);
	netif_gref_pool_put(&p, 1);
	netif_gref_pool_put(&p, 3);
	/* The page used last is still in the cache. */
	ck_assert_int_eq(netif_gref_pool_get(&p), 3);
	ck_assert_int_eq(netif_gref_pool_get(&p), 1);
	ck_assert_uint_eq(p.nfree, 0);
}
END_TEST

TCase *netif_gref_case(void)
{
	TCase *c = tcase_create("gref");

	tcase_add_test(c, test_gref_basic);
	tcase_add_test(c, test_gref_full);
	tcase_add_test(c, test_gref_collisions);
	tcase_add_test(c, test_gref_model);
	tcase_add_test(c, test_gref_pool);
	return c;
}
