/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every part of xl-net shares: its context, addresses, and how it complains.
 * Functions return 0 or a negative errno; whoever finds an error says what and what to do
 * with problem(), once, and callers only pass the number on.
 */
#ifndef XLNET_H
#define XLNET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DOMID_NONE UINT32_MAX
#define UUID_LEN 37
#define NAME_LEN 128

struct host;

struct xlnet {
	struct host *host; /* libxl and xenstore; NULL until host_open() */
	const char *sysfs; /* "/sys" */
	const char *state; /* where journals and locks are, "/var/lib/xen-net-ng" */
	const char *credit; /* credit-adjustd's control socket */
	const char *ovs;    /* where Open vSwitch has its own, "/run/openvswitch" */
	bool json, dry_run;
	int verbose;
};

struct mac {
	uint8_t b[6];
};

struct bdf {
	uint16_t domain;
	uint8_t bus, dev, fn;
};

/* Where a guest's frames go: its vif, its VF, or (hybrid) it has a VF and uses the vif, too or only. */
enum path { PATH_UNKNOWN, PATH_PV, PATH_VF, PATH_HYBRID };

#define MAC_TEXT 18
#define BDF_TEXT 16
/* "00:16:3e:..." and "0000:01:10.0"; the buffer is returned. */
const char *mac_text(const struct mac *mac, char text[MAC_TEXT]);
const char *bdf_text(const struct bdf *bdf, char text[BDF_TEXT]);
int mac_parse(const char *text, struct mac *mac);
int bdf_parse(const char *text, struct bdf *bdf);
bool mac_equal(const struct mac *a, const struct mac *b);
bool mac_is_zero(const struct mac *mac);
bool bdf_equal(const struct bdf *a, const struct bdf *b);
const char *path_name(enum path path);
/* "pv" or "vf", else PATH_UNKNOWN. */
enum path path_parse(const char *text);

/* One line on stderr, "xl-net: ...". Returns rc, so that "return problem(-EBUSY, ...)" reads well.
 */
int problem(int rc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Progress for someone who watches: only with --verbose or on a terminal. */
void progress(const struct xlnet *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void progress_always(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* CLOCK_MONOTONIC. */
uint64_t now_ms(void);
void sleep_ms(unsigned int ms);
/* snprintf() that fails with -ENAMETOOLONG instead of cutting. */
int text_format(char *to, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* strncpy with an end. */
void text_copy(char *to, size_t size, const char *from);

#endif
