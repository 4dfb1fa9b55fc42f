/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/command.h"
#include "xl-plugins/vif.h"

#include <stdlib.h>

static void print_row(const struct vif *v)
{
	char mac[MAC_TEXT], vf[32] = "-";

	if (v->has_vf)
		snprintf(vf, sizeof(vf), "%s/%u", v->vf.pf, v->vf.index);
	printf("%-20s %5u %3d %-17s %-12s %-7s %-11s %-14s %s\n", v->dom.name, v->dom.id,
	       v->nic.devid, mac_text(&v->nic.mac, mac), v->nic.bridge, path_name(v->path),
	       *v->backend ? v->backend : "none", vf, v->can_switch ? path_name(v->report) : "-");
}

int net_list(struct xlnet *x, int argc, char **argv)
{
	json_t *json = json_array();
	struct vif *vifs;
	size_t n;
	int rc;

	if (argc > 1) {
		json_decref(json);
		return command_usage(argv[0]);
	}
	rc = vif_list(x, NULL, &vifs, &n);
	if (!x->json && !rc)
		printf("%-20s %5s %3s %-17s %-12s %-7s %-11s %-14s %s\n", "DOMAIN", "ID", "VIF",
		       "MAC", "BRIDGE", "PATH", "BACKEND", "VF", "GUEST");
	for (size_t i = 0; !rc && i < n; i++) {
		if (x->json)
			json_array_append_new(json, vif_json(&vifs[i]));
		else
			print_row(&vifs[i]);
	}
	free(vifs);
	if (x->json && !rc)
		return command_print_json(json);
	json_decref(json);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}
