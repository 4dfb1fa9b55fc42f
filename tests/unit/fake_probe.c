/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probe.c: it loses as many as the phase's number. */
#include "tests/unit/fake_part.h"
#include "xl-plugins/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct probe {
	int phase;
};

int probe_begin(const char *bridge, const struct mac *mac, struct in_addr address,
		struct probe **probe)
{
	fake->probed = address.s_addr;
	*probe = fake->probe_fails ? NULL : calloc(1, sizeof(**probe));
	return *probe ? 0 : -EPERM;
}

void probe_next(struct probe *probe)
{
	if (probe)
		fake->probe_phase = ++probe->phase;
}

void probe_wait(struct probe *probe, unsigned int seconds)
{
	if (probe)
		fake->probe_waits++;
}

void probe_end(struct probe *probe, struct probe_loss loss[PROBE_PHASES])
{
	memset(loss, 0, sizeof(*loss) * PROBE_PHASES);
	for (unsigned int i = 0; probe && i < PROBE_PHASES; i++)
		loss[i] = (struct probe_loss){ 100, i, 20 * i };
	free(probe);
}
