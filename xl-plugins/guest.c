/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/guest.h"
#include "xl-plugins/sysfs.h"
#include "lib/xen/store.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* xenstore would wake us; a switch has one wait of some milliseconds, not worth a watch loop. */
#define POLL_MS 5

static void frontend_path(const struct nic *nic, char path[STORE_PATH_MAX])
{
	snprintf(path, STORE_PATH_MAX, "/local/domain/%u/device/vif/%d", nic->domid, nic->devid);
}

static void backend_path(const struct nic *nic, char path[STORE_PATH_MAX])
{
	snprintf(path, STORE_PATH_MAX, "/local/domain/%u/backend/vif/%u/%d", nic->backend_domid,
		 nic->domid, nic->devid);
}

static bool frontend_flag(struct xlnet *x, const struct nic *nic, const char *name)
{
	char path[STORE_PATH_MAX];
	bool on;

	frontend_path(nic, path);
	return !store_read_flag(x->host->xs, XBT_NULL, path, name, &on) && on;
}

bool guest_can_switch(struct xlnet *x, const struct nic *nic)
{
	return frontend_flag(x, nic, "feature-datapath-switch");
}

bool guest_is_hybrid(struct xlnet *x, const struct nic *nic)
{
	return frontend_flag(x, nic, "feature-datapath-hybrid");
}

enum path guest_datapath(struct xlnet *x, const struct nic *nic)
{
	char path[STORE_PATH_MAX], *text;
	enum path found;

	frontend_path(nic, path);
	if (store_read(x->host->xs, XBT_NULL, path, "datapath", &text))
		return PATH_UNKNOWN;
	found = path_parse(text);
	free(text);
	return found;
}

int guest_request(struct xlnet *x, const struct nic *nic, enum path path)
{
	char dir[STORE_PATH_MAX];

	backend_path(nic, dir);
	return store_write(x->host->xs, XBT_NULL, dir, "request-datapath", path_name(path));
}

int guest_wait(struct xlnet *x, const struct nic *nic, enum path path, unsigned int seconds)
{
	uint64_t end = now_ms() + seconds * 1000ull;
	char dir[STORE_PATH_MAX];

	backend_path(nic, dir);
	while (guest_datapath(x, nic) != path) {
		if (store_read_state(x->host->xs, XBT_NULL, dir) == STATE_UNKNOWN)
			return -ENODEV;
		if (now_ms() >= end)
			return -ETIMEDOUT;
		sleep_ms(POLL_MS);
	}
	return 0;
}

void guest_backend(struct xlnet *x, const struct nic *nic, char *owner, size_t size)
{
	char dir[STORE_PATH_MAX], device[64], *text;

	owner[0] = '\0';
	backend_path(nic, dir);
	if (!store_read(x->host->xs, XBT_NULL, dir, "served-by", &text)) {
		text_copy(owner, size, text);
		free(text);
		return;
	}
	snprintf(device, sizeof(device), "vif-%u-%d", nic->domid, nic->devid);
	sysfs_backend_driver(x, device, owner, size);
	if (!strcmp(owner, "vif"))
		text_copy(owner, size, "kernel");
}

int guest_address(struct xlnet *x, const struct nic *nic, struct in_addr *address)
{
	char dir[STORE_PATH_MAX], *text;
	int rc;

	snprintf(dir, sizeof(dir), "/local/domain/%u/attr/vif/%d/ipv4", nic->domid, nic->devid);
	rc = store_read(x->host->xs, XBT_NULL, dir, "0", &text);
	if (rc)
		return rc;
	rc = inet_pton(AF_INET, text, address) == 1 ? 0 : -ENOENT;
	free(text);
	return rc;
}
