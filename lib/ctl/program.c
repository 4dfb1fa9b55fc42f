/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/ctl/program.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/ctl/client.h"

bool program_no_words(json_t *request, char **word)
{
	return !word[0];
}

static void usage(FILE *out, const struct program *p)
{
	int width = 0;

	for (size_t i = 0; i < p->count; i++)
		if ((int)strlen(p->commands[i].usage) > width)
			width = (int)strlen(p->commands[i].usage);
	fprintf(out, "usage: %s [-j] [-s SOCKET] %s\n", p->name, p->arguments);
	for (size_t i = 0; i < p->count; i++)
		fprintf(out, "  %-8s %-*s  %s\n", p->commands[i].name, width, p->commands[i].usage, p->commands[i].help);
	fprintf(out,
		"  -j, --json           print the daemon's answer as it is\n"
		"  -s, --socket SOCKET  [%s]\n"
		"  -V, --version    -h, --help\n",
		p->socket);
}

static int print_answer(const struct program *p, const struct program_command *c, const json_t *answer, bool json)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (error) {
		fprintf(stderr, "%s: %s\n", p->name, error);
	} else {
		c->print(answer);
	}
	return error ? 1 : 0;
}

static int ask(const struct program *p, const struct program_command *c, const json_t *request, const char *socket,
	       bool json)
{
	json_t *answer;
	char why[CTL_WHY];
	int status, rc = ctl_ask(socket, request, &answer, why);

	if (rc) {
		if (rc == -EPROTO)
			fprintf(stderr, "%s: no answer from the daemon: %s\n", p->name, why);
		else
			fprintf(stderr, "%s: %s: %s; is %s running?\n", p->name, socket, strerror(-rc), p->daemon);
		return 1;
	}
	status = print_answer(p, c, answer, json);
	json_decref(answer);
	return status;
}

static int run(const struct program *p, char **word, const char *socket, bool json)
{
	for (size_t i = 0; word[0] && i < p->count; i++) {
		const struct program_command *c = &p->commands[i];
		json_t *request;
		int status;

		if (strcmp(word[0], c->name))
			continue;
		request = json_pack("{s:s}", "command", c->name);
		status = request && c->words(request, word + 1) ? ask(p, c, request, socket, json) : 2;
		json_decref(request);
		if (status == 2)
			usage(stderr, p);
		return status;
	}
	usage(stderr, p);
	return 2;
}

int program_main(const struct program *p, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },    { "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *socket = p->socket;
	bool json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "js:Vh", longs, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 's':
			socket = optarg;
			break;
		case 'V':
			printf("%s " PACKAGE_VERSION "\n", p->name);
			return 0;
		case 'h':
			usage(stdout, p);
			return 0;
		default:
			usage(stderr, p);
			return 2;
		}
	}
	return run(p, argv + optind, socket, json);
}
