/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake_xen.h"
#include "xl-plugins/command.h"

#include <string.h>

#define WORDS_MAX 24

int fake_run(struct xlnet *x, const char *line)
{
	char text[200], *argv[WORDS_MAX + 1], *rest;
	int argc = 0;

	text_copy(text, sizeof(text), line);
	for (char *word = strtok_r(text, " ", &rest); word && argc < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	return command_run(x, argc, argv);
}
