/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netback-ngctl: asks a running netback-ngd and prints the answer. */
#include <stdio.h>

#include "lib/ctl/field.h"
#include "lib/ctl/program.h"

static void print_vifs(const json_t *answer)
{
	const json_t *vif;
	size_t i;

	printf("%-14s %-13s %-9s %8s %8s %8s  %s\n", "VIF", "STATE", "PORT", "CONNECTS", "ADOPTED", "FAILURES",
	       "ERROR");
	json_array_foreach(json_object_get(answer, "vifs"), i, vif)
		printf("%-14s %-13s %-9s %8lld %8lld %8lld  %s\n", field_text(vif, "name"), field_text(vif, "state"),
		       field_text(json_object_get(vif, "data"), "port"), field_number(vif, "connects"), field_number(vif, "adoptions"), field_number(vif, "failures"),
		       field_text(vif, "error"));
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
		printf("%s (%s)\n", field_text(vif, "name"), field_text(vif, "state"));
		if (field_number(vif, "headroom"))
			printf("  %-44s %lld\n", "headroom", field_number(vif, "headroom"));
		if (json_is_true(json_object_get(vif, "multicast_control")))
			printf("  %-44s %s\n", "multicast_control", "on");
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

static bool vif_word(json_t *request, char **word)
{
	return !word[0] || (!word[1] && !json_object_set_new(request, "vif", json_string(word[0])));
}

static const struct program_command commands[] = {
	{ "vifs", vif_word, print_vifs, "[VIF]", "state of each vif" },
	{ "stats", vif_word, print_stats, "[VIF]", "counters of each vif and queue that are not zero" },
	{ "workers", program_no_words, print_workers, "", "load of the worker threads" },
	{ "reload", program_no_words, print_plain, "", "read the configuration file again" },
	{ "version", program_no_words, print_plain, "", "the daemon's version" },
};

int main(int argc, char **argv)
{
	static const struct program program = {
		"netback-ngctl", "netback-ngd", "/run/netback-ng/control", "COMMAND [VIF]",
		commands, sizeof(commands) / sizeof(commands[0]),
	};

	return program_main(&program, argc, argv);
}
