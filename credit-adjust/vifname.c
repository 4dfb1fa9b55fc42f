/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/vifname.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIR "backend/vif"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vifname *)a)->name, ((const struct vifname *)b)->name);
}

static void add(struct vifnames *v, uint32_t domid, uint32_t devid, const char *name)
{
	if (!*name || strlen(name) >= sizeof(v->list->name))
		return;
	if (v->count == v->room) {
		uint32_t room = v->room ? 2 * v->room : 16;
		struct vifname *more = realloc(v->list, room * sizeof(*more));

		if (!more)
			return;
		v->list = more;
		v->room = room;
	}
	v->list[v->count] = (struct vifname){ .domid = domid, .devid = devid };
	strcpy(v->list[v->count++].name, name);
}

/* Where the interface has the usual name, no other is looked for. */
static void read_vif(struct vifnames *v, struct xs_handle *xs, const char *domid, const char *devid)
{
	char usual[64], path[96], *name;

	snprintf(usual, sizeof(usual), "vif%.16s.%.16s", domid, devid);
	if (if_nametoindex(usual))
		return;
	snprintf(path, sizeof(path), DIR "/%.16s/%.16s/vifname", domid, devid);
	name = xs_read(xs, XBT_NULL, path, NULL);
	if (name)
		add(v, (uint32_t)strtoul(domid, NULL, 10), (uint32_t)strtoul(devid, NULL, 10), name);
	free(name);
}

static void read_domain(struct vifnames *v, struct xs_handle *xs, const char *domid)
{
	unsigned int n = 0;
	char path[64], **vifs;

	snprintf(path, sizeof(path), DIR "/%.16s", domid);
	vifs = xs_directory(xs, XBT_NULL, path, &n);
	for (unsigned int i = 0; vifs && i < n; i++)
		read_vif(v, xs, domid, vifs[i]);
	free(vifs);
}

void vifnames_read(struct vifnames *v, struct xs_handle *xs)
{
	unsigned int n = 0;
	char **domains = xs ? xs_directory(xs, XBT_NULL, DIR, &n) : NULL;

	v->count = 0;
	for (unsigned int i = 0; domains && i < n; i++)
		read_domain(v, xs, domains[i]);
	free(domains);
	if (v->count)
		qsort(v->list, v->count, sizeof(*v->list), by_name);
}

const struct vifname *vifnames_find(const struct vifnames *v, const char *name)
{
	struct vifname key;

	if (!v->count || strlen(name) >= sizeof(key.name))
		return NULL;
	strcpy(key.name, name);
	return bsearch(&key, v->list, v->count, sizeof(*v->list), by_name);
}

void vifnames_free(struct vifnames *v)
{
	free(v->list);
	*v = (struct vifnames){ 0 };
}
