/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control ring: guest 7 writes messages into a page it shares, in the embedded Xen. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <xengnttab.h>

#include "lib/netif/ring.h"
#include "netback-ng/control/ctrl_ring.h"
#include "tests/clock.h"
#include "tests/unit/runner.h"
#include "tests/unit/fake_vif.h"
#include "tests/unit/test_xensim.h"

static struct {
	sd_event *event;
	struct ctrl *ctrl;
	struct vif *vif;
	xengntshr_handle *share;
	xenevtchn_handle *evtchn;
	xenevtchn_port_or_error_t port;
	void *ring, *list; /* the guest's pages */
	uint32_t ring_ref, list_ref;
	struct netif_front_ring front;
	enum netif_error broken;
} t;

/* A machine on which nothing takes less than a millisecond, since others have the CPU. */
static struct {
	bool on;
	uint64_t lost_ns;
} slow;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ts);

	if (rc || clock != CLOCK_MONOTONIC)
		return rc;
	slow.lost_ns += slow.on ? 1000000 : 0;
	ts->tv_sec += (time_t)(slow.lost_ns / 1000000000);
	ts->tv_nsec += (long)(slow.lost_ns % 1000000000);
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_nsec -= 1000000000;
		ts->tv_sec++;
	}
	return 0;
}

static void on_broken(void *arg, enum netif_error err)
{
	t.broken = err;
}

static int open_ctrl(unsigned int nqueues, bool static_grants)
{
	const struct ctrl_params params = {
		.event = t.event, .vif = t.vif, .domid = 7, .ref = t.ring_ref,
		.evtchn = (uint32_t)t.port, .nqueues = nqueues, .static_grants = static_grants,
		.broken = on_broken,
	};
	const char *what;

	return ctrl_open(&t.ctrl, &params, &what);
}

static void setup(void)
{
	const struct vif_identity id = { .domid = 7 };

	memset(&t, 0, sizeof(t));
	fake_reset();
	ck_assert_int_ge(sd_event_new(&t.event), 0);
	ck_assert_int_eq(vif_create(&id, &t.vif), 0);
	as_domain(7);
	t.share = xengntshr_open(NULL, 0);
	t.evtchn = xenevtchn_open(NULL, 0);
	ck_assert(t.share && t.evtchn);
	t.ring = xengntshr_share_pages(t.share, 0, 1, &t.ring_ref, 1);
	t.list = xengntshr_share_pages(t.share, 0, 1, &t.list_ref, 1);
	t.port = xenevtchn_bind_unbound_port(t.evtchn, 0);
	ck_assert(t.ring && t.list && t.port > 0);
	netif_front_init(&t.front, t.ring, NETIF_CTRL_RING_SIZE);
	as_domain(0);
}

static void teardown(void)
{
	ctrl_close(t.ctrl);
	vif_destroy(t.vif);
	xengntshr_unshare(t.share, t.ring, 1);
	xengntshr_unshare(t.share, t.list, 1);
	xengntshr_close(t.share);
	xenevtchn_close(t.evtchn);
	sd_event_unref(t.event);
}

static void settle(void)
{
	while (sd_event_run(t.event, 0) > 0)
		;
}

static void put(uint16_t type, uint32_t d0, uint32_t d1, uint32_t d2)
{
	struct netif_ctrl_req *q = &NETIF_SLOT(union netif_ctrl_slot, &t.front, t.front.req_prod)->req;

	*q = (struct netif_ctrl_req){ (uint16_t)t.front.req_prod, type, { d0, d1, d2 } };
	t.front.req_prod++;
}

static void push(void)
{
	if (netif_front_push(&t.front))
		xenevtchn_notify(t.evtchn, (evtchn_port_t)t.port);
	settle();
}

/* The next answer; one that is paced takes a while. */
static struct netif_ctrl_rsp take(void)
{
	uint64_t end = now_ms() + PATIENCE_MS;
	struct netif_ctrl_rsp rsp;

	while (netif_front_pending(&t.front) <= 0 && now_ms() < end)
		ck_assert_int_ge(sd_event_run(t.event, 10000), 0);
	ck_assert_int_gt(netif_front_pending(&t.front), 0);
	rsp = NETIF_SLOT(union netif_ctrl_slot, &t.front, t.front.rsp_cons)->rsp;
	ck_assert_uint_eq(rsp.id, (uint16_t)t.front.rsp_cons);
	t.front.rsp_cons++;
	return rsp;
}

static struct netif_ctrl_rsp ask(uint16_t type, uint32_t d0, uint32_t d1, uint32_t d2)
{
	struct netif_ctrl_rsp rsp;

	put(type, d0, d1, d2);
	push();
	rsp = take();
	ck_assert_uint_eq(rsp.type, type);
	return rsp;
}

