/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What uring.c has of direct.c: frames that are read straight into the guest's pages. */
#ifndef NETBACK_DIRECT_H
#define NETBACK_DIRECT_H

#include "netback-ng/vif/queue.h"

/* Are the frames of late big enough for it, and may this guest's be read so? */
bool direct_wanted(struct queue *q);
/* One burst.  Returns the ring slots that its frames take, or NOT_DIRECT: nothing was read. */
#define NOT_DIRECT (~0u)
unsigned int direct_read(struct queue *q);
/* A frame of that size was read. */
void direct_count_size(struct queue *q, unsigned int len);

#endif
