/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file, its sample and its man page, and the rule that says whose a vif is. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netback-ng/control/adopt.h"
#include "lib/daemon/log.h"
#include "tests/unit/config_rig.h"
#include "tests/unit/runner.h"

static char file[] = "/tmp/netback-config-XXXXXX";
static const char *errors;

static void setup(void)
{
	int fd;

	strcpy(file + strlen(file) - 6, "XXXXXX");
	fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	close(fd);
	log_set_level(LOG_INFO);
}

static void teardown(void)
{
	unlink(file);
}

/* config_load() on TEXT; what it logs goes to errors. */
static int load(struct config *c, const char *text)
{
	int rc;

	config_rig_write(file, text);
	config_rig_listen();
	rc = config_load(c, file);
	errors = config_rig_heard();
	return rc;
}

START_TEST(absent_file_means_defaults)
{
	struct config c;

	ck_assert_int_eq(config_load(&c, "/nonexistent/file"), 0);
	ck_assert(!c.whole_host && c.data.sg && c.data.static_grants && !c.data.mac_filter);
	ck_assert_uint_eq(c.adopt_scripts.count, 1);
	ck_assert_str_eq(c.adopt_scripts.items[0], "vif-ng");
	ck_assert_uint_eq(c.data.copy_batch, 128);
	config_free(&c);
}
END_TEST

START_TEST(every_kind_of_value)
{
	struct config c;

	ck_assert_int_eq(load(&c, "mode = \"whole-host\"\nworkers = 3 # comment\nworker_cpus = { 0, 2 }\n"
				  "adopt_bridges = { \"a\", b }\nadopt_scripts = {}\nsg = no\nport = vhost\n"
				  "control_socket = /run/x\n"), 0);
	ck_assert_str_eq(errors, "");
	ck_assert(c.whole_host && !c.data.sg && c.data.uplink == CONFIG_UPLINK_VHOST);
	ck_assert_uint_eq(c.data.workers, 3);
	ck_assert_uint_eq(c.data.worker_cpus.count, 2);
	ck_assert_str_eq(c.data.worker_cpus.items[1], "2");
	ck_assert_uint_eq(c.adopt_bridges.count, 2);
	ck_assert_uint_eq(c.adopt_scripts.count, 0);
	ck_assert_str_eq(c.control_socket, "/run/x");
	config_free(&c);
}
END_TEST

static const struct config_error wrong[] = {
	{ "\nworkers = 99\n", { ":2:", "workers", "0 to 64" } },
	{ "workers = -1\n", { ":1:", "workers", "0 to 64" } },
	{ "workers = many\n", { ":1:", "workers", "0 to 64" } },
	{ "copy_batch = 99999999999999999999\n", { ":1:", "copy_batch", "1 to 256" } },
	{ "sg = maybe\n", { ":1:", "sg", "true or false" } },
	{ "port = tap\n", { ":1:", "port", "\"auto\", \"io_uring\", \"vhost\", \"split\" or \"kernel\"" } },
	{ "mode = both\n", { ":1:", "mode", "whole-host" } },
	{ "control_socket = relative\n", { ":1:", "control_socket", "absolute path" } },
	{ "worker_cpus = { 1, x }\n", { ":1:", "worker_cpus", "CPU" } },
	{ "adopt_domains = { \"\" }\n", { ":1:", "adopt_domains", "non-empty" } },
	{ "sg = true\n\nfrob = 1\n", { ":3:", "frob", "netback-ng.conf(5)" } },
	{ "sg true\n", { ":1:", "netback-ng.conf(5)", "" } },
	{ "adopt_domains = { \"a\"\n\n", { ":1:", "never closed", "" } },
	{ "sg = true\nadopt_domains = {\n\"a\",\n\"b\"\nadopt_bridges = { x }\n", { ":2:", "never closed", "" } },
	/* Comments of all kinds count once. */
	{ "# one\n# two\n# three\nnosuch = 1\n", { ":4:", "nosuch", "" } },
	{ "// one\n//two\n\n#\n#####\nnosuch = 1\n", { ":6:", "nosuch", "" } },
	{ "/* one\n * two\n **/ sg /* x */ = 7 // 8\n", { ":3:", "sg = \"7\"", "" } },
	{ "workers = 1 # \" ' { /*\nsg = \"# no // comment\"\n", { ":2:", "sg = \"# no // comment\"", "" } },
	{ "control_socket = run//x # y\n", { ":1:", "run//x", "absolute" } },
	{ "sg = true\n/* begun\nworkers = 99\n", { ":2:", "/* has no end", "" } },
	{ "sg = true /*", { ":1:", "/* has no end", "" } },
	/* What is not closed is told in its own line, with the key. */
	{ "\nmode = \"mixed\nsg = true\nport = \"auto\"\n", { ":2:", "mode: ", "closing quote" } },
	{ "mode = 'mixed\n", { ":1:", "mode: ", "closing quote" } },
	{ "mode = \"mixed\\\"\n", { ":1:", "mode: ", "closing quote" } },
	{ "mode = \"mix\\\ned\"\n", { ":1:", "mode: ", "closing quote" } },
	{ "adopt_bridges += { \"a }", { ":1:", "adopt_bridges: ", "closing quote" } },
	{ "sg = true\n\"\n", { ":2:", "closing quote", "" } },
	{ "\nsg = ${HOME\n}\n", { ":2:", "sg: ", "closing brace" } },
	/* Where libconfuse itself says nothing. */
	{ "sg = true\n\"\" = 3\n", { ":2:", "cannot be parsed", "" } },
	/* The last item of a list is not looked at twice. */
	{ "worker_cpus = { \"abc\" }\n", { ":1:", "\"abc\"", "" } },
	{ "worker_cpus = { 1,\n 2,\n x\n }\n", { ":3:", "\"x\"", "" } },
	{ "adopt_domains = { a }\nadopt_domains = { \"\" }\n", { ":2:", "adopt_domains", "" } },
	{ "adopt_domains = { a }\nadopt_domains += { \"\" }\n", { ":2:", "adopt_domains", "" } },
};

