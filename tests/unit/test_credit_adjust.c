/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjust over the embedded Xen: what it does to weights, and what it leaves behind however it ends. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "credit-adjust/request.h"
#include "lib/daemon/log.h"
#include "tests/unit/config_rig.h"
#include "tests/unit/test_xensim.h"

#define ROUND_NS 3000000ull

static char dir[] = "/tmp/credit-adjust-XXXXXX";
static struct config config;
static struct adjust *a;
static sd_event *event;
static xc_interface *xch;
static enum policy_sched sched;
static uint64_t now, moved;

static void start(void)
{
	a = calloc(1, sizeof(*a));
	ck_assert_int_eq(adjust_open(a, &config, event, false), 0);
}

static void stop(void)
{
	adjust_close(a);
	free(a);
}

/* As kill -9 leaves it: nothing is restored, all descriptors go. */
static void crash(void)
{
	netback_close(a->netback);
	net_close(&a->net);
	xs_close(a->xs);
	xc_interface_close(a->xch);
	rules_free(&a->rules);
	baselines_free(&a->baselines);
	baselines_free(&a->places);
	free(a);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Rounds, if shorter than a second, with traffic of domain 7 at a rate and of domain 8 computing. */
static void rounds(unsigned int n, uint64_t frames)
{
	while (n--) {
		uint64_t began = now;

		for (int i = 0; i < 20 || now - began < ROUND_NS; i++) {
			adjust_look(a);
			now = clock_ns();
		}
		moved += began ? frames * (now - began) / 1000000000 : 0;
		record_found(RECORD_LINK)(a, 7, false, 0, moved);
		adjust_round(a, now);
	}
}

static uint32_t weight(uint32_t domid)
{
	uint32_t w = 0;

	ck_assert_int_eq(xen_weight_get(xch, sched, domid, &w), 0);
	return w;
}

static void begin(const char *scheduler)
{
	as_domain(0);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	log_set_level(-1);
	sched = strcmp(scheduler, "credit") ? POLICY_CREDIT2 : POLICY_CREDIT;
	ck_assert_int_eq(xensim("sched %s >/dev/null", scheduler), 0);
	ck_assert_int_eq(xensim("weight 0 256 >/dev/null"), 0);
	xensim("tslice 30 >/dev/null");
	ck_assert_int_eq(xensim("domain load 7 20 50"), 0);
	ck_assert_int_eq(xensim("domain load 8 80 100"), 0);
	ck_assert_int_eq(config_load(&config, "/nonexistent"), 0);
	snprintf(config.state_dir, sizeof(config.state_dir), "%s/a/b", dir);
	snprintf(config.netback_socket, sizeof(config.netback_socket), "%s/netback", dir);
	ck_assert_int_ge(sd_event_new(&event), 0);
	xch = xc_interface_open(NULL, NULL, 0);
	ck_assert_ptr_nonnull(xch);
	start();
}

static const char *const schedulers[] = { "credit", "credit2" };

static void check_baselines(void)
{
	ck_assert_uint_eq(weight(0), 256);
	ck_assert_uint_eq(weight(7), 256);
	ck_assert_uint_eq(weight(8), 256);
}

START_TEST(weight_moves_and_goes_back)
{
	struct xen_domctl_sched_credit2 cap = { .weight = 256, .cap = 70 };

	begin(schedulers[_i]);
	if (_i)
		ck_assert_int_eq(xc_sched_credit2_domain_set(xch, 8, &cap), 0);
	rounds(3, 20000);
	ck_assert_uint_eq(weight(8), 205);
	ck_assert_uint_eq(weight(0) + weight(7), 512 + 51);
	rounds(4, 0);
	check_baselines();
	if (_i) {
		ck_assert_int_eq(xc_sched_credit2_domain_get(xch, 8, &cap), 0);
		ck_assert_uint_eq(cap.cap, 70);
	}
	stop();
}
END_TEST

START_TEST(it_settles_within_five_seconds_of_a_change)
{
	unsigned int up = 0, down = 0;

	begin("credit2");
	rounds(10, 0);
	while (weight(8) == 256 && up < 20) {
		rounds(1, 20000);
		up++;
	}
	while (weight(8) != 256 && down < 20) {
		rounds(1, 0);
		down++;
	}
	ck_assert_uint_le(up, 5);
	ck_assert_uint_le(down, 5);
	stop();
}
END_TEST

START_TEST(a_stop_restores)
{
	begin(schedulers[_i]);
	rounds(3, 20000);
	ck_assert_uint_eq(weight(8), 205);
	stop();
	check_baselines();
}
END_TEST

START_TEST(a_crash_is_repaired_at_the_next_start)
{
	begin(schedulers[_i]);
	rounds(3, 20000);
	crash();
	ck_assert_uint_eq(weight(8), 205);
	start();
	check_baselines();
	rounds(3, 20000);
	ck_assert_uint_eq(weight(8), 205);
	stop();
	check_baselines();
}
END_TEST

START_TEST(the_operator_wins)
{
	begin("credit2");
	rounds(3, 20000);
	ck_assert_int_eq(xensim("weight 8 1000 >/dev/null"), 0);
	rounds(2, 20000);
	ck_assert_uint_eq(weight(8), 800);
	crash();
	ck_assert_int_eq(xensim("weight 7 400 >/dev/null"), 0); /* while nobody looks */
	start();
	ck_assert_uint_eq(weight(8), 1000);
	ck_assert_uint_eq(weight(7), 400);
	ck_assert_uint_eq(weight(0), 256);
	stop();
	ck_assert_uint_eq(weight(7), 400);
}
END_TEST

START_TEST(a_domain_that_vanishes)
{
	begin("credit");
	rounds(3, 20000);
	ck_assert_int_eq(xensim("domain destroy 8"), 0);
	rounds(1, 20000);
	ck_assert_uint_eq(weight(0), 256);
	ck_assert_uint_eq(weight(7), 256);
	ck_assert_uint_eq(a->n, 2);
	/* Restored from a file that has our weight in it. */
	ck_assert_int_eq(xensim("domain create 8"), 0);
	ck_assert_int_eq(xensim("weight 8 205 >/dev/null"), 0);
	rounds(1, 0);
	ck_assert_uint_eq(weight(8), 256);
	stop();
}
END_TEST

START_TEST(the_timeslice_follows)
{
	struct xen_sysctl_credit_schedule p;

	begin("credit");
	rounds(3, 20000);
	ck_assert_int_eq(xc_sched_credit_params_get(xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 5);
	ck_assert_uint_eq(p.ratelimit_us, 1000);
	crash();
	start();
	ck_assert_int_eq(xc_sched_credit_params_get(xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 30);
	rounds(3, 20000);
	ck_assert_int_eq(xensim("tslice 20 >/dev/null"), 0);
	rounds(5, 0);
	ck_assert_int_eq(xc_sched_credit_params_get(xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 20);
	stop();
}
END_TEST

/* sysctl.h: no timeslice below the rate limit.  Weights move all the same. */
START_TEST(a_timeslice_that_cannot_be)
{
	struct xen_sysctl_credit_schedule p = { .tslice_ms = 30, .ratelimit_us = 20000 };

	begin("credit");
	ck_assert_int_eq(xc_sched_credit_params_set(xch, 0, &p), 0);
	rounds(5, 20000);
	ck_assert(a->pool[0].refused);
	ck_assert_uint_eq(weight(8), 205);
	p.ratelimit_us = 1000;
	ck_assert_int_eq(xc_sched_credit_params_set(xch, 0, &p), 0);
	rounds(6, 0);
	ck_assert(!a->pool[0].refused);
	rounds(3, 20000);
	ck_assert_int_eq(xc_sched_credit_params_get(xch, 0, &p), 0);
	ck_assert_uint_eq(p.tslice_ms, 5);
	stop();
}
END_TEST

START_TEST(nothing_is_written_that_could_not_be_remembered)
{
	begin("credit2");
	strcpy(a->baselines.path, "/nonexistent/file");
	rounds(5, 20000);
	check_baselines();
	snprintf(a->baselines.path, sizeof(a->baselines.path), "%s/baselines.json", config.state_dir);
	rounds(1, 20000);
	ck_assert_uint_eq(weight(8), 205);
	stop();
}
END_TEST

static const char *logged(int (*fn)(struct adjust *a), unsigned int times)
{
	config_rig_listen();
	while (times--)
		fn(a);
	return config_rig_heard();
}

/* The disk is full when the load ends: the operator's weights come back all the same, and it is said once. */
START_TEST(the_way_back_needs_no_disk)
{
	begin(schedulers[_i]);
	rounds(3, 20000);
	ck_assert_uint_eq(weight(8), 205);
	strcpy(a->baselines.path, "/nonexistent/file");
	rounds(5, 0);
	check_baselines();
	/* A crash now: the file says what was moved, and what is in force is its baseline. */
	crash();
	start();
	check_baselines();
	ck_assert_int_eq(xen_weight_set(xch, sched, 8, 300), 0);
	rounds(1, 0);
	ck_assert_uint_eq(weight(8), 300);
	stop();
	ck_assert_uint_eq(weight(8), 300);
	ck_assert_int_eq(xen_weight_set(xch, sched, 8, 256), 0);
}
END_TEST

START_TEST(a_full_disk_is_told_once)
{
	const char *text;

	begin("credit2");
	strcpy(a->baselines.path, "/nonexistent/file");
	rounds(3, 20000);
	a->unsaved = 0;
	log_set_level(LOG_INFO);
	text = logged(weigh_apply, 30);
	ck_assert_ptr_nonnull(strstr(text, "cannot remember"));
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	snprintf(a->baselines.path, sizeof(a->baselines.path), "%s/baselines.json", config.state_dir);
	ck_assert_ptr_nonnull(strstr(logged(weigh_apply, 1), "again"));
	log_set_level(-1);
	ck_assert_uint_eq(weight(8), 205);
	stop();
}
END_TEST

START_TEST(a_dry_run_writes_nothing)
{
	begin("credit2");
	a->dry_run = true;
	rounds(5, 20000);
	check_baselines();
	ck_assert_uint_eq(a->result[2].weight, 205);
	stop();
	ck_assert_int_ne(access(config.state_dir, F_OK), -1);
}
END_TEST

static uint32_t place(uint32_t domid)
{
	uint32_t where = 0;

	ck_assert_int_eq(xen_soft_get(xch, &a->sockets, domid, 1, &where), 0);
	return where;
}

/* Two sockets: one CPU each, where there are two. */
START_TEST(io_domains_run_beside_dom0)
{
	setenv("XENSIM_SOCKETS", "2", 1);
	begin("credit2");
	config.affinity = true;
	if (xc_get_max_cpus(xch) < 2) {
		stop();
		return;
	}
	rounds(3, 20000);
	ck_assert_uint_eq(place(7), XEN_SOCKET(0)); /* Dom0's one vCPU is there */
	ck_assert_uint_eq(place(8), XEN_ANYWHERE);
	crash();
	start();
	ck_assert_int_eq(xen_sockets_get(xch, &a->sockets), 0);
	ck_assert_uint_eq(place(7), XEN_ANYWHERE);
	rounds(3, 20000);
	ck_assert_uint_eq(place(7), XEN_SOCKET(0));
	rounds(5, 0);
	ck_assert_uint_eq(place(7), XEN_ANYWHERE);
	/* An operator's own placement stays, through load and stop. */
	ck_assert_int_eq(xen_soft_set(xch, &a->sockets, 7, 1, XEN_SOCKET(1)), 0);
	rounds(4, 20000);
	ck_assert_uint_eq(place(7), XEN_SOCKET(1));
	adjust_close(a);
	memset(a, 0, sizeof(*a));
	ck_assert_int_eq(adjust_open(a, &config, event, false), 0);
	ck_assert_int_eq(xen_sockets_get(xch, &a->sockets), 0);
	ck_assert_uint_eq(place(7), XEN_SOCKET(1));
	stop();
}
END_TEST

START_TEST(one_socket_is_left_alone)
{
	begin("credit2");
	config.affinity = true;
	rounds(4, 20000);
	ck_assert_uint_eq(a->sockets.sockets, 1);
	ck_assert_uint_eq(a->places.count, 0);
	stop();
}
END_TEST

static json_t *ask(const char *text)
{
	json_t *request = json_loads(text, 0, NULL), *answer;

	ck_assert_ptr_nonnull(request);
	answer = request_answer(a, json_string_value(json_object_get(request, "command")), request, now);
	json_decref(request);
	ck_assert_ptr_nonnull(answer);
	return answer;
}

static void check_answer(const char *request, const char *key)
{
	json_t *answer = ask(request);
	char *text = json_dumps(answer, 0);

	ck_assert_msg(json_object_get(answer, key) != NULL, "%s: %s", request, text);
	free(text);
	json_decref(answer);
}

/* Digits are a number, as xl takes them, whoever is called so. */
START_TEST(by_number_or_name)
{
	begin("credit");
	rounds(1, 0);
	strcpy(a->record[adjust_find(a, "7")].name, "8");
	ck_assert_uint_eq(a->record[adjust_find(a, "8")].xen.domid, 8);
	ck_assert_uint_eq(a->record[adjust_find(a, "domain-8")].xen.domid, 8);
	ck_assert_uint_eq(adjust_find(a, "17"), a->n);
	ck_assert_uint_eq(adjust_find(a, ""), a->n);
	stop();
}
END_TEST

START_TEST(released_and_claimed)
{
	begin("credit2");
	rounds(3, 20000);
	ck_assert_uint_gt(weight(7), 256);
	check_answer("{\"command\":\"release\",\"domain\":\"7\",\"seconds\":60}", "released");
	ck_assert_uint_eq(weight(7), 256); /* when the answer is there */
	ck_assert_uint_eq(weight(0) + weight(8), 512);
	rounds(3, 20000);
	ck_assert_uint_eq(weight(7), 256);
	check_answer("{\"command\":\"claim\",\"domain\":\"domain-7\"}", "claimed");
	rounds(3, 20000);
	ck_assert_uint_gt(weight(7), 256);
	check_answer("{\"command\":\"release\",\"domain\":\"7\",\"seconds\":1}", "released");
	for (uint64_t end = now + 1100000000; now < end;)
		rounds(1, 20000); /* nobody came back */
	rounds(3, 20000);
	ck_assert_uint_gt(weight(7), 256);
	stop();
}
END_TEST

START_TEST(rules_are_kept_by_name)
{
	begin("credit2");
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"never\":true}", "name");
	rounds(4, 20000);
	check_baselines();
	crash();
	start();
	rounds(4, 20000);
	check_baselines();
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"never\":false,\"share\":0.1}", "share");
	rounds(1, 20000);
	ck_assert_uint_eq(weight(8), 231);
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"default\":true}", "name");
	rounds(1, 20000);
	ck_assert_uint_eq(weight(8), 205);
	stop();
}
END_TEST

START_TEST(a_rule_is_tried)
{
	json_t *answer;

	begin("credit2");
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"floor\":100}", "name");
	answer = ask("{\"command\":\"set\",\"domain\":\"8\",\"never\":true,\"dry_run\":true}");
	ck_assert(json_is_true(json_object_get(answer, "never")));
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "floor")), 100);
	json_decref(answer);
	answer = ask("{\"command\":\"set\",\"domain\":\"8\",\"default\":true,\"dry_run\":true}");
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "floor")), 0);
	json_decref(answer);
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"floor\":-1,\"dry_run\":true}", "error");
	ck_assert(!a->record[2].rule.never && a->record[2].rule.floor == 100);
	stop();
}
END_TEST

