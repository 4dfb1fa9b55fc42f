/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the fake host (fake_*.c) have of each other. */
#ifndef FAKE_PART_H
#define FAKE_PART_H

#include "tests/unit/fake_xen.h"

#include <pthread.h>

/* Around each call that changes the world; false: this one is to fail. */
bool fake_event_begin(void);
void fake_event_end(void);

/* xl-net answers for pciback in a thread of its own while libxl removes a device. */
extern pthread_mutex_t fake_lock;

struct fake_dom *fake_dom_find(uint32_t id);
/* The guests see what changed, and react. */
void fake_guests_live(void);

void fake_node_set(const char *path, const char *value);
void fake_node_printf(uint32_t value, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void fake_nodes_remove(const char *prefix);

void fake_sysfs_make(void);
/* What the first guest has sent over its vif. */
void fake_sysfs_frames(int frames);
void fake_link_make(const char *name, const char *to);

#endif
