/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of this process's addresses show pages that other domains granted: whatever handle
 * mapped them, Xen takes them for no page of the caller's.
 */
#ifndef XENSIM_FOREIGN_H
#define XENSIM_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

/* 0 or -ENOMEM. */
int foreign_add(const char *base, size_t size);
void foreign_del(const char *base);
/* Between these nothing is added or taken away. */
void foreign_hold(void);
void foreign_release(void);
/* Does a byte of these lie in such a page?  While held. */
bool foreign_touches(const void *at, size_t len);

#endif
