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

/* References that all have the same two buckets: what a hostile guest would look for. */
static void colliding(u32 *grefs, u32 n)
{
	u32 homes[2], first[2], g = 0, found = 0;

	netif_gref_homes(0, first);
	for (; found < n; g++) {
		netif_gref_homes(g, homes);
		if (!memcmp(homes, first, sizeof(homes)))
			grefs[found++] = g;
	}
}

/* Both buckets full: one more is refused, those that are there stay, and a gap is filled again. */
START_TEST(test_gref_collisions)
{
	u32 grefs[2 * NETIF_GREF_WAYS + 1], n = 2 * NETIF_GREF_WAYS, i;

	colliding(grefs, n + 1);
	netif_gref_map_init(&map);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(netif_gref_map_add(&map, grefs[i], &memory[i], false), 0);
	ck_assert_int_eq(netif_gref_map_add(&map, grefs[n], &memory[n], false), -ENOSPC);
	ck_assert_ptr_null(netif_gref_map_find(&map, grefs[n]));
	ck_assert_int_eq(netif_gref_map_add(&map, grefs[3], &memory[n], false), -EEXIST);
	for (i = 0; i < n; i++)
		ck_assert_ptr_eq(netif_gref_map_find(&map, grefs[i])->addr, &memory[i]);
	ck_assert_ptr_eq(netif_gref_map_del(&map, grefs[3]), &memory[3]);
	ck_assert_ptr_null(netif_gref_map_find(&map, grefs[3]));
	ck_assert_int_eq(netif_gref_map_add(&map, grefs[n], &memory[n], true), 0);
	ck_assert(netif_gref_map_find(&map, grefs[n])->readonly);
	ck_assert_uint_eq(map.count, n);
}
END_TEST

/* Keys that a look-up compares: all of a bucket's, of the first one, and of the second where need be. */
static u32 probes(u32 gref)
{
	u32 homes[2], b, i;

	netif_gref_homes(gref, homes);
	for (b = 0; b < 2; b++)
		for (i = homes[b]; i < homes[b] + NETIF_GREF_WAYS; i++)
			if (map.slots[i].addr && map.keys[i] == gref)
				return 1 + b * NETIF_GREF_WAYS + i - homes[b];
	return 2 * NETIF_GREF_WAYS;
}

/* Fill the map with what a guest offers; how many it took, and the dearest look-up. */
static u32 fill(const u32 *grefs, u32 n, u32 *dearest)
{
	u32 taken = 0, i;

	netif_gref_map_init(&map);
	for (i = 0; i < n; i++)
		taken += !netif_gref_map_add(&map, grefs[i], &memory[i], false);
	for (i = 0, *dearest = 0; i < n; i++)
		if (probes(grefs[i]) > *dearest)
			*dearest = probes(grefs[i]);
	return taken;
}

/* The worst set of references costs its guest the mapping, and no look-up more than any other's. */
START_TEST(test_gref_worst_set)
{
	static u32 grefs[NETIF_GREF_MAP_MAX];
	u32 seed = 42, dearest, round, i;

	/* At random, all are taken. */
	for (round = 0; round < 500; round++) {
		for (i = 0; i < NETIF_GREF_MAP_MAX; i++)
			grefs[i] = rnd(&seed); /* no number twice within its period */
		ck_assert_uint_eq(fill(grefs, NETIF_GREF_MAP_MAX, &dearest), NETIF_GREF_MAP_MAX);
		ck_assert_uint_le(dearest, 2 * NETIF_GREF_WAYS);
	}
	colliding(grefs, 100);
	ck_assert_uint_eq(fill(grefs, 100, &dearest), 2 * NETIF_GREF_WAYS);
	ck_assert_uint_le(dearest, 2 * NETIF_GREF_WAYS);
}
END_TEST

/* What front ends have: runs, from wherever, and every n-th of them. */
START_TEST(test_gref_runs)
{
	static const u32 steps[] = { 1, 2, 3, 4, 7, 8, 16, 64, 255, 256, 257, 512, 1024, 4096, 65536 };
	static u32 grefs[NETIF_GREF_MAP_MAX];
	u32 dearest, base, s, i;

	for (s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
		for (base = 8; base < 40000; base += 613) {
			for (i = 0; i < NETIF_GREF_MAP_MAX; i++)
				grefs[i] = base + i * steps[s];
			ck_assert_uint_eq(fill(grefs, NETIF_GREF_MAP_MAX, &dearest),
					  NETIF_GREF_MAP_MAX);
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

TCase *netif_gref_case(void)
{
	TCase *c = tcase_create("gref");

	tcase_add_test(c, test_gref_basic);
	tcase_add_test(c, test_gref_full);
	tcase_add_test(c, test_gref_collisions);
	tcase_add_test(c, test_gref_worst_set);
	tcase_add_test(c, test_gref_runs);
	tcase_add_test(c, test_gref_model);
	return c;
}