START_TEST(a_domain_that_is_not_there_is_said_so)
{
	begin("credit2");
	check_answer("{\"command\":\"release\",\"domain\":\"99\"}", "unknown_domain");
	stop();
}
END_TEST

static const char *const refused[] = {
	"{\"command\":\"frob\"}", "{\"command\":\"set\"}", "{\"command\":\"set\",\"domain\":7}",
	"{\"command\":\"set\",\"domain\":\"99\",\"never\":true}", "{\"command\":\"set\",\"domain\":\"7\"}",
	"{\"command\":\"set\",\"domain\":\"7\",\"never\":1}", "{\"command\":\"set\",\"domain\":\"7\",\"floor\":-1}",
	"{\"command\":\"set\",\"domain\":\"7\",\"floor\":70000}", "{\"command\":\"set\",\"domain\":\"7\",\"share\":0.6}",
	"{\"command\":\"set\",\"domain\":\"7\",\"share\":\"x\"}", "{\"command\":\"release\",\"domain\":\"\"}",
	"{\"command\":\"release\",\"domain\":\"7\",\"seconds\":-1}",
};

START_TEST(nonsense_is_refused)
{
	begin("credit2");
	check_answer(refused[_i], "error");
	stop();
}
END_TEST

START_TEST(status_tells_why)
{
	json_t *answer, *domain;

	begin("credit");
	rounds(3, 20000);
	answer = ask("{\"command\":\"status\"}");
	domain = json_array_get(json_object_get(answer, "domains"), 2);
	ck_assert_str_eq(json_string_value(json_object_get(domain, "class")), "cpu");
	ck_assert_int_eq(json_integer_value(json_object_get(domain, "baseline")), 256);
	ck_assert_int_eq(json_integer_value(json_object_get(domain, "weight")), 205);
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(domain, "reason")), "gives"));
	domain = json_array_get(json_object_get(answer, "domains"), 1);
	ck_assert_int_ge(json_integer_value(json_object_get(domain, "frames")), 15000);
	domain = json_array_get(json_object_get(answer, "pools"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(domain, "tslice_ms")), 5);
	json_decref(answer);
	stop();
}
END_TEST

