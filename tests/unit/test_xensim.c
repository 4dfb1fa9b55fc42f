/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test_xensim.h"
#include "tests/unit/runner.h"
#include "tests/xensim/client.h"

/* Tests run in the top build directory. */
#define COMMAND "tests/xensim/xensim"

void test_xensim_main(Suite *suite, int argc, char **argv)
{
	if (!getenv(XENSIM_ENV_SOCKET)) {
		execl(COMMAND, COMMAND, "run", argv[0], (char *)NULL);
		perror(COMMAND);
		exit(99);
	}
	exit(runner_run(suite));
}

int xensim(const char *format, ...)
{
	char command[512];
	int n = snprintf(command, sizeof(command), "exec " COMMAND " "), status;
	va_list ap;

	va_start(ap, format);
	vsnprintf(command + n, sizeof(command) - (size_t)n, format, ap);
	va_end(ap);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void as_domain(unsigned int domid)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", domid);
	setenv(XENSIM_ENV_DOMID, text, 1);
}

/* Before, not after: a test that crashed leaves its domains to the next. */
static void setup(void)
{
	as_domain(0);
	xensim("fault 0 clear");
	xensim("domain destroy 7 2>/dev/null");
	xensim("domain destroy 8 2>/dev/null");
	ck_assert_int_eq(xensim("domain create 7"), 0);
	ck_assert_int_eq(xensim("domain create 8"), 0);
}

TCase *test_xensim_case(const char *name)
{
	TCase *c = tcase_create(name);

	tcase_add_checked_fixture(c, setup, NULL);
	return c;
}

uint64_t counter(unsigned int domid, enum xensim_counter c)
{
	struct client client;
	uint64_t n;

	as_domain(0);
	ck_assert_int_eq(client_open(&client, XENSIM_K_CTRL, -1, 1), 0);
	n = xensim_sum(&client.host->shared->dom[domid], c);
	client_close(&client);
	return n;
}

bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}
