/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjustctl: asks a running credit-adjustd and prints the answer. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_SOCKET "/run/credit-adjust/control"
#define ANSWER_SECONDS 10

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static long long number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static double real(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void print_status(const json_t *answer)
{
	const json_t *d, *p;
	size_t i;

	if (json_is_true(json_object_get(answer, "dry_run")))
		puts("dry run: nothing is changed");
	json_array_foreach(json_object_get(answer, "pools"), i, p)
		if (json_object_get(p, "tslice_ms"))
			printf("pool %lld: timeslice %lld ms, baseline %lld ms\n", number(p, "pool"),
			       number(p, "tslice_ms"), number(p, "tslice_baseline_ms"));
	printf("%-20s %5s %4s %5s %-6s %5s %9s %9s %7s  %s\n", "NAME", "DOMID", "POOL", "VCPUS", "CLASS", "CPU%",
	       "FRAMES/s", "BASELINE", "WEIGHT", "WHY");
	json_array_foreach(json_object_get(answer, "domains"), i, d)
		printf("%-20s %5lld %4lld %5lld %-6s %5.1f %9lld %9lld %7lld  %s\n", text(d, "name"), number(d, "domid"),
		       number(d, "pool"), number(d, "vcpus"), text(d, "class"), 100 * real(d, "cpu"),
		       number(d, "frames"), number(d, "baseline"), number(d, "weight"), text(d, "reason"));
}

static void print_rule(const json_t *answer)
{
	printf("%s: %s, floor %lld, share %g\n", text(answer, "name"),
	       json_is_true(json_object_get(answer, "never")) ? "never" : "adjust", number(answer, "floor"),
	       real(answer, "share"));
}

static void print_release(const json_t *answer)
{
	printf("%s: weight %lld\n", text(answer, "name"), number(answer, "weight"));
}

static void print_nothing(const json_t *answer)
{
}

static void print_version(const json_t *answer)
{
	puts(text(answer, "version"));
}

/* What "set" takes after the domain, into the request; false: not valid. */
static bool set_words(json_t *request, char **word)
{
	char *end;

	if (!word[0])
		return false;
	if (!strcmp(word[0], "never") || !strcmp(word[0], "adjust"))
		return !word[1] && !json_object_set_new(request, "never", json_boolean(word[0][0] == 'n'));
	if (!strcmp(word[0], "default"))
		return !word[1] && !json_object_set_new(request, "default", json_true());
	if (!word[1] || word[2])
		return false;
	errno = 0;
	if (!strcmp(word[0], "floor"))
		json_object_set_new(request, "floor", json_integer(strtoll(word[1], &end, 10)));
	else if (!strcmp(word[0], "share"))
		json_object_set_new(request, "share", json_real(strtod(word[1], &end)));
	else
		return false;
	return !errno && end != word[1] && !*end;
}

static bool release_words(json_t *request, char **word)
{
	char *end;

	if (!word[0])
		return true;
	json_object_set_new(request, "seconds", json_integer(strtoll(word[0], &end, 10)));
	return end != word[0] && !*end && !word[1];
}

static bool no_words(json_t *request, char **word)
{
	return !word[0];
}

static const struct {
	const char *name;
	bool domain;
	bool (*words)(json_t *request, char **word);
	void (*print)(const json_t *answer);
	const char *usage, *help;
} commands[] = {
	{ "status", false, no_words, print_status, "", "each domain's class, weight, and why" },
	{ "set", true, set_words, print_rule, "DOMAIN never|adjust|floor WEIGHT|share RATIO|default", "its rule" },
	{ "release", true, release_words, print_release, "DOMAIN [SECONDS]", "to its baseline, before it is moved" },
	{ "claim", true, no_words, print_nothing, "DOMAIN", "ends a release" },
	{ "reload", false, no_words, print_nothing, "", "read the configuration file again" },
	{ "version", false, no_words, print_version, "", "the daemon's version" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	fputs("usage: credit-adjustctl [-j] [-s SOCKET] COMMAND\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s%-57s %s\n", commands[i].name, commands[i].usage, commands[i].help);
	fputs("  -j, --json           print the daemon's answer as it is\n"
	      "  -s, --socket SOCKET  [" DEFAULT_SOCKET "]\n"
	      "  -V, --version    -h, --help\n",
	      out);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int rc, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	rc = strlen(path) < sizeof(addr.sun_path) ? 0 : -ENAMETOOLONG;
	if (!rc) {
		strcpy(addr.sun_path, path);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		rc = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	}
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

static json_t *ask(int fd, const json_t *request, json_error_t *error)
{
	FILE *f = fdopen(fd, "r+");
	json_t *answer = NULL;

	if (f && !json_dumpf(request, f, JSON_COMPACT) && fputc('\n', f) != EOF && !fflush(f))
		answer = json_loadf(f, JSON_DISABLE_EOF_CHECK, error);
	if (f)
		fclose(f);
	return answer;
}

/* The exit status: 0, or 1 where the daemon refused. */
static int print_answer(const json_t *answer, void (*print)(const json_t *), bool json)
{
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (error) {
		fprintf(stderr, "credit-adjustctl: %s\n", error);
	} else {
		print(answer);
	}
	return error ? 1 : 0;
}

static int run(const char *path, const json_t *request, void (*print)(const json_t *), bool json)
{
	json_error_t error = { .text = "" };
	int status, fd = connect_to(path);
	json_t *answer;

	if (fd < 0) {
		fprintf(stderr, "credit-adjustctl: %s: %s; is credit-adjustd running?\n", path, strerror(-fd));
		return 1;
	}
	answer = ask(fd, request, &error);
	if (!answer) {
		fprintf(stderr, "credit-adjustctl: no answer from the daemon: %s\n", error.text);
		return 1;
	}
	status = print_answer(answer, print, json);
	json_decref(answer);
	return status;
}

/* argv ends with a NULL. */
static int run_command(char **argv, const char *path, bool json)
{
	for (size_t i = 0; argv[0] && i < COMMANDS; i++) {
		json_t *request;
		bool ok;
		int rc;

		if (strcmp(argv[0], commands[i].name) || (commands[i].domain && !argv[1]))
			continue;
		request = json_pack("{s:s,s:s*}", "command", argv[0], "domain", commands[i].domain ? argv[1] : NULL);
		ok = request && commands[i].words(request, argv + 1 + commands[i].domain);
		rc = ok ? run(path, request, commands[i].print, json) : 2;
		json_decref(request);
		if (ok)
			return rc;
	}
	usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },    { "socket", required_argument, NULL, 's' },
		{ "version", no_argument, NULL, 'V' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = DEFAULT_SOCKET;
	bool json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "+js:Vh", longs, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 's':
			path = optarg;
			break;
		case 'V':
			puts("credit-adjustctl " PACKAGE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	return run_command(argv + optind, path, json);
}
