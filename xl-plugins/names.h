/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands' names, for those who need no more: the dispatcher. command.c has them in this
 * order.
 */
#ifndef XLNET_NAMES_H
#define XLNET_NAMES_H

#define XLNET_NAMES                                                                                \
	"net-list", "net-status", "net-vf-list", "net-switch", "net-migrate", "net-recover",       \
		"net-check", "net-top", "net-auto", "credit-status", "credit-set"

#endif