START_TEST(errors_name_file_line_key_and_what_is_valid)
{
	struct config c, before;

	memset(&c, 0x5a, sizeof(c));
	before = c;
	ck_assert_int_eq(load(&c, wrong[_i].text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(errors, file));
	config_rig_check(&wrong[_i], errors);
	ck_assert_msg(strchr(errors, '\n') == errors + strlen(errors) - 1, "more than a line: %s", errors);
	ck_assert_mem_eq(&c, &before, sizeof(c));
}
END_TEST

/* The parser's state is as it was: the next file is read from its beginning. */
START_TEST(an_error_does_not_outlive_its_file)
{
	struct config c;

	ck_assert_int_eq(load(&c, wrong[_i].text), -EINVAL);
	ck_assert_int_eq(load(&c, "workers = 3\nadopt_domains = { \"a*\" }\n"), 0);
	ck_assert_uint_eq(c.data.workers, 3);
	ck_assert_str_eq(c.adopt_domains.items[0], "a*");
	config_free(&c);
}
END_TEST

START_TEST(files_that_are_valid)
{
	static const char *const texts[] = {
		"", "#", "# no line end", "//", "/**/", "\n\n", "sg = true", "workers = 1 /* a */ # b",
		"control_socket = \"/run/a#b\"", "control_socket = /run/a//b", "mode = 'mixed' # it's",
		"adopt_domains = { \"a\", # one\n \"b\" /* two */ }\r\n",
		"control_socket = \"${NOWHERE:-/run/x}\"", "control_socket = ${NOWHERE:-/run/x} # }",
		"mode /* = */ = mixed",
	};
	struct config c;

	ck_assert_msg(load(&c, texts[_i]) == 0, "%s: %s", texts[_i], errors);
	ck_assert_str_eq(errors, "");
	config_free(&c);
}
END_TEST

START_TEST(not_a_text_file)
{
	struct config c;
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	fwrite("sg = true\n\0workers = 99\n", 1, 25, f);
	fclose(f);
	if (_i)
		ck_assert_int_eq(truncate(file, 2 << 20), 0);
	config_rig_listen();
	ck_assert_int_eq(config_load(&c, file), -EINVAL);
	ck_assert_ptr_nonnull(strstr(config_rig_heard(), _i ? "larger than 1 MiB" : ":2: there is a NUL"));
}
END_TEST

START_TEST(all_errors_at_once)
{
	struct config c;

	ck_assert_int_eq(load(&c, "workers = 99\nsg = 7\nmode = x\n"), -EINVAL);
	ck_assert(strstr(errors, ":1:") && strstr(errors, ":2:") && strstr(errors, ":3:"));
}
END_TEST

START_TEST(unreadable_file)
{
	struct config c;

	ck_assert_int_eq(config_load(&c, "/"), -EINVAL);
}
END_TEST

/* The sample with its comment signs taken away is valid and says what the defaults are. */
START_TEST(sample_file_has_every_key_with_its_default)
{
	unsigned int n, i;
	const struct config_key *keys = config_keys(&n);
	char *text = config_rig_source("hotplug/netback-ng.conf"), line[256];
	struct config c;

	for (i = 0; i < n; i++) {
		bool list = keys[i].type == CONFIG_LIST || keys[i].type == CONFIG_CPUS;
		bool quoted = keys[i].type == CONFIG_STRING || keys[i].type == CONFIG_MODE ||
			      keys[i].type == CONFIG_UPLINK;

		if (list && !*keys[i].fallback)
			snprintf(line, sizeof(line), "\n#%s = {}\n", keys[i].name);
		else if (list)
			snprintf(line, sizeof(line), "\n#%s = { \"%s\" }\n", keys[i].name, keys[i].fallback);
		else
			snprintf(line, sizeof(line), quoted ? "\n#%s = \"%s\"\n" : "\n#%s = %s\n", keys[i].name,
				 keys[i].fallback);
		ck_assert_msg(strstr(text, line) != NULL, "the sample lacks:%s", line);
	}
	for (char *p = text; (p = strstr(p, "\n#")); p++)
		if (p[2] != ' ' && p[2] != '\n')
			p[1] = ' ';
	ck_assert_msg(load(&c, text) == 0, "%s", errors);
	config_free(&c);
	free(text);
}
END_TEST

/* What the page must say of a key: its range, and its default. */
static void check_page(const char *text, const struct config_key *key)
{
	char item[80], range[64], fallback[80];
	const char *p, *end;

	snprintf(item, sizeof(item), "\n.It Cm %s No = ", key->name);
	p = strstr(text, item);
	ck_assert_msg(p != NULL, "netback-ng.conf(5) lacks %s", key->name);
	end = strstr(p + 1, "\n.It ");
	snprintf(range, sizeof(range), "%u to %u\n", key->min, key->max);
	if (key->type == CONFIG_NUMBER)
		ck_assert_msg(!strncmp(p + strlen(item), range, strlen(range)), "range of %s", key->name);
	snprintf(fallback, sizeof(fallback), "\nDefault: %s.", key->fallback);
	p = key->type == CONFIG_BOOL || (key->type == CONFIG_NUMBER && strcmp(key->fallback, "0")) ?
		    strstr(p, fallback) : p;
	ck_assert_msg(p && (!end || p < end), "default of %s", key->name);
}

START_TEST(man_page_has_every_key_with_range_and_default)
{
	unsigned int n;
	const struct config_key *keys = config_keys(&n);
	char *text = config_rig_source("man/netback-ng.conf.5");

	for (unsigned int i = 0; i < n; i++)
		check_page(text, &keys[i]);
	free(text);
}
END_TEST

static char *scripts[] = { (char *)"vif-ng" }, *bridges[] = { (char *)"br1" }, *domains[] = { (char *)"web*" };
static const struct {
	struct adopt_facts facts;
	bool ours;
} rule[] = {
	{ { "/etc/xen/scripts/vif-ng", "", "" }, true },
	{ { "vif-ng", "x", "y" }, true },
	{ { "/etc/xen/scripts/vif-ng/", "", "" }, false },
	{ { "/etc/xen/scripts/vif-bridge", "br0", "db" }, false },
	{ { "", "", "" }, false },
	{ { "vif-bridge", "br1", "" }, true },
	{ { "vif-bridge", "br11", "" }, false },
	{ { "vif-bridge", "", "web3" }, true },
	{ { "vif-bridge", "", "myweb3" }, false },
};

START_TEST(the_rule)
{
	struct config c = { 0 };

	memcpy(c.adopt_scripts.items, scripts, sizeof(scripts));
	memcpy(c.adopt_bridges.items, bridges, sizeof(bridges));
	memcpy(c.adopt_domains.items, domains, sizeof(domains));
	c.adopt_scripts.count = c.adopt_bridges.count = c.adopt_domains.count = 1;
	ck_assert(adopt_is_ours(&c, &rule[_i].facts) == rule[_i].ours);
	c.whole_host = true;
	ck_assert(adopt_is_ours(&c, &rule[_i].facts));
}
END_TEST

START_TEST(a_vif_cannot_flood_the_log)
{
	struct log_limit limit = { 0 };
	int lines = 0;

	config_rig_listen();
	for (int i = 0; i < 1000; i++)
		log_limited(&limit, LOG_ERR, "line %d", i);
	for (const char *p = config_rig_heard(); *p; p++)
		lines += *p == '\n';
	ck_assert_int_eq(lines, 10);
	ck_assert_uint_eq(limit.trouble.held_back, 990);
}
END_TEST

/* What a guest can cause at will is news; trouble has lines of its own, and the other way round. */
START_TEST(news_do_not_use_up_the_lines_of_trouble)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO };
	const int first = priorities[_i], then = priorities[(_i + 2) % 4];
	struct log_limit limit = { 0 };

	config_rig_listen();
	for (int i = 0; i < 1000; i++)
		log_limited(&limit, first, "the guest did it again");
	log_limited(&limit, then, "something else");
	ck_assert_ptr_nonnull(strstr(config_rig_heard(), "something else"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("netback config");
	TCase *c = tcase_create("config");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, absent_file_means_defaults);
	tcase_add_test(c, every_kind_of_value);
	tcase_add_loop_test(c, errors_name_file_line_key_and_what_is_valid, 0, COUNT(wrong));
	tcase_add_loop_test(c, an_error_does_not_outlive_its_file, 0, COUNT(wrong));
	tcase_add_loop_test(c, files_that_are_valid, 0, 15);
	tcase_add_loop_test(c, not_a_text_file, 0, 2);
	tcase_add_test(c, all_errors_at_once);
	tcase_add_test(c, unreadable_file);
	tcase_add_test(c, sample_file_has_every_key_with_its_default);
	tcase_add_test(c, man_page_has_every_key_with_range_and_default);
	tcase_add_loop_test(c, the_rule, 0, COUNT(rule));
	tcase_add_test(c, a_vif_cannot_flood_the_log);
	tcase_add_loop_test(c, news_do_not_use_up_the_lines_of_trouble, 0, 4);
	suite_add_tcase(s, c);
	return runner_run(s);
}