static void fill_list(unsigned int n)
{
	struct netif_gref *g = t.list;

	for (unsigned int i = 0; i < n; i++)
		g[i] = (struct netif_gref){ .ref = 1000 + i, .status = 77 };
}

/* A daemon was killed before it published its answers: each message is answered, whatever it reads as. */
START_TEST(unpublished_answers)
{
	static const struct netif_ctrl_rsp left[] = {
		{ 0 }, { .status = NETIF_CTRL_STATUS_INVALID_PARAMETER, .data = 1024 },
		{ .status = NETIF_CTRL_STATUS_BUFFER_OVERFLOW, .data = 0xffffffff },
	};
	uint16_t type;

	for (type = 0; type <= NETIF_CTRL_TYPE_DEL_GREF_MAPPING + 1; type++) {
		union netif_ctrl_slot *s = NETIF_SLOT(union netif_ctrl_slot, &t.front, t.front.req_prod);

		put(type, 1, t.list_ref, 40);
		s->rsp = left[_i];
		s->rsp.id = (uint16_t)(t.front.req_prod - 1);
		s->rsp.type = type;
	}
	netif_front_push(&t.front);
	ck_assert_int_eq(open_ctrl(2, true), 0);
	for (type = 0; type <= NETIF_CTRL_TYPE_DEL_GREF_MAPPING + 1; type++)
		ck_assert_uint_eq(take().type, type);
	ck_assert_int_eq(t.broken, NETIF_OK);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0).status, 0);
}
END_TEST

START_TEST(hash_settings_reach_the_vif)
{
	ck_assert_int_eq(open_ctrl(2, true), 0);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0).status, 0);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_SET_HASH_FLAGS, NETIF_HASH_TYPE_IPV4, 0, 0).status, 0);
	memset(t.list, 0x6d, 40);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_SET_HASH_KEY, t.list_ref, 40, 0).status, 0);
	ck_assert_uint_eq(fake.hash.algorithm, NETIF_HASH_ALGORITHM_TOEPLITZ);
	ck_assert_uint_eq(fake.hash.keylen, 40);
	ck_assert_uint_eq(fake.hash.key[39], 0x6d);
}
END_TEST

/* Nor does a message that fails for want of memory say that it did not. */
START_TEST(questions_change_nothing)
{
	ck_assert_int_eq(open_ctrl(2, true), 0);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0).status, 0);
	ck_assert_uint_eq(fake.hashes, 1);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0).status, 0);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0).status, 0);
	ck_assert_uint_eq(fake.hashes, 1);
	fake.hash_rc = -ENOMEM;
	ck_assert_uint_ne(ask(NETIF_CTRL_TYPE_SET_HASH_FLAGS, NETIF_HASH_TYPE_IPV4, 0, 0).status, 0);
}
END_TEST

START_TEST(bad_hash_messages_change_nothing)
{
	ck_assert_int_eq(open_ctrl(2, true), 0);
	ck_assert_uint_ne(ask(NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, 99, 0, 0).status, 0);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0).status, 0);
	ck_assert_uint_ne(ask(NETIF_CTRL_TYPE_SET_HASH_KEY, t.list_ref, 4096, 0).status, 0);
	ck_assert_uint_ne(ask(NETIF_CTRL_TYPE_SET_HASH_KEY, 99999, 40, 0).status, 0);
	ck_assert_uint_eq(fake.hash.keylen, 0);
}
END_TEST

START_TEST(grefs_are_added_for_the_queue_named)
{
	ck_assert_int_eq(open_ctrl(2, true), 0);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 1, 0, 0).data, NETIF_GREF_MAP_MAX);
	fill_list(512);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 1, t.list_ref, 512).status, 0);
	ck_assert_uint_eq(fake.ngrefs, 512);
	ck_assert_uint_eq(fake.gref_queue, 1);
	ck_assert_uint_eq(fake.grefs[511].ref, 1511);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 1, 0, 0).data, NETIF_GREF_MAP_MAX - 512);
}
END_TEST

START_TEST(queue_index_is_assumed_0_for_a_single_queue)
{
	ck_assert_int_eq(open_ctrl(1, true), 0);
	fill_list(4);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 5, t.list_ref, 4).status, 0);
	ck_assert_uint_eq(fake.gref_queue, 0);
}
END_TEST

