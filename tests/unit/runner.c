/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/runner.h"

#include <sched.h>
#include <stdlib.h>

/* Check's own limit of 4 s for one test is for machines that have nothing else to do. Its cases read this when made. */
__attribute__((constructor)) static void set_time_limit(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "600", 0);
}

int runner_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int runner_run_in_netns(Suite *suite)
{
	if (!unshare(CLONE_NEWNET) && !system("ip link add d0 type bridge 2>/dev/null"))
		return runner_run(suite);
	srunner_free(srunner_create(suite));
	return RUNNER_SKIP;
}
