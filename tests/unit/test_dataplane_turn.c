/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a queue may do before the others on its worker have their turn.  The turns are taken on the
 * worker's thread, one by one, with both guests' rings filled again before each: counts, no times.
 */
#include "tests/unit/test_dataplane.h"

#define ROUNDS 12u
#define SMALL 60u

static const uint8_t everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t group[6] = { 0x01, 0, 0x5e, 0, 0, 5 };
static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static struct guest a, b, c;

/* What a small frame in one slot is charged, and how many of them make a turn. */
#define SMALL_COST (SMALL + QUEUE_FRAME_COST + QUEUE_SLOT_COST)
static unsigned int turn_frames(void)
{
	return plane_config.quantum_bytes / SMALL_COST + 1;
}

struct turns {
	void (*serve)(struct turns *t);
	const uint8_t *to; /* of a's frames */
	unsigned int piece; /* and a's slots */
	uint64_t most; /* slots of a's in one turn */
	uint64_t of_a, of_b; /* frames handled; afterwards the worker itself goes on */
};

static void reap(struct guest *g)
{
	unsigned int i;

	for (i = 0; i < g->nqueues; i++)
		if (netif_front_pending(&g->q[i].tx.ring))
			guest_reap(g, i, (unsigned int)netif_front_pending(&g->q[i].tx.ring));
}

static void refill(struct guest *g, const uint8_t *to, unsigned int piece)
{
	struct netif_meta m = { .len = SMALL };
	const uint8_t *frame = frame_make(to, g->mac, SMALL, 0);
	unsigned int i;

	reap(g);
	for (i = 0; i < g->nqueues; i++) {
		while (guest_queue(g, i, frame, &m, piece, 0))
			;
		netif_front_push(&g->q[i].tx.ring);
	}
}

static struct queue *queue_of(const struct guest *g)
{
	return g->vif->queues[0];
}

static void take_turn(const struct guest *g)
{
	unsigned int i;

	for (i = 0; i < g->nqueues; i++)
		worker_activate(g->vif->queues[i]->worker, &g->vif->queues[i]->task);
	for (i = 0; i < g->nqueues; i++)
		queue_serve(g->vif->queues[i]);
}

static void serve_both(struct turns *t)
{
	unsigned int i;

	worker_activate(queue_of(&b)->worker, &queue_of(&b)->task);
	for (i = 0; i < ROUNDS; i++) {
		u32 before = queue_of(&a)->tx.req_cons;

		refill(&a, t->to, t->piece);
		refill(&b, outside, SMALL);
		take_turn(&a);
		if (queue_of(&a)->tx.req_cons - before > t->most)
			t->most = queue_of(&a)->tx.req_cons - before;
		take_turn(&b);
	}
	t->of_a = stat_of(&a, "tx_frames");
	t->of_b = stat_of(&b, "tx_frames");
	reap(&a);
	reap(&b);
}

static void serve_alone(struct turns *t)
{
	refill(&a, t->to, t->piece);
	worker_forget(queue_of(&a)->worker, &queue_of(&b)->task);
	worker_forget(queue_of(&a)->worker, &queue_of(&c)->task);
	take_turn(&a);
	reap(&a);
}

static void run_here(struct worker *w, void *arg)
{
	struct turns *t = arg;

	t->serve(t);
}

static void run(struct turns *t)
{
	worker_call(queue_of(&a)->worker, run_here, t);
}

static void start_three(unsigned int queues_of_a)
{
	plane_config.poll_usecs = 0;
	plane_start(1);
	guest_start(&a, 7, queues_of_a, "br-test");
	guest_start(&b, 8, 1, "br-test");
	xensim("domain create 9");
	guest_start(&c, 9, 1, "br-test");
}

static void stop_three(void)
{
	guest_stop(&a);
	guest_stop(&b);
	guest_stop(&c);
	dataplane_stop();
}

/* A frame to everybody costs its sender what three to one would: two vifs besides it, and the host. */
START_TEST(storm_pays_for_its_copies)
{
	struct turns t = { .serve = serve_both, .to = _i ? group : everyone, .piece = SMALL };

	start_three(1);
	run(&t);
	ck_assert_uint_ge(t.of_b, (ROUNDS - 1) * (uint64_t)turn_frames());
	/* But for the first burst, of which nobody knew what it was. */
	ck_assert_uint_le(3 * t.of_a, t.of_b + 3 * turn_frames());
	ck_assert_uint_le(t.most, plane_config.quantum_bytes / (QUEUE_FRAME_COST + QUEUE_SLOT_COST));
	stop_three();
}
END_TEST

START_TEST(as_much_as_others)
{
	struct turns t = { .serve = serve_both, .to = outside, .piece = SMALL };

	start_three(1);
	run(&t);
	ck_assert_uint_le(t.of_a, t.of_b + turn_frames());
	ck_assert_uint_le(t.of_b, t.of_a + turn_frames());
	stop_three();
}
END_TEST

