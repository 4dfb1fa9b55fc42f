/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What credit-adjust keeps in files (baselines, rules), what it reads from one, and how it reads xl's command line. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "credit-adjust/baseline.h"
#include "credit-adjust/config.h"
#include "credit-adjust/rule.h"
#include "credit-adjust/xlwatch.h"
#include "lib/daemon/log.h"
#include "tests/unit/config_rig.h"
#include "tests/unit/runner.h"

static char dir[] = "/tmp/credit-state-XXXXXX", path[128], bad[160];
static const uint8_t uuid1[16] = { 1 }, uuid2[16] = { 2 };
static struct baselines b;
static const char *logged;

static void setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(bad, sizeof(bad), "%s.bad", path);
	log_set_level(-1);
	ck_assert_int_eq(baselines_load(&b, path), 0);
}

static void teardown(void)
{
	baselines_free(&b);
	unlink(path);
	unlink(bad);
	rmdir(dir);
}

/* As if the process had ended here and another had started. */
static void start_again(void)
{
	baselines_free(&b);
	ck_assert_int_eq(baselines_load(&b, path), 0);
}

START_TEST(a_crash_after_the_file_and_before_the_write)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);

	baseline_plan(e, 205);
	ck_assert_int_eq(baselines_save(&b), 0);
	start_again();
	e = baseline_find(&b, 5, uuid1);
	ck_assert_ptr_nonnull(e);
	ck_assert(!baseline_observe(e, 256)); /* never written */
	ck_assert_uint_eq(e->value, 256);
}
END_TEST

START_TEST(a_crash_after_the_write)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);

	baseline_plan(e, 205);
	ck_assert_int_eq(baselines_save(&b), 0);
	start_again();
	e = baseline_find(&b, 5, uuid1);
	ck_assert(!baseline_observe(e, 205));
	ck_assert_uint_eq(e->value, 256);
	/* The next change, and a crash on either side of its write. */
	baseline_plan(e, 230);
	ck_assert_int_eq(baselines_save(&b), 0);
	start_again();
	e = baseline_find(&b, 5, uuid1);
	ck_assert(!baseline_observe(e, _i ? 205 : 230));
	ck_assert_uint_eq(e->value, 256);
}
END_TEST

START_TEST(what_the_operator_sets_is_the_baseline)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);

	baseline_plan(e, 205);
	ck_assert_int_eq(baselines_save(&b), 0);
	baseline_settle(e, true);
	ck_assert(baseline_observe(e, 400));
	ck_assert_uint_eq(e->value, 400);
	ck_assert(!baseline_observe(e, 400));
	start_again(); /* it changed while nobody looked */
	e = baseline_find(&b, 5, uuid1);
	ck_assert(baseline_observe(e, 300));
	ck_assert_uint_eq(e->value, 300);
}
END_TEST

START_TEST(a_failed_write_is_forgotten)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);

	baseline_plan(e, 205);
	baseline_settle(e, false);
	ck_assert(!baseline_observe(e, 256));
	ck_assert(baseline_observe(e, 205)); /* so it was somebody else */
}
END_TEST

START_TEST(a_saved_domain_comes_back_with_our_weight)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);

	baseline_plan(e, 205);
	baseline_settle(e, true);
	baseline_leave(&b, e);
	ck_assert_int_eq(baselines_save(&b), 0);
	start_again();
	ck_assert_ptr_null(baseline_find(&b, 5, uuid2)); /* another domain, same number */
	e = baseline_get(&b, 9, uuid1, 205);
	ck_assert(!baseline_observe(e, 205));
	ck_assert_uint_eq(e->value, 256);
	ck_assert_uint_eq(b.count, 1);
}
END_TEST

START_TEST(a_domain_at_rest_leaves_nothing_behind)
{
	baseline_leave(&b, baseline_get(&b, 5, uuid1, 256));
	ck_assert_uint_eq(b.count, 0);
	baseline_get(&b, 5, uuid1, 256);
	ck_assert_int_eq(baselines_save(&b), 0);
	start_again();
	ck_assert_uint_eq(b.count, 0);
}
END_TEST

START_TEST(two_live_domains_of_one_uuid)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);

	baseline_plan(e, 205);
	ck_assert_uint_eq(baseline_get(&b, 6, uuid1, 300)->value, 300);
	ck_assert_uint_eq(baseline_find(&b, 5, uuid1)->value, 256);
}
END_TEST

