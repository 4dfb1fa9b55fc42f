// SPDX-License-Identifier: GPL-2.0 OR MIT
#include "error.h"

enum severity { PACKET, FATAL };

struct error_info {
	const char *name;
	const char *text;
	enum severity severity;
};

static const struct error_info infos[NETIF_ERR_COUNT] = {
	[NETIF_OK] = { "ok", "no error", PACKET },
#define X(name, key, severity, text) [NETIF_ERR_##name] = { #key, text, severity },
	NETIF_ERRORS(X)
#undef X
};

static const struct error_info *error_info(enum netif_error err)
{
	static const struct error_info unknown = { "unknown", "unknown error", FATAL };

	return (u32)err < NETIF_ERR_COUNT ? &infos[err] : &unknown;
}

bool netif_error_fatal(enum netif_error err)
{
	return error_info(err)->severity == FATAL;
}

const char *netif_error_name(enum netif_error err)
{
	return error_info(err)->name;
}

const char *netif_error_text(enum netif_error err)
{
	return error_info(err)->text;
}