START_TEST(del_reports_each_entry)
{
	const struct netif_gref *g = t.list;
	struct netif_ctrl_rsp rsp;

	ck_assert_int_eq(open_ctrl(1, true), 0);
	fill_list(4);
	rsp = ask(NETIF_CTRL_TYPE_DEL_GREF_MAPPING, 0, t.list_ref, 4);
	ck_assert_uint_eq(rsp.status, NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_uint_eq(rsp.data, 2);
	ck_assert_uint_eq(g[0].status, NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_uint_eq(g[1].status, NETIF_CTRL_STATUS_INVALID_PARAMETER);
	ck_assert_uint_eq(g[4].ref, 0); /* nothing is written beyond the list */
}
END_TEST

static const struct {
	uint16_t type;
	uint32_t queue, ref, count; /* ref 0: the list's */
	uint32_t status;
} refused[] = {
	{ NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 2, 0, 0, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 2, 0, 4, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_ADD_GREF_MAPPING, UINT32_MAX, 0, 4, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, 0, 0, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, 0, 513, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, 0, 0x20000001, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, 99999, 4, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_DEL_GREF_MAPPING, 0, 0, 513, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_DEL_GREF_MAPPING, 0, 99999, 4, NETIF_CTRL_STATUS_INVALID_PARAMETER },
	{ NETIF_CTRL_TYPE_INVALID, 0, 0, 0, NETIF_CTRL_STATUS_NOT_SUPPORTED },
	{ 11, 0, 0, 0, NETIF_CTRL_STATUS_NOT_SUPPORTED },
	{ 65535, 0, 0, 0, NETIF_CTRL_STATUS_NOT_SUPPORTED },
};

START_TEST(malformed_messages_are_refused)
{
	ck_assert_int_eq(open_ctrl(2, true), 0);
	ck_assert_uint_eq(ask(refused[_i].type, refused[_i].queue, refused[_i].ref ? refused[_i].ref : t.list_ref,
			      refused[_i].count).status, refused[_i].status);
	ck_assert_uint_eq(fake.gref_adds + fake.gref_dels, 0);
	/* ... and the ring goes on. */
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0, 0, 0).status, 0);
}
END_TEST

START_TEST(failing_add)
{
	static const int rcs[] = { -ENOSPC, -EEXIST, -ENXIO, -EINVAL };

	ck_assert_int_eq(open_ctrl(1, true), 0);
	fake.gref_rc = rcs[_i];
	fill_list(2);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, t.list_ref, 2).status,
			  NETIF_CTRL_STATUS_INVALID_PARAMETER);
}
END_TEST

/* The table turned the list down, which only a worker could tell. */
START_TEST(add_that_ends_badly)
{
	ck_assert_int_eq(open_ctrl(1, true), 0);
	fake.poll_rc = -EEXIST;
	fill_list(2);
	ck_assert_uint_eq(ask(NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, t.list_ref, 2).status,
			  NETIF_CTRL_STATUS_INVALID_PARAMETER);
}
END_TEST

/* A message that waits for a worker holds up those behind it, in order, and nobody else. */
START_TEST(answers_wait_for_a_worker)
{
	const struct netif_gref *g = t.list;

	ck_assert_int_eq(open_ctrl(1, true), 0);
	fill_list(4);
	fake.waits = 5;
	put(NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, t.list_ref, 4);
	put(NETIF_CTRL_TYPE_DEL_GREF_MAPPING, 0, t.list_ref, 4);
	put(NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, NETIF_HASH_ALGORITHM_TOEPLITZ, 0, 0);
	put(NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0);
	push();
	ck_assert_uint_eq(take().status, 0);
	fake.waits = 3;
	ck_assert_uint_eq(take().data, 2);
	ck_assert_uint_eq(g[0].status, NETIF_CTRL_STATUS_SUCCESS);
	ck_assert_uint_eq(g[1].status, NETIF_CTRL_STATUS_INVALID_PARAMETER);
	fake.waits = 3;
	ck_assert_uint_eq(take().status, 0);
	ck_assert_uint_eq(fake.hash.algorithm, NETIF_HASH_ALGORITHM_TOEPLITZ);
	ck_assert_uint_eq(take().data, NETIF_HASH_MAPPING_MAX);
	/* One that waits when the connection ends is dropped with it. */
	fake.waits = UINT32_MAX;
	put(NETIF_CTRL_TYPE_ADD_GREF_MAPPING, 0, t.list_ref, 4);
	push();
}
END_TEST

static json_int_t count_of(const char *name)
{
	json_t *o = ctrl_json(t.ctrl);
	json_int_t n = json_integer_value(json_object_get(o, name));

	json_decref(o);
	return n;
}

/* Each turn answers a message, and the guest does not pay for what others took from us. */
START_TEST(a_slow_machine_answers_all_the_same)
{
	unsigned int i;

	ck_assert_int_eq(open_ctrl(1, true), 0);
	slow.on = true;
	for (i = 0; i < 40; i++)
		put(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0, 0, 0);
	push();
	for (i = 0; i < 40; i++)
		ck_assert_uint_eq(take().status, 0);
	slow.on = false;
	ck_assert_int_eq(count_of("messages"), 40);
	/* A turn for each, and never one without. */
	ck_assert_int_le(count_of("paced"), 41);
}
END_TEST