START_TEST(pools_are_apart_from_domains)
{
	struct baseline *e = baseline_get(&b, 0, NULL, 30);

	baseline_plan(e, 5);
	baseline_plan(baseline_get(&b, 0, (const uint8_t[16]){ 0 }, 256), 300);
	ck_assert_int_eq(baselines_save(&b), 0);
	start_again();
	ck_assert_uint_eq(baseline_find(&b, 0, NULL)->value, 30);
	ck_assert_uint_eq(baseline_find(&b, 0, (const uint8_t[16]){ 0 })->value, 256);
}
END_TEST

START_TEST(the_gone_are_forgotten_in_their_order)
{
	uint8_t uuid[16] = { 9 };

	for (uint32_t i = 0; i < BASELINE_ENTRIES_MAX + 10; i++) {
		struct baseline *e;

		memcpy(uuid + 1, &i, sizeof(i));
		e = baseline_get(&b, i, uuid, 256);
		ck_assert_ptr_nonnull(e);
		baseline_plan(e, 205);
		baseline_leave(&b, e);
	}
	ck_assert_uint_eq(b.count, BASELINE_ENTRIES_MAX);
	memset(uuid + 1, 0, 4);
	ck_assert_ptr_null(baseline_find(&b, 1, uuid));
}
END_TEST

static const char *const damage[] = {
	"", "{", "[]", "{\"version\":2,\"entries\":[]}", "{\"version\":1}", "{\"version\":1,\"entries\":[7]}",
	"{\"version\":1,\"entries\":[{\"pool\":false,\"id\":1,\"uuid\":\"xy\",\"baseline\":1,\"set\":1,\"was\":1}]}",
	"{\"version\":1,\"entries\":[{\"pool\":false,\"id\":-1,\"uuid\":\"00000000000000000000000000000000\","
	"\"baseline\":1,\"set\":1,\"was\":1}]}",
	"{\"version\":1,\"entries\":[{\"pool\":false,\"id\":1,\"uuid\":\"00000000000000000000000000000000\","
	"\"baseline\":0,\"set\":1,\"was\":1}]}",
	"{\"version\":1,\"entries\":[{\"pool\":false,\"id\":1,\"uuid\":\"00000000000000000000000000000000\","
	"\"baseline\":99999,\"set\":1,\"was\":1}]}",
};

START_TEST(a_damaged_file_is_set_aside)
{
	config_rig_write(path, damage[_i]);
	ck_assert_int_eq(baselines_load(&b, path), -EINVAL);
	ck_assert_uint_eq(b.count, 0);
	ck_assert_int_eq(access(bad, F_OK), 0);
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_written)
{
	struct baseline *e = baseline_get(&b, 5, uuid1, 256);
	char longer[400];

	baseline_plan(e, 205);
	strcpy(b.path, "/nonexistent/file");
	ck_assert_int_eq(baselines_save(&b), -ENOENT);
	baselines_free(&b);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(baselines_load(&b, longer), -ENAMETOOLONG);
}
END_TEST

START_TEST(rules_outlive_the_daemon)
{
	struct config_rule rule = { .never = true, .floor = 100, .share_mille = 50 }, got;
	struct rules rules;

	ck_assert_int_eq(rules_load(&rules, path), 0);
	ck_assert_int_eq(rules_set(&rules, "web", &rule), 0);
	ck_assert_int_eq(rules_set(&rules, "db", &rule), 0);
	ck_assert_int_eq(rules_set(&rules, "db", NULL), 0);
	ck_assert_int_eq(rules_set(&rules, "\xff\xfe", &rule), -EINVAL);
	rules_free(&rules);
	ck_assert_int_eq(rules_load(&rules, path), 0);
	ck_assert(rules_find(&rules, "web", &got));
	ck_assert(got.never && got.floor == 100 && got.share_mille == 50);
	ck_assert(!rules_find(&rules, "db", &got));
	strcpy(rules.path, "/nonexistent/rules");
	rule.never = false;
	ck_assert_int_eq(rules_set(&rules, "web", &rule), -ENOENT);
	ck_assert(rules_find(&rules, "web", &got) && got.never);
	rules_free(&rules);
	config_rig_write(path, "[]");
	ck_assert_int_eq(rules_load(&rules, path), -EINVAL);
	ck_assert(!rules_find(&rules, "web", &got));
	rules_free(&rules);
}
END_TEST

/* config_load() on TEXT; what it logs goes to logged. */
static int load(struct config *c, const char *text)
{
	int rc;

	config_rig_write(path, text);
	log_set_level(LOG_INFO);
	config_rig_listen();
	rc = config_load(c, path);
	logged = config_rig_heard();
	return rc;
}

