/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that asks a running daemon and prints the answer, made from a table of its requests. */
#ifndef CTL_PROGRAM_H
#define CTL_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct program_command {
	const char *name;
	/* What follows the name, NULL at its end, into the request; false: wrong usage. */
	bool (*words)(json_t *request, char **word);
	void (*print)(const json_t *answer);
	const char *usage, *help;
};

struct program {
	const char *name, *daemon, *socket, *arguments;
	const struct program_command *commands;
	size_t count;
};

/* The exit status: 0; 1 where the daemon does not answer or refuses; 2 for wrong usage. */
int program_main(const struct program *p, int argc, char **argv);
bool program_no_words(json_t *request, char **word);

#endif
