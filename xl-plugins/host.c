/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/host.h"

#include <errno.h>
#include <libxl_utils.h>
#include <stdlib.h>
#include <string.h>

int host_open(struct xlnet *x)
{
	struct host *h;

	if (x->host)
		return 0;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	/* Without a logger libxl crashes as soon as it has an error to tell. */
	h->logger = (struct xentoollog_logger *)xtl_createlogger_stdiostream(
		stderr, x->verbose > 1 ? XTL_DEBUG : XTL_ERROR, XTL_STDIOSTREAM_HIDE_PROGRESS);
	if (h->logger && !libxl_ctx_alloc(&h->ctx, LIBXL_VERSION, 0, h->logger))
		h->xs = xs_open(0);
	x->host = h;
	if (h->xs)
		return 0;
	host_close(x);
	return problem(-ENODEV, "cannot talk to Xen: run this as root, in Dom0, with xenstored "
				"running");
}

void host_close(struct xlnet *x)
{
	struct host *h = x->host;

	if (!h)
		return;
	if (h->xs)
		xs_close(h->xs);
	if (h->ctx)
		libxl_ctx_free(h->ctx);
	if (h->logger)
		xtl_logger_destroy(h->logger);
	free(h);
	x->host = NULL;
}

int host_facts(struct xlnet *x, struct host_facts *facts)
{
	const libxl_version_info *version = libxl_get_version_info(x->host->ctx);
	libxl_physinfo info;

	memset(facts, 0, sizeof(*facts));
	libxl_physinfo_init(&info);
	if (!version || libxl_get_physinfo(x->host->ctx, &info))
		return problem(-EIO, "cannot ask Xen for its abilities; does \"xl info\" work?");
	facts->major = version->xen_version_major;
	facts->minor = version->xen_version_minor;
	text_copy(facts->commandline, sizeof(facts->commandline), version->commandline);
	facts->iommu = info.cap_hvm_directio;
	facts->shadow = info.cap_shadow;
	facts->hap = info.cap_hap;
	facts->pv = info.cap_pv;
	facts->hvm = info.cap_hvm;
	libxl_physinfo_dispose(&info);
	return 0;
}

int host_log(struct xlnet *x, void (*fn)(const char *line, void *arg), void *arg)
{
	libxl_xen_console_reader *reader = libxl_xen_console_read_start(x->host->ctx, 0);
	char *text, *line, *rest;
	int r;

	if (!reader)
		return -EIO;
	/* Despite its name it gives what fits its buffer: many lines, NUL-terminated. */
	while ((r = libxl_xen_console_read_line(x->host->ctx, reader, &text)) > 0)
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			fn(line, arg);
	libxl_xen_console_read_finish(x->host->ctx, reader);
	return r < 0 ? -EIO : 0;
}

