/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two looks at all vifs, and what each carried between them. */
#ifndef XLNET_RATE_H
#define XLNET_RATE_H

#include "xl-plugins/vif.h"

struct sample {
	struct vif *vifs;
	size_t n;
	uint64_t at; /* ms */
};

struct rate {
	/* Bytes a second. */
	double vif_in, vif_out, vf_in, vf_out;
	bool counted; /* the VF's part is known (or it has none) */
};

int sample_take(struct xlnet *x, struct sample *s);
void sample_free(struct sample *s);
/* The same vif in an earlier sample, or NULL: it is new. */
const struct vif *sample_find(const struct sample *s, const struct vif *vif);
/* Counters that began anew (another VF, a new vif) count as nothing. */
struct rate rate_between(const struct sample *before, const struct sample *now,
			 const struct vif *vif);

#endif