START_TEST(static_grants_turned_off)
{
	ck_assert_int_eq(open_ctrl(1, false), 0);
	for (uint16_t type = 8; type <= 10; type++)
		ck_assert_uint_eq(ask(type, 0, t.list_ref, 1).status, NETIF_CTRL_STATUS_NOT_SUPPORTED);
}
END_TEST

START_TEST(messages_before_the_channel_was_bound)
{
	put(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0, 0, 0);
	netif_front_push(&t.front);
	ck_assert_int_eq(open_ctrl(1, true), 0);
	settle();
	ck_assert_uint_eq(take().status, 0);
}
END_TEST

/* The daemon before us died: a message that it has not answered, answers that it told nobody of. */
START_TEST(ring_is_taken_over)
{
	struct pollfd pfd = { .fd = xenevtchn_fd(t.evtchn), .events = POLLIN };

	ck_assert_int_eq(open_ctrl(1, true), 0);
	ask(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0, 0, 0);
	ctrl_close(t.ctrl);
	t.ctrl = NULL;
	while (poll(&pfd, 1, 0) > 0)
		xenevtchn_unmask(t.evtchn, (evtchn_port_t)xenevtchn_pending(t.evtchn));
	t.front.shared->rsp_event = t.front.rsp_cons - 1;
	put(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0, 0, 0);
	netif_front_push(&t.front);
	ck_assert_int_eq(open_ctrl(1, true), 0);
	ck_assert_int_gt(poll(&pfd, 1, PATIENCE_MS), 0);
	settle();
	ck_assert_uint_eq(take().status, 0);
}
END_TEST

/* A full ring is answered in several turns, in order. */
START_TEST(flood_is_paced_and_answered)
{
	json_t *o;

	ck_assert_int_eq(open_ctrl(1, true), 0);
	for (int i = 0; i < NETIF_CTRL_RING_SIZE; i++)
		put(NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE, 0, 0, 0);
	push();
	for (int i = 0; i < NETIF_CTRL_RING_SIZE; i++)
		ck_assert_uint_eq(take().status, 0);
	o = ctrl_json(t.ctrl);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "messages")), NETIF_CTRL_RING_SIZE);
	ck_assert_int_ge(json_integer_value(json_object_get(o, "paced")), 3);
	json_decref(o);
}
END_TEST

START_TEST(impossible_index_is_fatal)
{
	ck_assert_int_eq(open_ctrl(1, true), 0);
	t.front.shared->req_prod = NETIF_CTRL_RING_SIZE + 1;
	xenevtchn_notify(t.evtchn, (evtchn_port_t)t.port);
	settle();
	ck_assert_int_eq(t.broken, NETIF_ERR_RING_OVERRUN);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
	uint32_t ref = t.ring_ref;

	t.ring_ref = 99999;
	ck_assert_int_eq(open_ctrl(1, true), -ENXIO);
	t.ring_ref = ref;
	t.port++;
	ck_assert_int_eq(open_ctrl(1, true), -ESRCH);
	t.port--;
}
END_TEST

int main(int argc, char **argv)
{
	Suite *s = suite_create("netback ctrl");
	TCase *c = test_xensim_case("ctrl");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, unpublished_answers, 0, 3);
	tcase_add_test(c, hash_settings_reach_the_vif);
	tcase_add_test(c, bad_hash_messages_change_nothing);
	tcase_add_test(c, grefs_are_added_for_the_queue_named);
	tcase_add_test(c, queue_index_is_assumed_0_for_a_single_queue);
	tcase_add_test(c, del_reports_each_entry);
	tcase_add_loop_test(c, malformed_messages_are_refused, 0, COUNT(refused));
	tcase_add_loop_test(c, failing_add, 0, 4);
	tcase_add_test(c, add_that_ends_badly);
	tcase_add_test(c, answers_wait_for_a_worker);
	tcase_add_test(c, questions_change_nothing);
	tcase_add_test(c, a_slow_machine_answers_all_the_same);
	tcase_add_test(c, static_grants_turned_off);
	tcase_add_test(c, messages_before_the_channel_was_bound);
	tcase_add_test(c, ring_is_taken_over);
	tcase_add_test(c, flood_is_paced_and_answered);
	tcase_add_test(c, impossible_index_is_fatal);
	tcase_add_test(c, what_cannot_be_opened);
	suite_add_tcase(s, c);
	test_xensim_main(s, argc, argv);
}
