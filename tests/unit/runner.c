/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/runner.h"

#include <sched.h>
#include <stdlib.h>

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