/* As one with a queue, however many it has, of which each has more than a turn's work. */
START_TEST(queues_are_no_share)
{
	struct turns t = { .serve = serve_both, .to = outside, .piece = SMALL };

	plane_config.quantum_bytes = 100 * SMALL_COST;
	start_three((unsigned int)_i);
	run(&t);
	/* A burst is taken whole: each queue may have had one too many. */
	ck_assert_uint_le(t.of_a, t.of_b + (uint64_t)_i * turn_frames());
	ck_assert_uint_le(t.of_b, t.of_a + turn_frames());
	stop_three();
}
END_TEST

/* Frames in as many slots as there may be: each is copied by itself. */
START_TEST(slots_are_charged)
{
	struct turns t = { .serve = serve_both, .to = outside, .piece = 4 };

	start_three(1);
	run(&t);
	ck_assert_uint_ge(t.of_a, ROUNDS);
	ck_assert_uint_le(t.most, plane_config.quantum_bytes / QUEUE_SLOT_COST + 1);
	ck_assert_uint_le(t.of_a * (15 * QUEUE_SLOT_COST + QUEUE_FRAME_COST), (t.of_b + turn_frames()) * SMALL_COST);
	stop_three();
}
END_TEST

/* A vif that is gone gets no copy. */
START_TEST(only_connected_ones_count)
{
	const uint8_t *frame;

	start_three(1);
	frame = frame_make(everyone, a.mac, SMALL, 0);
	ck_assert_uint_eq(bridge_copies(a.vif, frame), 3);
	vif_disconnect(c.vif);
	vif_disconnect(c.vif);
	ck_assert_uint_eq(bridge_copies(a.vif, frame), 2);
	frame = frame_make(outside, a.mac, SMALL, 0);
	ck_assert_uint_eq(bridge_copies(a.vif, frame), 1);
	stop_three();
}
END_TEST

/* Nobody waits: no turn is cut short, and no debt is kept. */
START_TEST(alone_without_debt)
{
	struct turns t = { .serve = serve_alone, .to = everyone, .piece = SMALL };
	uint64_t before = 0;
	unsigned int i;

	start_three(1);
	for (i = 0; i < 3; i++) {
		run(&t);
		ck_assert_uint_ge(stat_of(&a, "tx_frames") - before, 200);
		before = stat_of(&a, "tx_frames");
	}
	stop_three();
}
END_TEST

static void serve_rx(struct turns *t)
{
	worker_activate(queue_of(&b)->worker, &queue_of(&b)->task);
	queue_of(&a)->tap_ready = true;
	take_turn(&a);
	t->most = stat_of(&a, "rx_frames");
}

static void send_rx(struct turns *t)
{
	unsigned int i;

	for (i = 0; i < 250; i++)
		host_send(&a, frame_make(a.mac, outside, SMALL, i), SMALL, NULL);
	serve_rx(t);
}

/* Small frames from the host, too: so many and one burst. */
START_TEST(small_frames_to_a_guest)
{
	struct turns t = { .serve = send_rx };

	start_three(1);
	run(&t);
	ck_assert_uint_ge(t.most, turn_frames() / 2);
	ck_assert_uint_le(t.most, turn_frames() + WORKER_READS_MAX);
	stop_three();
}
END_TEST

static void serve_blocked(struct turns *t)
{
	struct queue *q = queue_of(&a);
	int64_t before;

	refill(&a, c.mac, SMALL);
	before = q->deficit = plane_config.quantum_bytes;
	t->most = queue_tx(q);
	ck_assert_int_le(q->deficit, before - 20 * (int64_t)QUEUE_SLOT_COST);
}

/* What is gathered again and again for a receiver without buffers is not for nothing. */
START_TEST(waiting_is_charged)
{
	struct turns t = { .serve = serve_blocked, .most = 1 };

	plane_config.poll_usecs = 0;
	plane_config.stall_usecs = 1000000;
	plane_start(1);
	guest_start(&a, 7, 1, "br-test");
	guest_start(&b, 8, 1, "br-test");
	xensim("domain create 9");
	guest_open(&c, 9, 1, "br-test");
	c.unposted = true;
	guest_connect(&c);
	run(&t);
	ck_assert_uint_eq(t.most, 0);
	stop_three();
}
END_TEST

void add_turn_case(Suite *s)
{
	TCase *tc = plane_case("turn");

	tcase_add_loop_test(tc, storm_pays_for_its_copies, 0, 2);
	tcase_add_test(tc, as_much_as_others);
	tcase_add_loop_test(tc, queues_are_no_share, 1, 5);
	tcase_add_test(tc, slots_are_charged);
	tcase_add_test(tc, only_connected_ones_count);
	tcase_add_test(tc, alone_without_debt);
	tcase_add_test(tc, small_frames_to_a_guest);
	tcase_add_test(tc, waiting_is_charged);
	suite_add_tcase(s, tc);
}
