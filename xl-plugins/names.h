/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands' names, for those who need no more: the dispatcher. command.c has them in this
 * order.
 */
#ifndef XLNET_NAMES_H
#define XLNET_NAMES_H

#define XLNET_NAMES                                                                                \
	"list", "status", "vf-list", "switch", "migrate", "recover", "check", "top", "auto"

#endif