START_TEST(an_absent_configuration_means_defaults)
{
	struct policy_params p;
	struct config c;

	policy_params_default(&p);
	ck_assert_int_eq(config_load(&c, "/nonexistent"), 0);
	ck_assert_mem_eq(&c.params, &p, sizeof(p));
	ck_assert_str_eq(c.control_socket, "/run/credit-adjust/control");
	ck_assert_uint_eq(c.tslice_ms, 5);
	ck_assert(c.dom0 && c.watch_xl);
}
END_TEST

START_TEST(every_kind_of_value)
{
	const struct config_rule *r;
	struct config c;

	ck_assert_int_eq(load(&c, "max_share = 0.3 # comment\nio_enter = 50\nio_leave = 50\ndom0 = false\n"
				  "state_dir = \"/x\"\ndomain \"web*\" { policy = \"never\" }\n"
				  "domain \"*\" { floor = 100 share = 0.05 }\n"), 0);
	ck_assert_str_eq(logged, "");
	ck_assert_uint_eq(c.params.max_share_mille, 300);
	ck_assert_uint_eq(c.params.io_enter, 50);
	ck_assert(!c.dom0);
	ck_assert_str_eq(c.state_dir, "/x");
	r = config_rule_of(&c, "web1");
	ck_assert(r && r->never);
	r = config_rule_of(&c, "db");
	ck_assert(r && !r->never && r->floor == 100 && r->share_mille == 50);
}
END_TEST

static const struct config_error wrong[] = {
	{ "\nmax_share = 0.9\n", { ":2:", "0.01 to 0.5", "" } },
	{ "max_share = nan\n", { ":1:", "max_share", "" } },
	{ "io_enter = -1\n", { ":1:", "io_enter", "" } },
	{ "io_enter = many\n", { ":1:", "credit-adjust.conf(5)", "" } },
	{ "io_enter = 10\nio_leave = 20\n", { ":2:", "io_leave (20)", "io_enter (10)" } },
	{ "io_leave = 20\n\n# so\nio_enter = 10\n", { ":4:", "io_leave (20)", "io_enter (10)" } },
	{ "io_leave = 2000\n", { ":1:", "io_leave (2000)", "io_enter (1000)" } },
	{ "# one\n// two\n/* three\n */ frob = 1\n", { ":4:", "frob", "" } },
	{ "\ndomain \"x\" { # y\n\n # z\n floor = 70000 }\n", { ":5:", "65535", "" } },
	{ "domain \"x\" {\n policy = \"never\"\n", { ":1:", "never closed", "" } },
	{ "domain \"x { }\n", { ":1:", "closing quote", "" } },
	{ "\ncontrol_socket = \"/run/x\n", { ":2:", "control_socket: ", "closing quote" } },
	{ "dom0 = true\n/* domain\n", { ":2:", "/* has no end", "" } },
	{ "\n\"\" = 1\n", { ":2:", "cannot be parsed", "" } },
	{ "tslice_ms = 31\n", { ":1:", "0 to 30", "" } },
	{ "control_socket = relative\n", { ":1:", "absolute path", "" } },
	{ "dom0 = maybe\n", { ":1:", "credit-adjust.conf(5)", "" } },
	{ "frob = 1\n", { ":1:", "frob", "" } },
	{ "domain \"x\" { policy = \"often\" }\n", { ":1:", "adjust", "" } },
	{ "domain \"x\" { floor = 70000 }\n", { ":1:", "65535", "" } },
	{ "domain \"x\" { share = 0.6 }\n", { ":1:", "0.001 to 0.5", "" } },
	{ "domain \"\" { }\n", { "pattern", "63", "" } },
	{ "max_share 0.1\n", { ":1:", "credit-adjust.conf(5)", "" } },
};

START_TEST(errors_name_the_line_and_what_is_valid)
{
	struct config c, before;

	memset(&c, 0x5a, sizeof(c));
	before = c;
	ck_assert_int_eq(load(&c, wrong[_i].text), -EINVAL);
	config_rig_check(&wrong[_i], logged);
	ck_assert_msg(strchr(logged, '\n') == logged + strlen(logged) - 1, "more than a line: %s", logged);
	ck_assert_mem_eq(&c, &before, sizeof(c));
}
END_TEST

START_TEST(a_directory_is_no_configuration)
{
	struct config c;

	ck_assert_int_eq(config_load(&c, "/"), -EINVAL);
}
END_TEST

static bool is_web(void *arg, const char *word)
{
	return !strcmp(word, "web") || !strcmp(word, "7");
}