static void domain_fill(struct xlnet *x, const libxl_dominfo *info, struct domain *dom)
{
	char *name = libxl_domid_to_name(x->host->ctx, info->domid);
	const uint8_t *u = info->uuid.uuid;

	memset(dom, 0, sizeof(*dom));
	dom->id = info->domid;
	text_copy(dom->name, sizeof(dom->name), name);
	free(name);
	snprintf(dom->uuid, sizeof(dom->uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		 u[15]);
}

int host_domains(struct xlnet *x, struct domain **doms, size_t *n)
{
	int count;
	libxl_dominfo *list = libxl_list_domain(x->host->ctx, &count);

	*n = 0;
	*doms = list ? calloc((size_t)count + 1, sizeof(**doms)) : NULL;
	for (int i = 0; *doms && i < count; i++)
		if (list[i].domid && !list[i].dying)
			domain_fill(x, &list[i], &(*doms)[(*n)++]);
	if (list)
		libxl_dominfo_list_free(list, count);
	return *doms ? 0 : problem(-EIO, "cannot list the domains; does \"xl list\" work?");
}

/* As xl takes it: what is all digits is a number, whatever guests are called. */
static bool has_id(const struct domain *dom, const char *which)
{
	return *which && !which[strspn(which, "0123456789")] ?
		       strtoul(which, NULL, 10) == dom->id :
		       !strcasecmp(dom->uuid, which);
}

static bool has_name(const struct domain *dom, const char *which)
{
	return which[strspn(which, "0123456789")] && !strcmp(dom->name, which);
}

static bool pick(const struct domain *doms, size_t n, const char *which, struct domain *dom,
		 bool (*is)(const struct domain *, const char *))
{
	for (size_t i = 0; i < n; i++) {
		if (!is(&doms[i], which))
			continue;
		*dom = doms[i];
		return true;
	}
	return false;
}

int host_domain_find(struct xlnet *x, const char *which, struct domain *dom)
{
	struct domain *doms;
	bool found;
	size_t n;

	if (host_domains(x, &doms, &n))
		return -EIO;
	found = pick(doms, n, which, dom, has_id) || pick(doms, n, which, dom, has_name);
	free(doms);
	return found ? 0 : -ENOENT;
}

int host_domain(struct xlnet *x, const char *which, struct domain *dom)
{
	int rc = host_domain_find(x, which, dom);

	if (rc == -ENOENT)
		problem(rc, "there is no guest \"%s\" here; \"xl list\" shows those that run",
			which);
	return rc;
}

int host_domain_config(struct xlnet *x, struct domain *dom)
{
	libxl_domain_config config;
	int rc;

	if (dom->config)
		return 0;
	libxl_domain_config_init(&config);
	rc = libxl_retrieve_domain_configuration(x->host->ctx, dom->id, &config, NULL) ? -EIO : 0;
	if (!rc) {
		dom->type = config.c_info.type == LIBXL_DOMAIN_TYPE_PV	  ? GUEST_PV
			    : config.c_info.type == LIBXL_DOMAIN_TYPE_HVM ? GUEST_HVM
			    : config.c_info.type == LIBXL_DOMAIN_TYPE_PVH ? GUEST_PVH
									  : GUEST_OTHER;
		dom->passthrough = config.c_info.passthrough > LIBXL_PASSTHROUGH_DISABLED;
		dom->config = true;
	}
	libxl_domain_config_dispose(&config);
	return rc ? problem(rc, "libxl does not give the configuration of \"%s\"", dom->name) : 0;
}

static void nic_fill(struct xlnet *x, uint32_t domid, const libxl_device_nic *from, struct nic *nic)
{
	libxl_nicinfo info;

	nic->domid = domid;
	nic->backend_domid = from->backend_domid;
	nic->devid = from->devid;
	memcpy(nic->mac.b, from->mac, sizeof(nic->mac.b));
	text_copy(nic->bridge, sizeof(nic->bridge), from->bridge);
	text_copy(nic->script, sizeof(nic->script), from->script);
	if (from->ifname)
		text_copy(nic->ifname, sizeof(nic->ifname), from->ifname);
	else
		snprintf(nic->ifname, sizeof(nic->ifname), "vif%u.%d", domid & 0xffff, from->devid);
	libxl_nicinfo_init(&info);
	if (!libxl_device_nic_getinfo(x->host->ctx, domid, from, &info))
		nic->state = info.state;
	libxl_nicinfo_dispose(&info);
}

int host_nics(struct xlnet *x, uint32_t domid, struct nic **nics, size_t *n)
{
	int count = 0;
	libxl_device_nic *list = libxl_device_nic_list(x->host->ctx, domid, &count);

	*n = 0;
	*nics = calloc((size_t)count + 1, sizeof(**nics));
	if (!*nics)
		return -ENOMEM;
	for (int i = 0; list && i < count; i++)
		nic_fill(x, domid, &list[i], &(*nics)[(*n)++]);
	if (list)
		libxl_device_nic_list_free(list, count);
	return 0;
}

int host_nic(struct xlnet *x, const struct domain *dom, const char *which, struct nic *nic)
{
	struct nic *nics;
	size_t n;
	int rc = host_nics(x, dom->id, &nics, &n);

	if (rc)
		return rc;
	rc = -ENOENT;
	for (size_t i = 0; i < n && rc; i++) {
		if (which ? nics[i].devid != atoi(which) : n > 1)
			continue;
		*nic = nics[i];
		rc = 0;
	}
	free(nics);
	if (!rc)
		return 0;
	if (!n)
		return problem(rc,
			       "\"%s\" has no vif, which is needed to fall back on: xl "
			       "network-attach",
			       dom->name);
	return which ? problem(rc, "\"%s\" has no vif %s; \"xl network-list %u\" shows them",
			       dom->name, which, dom->id)
		     : problem(-EINVAL,
			       "\"%s\" has %zu vifs: say which (its number in xl network-list)",
			       dom->name, n);
}
