/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that xl-net runs: xl here, and itself on another host over ssh. */
#ifndef XLNET_REMOTE_H
#define XLNET_REMOTE_H

#include "xl-plugins/xlnet.h"

#include <jansson.h>

/*
 * Runs argv with our stdin, stdout and stderr; the lock goes with it. Its exit status, or a
 * negative errno.
 */
int program_run(char *const argv[], int lock_fd);
/*
 * Runs "SSH HOST xl-net ARGUMENTS..." and parses what it prints as JSON. ssh may hold options
 * ("ssh -p 2222"). *answer is NULL where it prints none. Its exit status (255: ssh's own failure).
 */
int remote_run(const char *ssh, const char *host, const char *arguments, json_t **answer);

#endif
