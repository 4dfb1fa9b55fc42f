/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net-migrate's words: which guest they name, to us and to xl, and what xl's own options change. */
#include "tests/unit/fake_part.h"
#include "tests/unit/runner.h"
#include "xl-plugins/command.h"
#include "xl-plugins/host.h"
#include "xl-plugins/journal.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG "guest.cfg"

static struct xlnet x;

static int run(const char *line)
{
	return fake_run(&x, line);
}

/* "g1" on a VF, about to go to host b; we are in the fake's own folder. */
static void start(void)
{
	fake_start(&x, FAKE_NG);
	ck_assert_int_eq(run("net-switch g1 vf"), EXIT_OK);
	ck_assert_int_eq(chdir(fake->state), 0);
	fake->xl_leaves = true;
}

static void end(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	fake_end(&x);
}

static void config_write(const char *text)
{
	FILE *f = fopen(CONFIG, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static bool left(void)
{
	return fake->xl_calls == 1 && !fake->doms[0].id;
}

static bool untouched(void)
{
	return !fake->xl_calls && fake->vfs[0].owner == 1;
}

/* --- which guest ----------------------------------------------------------------- */

/* The first is called "2", which is the number of the second. */
START_TEST(a_name_of_digits)
{
	start();
	strcpy(fake->doms[0].name, "2");
	ck_assert_int_eq(run("net-migrate 01010101-0101-0101-0101-010101010101 b"), EXIT_OK);
	ck_assert(left());
	ck_assert_str_eq(fake->xl_words, "1 b");
	end();
}
END_TEST

START_TEST(digits_are_a_number)
{
	struct domain dom;

	start();
	strcpy(fake->doms[0].name, "2");
	strcpy(fake->doms[1].name, "02020202-0202");
	ck_assert_int_eq(host_open(&x), 0);
	ck_assert_int_eq(host_domain_find(&x, "2", &dom), 0);
	ck_assert_uint_eq(dom.id, 2);
	ck_assert_int_eq(host_domain_find(&x, "02020202-0202", &dom), 0);
	ck_assert_uint_eq(dom.id, 2);
	ck_assert_int_eq(host_domain_find(&x, "01010101-0101-0101-0101-010101010101", &dom), 0);
	ck_assert_uint_eq(dom.id, 1);
	ck_assert_int_eq(host_domain_find(&x, "77", &dom), -ENOENT);
	strcpy(fake->doms[1].name, "77");
	ck_assert_int_eq(host_domain_find(&x, "77", &dom), -ENOENT);
	ck_assert_int_eq(host_domain_find(&x, "", &dom), -ENOENT);
	/* A sign is no digit. */
	strcpy(fake->doms[0].name, "+2");
	ck_assert_int_eq(host_domain_find(&x, "+2", &dom), 0);
	ck_assert_uint_eq(dom.id, 1);
	host_close(&x);
	end();
}
END_TEST

/* --- xl's options ----------------------------------------------------------------- */

START_TEST(options_that_change_nothing)
{
	start();
	ck_assert_int_eq(run("net-migrate g1 b -- --live --debug -e -T -D -F"), EXIT_OK);
	ck_assert(left());
	ck_assert_str_eq(fake->xl_words, "--live --debug -e -T -D -F 1 b");
	ck_assert_ptr_nonnull(strstr(fake->asked, "0 vf --timeout 30 --vlan 0"));
	end();
}
END_TEST

static const char *const refused[] = {
	"net-migrate g1 b -- -s ssh",
	"net-migrate g1 b -- -sssh",
	"net-migrate g1 b -- -es ssh",
	"net-migrate g1 b -- -h",
	"net-migrate g1 b -- --help",
	"net-migrate g1 b -- -C",
	"net-migrate g1 b -- c",
	"net-migrate g1 b -- -e c",
	"net-migrate g1 b -- -C nosuch.cfg",
	"net-migrate g1 b -- a a a a a a a a a a a a",
};

/* Before anything is done to the guest. */
START_TEST(options_that_cannot_be_passed_on)
{
	start();
	ck_assert_int_eq(run(refused[_i]), EXIT_PROBLEM);
	ck_assert(untouched());
	end();
}
END_TEST

/* Paused there, it could not take a VF, nor answer a probe. */
START_TEST(to_stay_paused)
{
	static const char *const lines[] = { "net-migrate g1 b -- -p", "net-migrate g1 b -- -ep" };

	start();
	fake->neighbour = 1;
	ck_assert_int_eq(run(lines[_i]), EXIT_OK);
	ck_assert(left());
	ck_assert_int_eq(fake->there_calls, 0);
	ck_assert_int_eq(fake->probe_waits, 0);
	end();
}
END_TEST

static const char other_bridge[] =
	"{\"iommu\": true, \"bridges\": [\"other\"], \"free_vfs\": [{\"bridges\": [\"other\"]}]}";

/* The bridge, the vif's number and the bridge's VLAN are that configuration's. */
START_TEST(another_configuration)
{
	start();
	strcpy(fake->there, other_bridge);
	ck_assert_int_eq(run("net-migrate g1 b"), EXIT_PROBLEM);
	ck_assert(untouched());
	config_write("# on b\nname = \"g1-on-b\"\nuuid = '0a0b0c0d-0000-0000-0000-000000000001'\n"
		     "vif = [ 'bridge=other' ]\n");
	ck_assert_int_eq(run("net-migrate g1 b -- -C " CONFIG), EXIT_OK);
	ck_assert(left());
	ck_assert_str_eq(fake->xl_words, "-C " CONFIG " 1 b");
	ck_assert_ptr_nonnull(strstr(fake->asked, "net-switch 0a0b0c0d-0000-0000-0000-000000000001 "
						  " vf --timeout 30"));
	ck_assert_ptr_null(strstr(fake->asked, "--vlan"));
	end();
}
END_TEST

/* xl makes a new UUID where the file has none. A VLAN of the operator's goes along. */
START_TEST(known_by_its_name)
{
	start();
	ck_assert_int_eq(run("net-switch g1 pv"), EXIT_OK);
	ck_assert_int_eq(run("net-switch g1 vf --vlan 7"), EXIT_OK);
	strcpy(fake->there, other_bridge);
	config_write("name= 'web.new'\n");
	ck_assert_int_eq(run("net-migrate g1 b -- -C" CONFIG), EXIT_OK);
	ck_assert(left());
	ck_assert_ptr_nonnull(strstr(fake->asked, "net-switch web.new  vf --timeout 30 --vlan 7"));
	end();
}
END_TEST

static const struct {
	const char *config, *there;
} unusable[] = {
	{ "memory = 100\n", other_bridge },
	{ "name = \"17\"\n", other_bridge },
	{ "name = \"a b\"\n", other_bridge },
	{ "name = \"$(reboot)\"\n", other_bridge },
	{ "name = unquoted\n", other_bridge },
	{ "name = \"open\n", other_bridge },
	{ "namesake = \"x\"\n", other_bridge },
	{ "name = \"x\"\n", "{\"iommu\": true, \"bridges\": [\"other\"], \"free_vfs\": []}" },
	{ "name = \"x\"\n",
	  "{\"incoming\": [\"x--incoming\"], \"free_vfs\": [{\"bridges\": [\"other\"]}]}" },
};

START_TEST(a_configuration_that_cannot_be_used)
{
	start();
	strcpy(fake->there, unusable[_i].there);
	config_write(unusable[_i].config);
	ck_assert_int_eq(run("net-migrate g1 b -- -C " CONFIG), EXIT_PROBLEM);
	ck_assert(untouched());
	end();
}
END_TEST

/* Whether it needs an IOMMU there, the other configuration says; digits are fine with a UUID. */
START_TEST(a_configuration_without_passthrough)
{
	start();
	strcpy(fake->there, "{\"iommu\": false, \"bridges\": [\"other\"], \"free_vfs\": []}");
	config_write("name = \"17\"\nuuid = \"0a0b0c0d-0000-0000-0000-000000000001\"\n");
	ck_assert_int_eq(run("net-migrate g1 b --keep-pv -- -C " CONFIG), EXIT_OK);
	ck_assert(left());
	end();
}
END_TEST

/* net-recover asks for the VF by what the guest is known there. */
START_TEST(killed_with_another_configuration)
{
	pid_t pid;
	int status;

	start();
	strcpy(fake->there, other_bridge);
	config_write("name = \"x\"\n");
	fake->xl_kills = true;
	pid = fork();
	if (!pid)
		_exit(run("net-migrate g1 b -- -C " CONFIG));
	waitpid(pid, &status, 0);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(run("net-recover"), EXIT_OK);
	ck_assert_ptr_nonnull(strstr(fake->asked, "net-switch x  vf --timeout 30"));
	ck_assert_ptr_null(strstr(fake->asked, "--vlan"));
	end();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xlnet options");
	TCase *t = tcase_create("options");

	tcase_add_test(t, a_name_of_digits);
	tcase_add_test(t, digits_are_a_number);
	tcase_add_test(t, options_that_change_nothing);
	tcase_add_loop_test(t, options_that_cannot_be_passed_on, 0, COUNT(refused));
	tcase_add_loop_test(t, to_stay_paused, 0, 2);
	tcase_add_test(t, another_configuration);
	tcase_add_test(t, known_by_its_name);
	tcase_add_loop_test(t, a_configuration_that_cannot_be_used, 0, COUNT(unusable));
	tcase_add_test(t, a_configuration_without_passthrough);
	tcase_add_test(t, killed_with_another_configuration);
	suite_add_tcase(s, t);
	return runner_run(s);
}
