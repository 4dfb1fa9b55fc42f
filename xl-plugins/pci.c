/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/pci.h"
#include "xl-plugins/sysfs.h"
#include "lib/xen/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#define PCIBACK "bus/pci/drivers/pciback"
#define POLL_MS 10
#define DEVICES_MAX 64

static void device_fill(libxl_device_pci *pci, const struct bdf *bdf)
{
	libxl_device_pci_init(pci);
	pci->domain = bdf->domain;
	pci->bus = bdf->bus;
	pci->dev = bdf->dev;
	pci->func = bdf->fn;
}

int pci_list(struct xlnet *x, uint32_t domid, struct bdf **list, size_t *n)
{
	int count = 0;
	libxl_device_pci *devices = libxl_device_pci_list(x->host->ctx, domid, &count);

	*n = 0;
	*list = calloc((size_t)count + 1, sizeof(**list));
	for (int i = 0; *list && devices && i < count; i++)
		(*list)[(*n)++] = (struct bdf){ (uint16_t)devices[i].domain, devices[i].bus,
						devices[i].dev, devices[i].func };
	if (devices)
		libxl_device_pci_list_free(devices, count);
	return *list ? 0 : -ENOMEM;
}

static bool domain_has(struct xlnet *x, uint32_t domid, const struct bdf *bdf)
{
	struct bdf *list;
	bool has = false;
	size_t n;

	if (pci_list(x, domid, &list, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		has |= bdf_equal(&list[i], bdf);
	free(list);
	return has;
}

int pci_owner(struct xlnet *x, const struct bdf *bdf, uint32_t *domid)
{
	struct domain *doms;
	size_t n;
	int rc = host_domains(x, &doms, &n);

	*domid = DOMID_NONE;
	if (rc)
		return rc;
	for (size_t i = 0; i < n && *domid == DOMID_NONE; i++)
		if (domain_has(x, doms[i].id, bdf))
			*domid = doms[i].id;
	free(doms);
	return 0;
}

int pci_make_assignable(struct xlnet *x, const struct bdf *bdf)
{
	char driver[32], text[BDF_TEXT];
	libxl_device_pci pci;
	int rc;

	sysfs_pci_driver(x, bdf, driver, sizeof(driver));
	if (!strcmp(driver, "pciback"))
		return 0;
	if (*driver)
		return problem(-EBUSY,
			       "%s is in use by Dom0's driver %s: unbind it there, or keep VFs "
			       "free with the "
			       "udev rule 90-xen-net-ng-vf.rules",
			       bdf_text(bdf, text), driver);
	if (!sysfs_exists(x, PCIBACK))
		return problem(-ENODEV, "xen-pciback is not loaded: modprobe xen-pciback");
	device_fill(&pci, bdf);
	rc = libxl_device_pci_assignable_add(x->host->ctx, &pci, 0);
	libxl_device_pci_dispose(&pci);
	return rc ? problem(-EIO, "xen-pciback does not take %s (libxl: %d)", bdf_text(bdf, text),
			    rc)
		  : 0;
}

static uint32_t sbdf(const struct bdf *bdf)
{
	return (uint32_t)bdf->domain << 16 | (uint32_t)bdf->bus << 8 | (uint32_t)bdf->dev << 3 |
	       bdf->fn;
}

/*
 * libxl gives the function to the domain before it writes that down: killed in between, Xen
 * says "busy" to every later attempt, and libxl knows nothing to detach.
 */
static void forget_half_attached(struct xlnet *x, const struct domain *dom, const struct bdf *bdf)
{
	xc_interface *xch = xc_interface_open(x->host->logger, x->host->logger, 0);

	if (xch && xc_test_assign_device(xch, dom->id, sbdf(bdf)))
		xc_deassign_device(xch, dom->id, sbdf(bdf));
	if (xch)
		xc_interface_close(xch);
}

int pci_attach(struct xlnet *x, const struct domain *dom, const struct bdf *bdf)
{
	char text[BDF_TEXT];
	libxl_device_pci pci;
	int rc;

	if (domain_has(x, dom->id, bdf))
		return 0;
	device_fill(&pci, bdf);
	rc = libxl_device_pci_add(x->host->ctx, dom->id, &pci, NULL);
	if (rc && !domain_has(x, dom->id, bdf)) {
		forget_half_attached(x, dom, bdf);
		rc = libxl_device_pci_add(x->host->ctx, dom->id, &pci, NULL);
	}
	libxl_device_pci_dispose(&pci);
	return rc ? problem(-EIO,
			    "libxl cannot attach %s to \"%s\" (%d); was the guest created with "
			    "passthrough=\"enabled\"? see xl-net net-check",
			    bdf_text(bdf, text), dom->name, rc)
		  : 0;
}

static int backend_path(char *path, size_t size, uint32_t domid)
{
	return text_format(path, size, "/local/domain/0/backend/pci/%u/0", domid);
}

/* The function's number in pciback's directory. */
static int backend_index(struct xs_handle *xs, const char *path, const struct bdf *bdf,
			 unsigned int *index)
{
	char node[32], *text;
	struct bdf found;
	uint32_t n = 0;

	store_read_u32(xs, XBT_NULL, path, "num_devs", DEVICES_MAX, &n);
	for (*index = 0; *index < n; ++*index) {
		snprintf(node, sizeof(node), "dev-%u", *index);
		if (store_read(xs, XBT_NULL, path, node, &text))
			continue;
		if (!bdf_parse(text, &found) && bdf_equal(&found, bdf)) {
			free(text);
			return 0;
		}
		free(text);
	}
	return -ENOENT;
}

struct closing {
	const char *path;
	unsigned int index;
};

/* What libxl's own PV removal writes, only earlier: pciback passes it on, the guest lets go. */
static int closing_write(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	const struct closing *c = arg;
	char node[32];
	int rc;

	snprintf(node, sizeof(node), "state-%u", c->index);
	rc = store_printf(xs, t, c->path, node, "%d", STATE_CLOSING);
	return rc ? rc : store_printf(xs, t, c->path, "state", "%d", STATE_RECONFIGURING);
}

static int state_wait(struct xs_handle *xs, const char *path, unsigned int seconds,
		      void (*poll)(void *arg), void *arg)
{
	uint64_t end = now_ms() + seconds * 1000ull;

	while (store_read_state(xs, XBT_NULL, path) != STATE_CONNECTED) {
		if (now_ms() >= end)
			return -ETIMEDOUT;
		if (poll)
			poll(arg);
		sleep_ms(POLL_MS);
	}
	return 0;
}

/* Whether the guest has let go already: its number and whether pciback closes it. */
static bool is_released(struct xs_handle *xs, const char *path, unsigned int index)
{
	char node[32];
	uint32_t state;

	snprintf(node, sizeof(node), "state-%u", index);
	return !store_read_u32(xs, XBT_NULL, path, node, STATE_RECONFIGURED, &state) &&
	       state == STATE_CLOSING;
}

int pci_release(struct xlnet *x, const struct domain *dom, const struct bdf *bdf,
		unsigned int seconds, void (*poll)(void *arg), void *arg)
{
	struct xs_handle *xs = x->host->xs;
	struct closing c;
	char path[128];
	int rc;

	if (dom->type != GUEST_PV || backend_path(path, sizeof(path), dom->id) ||
	    backend_index(xs, path, bdf, &c.index))
		return 0;
	if (is_released(xs, path, c.index))
		return state_wait(xs, path, seconds, poll, arg);
	rc = state_wait(xs, path, seconds, NULL, NULL);
	if (rc)
		return rc;
	c.path = path;
	rc = store_transact(xs, closing_write, &c);
	return rc ? rc : state_wait(xs, path, seconds, poll, arg);
}

/*
 * libxl asks pciback a second time for a function that it has released already. pciback has
 * nothing to do then, and never says so; libxl would wait 10 s and leave its books as they are.
 * This thread says it in pciback's place: state 7 becomes 4.
 */
struct answerer {
	pthread_t thread;
	atomic_bool stop;
	char path[128];
};

static void *answer(void *arg)
{
	struct answerer *a = arg;
	struct xs_handle *xs = xs_open(0);

	while (xs && !atomic_load(&a->stop)) {
		if (store_read_state(xs, XBT_NULL, a->path) == STATE_RECONFIGURING)
			store_printf(xs, XBT_NULL, a->path, "state", "%d", STATE_CONNECTED);
		sleep_ms(POLL_MS);
	}
	if (xs)
		xs_close(xs);
	return NULL;
}

static int remove_released(struct xlnet *x, const struct domain *dom, libxl_device_pci *pci)
{
	struct answerer a = { .stop = false };
	int rc;

	backend_path(a.path, sizeof(a.path), dom->id);
	if (pthread_create(&a.thread, NULL, answer, &a))
		return libxl_device_pci_remove(x->host->ctx, dom->id, pci, NULL);
	rc = libxl_device_pci_remove(x->host->ctx, dom->id, pci, NULL);
	atomic_store(&a.stop, true);
	pthread_join(a.thread, NULL);
	return rc;
}

static bool was_released(struct xlnet *x, const struct domain *dom, const struct bdf *bdf)
{
	unsigned int index;
	char path[128];

	return dom->type == GUEST_PV && !backend_path(path, sizeof(path), dom->id) &&
	       !backend_index(x->host->xs, path, bdf, &index) &&
	       is_released(x->host->xs, path, index);
}

int pci_detach(struct xlnet *x, const struct domain *dom, const struct bdf *bdf)
{
	char text[BDF_TEXT];
	libxl_device_pci pci;
	int rc;

	if (!domain_has(x, dom->id, bdf))
		return 0;
	device_fill(&pci, bdf);
	if (was_released(x, dom, bdf))
		rc = remove_released(x, dom, &pci);
	else
		rc = libxl_device_pci_remove(x->host->ctx, dom->id, &pci, NULL);
	libxl_device_pci_dispose(&pci);
	/* For PV guests libxl hides some failures: its books decide. */
	if (!rc && !domain_has(x, dom->id, bdf))
		return 0;
	return problem(-EIO,
		       "libxl cannot detach %s from \"%s\" (%d); the guest may not co-operate: "
		       "look at its console",
		       bdf_text(bdf, text), dom->name, rc);
}