#define LINE(text, yes) { text, sizeof(text), yes }
static const struct {
	const char *line;
	size_t size;
	bool leaves;
} commands[] = {
	LINE("/usr/sbin/xl\0migrate\0web\0host", true), LINE("xl\0-v\0save\0-c\0web\0/x", true),
	LINE("xl\0migrate\0-s\0ssh -p 1\0" "7\0host", true), LINE("xl\0list\0web", false),
	LINE("xl\0sav\0web\0/x", true), LINE("xl\0s\0web\0/x", false), LINE("xl\0migrat\0web\0host", false),
	LINE("xl\0migrate-receive\0web", false), LINE("xl\0save", false), LINE("xl", false), LINE("", false),
	LINE("/bin/cat\0save\0web", false), LINE("xl\0destroy\0save\0web", false), LINE("xl\0save\0other\0/x", false),
	{ "xl\0save\0web", 10, false }, /* cut off without a NUL */
};

START_TEST(xl_that_saves_or_migrates_is_noticed)
{
	ck_assert(xlwatch_command(commands[_i].line, commands[_i].size, is_web, NULL) == commands[_i].leaves);
}
END_TEST

START_TEST(the_sample_says_the_defaults)
{
	static struct config c, none;
	char *text = config_rig_source("hotplug/credit-adjust.conf");

	for (char *p = text; (p = strstr(p, "\n#")); p++)
		if (p[2] != ' ' && p[2] != '\n')
			p[1] = ' ';
	ck_assert_msg(load(&c, text) == 0, "%s", logged);
	ck_assert_int_eq(config_load(&none, "/nonexistent"), 0);
	ck_assert_uint_ge(c.rules, 1);
	c.rules = 0;
	memset(c.rule, 0, sizeof(c.rule));
	ck_assert_mem_eq(&c, &none, sizeof(c));
	free(text);
}
END_TEST

START_TEST(the_manual_has_every_key)
{
	static const char *const keys[] = {
		"max_share", "io_enter", "io_leave", "io_full", "enter_seconds", "leave_seconds", "busy", "mixed_below",
		"min_change", "max_ratio", "tslice_ms", "dom0", "affinity", "watch_xl", "control_socket", "netback_socket",
		"state_dir", "policy", "floor", "share",
	};
	char *text = config_rig_source("man/credit-adjust.conf.5"), item[64];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(item, sizeof(item), "\n.It Cm %s No = ", keys[i]);
		ck_assert_msg(strstr(text, item) != NULL, "credit-adjust.conf(5) lacks %s", keys[i]);
	}
	free(text);
}
END_TEST

static void add_baselines(TCase *c)
{
	tcase_add_test(c, a_crash_after_the_file_and_before_the_write);
	tcase_add_loop_test(c, a_crash_after_the_write, 0, 2);
	tcase_add_test(c, what_the_operator_sets_is_the_baseline);
	tcase_add_test(c, a_failed_write_is_forgotten);
	tcase_add_test(c, a_saved_domain_comes_back_with_our_weight);
	tcase_add_test(c, a_domain_at_rest_leaves_nothing_behind);
	tcase_add_test(c, two_live_domains_of_one_uuid);
	tcase_add_test(c, pools_are_apart_from_domains);
	tcase_add_test(c, the_gone_are_forgotten_in_their_order);
	tcase_add_loop_test(c, a_damaged_file_is_set_aside, 0, COUNT(damage));
	tcase_add_test(c, a_file_that_cannot_be_written);
	tcase_add_test(c, rules_outlive_the_daemon);
}

static void add_configuration(TCase *c)
{
	tcase_add_test(c, an_absent_configuration_means_defaults);
	tcase_add_test(c, every_kind_of_value);
	tcase_add_loop_test(c, errors_name_the_line_and_what_is_valid, 0, COUNT(wrong));
	tcase_add_test(c, a_directory_is_no_configuration);
	tcase_add_loop_test(c, xl_that_saves_or_migrates_is_noticed, 0, COUNT(commands));
	tcase_add_test(c, the_sample_says_the_defaults);
	tcase_add_test(c, the_manual_has_every_key);
}

int main(void)
{
	Suite *s = suite_create("credit-adjust state");
	TCase *baselines = tcase_create("baselines"), *configuration = tcase_create("configuration");

	tcase_add_checked_fixture(baselines, setup, teardown);
	tcase_add_checked_fixture(configuration, setup, teardown);
	add_baselines(baselines);
	add_configuration(configuration);
	suite_add_tcase(s, baselines);
	suite_add_tcase(s, configuration);
	return runner_run(s);
}