/* netback-ngd's control socket, as far as it matters here. */
static int listen_as_netback(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, config.netback_socket);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static void say_as_netback(int fd, const char *text)
{
	char question[64];

	ck_assert_int_gt(recv(fd, question, sizeof(question), 0), 0);
	ck_assert_int_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	while (sd_event_run(event, 10000) > 0)
		;
}

static void answer_as_netback(int fd, unsigned long long frames)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"vifs\":[{\"domid\":7,\"devid\":0,\"data\":{\"switched\":true,\"queues\":"
		 "[{\"tx_frames\":%llu,\"tx_bytes\":0,\"rx_frames\":0,\"rx_bytes\":0}]}}]}\n", frames);
	say_as_netback(fd, text);
}

START_TEST(switched_frames_are_netback_ngds_to_tell)
{
	int server, fd;

	begin("credit2");
	server = listen_as_netback();
	rounds(1, 0);
	fd = accept(server, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	for (unsigned long long i = 1; i < 6; i++) {
		answer_as_netback(fd, i * 1000000);
		rounds(1, 0);
	}
	ck_assert_uint_gt(a->sample[1].frames, 30000);
	ck_assert_uint_eq(weight(8), 205);
	close(fd);
	rounds(8, 0); /* a daemon that ended is normal */
	check_baselines();
	close(server);
	stop();
}
END_TEST

START_TEST(garbage_from_netback_ngd_is_ignored)
{
	static const char *const garbage[] = { "hello\n", "{\"vifs\":7}\n", "[7]\n",
					       "{\"vifs\":[{\"data\":{\"switched\":true}},7]}\n" };
	int server, fd;

	begin("credit2");
	server = listen_as_netback();
	rounds(1, 0);
	fd = accept(server, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	say_as_netback(fd, garbage[_i]);
	rounds(2, 0);
	check_baselines();
	close(fd);
	close(server);
	stop();
}
END_TEST

static void add_life(TCase *c)
{
	tcase_add_loop_test(c, weight_moves_and_goes_back, 0, 2);
	tcase_add_test(c, it_settles_within_five_seconds_of_a_change);
	tcase_add_loop_test(c, a_stop_restores, 0, 2);
	tcase_add_loop_test(c, a_crash_is_repaired_at_the_next_start, 0, 2);
	tcase_add_test(c, the_operator_wins);
	tcase_add_test(c, a_domain_that_vanishes);
	tcase_add_test(c, the_timeslice_follows);
	tcase_add_test(c, a_timeslice_that_cannot_be);
	tcase_add_test(c, nothing_is_written_that_could_not_be_remembered);
	tcase_add_loop_test(c, the_way_back_needs_no_disk, 0, 2);
	tcase_add_test(c, a_full_disk_is_told_once);
	tcase_add_test(c, a_dry_run_writes_nothing);
	tcase_add_test(c, io_domains_run_beside_dom0);
	tcase_add_test(c, one_socket_is_left_alone);
}

static void add_requests(TCase *c)
{
	tcase_add_test(c, by_number_or_name);
	tcase_add_test(c, released_and_claimed);
	tcase_add_test(c, rules_are_kept_by_name);
	tcase_add_test(c, a_rule_is_tried);
	tcase_add_test(c, a_domain_that_is_not_there_is_said_so);
	tcase_add_loop_test(c, nonsense_is_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(c, status_tells_why);
	tcase_add_test(c, switched_frames_are_netback_ngds_to_tell);
	tcase_add_loop_test(c, garbage_from_netback_ngd_is_ignored, 0, 4);
}

int main(int argc, char **argv)
{
	Suite *s = suite_create("credit-adjust");
	TCase *life = test_xensim_case("life"), *requests = test_xensim_case("requests");

	add_life(life);
	add_requests(requests);
	suite_add_tcase(s, life);
	suite_add_tcase(s, requests);
	test_xensim_main(s, argc, argv);
}
