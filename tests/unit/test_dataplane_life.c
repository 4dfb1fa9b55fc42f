/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connecting, failing to, reconnecting, and that nothing is left behind. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/xen/peer.h"
#include "tests/unit/test_dataplane.h"

static const uint8_t outside[6] = { 2, 0xff, 0, 0, 0, 1 };
static uint8_t got[FRAME_MAX + 1];

/* But for the embedded Xen's, whose libraries keep a domain's memory open. */
static unsigned int open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *e;
	unsigned int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		char to[64] = "";

		if (readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1) > 0)
			n += !strstr(to, "xensim");
	}
	closedir(d);
	return n;
}

/* Guests' pages mapped; the embedded Xen's libraries keep a domain's memory as one big area. */
static unsigned int shared_areas(void)
{
	FILE *f = fopen("/proc/self/maps", "re");
	char line[512], perms[8];
	unsigned long from, to;
	unsigned int n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f))
		n += sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3 && perms[3] == 's' &&
		     to - from < 256ul << 20;
	fclose(f);
	return n;
}

/* The _i-th map of the connection fails, although the guest's grant is good: nobody may blame the guest. */
START_TEST(map_failure)
{
	unsigned int files, areas;
	const char *what = NULL;
	struct guest g;

	plane_start(2);
	guest_open(&g, 7, 3, "br-test");
	files = open_files();
	areas = shared_areas();
	ck_assert_int_eq(xensim("fault 0 map-fail every=%d", _i), 0);
	ck_assert_int_eq(vif_connect(g.vif, &g.c, &what), -EINVAL);
	ck_assert_str_eq(what, "mapping the ring pages");
	ck_assert_uint_eq(open_files(), files);
	ck_assert_uint_eq(shared_areas(), areas);
	ck_assert_int_eq(xensim("fault 0 clear"), 0);
	guest_connect(&g);
	guest_exchange(&g, 2);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* Lives as long as the guest's handle. */
static uint32_t read_only_grant(struct guest *g)
{
	uint32_t ref;

	ck_assert_ptr_nonnull(xengntshr_share_pages(g->xgs, 0, 1, &ref, 0));
	return ref;
}

/* A ring page that is not granted at all, or only for reading (as if the guest had granted a buffer). */
START_TEST(bad_grant_of_a_ring)
{
	struct vif_connection c;
	const char *what = NULL;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 2, "br-test");
	c = g.c;
	*(_i & 1 ? &c.queue[1].rx_ref : &c.queue[1].tx_ref) = _i & 2 ? read_only_grant(&g) : 4000;
	ck_assert_int_eq(vif_connect(g.vif, &c, &what), PEER_BAD_GRANT);
	ck_assert_str_eq(what, "mapping the ring pages");
	guest_connect(&g);
	guest_exchange(&g, 1);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	struct rlimit old, none = { 0 };
	const char *what = NULL;
	struct guest g;

	plane_start(1);
	guest_open(&g, 7, 1, "br-test");
	getrlimit(RLIMIT_NOFILE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_NOFILE, &none);
	ck_assert_int_eq(vif_connect(g.vif, &g.c, &what), -EMFILE);
	setrlimit(RLIMIT_NOFILE, &old);
	guest_connect(&g);
	guest_exchange(&g, 0);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* The port at which binding fails. */
START_TEST(bind_failure)
{
	unsigned int files, areas, i;
	const char *what = NULL;
	struct guest g;

	plane_start(2);
	guest_open(&g, 7, 3, "br-test");
	files = open_files();
	areas = shared_areas();
	for (i = 0; i < 3; i++) {
		struct vif_connection c = g.c;

		c.queue[i].rx_evtchn = 4000;
		if (i % 2 == 0)
			c.queue[i].tx_evtchn = 4000;
		ck_assert_int_eq(vif_connect(g.vif, &c, &what), -ESRCH);
		ck_assert_str_eq(what, "binding the event channels");
		ck_assert_uint_eq(open_files(), files);
		ck_assert_uint_eq(shared_areas(), areas);
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(reconnection)
{
	struct guest g;
	unsigned int i;

	plane_start(2);
	guest_start(&g, 7, 2, NULL);
	for (i = 1; i <= 5; i++) {
		unsigned int queue;

		for (queue = 0; queue < 2; queue++) {
			ck_assert_int_eq(guest_map(&g, queue, true, true), 0);
			guest_exchange(&g, queue);
		}
		ck_assert_uint_eq(stat_of(&g, "tx_frames"), 2 * i);
		vif_disconnect(g.vif);
		vif_disconnect(g.vif);
		/* Nothing counted is forgotten. */
		ck_assert_uint_eq(stat_of(&g, "tx_frames"), 2 * i);
		close(g.host);
		guest_connect(&g);
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

static json_int_t worker_calls(void)
{
	json_t *list = dataplane_json(), *w;
	json_int_t n = 0;
	size_t i;

	json_array_foreach(list, i, w)
		n += json_integer_value(json_object_get(w, "calls"));
	json_decref(list);
	return n;
}

/* The main thread waits for each worker once, and for the queue's once more. */
START_TEST(disconnect_waits_once)
{
	json_int_t before;
	struct guest g;

	plane_start(3);
	guest_start(&g, 7, 1, _i ? "br-test" : NULL);
	guest_exchange(&g, 0);
	before = worker_calls();
	vif_disconnect(g.vif);
	ck_assert_int_eq(worker_calls() - before, 3 + 1);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

static bool guest_woken(const struct front_queue *q)
{
	struct pollfd pfd = { xenevtchn_fd(q->xce), POLLIN, 0 };

	return poll(&pfd, 1, 0) > 0;
}

static void guest_unpend(struct front_queue *q)
{
	while (guest_woken(q))
		front_queue_wake(q);
}

/* A daemon died: frames that it has not answered, answers of which it has not told the guest. */
START_TEST(rings_are_taken_over)
{
	struct guest g;
	struct front_queue *q = &g.q[0];
	unsigned int i;

	plane_start(1);
	guest_open(&g, 7, 1, NULL);
	guest_connect(&g);
	for (i = 0; i < 3; i++)
		guest_exchange(&g, 0);
	vif_disconnect(g.vif);
	close(g.host);
	/* Answered, but not for the guest: it sleeps with its event index in the past. */
	netif_store(&q->tx.ring.shared->rsp_event, q->tx.ring.rsp_cons - 1);
	netif_store(&q->rx.ring.shared->rsp_event, q->rx.ring.rsp_cons - 1);
	guest_unpend(q);
	for (i = 0; i < 100; i++)
		guest_send(&g, 0, frame_make(outside, g.mac, 100, i), 100);
	guest_connect(&g);
	WAIT_FOR(guest_woken(q));
	ck_assert_uint_eq(guest_reap(&g, 0, 100), 0);
	WAIT_FOR(stat_of(&g, "tx_frames") == 103);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(many_vifs)
{
	static struct guest g[64];
	unsigned int files, areas, i;

	plane_start(2);
	files = open_files();
	areas = shared_areas();
	for (i = 0; i < 64; i++) {
		xensim("domain create %u", 100 + i);
		guest_start(&g[i], 100 + i, 1, i % 2 ? "br-test" : NULL);
	}
	for (i = 0; i < 64; i++)
		guest_exchange(&g[i], 0);
	for (i = 0; i < 64; i++) {
		guest_stop(&g[i]);
		xensim("domain destroy %u", 100 + i);
	}
	ck_assert_uint_eq(open_files(), files);
	ck_assert_uint_eq(shared_areas(), areas);
	dataplane_stop();
}
END_TEST

/* What may change at run time changes between bursts. */
START_TEST(reload_under_traffic)
{
	struct config_data config;
	struct guest g;
	unsigned int i;

	plane_start(2);
	guest_start(&g, 7, 1, NULL);
	config = plane_config;
	for (i = 0; i < 200; i++) {
		const uint8_t *sent = frame_make(g.mac, outside, 1000, i);
		unsigned int n;

		for (n = 0; n < 16; n++)
			host_send(&g, sent, 1000, NULL);
		config.aligned_copy = i % 2;
		config.early_response = i % 3;
		config.copy_batch = 1 + i;
		dataplane_reload(&config);
		guest_exchange(&g, 0);
		for (n = 0; n < 16; n++) {
			ck_assert_uint_eq(guest_receive(&g, 0, got, NULL, PATIENCE_MS), 1000);
			ck_assert_mem_eq(got, frame_make(g.mac, outside, 1000, i), 1000);
		}
	}
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

START_TEST(guest_vanishes)
{
	struct guest g;

	plane_start(1);
	guest_start(&g, 7, 1, NULL);
	ck_assert_int_eq(guest_map(&g, 0, true, false), 0);
	guest_exchange(&g, 0);
	ck_assert_int_eq(xensim("domain destroy 7"), 0);
	host_send(&g, frame_make(g.mac, outside, 100, 1), 100, NULL);
	WAIT_FOR(stat_of(&g, "rx_drop_grant") == 1);
	guest_stop(&g);
	dataplane_stop();
}
END_TEST

/* The watchdog's view: asleep is alive. */
START_TEST(health)
{
	struct guest g;

	plane_start(2);
	guest_start(&g, 7, 1, NULL);
	WAIT_FOR(dataplane_alive());
	poll(NULL, 0, 50);
	ck_assert(dataplane_alive());
	guest_stop(&g);
	dataplane_stop();
	plane_start(1);
	dataplane_stop();
}
END_TEST

void add_life_case(Suite *s)
{
	TCase *c = plane_case("life");

	tcase_add_loop_test(c, map_failure, 1, 7);
	tcase_add_loop_test(c, bad_grant_of_a_ring, 0, 4);
	tcase_add_test(c, no_descriptor_is_left);
	tcase_add_test(c, bind_failure);
	tcase_add_test(c, reconnection);
	tcase_add_loop_test(c, disconnect_waits_once, 0, 2);
	tcase_add_test(c, rings_are_taken_over);
	tcase_add_test(c, many_vifs);
	tcase_add_test(c, reload_under_traffic);
	tcase_add_test(c, guest_vanishes);
	tcase_add_test(c, health);
	suite_add_tcase(s, c);
}
