/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/command.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/sysfs.h"
#include "xl-plugins/vif.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RATE_MS 1000

static const char *const links[] = { "auto", "up", "down" };

static void print_vf(const struct vif *v)
{
	char bdf[BDF_TEXT];

	printf("  VF         %u of %s (%s), VLAN %u, spoof check %s, link %s\n", v->vf.index,
	       v->vf.pf, bdf_text(&v->vf.bdf, bdf), v->vf.state.vlan,
	       v->vf.state.spoofchk ? "on" : "off",
	       v->vf.state.link <= VF_LINK_DISABLE ? links[v->vf.state.link] : "?");
}

static double mbit(uint64_t now, uint64_t before)
{
	return now > before ? (double)(now - before) * 8 / RATE_MS / 1000 : 0;
}

static void print_vif(const struct vif *v, const struct vif *later, const char *pending)
{
	char mac[MAC_TEXT];

	printf("%s vif %d\n", v->dom.name, v->nic.devid);
	printf("  path       %s%s\n", path_name(v->path),
	       *pending ? " (a switch was interrupted: xl-net net-recover)" : "");
	if (v->can_switch)
		printf("  guest      follows requests; reports %s\n", path_name(v->report));
	else
		printf("  guest      does not follow requests: a bond of vif and VF is needed for "
		       "a switch\n");
	printf("  MAC        %s\n", mac_text(&v->nic.mac, mac));
	printf("  vif        %s in %s, state %d, served by %s\n", v->nic.ifname,
	       *v->nic.bridge ? v->nic.bridge : "no bridge", v->nic.state,
	       *v->backend ? v->backend : "nobody");
	if (v->has_vf)
		print_vf(v);
	printf("  Mbit/s     vif: %.1f in, %.1f out", mbit(later->rx_bytes, v->rx_bytes),
	       mbit(later->tx_bytes, v->tx_bytes));
	if (v->has_vf && v->vf.state.counted)
		printf("; VF: %.1f in, %.1f out", mbit(later->vf_rx_bytes, v->vf_rx_bytes),
		       mbit(later->vf_tx_bytes, v->vf_tx_bytes));
	else if (v->has_vf)
		printf("; VF: %s does not count", v->vf.pf);
	putchar('\n');
}

/* The step of an interrupted switch of this vif, or "". */
static void find_pending(struct xlnet *x, const struct vif *v, char step[32])
{
	json_t *record = journal_read(x, v->dom.uuid, "switch");

	step[0] = '\0';
	if (record && json_integer_value(json_object_get(record, "devid")) == v->nic.devid)
		text_copy(step, 32, json_string_value(json_object_get(record, "step")));
	json_decref(record);
}

static json_t *status_json(struct xlnet *x, const struct vif *v, const struct vif *later)
{
	json_t *json = vif_json(v);
	char step[32];

	find_pending(x, v, step);
	json_object_set_new(json, "interrupted_at", *step ? json_string(step) : json_null());
	json_object_set_new(json, "vif_rx_mbit", json_real(mbit(later->rx_bytes, v->rx_bytes)));
	json_object_set_new(json, "vif_tx_mbit", json_real(mbit(later->tx_bytes, v->tx_bytes)));
	return json;
}

static const struct vif *same(const struct vif *v, const struct vif *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].dom.id == v->dom.id && list[i].nic.devid == v->nic.devid)
			return &list[i];
	return v;
}

static void print_all(struct xlnet *x, const struct vif *vifs, size_t n, const struct vif *later,
		      size_t nlater)
{
	json_t *json = json_array();
	char step[32];

	for (size_t i = 0; i < n; i++) {
		const struct vif *then = same(&vifs[i], later, nlater);

		find_pending(x, &vifs[i], step);
		if (x->json)
			json_array_append_new(json, status_json(x, &vifs[i], then));
		else
			print_vif(&vifs[i], then, step);
	}
	if (x->json)
		command_print_json(json);
	else
		json_decref(json);
}

int net_status(struct xlnet *x, int argc, char **argv)
{
	struct vif *vifs = NULL, *later = NULL;
	size_t n = 0, nlater = 0;
	int rc;

	if (argc > 2)
		return command_usage(argv[0]);
	rc = vif_list(x, argv[1], &vifs, &n);
	if (!rc && n) {
		sleep_ms(RATE_MS);
		rc = vif_list(x, argv[1], &later, &nlater);
	}
	if (!rc)
		print_all(x, vifs, n, later, nlater);
	free(vifs);
	free(later);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}
