/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket's requests; credit-adjustctl(8) documents them. */
#ifndef CREDIT_REQUEST_H
#define CREDIT_REQUEST_H

#include "credit-adjust/adjust.h"

/* The answer to all but "reload" and "version", which are the daemon's own; {"error": ...} for a refusal. */
json_t *request_answer(struct adjust *a, const char *command, const json_t *request, uint64_t now_ns);

#endif
