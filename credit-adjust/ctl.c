/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjustctl: asks a running credit-adjustd and prints the answer. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/ctl/credit.h"
#include "lib/ctl/field.h"
#include "lib/ctl/program.h"

static void print_release(const json_t *answer)
{
	printf("%s: weight %lld\n", field_text(answer, "name"), field_number(answer, "weight"));
}

static void print_nothing(const json_t *answer)
{
}

static void print_version(const json_t *answer)
{
	puts(field_text(answer, "version"));
}

static bool domain_word(json_t *request, char **word)
{
	return word[0] && !json_object_set_new(request, "domain", json_string(word[0]));
}

static bool set_words(json_t *request, char **word)
{
	return domain_word(request, word) && credit_rule_words(request, word + 1);
}

static bool release_words(json_t *request, char **word)
{
	char *end;

	if (!domain_word(request, word))
		return false;
	if (!word[1])
		return true;
	json_object_set_new(request, "seconds", json_integer(strtoll(word[1], &end, 10)));
	return end != word[1] && !*end && !word[2];
}

static bool claim_words(json_t *request, char **word)
{
	return domain_word(request, word) && !word[1];
}

static const struct program_command commands[] = {
	{ "status", program_no_words, credit_print_status, "", "each domain's class, weight, and why" },
	{ "set", set_words, credit_print_rule, "DOMAIN " CREDIT_RULE_USAGE, "its rule" },
	{ "release", release_words, print_release, "DOMAIN [SECONDS]", "to its baseline, before it is moved" },
	{ "claim", claim_words, print_nothing, "DOMAIN", "ends a release" },
	{ "reload", program_no_words, print_nothing, "", "read the configuration file again" },
	{ "version", program_no_words, print_version, "", "the daemon's version" },
};

int main(int argc, char **argv)
{
	static const struct program program = {
		"credit-adjustctl", "credit-adjustd", CREDIT_SOCKET, "COMMAND",
		commands, sizeof(commands) / sizeof(commands[0]),
	};

	return program_main(&program, argc, argv);
}
