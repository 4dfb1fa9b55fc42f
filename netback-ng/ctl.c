/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netback-ngctl: asks a running netback-ngd and prints the answer. */
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

#define DEFAULT_SOCKET "/run/netback-ng/control"
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

static void print_vifs(const json_t *answer)
{
	const json_t *vif;
	size_t i;

	printf("%-14s %-13s %-9s %8s %8s %8s  %s\n", "VIF", "STATE", "PORT", "CONNECTS", "ADOPTED", "FAILURES",
	       "ERROR");
	json_array_foreach(json_object_get(answer, "vifs"), i, vif)
		printf("%-14s %-13s %-9s %8lld %8lld %8lld  %s\n", text(vif, "name"), text(vif, "state"),
		       text(json_object_get(vif, "data"), "port"), number(vif, "connects"), number(vif, "adoptions"), number(vif, "failures"),
		       text(vif, "error"));
}

/* Every counter that is not zero, one a line, with its path: "queues.0.tx_packets". */
static void print_tree(const json_t *node, const char *path)
{
	char below[256];
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_object(node)) {
		json_object_foreach((json_t *)node, key, child) {
			snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key);
			print_tree(child, below);
		}
	} else if (json_is_array(node)) {
		json_array_foreach(node, i, child) {
			snprintf(below, sizeof(below), "%s%s%zu", path, *path ? "." : "", i);
			print_tree(child, below);
		}
	} else if (json_is_integer(node) && json_integer_value(node)) {
		printf("  %-44s %lld\n", path, (long long)json_integer_value(node));
	} else if (json_is_real(node)) {
		printf("  %-44s %.2f\n", path, json_real_value(node));
	} else if (json_is_string(node)) {
		printf("  %-44s %s\n", path, json_string_value(node));
	}
}

static void print_stats(const json_t *answer)
{
	const json_t *vif;
	size_t i;

	json_array_foreach(json_object_get(answer, "vifs"), i, vif) {
		printf("%s (%s)\n", text(vif, "name"), text(vif, "state"));
		print_tree(json_object_get(vif, "control"), "control");
		print_tree(json_object_get(vif, "data"), "");
	}
}

static void print_workers(const json_t *answer)
{
	const json_t *worker;
	size_t i;

	json_array_foreach(json_object_get(answer, "workers"), i, worker) {
		printf("worker %zu\n", i);
		print_tree(worker, "");
	}
}

static void print_plain(const json_t *answer)
{
	print_tree(answer, "");
}

static const struct {
	const char *name;
	bool takes_vif;
	void (*print)(const json_t *answer);
	const char *help;
} commands[] = {
	{ "vifs", true, print_vifs, "state of each vif" },
	{ "stats", true, print_stats, "counters of each vif and queue that are not zero" },
	{ "workers", false, print_workers, "load of the worker threads" },
	{ "reload", false, print_plain, "read the configuration file again" },
	{ "version", false, print_plain, "the daemon's version" },
};

static void usage(FILE *out)
{
	fputs("usage: netback-ngctl [-j] [-s SOCKET] COMMAND [vifD.N]\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-8s %-8s %s\n", commands[i].name, commands[i].takes_vif ? "[vifD.N]" : "",
			commands[i].help);
	fputs("  -j, --json           print the daemon's answer as it is\n"
	      "  -s, --socket SOCKET  [" DEFAULT_SOCKET "]\n"
	      "  -V, --version    -h, --help\n",
	      out);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path))
		return fd < 0 ? -errno : -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return fd;
	close(fd);
	return -errno;
}

static json_t *ask(int fd, const char *command, const char *vif, json_error_t *error)
{
	json_t *request = json_pack("{s:s,s:s*}", "command", command, "vif", vif);
	FILE *f = fdopen(fd, "r+");
	json_t *answer = NULL;

	if (f && !json_dumpf(request, f, JSON_COMPACT) && fputc('\n', f) != EOF && !fflush(f))
		answer = json_loadf(f, JSON_DISABLE_EOF_CHECK, error);
	json_decref(request);
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
		fprintf(stderr, "netback-ngctl: %s\n", error);
	} else {
		print(answer);
	}
	return error ? 1 : 0;
}

static int run(const char *socket_path, const char *command, const char *vif,
	       void (*print)(const json_t *), bool json)
{
	json_error_t error = { .text = "" };
	json_t *answer;
	int status, fd = connect_to(socket_path);

	if (fd < 0) {
		fprintf(stderr, "netback-ngctl: %s: %s; is netback-ngd running?\n", socket_path, strerror(-fd));
		return 1;
	}
	answer = ask(fd, command, vif, &error);
	if (!answer) {
		fprintf(stderr, "netback-ngctl: no answer from the daemon: %s\n", error.text);
		return 1;
	}
	status = print_answer(answer, print, json);
	json_decref(answer);
	return status;
}

static int run_command(int argc, char **argv, const char *socket_path, bool json)
{
	for (size_t i = 0; argc && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name) && argc <= 1 + commands[i].takes_vif)
			return run(socket_path, argv[0], argc > 1 ? argv[1] : NULL, commands[i].print, json);
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
	const char *socket_path = DEFAULT_SOCKET;
	bool json = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "js:Vh", longs, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 's':
			socket_path = optarg;
			break;
		case 'V':
			puts("netback-ngctl " PACKAGE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	return run_command(argc - optind, argv + optind, socket_path, json);
}
