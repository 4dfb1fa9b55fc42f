/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which vifs are ours: the rule of the configuration, and nothing but the rule. */
#ifndef NETBACK_ADOPT_H
#define NETBACK_ADOPT_H

#include "netback-ng/control/config.h"

/* What the toolstack wrote about a vif; absent values are "". */
struct adopt_facts {
	const char *script; /* path or file name of the hotplug script */
	const char *bridge;
	const char *domain; /* the guest's name */
};

/*
 * True where this daemon serves the vif: whole-host mode takes every one; mixed
 * mode takes those whose script's file name, bridge or domain name the
 * configuration names.  All others belong to the kernel's xen-netback.
 */
bool adopt_is_ours(const struct config *c, const struct adopt_facts *facts);

#endif
