/* SPDX-License-Identifier: GPL-2.0-or-later */
/* credit-adjustd's requests and answers (credit-adjustctl(8)), for the commands that have to do with it. */
#ifndef CTL_CREDIT_H
#define CTL_CREDIT_H

#include <jansson.h>
#include <stdbool.h>

#define CREDIT_SOCKET "/run/credit-adjust/control"
#define CREDIT_RULE_USAGE "never|adjust|floor WEIGHT|share RATIO|default"

/* A domain's rule in words, NULL at their end, into a "set" request; false: wrong usage. */
bool credit_rule_words(json_t *request, char **word);
/* Answers to "status" and "set" on stdout. */
void credit_print_status(const json_t *answer);
void credit_print_rule(const json_t *answer);

#endif
