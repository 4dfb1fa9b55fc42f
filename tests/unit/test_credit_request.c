/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What credit-adjustd is asked, and what it asks netback-ngd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/credit_rig.h"

static json_t *ask(const char *text)
{
	json_t *request = json_loads(text, 0, NULL), *answer;

	ck_assert_ptr_nonnull(request);
	answer = request_answer(rig.a, json_string_value(json_object_get(request, "command")), request, rig.now);
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
	credit_begin("credit");
	credit_rounds(1, 0);
	strcpy(rig.a->record[adjust_find(rig.a, "7")].name, "8");
	ck_assert_uint_eq(rig.a->record[adjust_find(rig.a, "8")].xen.domid, 8);
	ck_assert_uint_eq(rig.a->record[adjust_find(rig.a, "domain-8")].xen.domid, 8);
	ck_assert_uint_eq(adjust_find(rig.a, "17"), rig.a->n);
	ck_assert_uint_eq(adjust_find(rig.a, ""), rig.a->n);
	credit_stop();
}
END_TEST

START_TEST(released_and_claimed)
{
	credit_begin("credit2");
	credit_rounds(3, 20000);
	ck_assert_uint_gt(credit_weight(7), 256);
	check_answer("{\"command\":\"release\",\"domain\":\"7\",\"seconds\":60}", "released");
	ck_assert_uint_eq(credit_weight(7), 256); /* when the answer is there */
	ck_assert_uint_eq(credit_weight(0) + credit_weight(8), 512);
	credit_rounds(3, 20000);
	ck_assert_uint_eq(credit_weight(7), 256);
	check_answer("{\"command\":\"claim\",\"domain\":\"domain-7\"}", "claimed");
	credit_rounds(3, 20000);
	ck_assert_uint_gt(credit_weight(7), 256);
	check_answer("{\"command\":\"release\",\"domain\":\"7\",\"seconds\":1}", "released");
	for (uint64_t end = rig.now + 1100000000; rig.now < end;)
		credit_rounds(1, 20000); /* nobody came back */
	credit_rounds(3, 20000);
	ck_assert_uint_gt(credit_weight(7), 256);
	credit_stop();
}
END_TEST

START_TEST(rules_are_kept_by_name)
{
	credit_begin("credit2");
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"never\":true}", "name");
	credit_rounds(4, 20000);
	credit_check_baselines();
	credit_crash();
	credit_start();
	credit_rounds(4, 20000);
	credit_check_baselines();
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"never\":false,\"share\":0.1}", "share");
	credit_rounds(1, 20000);
	ck_assert_uint_eq(credit_weight(8), 231);
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"default\":true}", "name");
	credit_rounds(1, 20000);
	ck_assert_uint_eq(credit_weight(8), 205);
	credit_stop();
}
END_TEST

START_TEST(a_rule_is_tried)
{
	json_t *answer;

	credit_begin("credit2");
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"floor\":100}", "name");
	answer = ask("{\"command\":\"set\",\"domain\":\"8\",\"never\":true,\"dry_run\":true}");
	ck_assert(json_is_true(json_object_get(answer, "never")));
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "floor")), 100);
	json_decref(answer);
	answer = ask("{\"command\":\"set\",\"domain\":\"8\",\"default\":true,\"dry_run\":true}");
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "floor")), 0);
	json_decref(answer);
	check_answer("{\"command\":\"set\",\"domain\":\"8\",\"floor\":-1,\"dry_run\":true}", "error");
	ck_assert(!rig.a->record[2].rule.never && rig.a->record[2].rule.floor == 100);
	credit_stop();
}
END_TEST

START_TEST(a_domain_that_is_not_there_is_said_so)
{
	credit_begin("credit2");
	check_answer("{\"command\":\"release\",\"domain\":\"99\"}", "unknown_domain");
	credit_stop();
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
	credit_begin("credit2");
	check_answer(refused[_i], "error");
	credit_stop();
}
END_TEST

START_TEST(status_tells_why)
{
	json_t *answer, *domain;

	credit_begin("credit");
	credit_rounds(3, 20000);
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
	credit_stop();
}
END_TEST

/* netback-ngd's control socket, as far as it matters here. */
static int listen_as_netback(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(addr.sun_path, rig.config.netback_socket);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

static void say_as_netback(int fd, const char *text)
{
	char question[64];

	ck_assert_int_gt(recv(fd, question, sizeof(question), 0), 0);
	ck_assert_int_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
	while (sd_event_run(rig.event, 10000) > 0)
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

	credit_begin("credit2");
	server = listen_as_netback();
	credit_rounds(1, 0);
	fd = accept(server, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	for (unsigned long long i = 1; i < 6; i++) {
		answer_as_netback(fd, i * 1000000);
		credit_rounds(1, 0);
	}
	ck_assert_uint_gt(rig.a->sample[1].frames, 30000);
	ck_assert_uint_eq(credit_weight(8), 205);
	close(fd);
	credit_rounds(8, 0); /* a daemon that ended is normal */
	credit_check_baselines();
	close(server);
	credit_stop();
}
END_TEST

START_TEST(garbage_from_netback_ngd_is_ignored)
{
	static const char *const garbage[] = { "hello\n", "{\"vifs\":7}\n", "[7]\n",
					       "{\"vifs\":[{\"data\":{\"switched\":true}},7]}\n" };
	int server, fd;

	credit_begin("credit2");
	server = listen_as_netback();
	credit_rounds(1, 0);
	fd = accept(server, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	say_as_netback(fd, garbage[_i]);
	credit_rounds(2, 0);
	credit_check_baselines();
	close(fd);
	close(server);
	credit_stop();
}
END_TEST

void add_requests(TCase *c)
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
