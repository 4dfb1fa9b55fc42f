/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remote.c: xl here, and the other host. */
#include "tests/unit/fake_part.h"
#include "xl-plugins/remote.h"

#include <signal.h>
#include <string.h>

int program_run(char *const argv[], int lock_fd)
{
	fake->xl_calls++;
	if (!strcmp(argv[2], "-s"))
		text_copy(fake->xl_ssh, sizeof(fake->xl_ssh), argv[3]);
	*fake->xl_words = '\0';
	for (int i = 4; argv[i]; i++)
		snprintf(fake->xl_words + strlen(fake->xl_words),
			 sizeof(fake->xl_words) - strlen(fake->xl_words), "%s%s",
			 i > 4 ? " " : "", argv[i]);
	fake->xl_weight = fake_weight();
	if (fake->xl_leaves)
		fake->doms[0].id = 0;
	if (fake->xl_kills)
		raise(SIGKILL);
	return fake->xl_status;
}

int remote_run(const char *ssh, const char *host, const char *arguments, json_t **answer)
{
	bool check = strstr(arguments, "net-check");
	json_error_t error;

	*answer = check ? json_loads(fake->there, 0, &error) : NULL;
	if (check)
		return 0;
	fake->there_calls++;
	text_copy(fake->asked, sizeof(fake->asked), arguments);
	return fake->there_status;
}
