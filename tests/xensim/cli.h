/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The xensim command: one function per subcommand, argv[0] being the subcommand's name. They return exit codes. */
#ifndef XENSIM_CLI_H
#define XENSIM_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/xensim/client.h"

int cli_run(int argc, char **argv);
int cli_domain(int argc, char **argv);
int cli_sched(int argc, char **argv);
int cli_weight(int argc, char **argv);
int cli_tslice(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_fault(int argc, char **argv);
int cli_vif_attach(int argc, char **argv);
int cli_vif_detach(int argc, char **argv);
int cli_vif_wait(int argc, char **argv);
int cli_state(int argc, char **argv);

/* "xensim: FORMAT" on stderr; returns 1. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Usage of argv[0]; returns 2. */
int cli_usage(const char *command);
/* A number below limit, or false. */
bool cli_number(const char *text, uint32_t limit, uint32_t *n);
/* One request to xensimd on a connection of its own; reply as client_call(). */
int cli_call(struct xensim_msg *m, const void *body, size_t len, void *reply, size_t size);
/* Take a dead domain's vifs out of xenstore (cli_vif.c). */
void cli_vif_forget(uint32_t domid);

#endif
