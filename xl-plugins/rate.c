/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/rate.h"

#include <stdlib.h>
#include <string.h>

int sample_take(struct xlnet *x, struct sample *s)
{
	s->at = now_ms();
	return vif_list(x, NULL, &s->vifs, &s->n);
}

void sample_free(struct sample *s)
{
	free(s->vifs);
	memset(s, 0, sizeof(*s));
}

const struct vif *sample_find(const struct sample *s, const struct vif *vif)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->vifs[i].dom.uuid, vif->dom.uuid) &&
		    s->vifs[i].nic.devid == vif->nic.devid)
			return &s->vifs[i];
	return NULL;
}

static double per_second(uint64_t before, uint64_t now, uint64_t ms)
{
	return now > before && ms ? (double)(now - before) * 1000 / (double)ms : 0;
}

struct rate rate_between(const struct sample *before, const struct sample *now,
			 const struct vif *vif)
{
	const struct vif *then = sample_find(before, vif);
	struct rate r = { .counted = !vif->has_vf || vif->vf.state.counted };
	uint64_t ms = now->at - before->at;

	if (!then || then->dom.id != vif->dom.id)
		return r;
	r.vif_in = per_second(then->rx_bytes, vif->rx_bytes, ms);
	r.vif_out = per_second(then->tx_bytes, vif->tx_bytes, ms);
	if (then->has_vf && vif->has_vf && bdf_equal(&then->vf.bdf, &vif->vf.bdf)) {
		r.vf_in = per_second(then->vf_rx_bytes, vif->vf_rx_bytes, ms);
		r.vf_out = per_second(then->vf_tx_bytes, vif->vf_tx_bytes, ms);
	}
	return r;
}
